"""Training pictures, made on the fly: sprites on backgrounds, and captions whose truth about every picture of a batch is known.

A picture carries attributes (objects, their places, colours and number, background, layout); a caption carries claims.
`truth` compares all captions of a batch with all pictures, so a caption that happens to be true of two pictures has two positives,
and one that cannot be judged (is navy "blue"?) is left out of the loss.
"""
import json
import math

import numpy as np
from PIL import Image, ImageFilter

from words import COLOURS, COUNTS, EXTRA_PHRASES, PROMPTS, SMOKER_PHRASES, WORK, clean

SIZE = 64  # pictures are drawn at the size the model takes
SLOTS = 3
TRAIN_SETS = ["noto", "twemoji", "fluent-emoji-flat", "fluent-emoji", "noto-v1", "emojione", "emojione-v1", "fxemoji", "streamline-emojis", "icon-park",
              "fluent-emoji-high-contrast", "emojione-monotone", "game-icons", "ph", "noto-emoji-300Light", "noto-emoji-700Bold", "symbola", "unifont", "unifont-upper", "dejavu", "freeserif", "openclipart", "tabler", "lucide", "hugeicons", "mdi", "fa6-solid", "mingcute", "solar",
              *(f"{name}-{style}" for name in ("noto", "twemoji", "fluent-emoji-flat", "noto-v1", "emojione", "emojione-v1", "fxemoji") for style in ("lines", "lines-2", "flat"))]
HANDS = ("fluent-emoji", "noto-emoji", "noto-v1", "noto", "twemoji", "emojione-v1", "emojione", "fxemoji", "unifont")  # several sets by one drawer
FLAT, GRADIENT, STRIPES, DOTS, CHECKS, WAVES, LANDSCAPE_GROUND = range(7)
BACKGROUND_WORDS = {GRADIENT: ["gradient", "colour gradient"], STRIPES: ["striped", "stripes"], DOTS: ["dotted", "polka dot", "spotted"], CHECKS: ["checkered", "checkerboard", "checked"], WAVES: ["wavy", "waves"], LANDSCAPE_GROUND: ["sky"]}
FIXED_WORDS = ("left", "right", "arrow", "clock", "o'clock", "thirty", "pointing", "button", "keycap", "input", "mark", "back", "hand", "abc")


def to_lab(rgb):
    c = np.asarray(rgb, np.float64) / 255
    c = np.where(c > 0.04045, ((c + 0.055) / 1.055) ** 2.4, c / 12.92)
    xyz = c @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]]) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


ANCHORS = to_lab(np.array([anchor for _, anchor, _ in COLOURS]))
PRIMARY = [names[0] for names, _, _ in COLOURS]
COLOUR_OF_NAME = {name: index for index, (names, _, _) in enumerate(COLOURS) for name in names}


def nearest_colour(rgb):
    return np.linalg.norm(to_lab(rgb)[..., None, :] - ANCHORS, axis=-1).argmin(-1)


def colour_pool(random, count=96):
    """For every colour, shades around its anchor that are still nearest to it, half-way to the next one at most."""
    pools = []
    for index, (_, anchor, _) in enumerate(COLOURS):
        near = np.sort(np.linalg.norm(ANCHORS - ANCHORS[index], axis=1))[1]
        tries = np.clip(np.array(anchor) + random.normal(0, 16, (6000, 3)), 0, 255).round()
        distance = np.linalg.norm(to_lab(tries) - ANCHORS[index], axis=1)
        pools.append(np.concatenate([[anchor], tries[distance < 0.42 * near][:count]]).astype(np.uint8))
    return pools


# colour match of a claimed colour (row) with the true one (column): 1, 0, or 0.5 where people disagree (blue for navy).
COLOUR_MATCH = np.eye(len(COLOURS), dtype=np.float32)
for child, (_, _, parent) in enumerate(COLOURS):
    if parent:
        COLOUR_MATCH[COLOUR_OF_NAME[parent], child] = 0.5
        for other, (_, _, theirs) in enumerate(COLOURS):
            if theirs == parent and other != child and np.linalg.norm(ANCHORS[other] - ANCHORS[child]) < 25:
                COLOUR_MATCH[child, other] = 0.5
COLOUR_MATCH = np.pad(COLOUR_MATCH, ((0, 0), (0, 1)), constant_values=0.5)  # last column: colour unknown


class Library:
    """Sprites and phrases. Concepts are the emoji first, then our own objects."""

    def __init__(self, sets=TRAIN_SETS, own=True):
        self.emoji = json.loads((WORK / "concepts.json").read_text())
        self.sprites, self.inked, self.lined = {}, set(), set()
        self.by_concept = [[] for _ in self.emoji]
        for name in sets:
            index = json.loads((WORK / f"sprites-{name}.json").read_text())
            self.sprites[name] = np.memmap(WORK / f"sprites-{name}.u8", np.uint8, "r").reshape(len(index["concepts"]), index["size"], index["size"], 4)
            if index.get("ink"):
                self.inked.add(name)
            if index.get("ink") or index.get("lined"):
                self.lined.add(name)
            for row, concept in enumerate(index["concepts"]):
                self.by_concept[concept].append((name, row))
        self.hands = [self._by_hand(sprites) for sprites in self.by_concept]
        names = [clean(c["name"]) for c in self.emoji]
        words = [[clean(t) for t in c["tags"] if len(t) > 2] for c in self.emoji]
        self.fixed = [c["group"] == 8 or any(w in n for w in FIXED_WORDS) for c, n in zip(self.emoji, names)]
        colour_words = {word for group, _, _ in COLOURS for name in group for word in name.split()}
        self.colour_named = [not colour_words.isdisjoint(n.split()) for n in names]  # a "blue book" must stay blue
        weight = [0.3 if c["gendered"] else 1.0 for c in self.emoji]
        self.own_start = len(names)
        self.own_colour = None
        if own:
            index = json.loads((WORK / "sprites-own.json").read_text())
            self.sprites["own"] = np.memmap(WORK / "sprites-own.u8", np.uint8, "r").reshape(-1, index["size"], index["size"], 4)
            self.own_colour = np.array([COLOUR_OF_NAME[colour] for _, colour in index["rows"]])
            self.own_index = {o["name"]: self.own_start + i for i, o in enumerate(index["objects"])}
            self.by_concept += [[] for _ in index["objects"]]
            for row, (concept, _) in enumerate(index["rows"]):
                self.by_concept[self.own_start + concept].append(("own", row))
            self.hands += [[sprites] for sprites in self.by_concept[self.own_start :]]
            names += [clean(o["name"]) for o in index["objects"]]
            words += [[clean(s) for s in o["synonyms"]] for o in index["objects"]]
            self.colour_named += [False] * len(index["objects"])
            self.fixed += [False] * len(index["objects"])
            weight += [3.5] * len(index["objects"])
        self.names = names
        self.weight = np.array(weight) / sum(weight)
        holders = {}
        for concept, (name, tags) in enumerate(zip(names, words)):
            for phrase in {name, *tags}:
                holders.setdefault(phrase, set()).add(concept)
        place = {}
        for concept, name in enumerate(names):
            place.setdefault(name, []).append(concept)
        for phrase, examples in EXTRA_PHRASES.items():
            holders.setdefault(phrase, set()).update(c for e in examples for c in place.get(clean(e), []))
        # An own object and the emoji of the same name are the same thing to whoever searches.
        self.phrases = sorted(p for p, c in holders.items() if c and (len(c) <= 60 or p in place))
        self.phrase_id = {p: i for i, p in enumerate(self.phrases)}
        self.holds = np.zeros((len(self.phrases), len(names) + 1), np.float32)
        self.words = [[] for _ in names]
        emoji_names = set(names[: self.own_start])
        for phrase, concepts in holders.items():
            if phrase in self.phrase_id:
                for concept in concepts:
                    # "dog" is the name of one drawing and a keyword of "dog face": of that one it is neither true nor false.
                    lent = concept < self.own_start and phrase in emoji_names and phrase != names[concept]
                    self.holds[self.phrase_id[phrase], concept] = 0.5 if lent else 1
                    if phrase != names[concept] and not lent:
                        self.words[concept].append(phrase)
        self.person = [place[n][0] for n in ("man", "woman", "person", "boy", "older person") if n in place]
        self.cigarette = [c for n in ("cigarette",) for c in place[n]]
        self.main_colour = {name: self._main_colours(name) for name in sets}

    @staticmethod
    def _by_hand(sprites):
        """Sprites of a concept, by who drew them: a hand whose set was redrawn three times must not drown the others."""
        hands = {}
        for name, row in sprites:
            hands.setdefault(next((h for h in HANDS if name.startswith(h)), name), []).append((name, row))
        return list(hands.values())

    def _main_colours(self, name):
        """The one colour that covers most of a sprite, or -1."""
        path = WORK / f"main-colour-{name}.npy"
        if path.exists():
            return np.load(path)
        found = []
        for sprite in self.sprites[name]:
            small = sprite[::3, ::3].reshape(-1, 4)
            counts = np.bincount(nearest_colour(small[small[:, 3] > 200, :3]), minlength=len(COLOURS))
            found.append(counts.argmax() if counts.max() > 0.6 * max(counts.sum(), 30) else -1)
        np.save(path, found)
        return np.array(found)


def article(phrase, random):
    if phrase.endswith("s") and not phrase.endswith(("ss", "us", "glass")) or phrase.startswith(("a ", "the ")) or random.random() < 0.25:
        return phrase
    if random.random() < 0.1:
        return "the " + phrase
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def plural(phrase):
    if phrase.endswith(("s", "fish", "people")):
        return phrase + ("es" if phrase.endswith(("ss", "us")) else "")
    if phrase.endswith(("x", "ch", "sh")):
        return phrase + "es"
    if phrase.endswith("y") and phrase[-2:-1] not in "aeiou":
        return phrase[:-1] + "ies"
    return phrase + "s"


class Composer:
    """Draws pictures and writes captions. All chance comes from the seed given."""

    def __init__(self, library, seed, scenes=None, held_out=None):
        self.lib, self.random, self.scenes = library, np.random.default_rng(seed), scenes
        self.pools = colour_pool(np.random.default_rng(7))
        self.held_out = held_out or (lambda concept, colour: False)
        self.xs = np.linspace(0, 1, SIZE, dtype=np.float32)

    def shade(self, colour):
        pool = self.pools[colour]
        return pool[self.random.integers(len(pool))]

    def background(self, easy, avoid=None):
        """-> pixels [48,48,3] float32, kind, first and second colour."""
        r = self.random
        first = int(r.choice(len(COLOURS)))
        if r.random() < (0.3 if easy else 0.15):
            first = COLOUR_OF_NAME["white"]
        kind = FLAT if r.random() < (0.97 if easy else 0.72) else int(r.integers(1, 5))
        second = first
        canvas = np.empty((SIZE, SIZE, 3), np.float32)
        one = self.shade(first).astype(np.float32)
        if kind == FLAT:
            canvas[:] = one
            return canvas, kind, first, second
        while second == first:
            second = int(r.choice(len(COLOURS)))
        two = self.shade(second).astype(np.float32)
        angle, x, y = r.choice([0, math.pi / 2, math.pi / 4, -math.pi / 4]), self.xs[None, :], self.xs[:, None]
        along = x * math.cos(angle) + y * math.sin(angle)
        if kind == GRADIENT:
            share = (along - along.min()) / (along.max() - along.min())
            if r.random() < 0.3:
                share = np.clip(np.hypot(x - 0.5, y - 0.5) * 1.6, 0, 1)
        else:
            cells = r.uniform(3, 8)
            if kind == STRIPES:
                share = ((along * cells) % 1 < 0.5).astype(np.float32)
            elif kind == CHECKS:
                share = ((np.floor(x * cells) + np.floor(y * cells)) % 2).astype(np.float32)
            else:
                share = (np.hypot((x * cells) % 1 - 0.5, (y * cells) % 1 - 0.5) < r.uniform(0.2, 0.36)).astype(np.float32)
        share = np.broadcast_to(share, (SIZE, SIZE))[..., None]
        return one * (1 - share) + two * share, kind, first, second

    def sprite(self, concept, width, height, avoid):
        """-> premultiplied RGB and alpha of one sprite of the concept, and the colour it has (-1 unknown)."""
        r, lib = self.random, self.lib
        hands = lib.hands[concept]
        choices = hands[r.integers(len(hands))]
        name, row = choices[r.integers(len(choices))]
        if name == "own":
            for _ in range(6):
                if lib.own_colour[row] != avoid:
                    break
                name, row = choices[r.integers(len(choices))]
        pixels = np.array(lib.sprites[name][row])
        colour = int(lib.own_colour[row]) if name == "own" else int(lib.main_colour[name][row])
        if name in lib.inked:
            colour = -1
            self.retone(pixels, dark_ground=avoid >= 0 and ANCHORS[avoid, 0] < 40)
        if name != "own":
            roll = r.random()
            if roll < (0.05 if name in lib.inked else 0.10) and not lib.colour_named[concept]:  # one ink, shaded by the drawing's own light and dark
                new = int(r.choice(len(COLOURS)))
                if new != avoid:
                    grey = pixels[..., :3].mean(-1, keepdims=True) / 255
                    inside = pixels[..., 3] > 128
                    middle = float(np.median(grey[inside])) if inside.any() else 0.5
                    ink = self.shade(new).astype(np.float32)
                    shift = np.clip((grey - middle) * r.uniform(0.7, 1.2), -0.8, 0.8)
                    pixels[..., :3] = np.where(shift > 0, ink + (255 - ink) * shift, ink * (1 + shift))
                    colour = new
            elif 0.1 < roll < 0.6:  # other hands choose other greens: small changes of each channel, of their mixture, and of strength
                p = pixels[..., :3].astype(np.float32) @ (np.eye(3) + r.normal(0, 0.06, (3, 3))).astype(np.float32)
                grey = p.mean(-1, keepdims=True)
                p = grey + (p - grey) * r.uniform(0.5, 1.5)
                pixels[..., :3] = np.clip((p - 128) * r.uniform(0.75, 1.25) + 128 + r.uniform(-28, 28) + r.uniform(-24, 24, 3), 0, 255)
            if name not in lib.lined and r.random() < 0.25:
                pixels = self.ink(pixels)
            if r.random() < 0.08:  # a part is missing
                y, x = r.integers(0, 72, 2)
                pixels[y : y + r.integers(12, 36), x : x + r.integers(12, 36)] = 0
        image = Image.fromarray(pixels, "RGBA")
        if r.random() < 0.5 and not lib.fixed[concept]:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if name not in lib.lined and r.random() < 0.15:  # a dark line around the whole, as many drawers do
            edge = image.getchannel("A").filter(ImageFilter.MaxFilter(5 if r.random() < 0.6 else 3))
            tone = int(r.choice([0, 0, 25, 60]))
            under = Image.merge("RGBA", [Image.new("L", image.size, tone)] * 3 + [edge])
            image = Image.alpha_composite(under, image)
        image = image.convert("RGBa")
        if r.random() < 0.6:
            image = self.warp(image)
        image = image.resize((max(width, 6), max(height, 6)), Image.Resampling.BICUBIC)
        return np.asarray(image, np.float32), colour

    def warp(self, image):
        """Another drawer's proportions: a turn, and a grid of 3x3 points each moved a little."""
        r, size = self.random, image.width
        grid = np.stack(np.meshgrid([0.0, 0.5, 1.0], [0.0, 0.5, 1.0]), -1) - 0.5
        grid = (grid + r.normal(0, r.choice([0.0, 0.03, 0.06]), grid.shape)) * r.uniform(0.98, 1.12, 2)
        angle = r.uniform(-0.26, 0.26) if r.random() < 0.6 else 0.0
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        points = (grid @ turn + 0.5) * size
        half, mesh = size // 2, []
        for y in (0, 1):
            for x in (0, 1):
                corners = points[y, x], points[y + 1, x], points[y + 1, x + 1], points[y, x + 1]
                mesh.append(((x * half, y * half, (x + 1) * half, (y + 1) * half), np.concatenate(corners).tolist()))
        return image.transform((size, size), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)

    def retone(self, pixels, dark_ground):
        """Drawings in ink (black): the ink becomes light on a dark ground and now and then grey or a colour; now and then the fills go."""
        r = self.random
        ink = pixels[..., :3].max(-1) < 50
        if r.random() < 0.2:
            pixels[~ink & (pixels[..., 3] > 128), :3] = 250
        if dark_ground and r.random() < 0.7:
            tone = r.uniform(215, 255, 3)
        elif r.random() < 0.65:
            return
        else:
            tone = self.shade(int(r.choice(len(COLOURS)))) if r.random() < 0.6 else np.repeat(r.uniform(20, 80), 3)
        pixels[ink, :3] = np.asarray(tone).astype(np.uint8)

    def ink(self, pixels):
        """Dark lines where colours meet, as with a pen; now and then on white paper, without the colours."""
        r = self.random
        p = pixels[..., :3].astype(np.int16)
        lines = np.zeros(p.shape[:2], bool)
        lines[:-1] |= np.abs(p[1:] - p[:-1]).max(-1) > 45
        lines[:, :-1] |= np.abs(p[:, 1:] - p[:, :-1]).max(-1) > 45
        inside = pixels[..., 3] > 100
        inner = Image.fromarray((lines & inside).astype(np.uint8) * 255)
        if r.random() < 0.6:
            inner = inner.filter(ImageFilter.MaxFilter(3))
        outer = Image.fromarray(inside.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(5 if r.random() < 0.6 else 3))
        if r.random() < 0.15:
            pixels[inside, :3] = 250
        tone = int(r.choice([0, 0, 20, 45]))
        drawn = (np.asarray(inner) > 0) | ((np.asarray(outer) > 0) & ~inside)
        pixels[drawn] = (tone, tone, tone, 255)
        return pixels

    def paste(self, canvas, patch, cx, cy):
        height, width = patch.shape[:2]
        left, top = int(round(cx * SIZE - width / 2)), int(round(cy * SIZE - height / 2))
        x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, SIZE), min(top + height, SIZE)
        if x1 <= x0 or y1 <= y0:
            return
        part = patch[y0 - top : y1 - top, x0 - left : x1 - left]
        target = canvas[y0:y1, x0:x1]
        target *= 1 - part[..., 3:] / 255
        target += part[..., :3]

    @staticmethod
    def place(value):
        return 0 if value < 0.4 else 2 if value > 0.6 else 1 if 0.44 < value < 0.56 else -1

    def pick(self):
        return int(self.random.choice(len(self.lib.weight), p=self.lib.weight))

    def has_twin(self, a):
        """Whether a picture of the same things can be wrong in colour or order alone: our own objects come in all colours, and two things in two orders."""
        return a["obj"][0] >= self.lib.own_start and a["cnt"][0] == 1 or a["obj"][1] >= 0 and not a["smoker"]

    def picture(self, easy, twin=None):
        """-> pixels uint8 [64,64,3] and attributes. `twin`: attributes of a picture whose things are drawn again, in other colours and the other way round."""
        r = self.random
        canvas, kind, first, second = self.background(easy)
        while twin and any(c >= 0 and self.held_out(c, first) for c in twin["obj"]):
            canvas, kind, first, second = self.background(easy)
        a = {"obj": [-1] * SLOTS, "px": [-1] * SLOTS, "py": [-1] * SLOTS, "col": [-1] * SLOTS, "cnt": [0] * SLOTS, "bg": (first, second), "kind": kind, "smoker": False, "lay": 0}
        # Pictures of other proportions arrive squashed to a square, so things in them look narrow or wide.
        stretch = 1.0 if r.random() < (0.75 if easy else 0.5) else math.exp(r.uniform(-0.9, 0.9))
        sx, sy = (min(1, stretch), min(1, 1 / stretch))
        roll = r.random()
        plan = "single" if roll < 0.54 else "plain" if roll < 0.59 else "place" if roll < 0.69 else "number" if roll < 0.79 else "several"
        if easy:
            plan = "plain" if roll < 0.04 else "single"
        if r.random() < 0.006:
            plan = "smoker"
        if twin:
            plan = "several" if twin["obj"][1] >= 0 else "single"
        if plan == "plain":
            return self.finish(canvas), a

        def put(concept, side, cx, cy):
            patch, colour = self.sprite(concept, int(side * SIZE * sx), int(side * SIZE * sy), first if kind == FLAT else -2)
            self.paste(canvas, patch, cx, cy)
            return colour

        def draw(slot, concept, side, cx, cy):
            a["obj"][slot], a["cnt"][slot], a["px"][slot], a["py"][slot] = concept, 1, self.place(cx), self.place(cy)
            a["col"][slot] = put(concept, side, cx, cy)

        concept = twin["obj"][0] if twin else self.pick()
        for _ in range(0 if twin else 5):
            if not self.held_out(concept, first):
                break
            concept = self.pick()
        if plan == "single":
            draw(0, concept, r.uniform(0.62, 1.0), 0.5 + r.normal(0, 0.03), 0.5 + r.normal(0, 0.03))
        elif plan == "place":
            side, spots = r.uniform(0.3, 0.6), [(x, y) for x in (0.25, 0.5, 0.75) for y in (0.25, 0.5, 0.75) if (x, y) != (0.5, 0.5)]
            cx, cy = spots[r.integers(len(spots))]
            draw(0, concept, side, cx + r.normal(0, 0.03), cy + r.normal(0, 0.03))
        elif plan == "number":
            count = int(r.integers(2, 6))
            columns = count if count <= 3 else 2 if count == 4 else 3
            rows = math.ceil(count / columns)
            if count <= 3 and r.random() < 0.3:
                columns, rows = rows, columns
            a["obj"][0], a["cnt"][0] = concept, count
            colours = set()
            for index in range(count):
                x, y = (index % columns + 0.5) / columns, (index // columns + 0.5) / rows
                colours.add(put(concept, min(1 / columns, 1 / rows) * r.uniform(0.8, 1.05), x + r.normal(0, 0.015), y + r.normal(0, 0.015)))
            a["col"][0] = colours.pop() if len(colours) == 1 else -1
        elif plan == "smoker":
            a["smoker"] = True
            draw(0, self.lib.person[r.integers(len(self.lib.person))], r.uniform(0.7, 0.95), 0.42, 0.5)
            draw(1, self.lib.cigarette[r.integers(len(self.lib.cigarette))], r.uniform(0.3, 0.45), r.uniform(0.6, 0.75), r.uniform(0.55, 0.75))
        else:
            others = [c for c in reversed(twin["obj"]) if c >= 0] if twin else [concept]
            while not twin and len(others) < (3 if r.random() < 0.25 else 2):
                other = self.pick()
                if other not in others and not self.held_out(other, first):
                    others.append(other)
            upright = twin["px"][0] == twin["px"][1] if twin else r.random() < 0.25
            for slot, one in enumerate(others):
                along = (slot + 0.5) / len(others) + r.normal(0, 0.02)
                across = 0.5 + r.normal(0, 0.05)
                draw(slot, one, (0.5 if len(others) == 2 else 0.36) * r.uniform(0.85, 1.1), across if upright else along, along if upright else across)
        return self.finish(canvas), a

    def finish(self, canvas):
        r = self.random
        if r.random() < 0.15:
            canvas = canvas + r.normal(0, r.uniform(1, 6), canvas.shape)
        return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)

    def caption(self, a, easy):
        """-> text and claims, all true of the picture."""
        r, lib = self.random, self.lib
        c = {"ph": [-1, -1], "px": [-1, -1], "py": [-1, -1], "col": [-1, -1], "cnt": -1, "bg": -1, "kind": -1, "smoker": 0, "lay": -1}
        first, second = a["bg"]

        def colour_word(colour):
            names = COLOURS[colour][0]
            return names[0] if r.random() < 0.6 else names[r.integers(len(names))]

        def background():
            c["bg"] = first
            kind = a["kind"]
            if kind == FLAT:
                return colour_word(first)
            c["kind"] = kind
            word = BACKGROUND_WORDS[kind][r.integers(len(BACKGROUND_WORDS[kind]))]
            if r.random() < 0.3:
                c["bg"] = -1
                return word
            return f"{colour_word(first)} and {colour_word(second)} {word}" if r.random() < 0.5 else f"{word} {colour_word(first)}"

        if a["obj"][0] < 0:
            ground = background()
            forms = ["plain {} background", "{} background", "a {} background", "{}", "solid {}", "a {} image", "a {} picture", "empty {} background", "{} wallpaper", "background in {}"]
            return forms[r.integers(len(forms))].format(ground), c
        if a["smoker"]:
            c["smoker"] = 1
            text = SMOKER_PHRASES[r.integers(len(SMOKER_PHRASES))]
            return (PROMPTS[r.integers(len(PROMPTS))].format(text) if r.random() < 0.4 else text), c

        def name(slot, claim):
            concept = a["obj"][slot]
            phrase = lib.names[concept]
            if lib.words[concept] and (r.random() < 0.35 or phrase not in lib.phrase_id):
                phrase = lib.words[concept][r.integers(len(lib.words[concept]))]
            c["ph"][claim] = lib.phrase_id[phrase]
            if a["col"][slot] >= 0 and r.random() < (0.6 if concept >= lib.own_start else 0.15):
                c["col"][claim] = a["col"][slot]
                phrase = f"{colour_word(a['col'][slot])} {phrase}"
            return phrase

        text = name(0, 0)
        placed = a["px"][0] in (0, 2) or a["py"][0] in (0, 2)
        several = a["obj"][1] >= 0
        if several and r.random() < 0.75:
            slot = 1 if a["obj"][2] < 0 or r.random() < 0.5 else 2
            other = article(name(slot, 1), r)
            text = article(text, r)
            sides, levels = (a["px"][0], a["px"][slot]), (a["py"][0], a["py"][slot])
            if sides in ((0, 2), (2, 0)) and r.random() < 0.65:
                c["px"] = list(sides)
                words = ("left", "right") if sides[0] == 0 else ("right", "left")
                forms = [f"{text} to the {words[0]} of {other}", f"{text} on the {words[0]} and {other} on the {words[1]}", f"{text} {words[0]} of {other}"]
                text = forms[r.integers(3)]
            elif levels in ((0, 2), (2, 0)) and r.random() < 0.4:
                c["py"] = list(levels)
                text = f"{text} {'above' if levels[0] == 0 else 'below'} {other}"
            else:
                text = f"{text}{' and ' if r.random() < 0.7 else ', '}{other}"
        elif a["cnt"][0] > 1:
            if r.random() < 0.75:
                c["cnt"] = a["cnt"][0]
                words = COUNTS[a["cnt"][0]]
                text = f"{words[r.integers(len(words))]} {plural(text)}"
            else:
                text = plural(text) if r.random() < 0.5 else article(text, r)
        else:
            text = article(text, r)
            if placed and r.random() < 0.6:
                side, level = {0: "left", 2: "right"}.get(a["px"][0]), {0: "top", 2: "bottom"}.get(a["py"][0])
                if side:
                    c["px"][0] = a["px"][0]
                if level:
                    c["py"][0] = a["py"][0]
                where = f"{level} {side}" if side and level else side or level
                forms = [" on the {}", " at the {}", ", {}", " {}", " in the {} corner" if side and level else " on the {} side"]
                text += forms[r.integers(len(forms))].format(where)
        if a["kind"] != LANDSCAPE_GROUND and r.random() < (0.3 if easy else 0.4):
            ground = background()
            forms = ["{} on {} background", "{} on a {} background", "{} on {}", "{}, {} background", "{} with a {} background", "{} in front of a {} background"]
            text = forms[r.integers(len(forms))].format(text, ground)
        elif r.random() < 0.3:
            text = PROMPTS[r.integers(len(PROMPTS))].format(text)
        return text, c

    def drill(self, count):
        """Bare names and keywords -> texts, and how far each is true of each concept [count, concepts]: 1, 0, or 0.5 where people disagree.
        Text alone costs little, and names are what people type."""
        r, lib = self.random, self.lib
        texts, held = [], []
        for _ in range(count):
            concept = self.pick()
            phrase = lib.names[concept]
            if phrase not in lib.phrase_id or lib.words[concept] and r.random() < 0.3:
                phrase = lib.words[concept][r.integers(len(lib.words[concept]))]
            held.append(lib.holds[lib.phrase_id[phrase]])
            text = article(phrase, r) if r.random() < 0.5 else phrase
            texts.append(PROMPTS[r.integers(len(PROMPTS))].format(text) if r.random() < 0.2 else text)
        return texts, np.array(held)[:, :-1]

    def batch(self, size, easy_share, captions=None):
        """`captions`: only the first so many captions will be used; pictures after them may be twins of the first ones, as hard negatives.

        -> pixels uint8 [size,64,64,3], texts, truth [pictures, texts], concepts shown and concepts named [size, concepts], rows summing to 1 or 0."""
        pictures, attributes, texts, claims = [], [], [], []
        for index in range(size):
            easy = self.random.random() < easy_share
            first = attributes[index - captions] if captions and 0 <= index - captions < captions else None
            if first and self.has_twin(first):
                pixels, a = self.picture(easy, first)
                text, c = self.caption(a, easy)
            elif self.scenes is not None and not easy and self.random.random() < 0.25:
                pixels, a, text, c = self.scenes.sample(self)
            else:
                pixels, a = self.picture(easy)
                text, c = self.caption(a, easy)
            pictures.append(pixels), attributes.append(a), texts.append(text), claims.append(c)
        objects, phrases = np.array([a["obj"] for a in attributes]), np.array([c["ph"] for c in claims])
        shown = np.zeros((size, len(self.lib.names) + 1), np.float32)
        for slot in range(SLOTS):
            shown[np.arange(size), objects[:, slot]] = 1
        named = np.where((phrases[:, :1] >= 0) & (phrases[:, 1:] < 0), self.lib.holds[phrases[:, 0]] > 0.9, 0).astype(np.float32)
        share = lambda rows: rows[:, :-1] / np.maximum(rows[:, :-1].sum(1, keepdims=True), 1)
        return np.stack(pictures), texts, truth(self.lib, attributes, claims), share(shown), share(named)


def truth(lib, attributes, claims):
    """[pictures, texts]: 1 true, 0 false, -1 cannot be said."""
    column = lambda rows, key: np.array([row[key] for row in rows])
    result = np.ones((len(attributes), len(claims)), np.float32)
    objects, px, py, colours, counts = (column(attributes, k) for k in ("obj", "px", "py", "col", "cnt"))
    for k in range(2):
        phrase = column(claims, "ph")[:, k]
        asked = phrase >= 0
        if not asked.any():
            continue
        best = np.zeros_like(result)
        for s in range(SLOTS):
            one = lib.holds[phrase][:, objects[:, s]].T
            for mine, theirs in ((px, "px"), (py, "py")):
                want = column(claims, theirs)[:, k]
                value = mine[:, s][:, None]
                match = np.where(value == want, 1, np.where(value < 0, 0.5, np.where(value == 1, 0.5, 0)))
                one = np.minimum(one, np.where(want < 0, 1, match))
            want = column(claims, "col")[:, k]
            one = np.minimum(one, np.where(want < 0, 1, COLOUR_MATCH[want][:, colours[:, s]].T))
            if k == 0:
                want = column(claims, "cnt")
                one = np.minimum(one, np.where(want < 0, 1, counts[:, s][:, None] == want))
            best = np.maximum(best, one)
        result = np.minimum(result, np.where(asked, best, 1))
    want, ground, kinds, kind = column(claims, "bg"), column(attributes, "bg"), column(attributes, "kind"), column(claims, "kind")
    main, other = COLOUR_MATCH[want][:, ground[:, 0]].T, COLOUR_MATCH[want][:, ground[:, 1]].T
    # Of a striped or graded background each colour is half true, unless the caption speaks of the pattern too.
    match = np.where((kinds == FLAT)[:, None], main, np.where(kind == kinds[:, None], np.maximum(main, other), np.minimum(np.maximum(main, other), 0.5)))
    result = np.minimum(result, np.where(want < 0, 1, match))
    result = np.minimum(result, np.where(kind < 0, 1, kind == kinds[:, None]))
    smoker = column(claims, "smoker")
    result = np.minimum(result, np.where(smoker == 0, 1, column(attributes, "smoker")[:, None]))
    want, layout = column(claims, "lay"), column(attributes, "lay")
    result = np.minimum(result, np.where(want < 0, 1, want == layout[:, None]))
    return np.where(result > 0.9, 1, np.where(result > 0.1, -1, 0)).astype(np.float32)
