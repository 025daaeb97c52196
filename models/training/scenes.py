"""Our own scenes (drawn by src/program/samples, rendered by render_sprites.mjs) as training pictures with captions and claims."""
import json

import numpy as np

from data import BACKGROUND_WORDS, COLOUR_OF_NAME, FLAT, LANDSCAPE_GROUND, SIZE, SLOTS, article
from words import COLOURS, WORK

STYLES = {"plain": 0, "gradient": 1, "stripes": 2, "dots": 3, "checks": 4, "waves": 5}
LAYOUTS = {"object": 0, "group": 0, "background": 0, "icon": 0, "banner": 1, "card": 2, "post": 3, "landscape": 4}
LAYOUT_WORDS = {1: ["banner", "web banner", "advertising banner", "wide banner"], 2: ["product card", "card"], 3: ["social media post", "social post", "post"],
                4: ["landscape", "landscape with hills", "outdoor scene", "countryside", "hills"]}
OCCASIONS = ["sale", "summer sale", "winter sale", "spring", "autumn", "offer", "discount", "promo", "advertising"]


class Scenes:
    def __init__(self, pixels, rows):
        self.pixels, self.rows = pixels, rows

    @classmethod
    def load(cls):
        if not (WORK / "scenes.json").exists():
            return None
        rows = json.loads((WORK / "scenes.json").read_text())
        return cls(np.memmap(WORK / "scenes.u8", np.uint8, "r").reshape(len(rows), SIZE, SIZE, 3), rows)

    def attach(self, library):
        self.own_index = library.own_index

    def attributes(self, row):
        blank = lambda value: [value] * SLOTS
        a = {"obj": blank(-1), "px": blank(-1), "py": blank(-1), "col": blank(-1), "cnt": blank(0), "smoker": False, "lay": LAYOUTS[row["layout"]]}
        ground = row["background"]
        a["kind"] = LANDSCAPE_GROUND if a["lay"] == 4 else STYLES[ground["style"]]
        a["bg"] = (COLOUR_OF_NAME[ground["colour"]], COLOUR_OF_NAME[ground["colour"] if a["kind"] == LANDSCAPE_GROUND else ground["second"]])
        for slot, (name, colour) in enumerate(zip(row["objects"], row["colours"])):
            a["obj"][slot], a["col"][slot], a["cnt"][slot] = self.own_index[name], COLOUR_OF_NAME[colour], 1
        if row["side"]:
            a["px"][0] = 0 if row["side"] == "left" else 2
        return a

    def sample(self, composer):
        r = composer.random
        index = int(r.integers(len(self.rows)))
        a = self.attributes(self.rows[index])
        pixels = np.array(self.pixels[index])
        if r.random() < 0.4:  # slight change of light and a crop of a few pixels
            pixels = np.clip(pixels.astype(np.float32) * r.uniform(0.93, 1.05) + r.uniform(-6, 6), 0, 255).astype(np.uint8)
        text, claims = self.caption(composer, a)
        return pixels, a, text, claims

    def caption(self, composer, a):
        r, lay = composer.random, a["lay"]
        if lay == 0 or r.random() < 0.35:
            text, claims = composer.caption(a, False)
            return text, claims
        c = {"ph": [-1, -1], "px": [-1, -1], "py": [-1, -1], "col": [-1, -1], "cnt": -1, "bg": -1, "kind": -1, "smoker": 0, "lay": lay}
        word = LAYOUT_WORDS[lay][r.integers(len(LAYOUT_WORDS[lay]))]
        names = lambda colour: COLOURS[colour][0][0] if r.random() < 0.6 else COLOURS[colour][0][r.integers(len(COLOURS[colour][0]))]
        if a["obj"][0] < 0 or r.random() < 0.12:
            if r.random() < 0.4 and lay != 4:
                c["bg"] = a["bg"][0]
                word = f"{names(a['bg'][0])} {word}"
            return article(word, r), c
        lib = composer.lib
        concept = a["obj"][0]
        phrase = lib.names[concept]
        if lib.words[concept] and r.random() < 0.25:
            phrase = lib.words[concept][r.integers(len(lib.words[concept]))]
        c["ph"][0] = lib.phrase_id[phrase]
        if r.random() < 0.6:
            c["col"][0] = a["col"][0]
            phrase = f"{names(a['col'][0])} {phrase}"
        elif r.random() < 0.3:
            return f"{phrase} {word}", c
        if lay == 4:
            return f"{article(phrase, r)} in a {word}", c
        front = ""
        if r.random() < 0.35 and a["kind"] == FLAT:
            c["bg"] = a["bg"][0]
            front = names(a["bg"][0]) + " "
        if r.random() < 0.12:
            front += OCCASIONS[r.integers(len(OCCASIONS))] + " "
        text = f"{front}{word} with {'text and ' if r.random() < 0.2 else ''}{article(phrase, r)}"
        if a["px"][0] in (0, 2) and r.random() < 0.5:
            c["px"][0] = a["px"][0]
            text += " on the left" if a["px"][0] == 0 else " on the right"
        return text, c
