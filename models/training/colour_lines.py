"""Gives hands that draw in one ink the colours of a coloured hand: regions enclosed by the lines take the commonest colour that the coloured drawing
of the same concept has there. Also draws the glyphs of fonts (lines only). Reads and writes work/sprites-*.

Usage: python colour_lines.py   (after render_sprites.mjs)
"""
import json

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from words import HERE, WORK

INK_SETS = ["fluent-emoji-high-contrast", "emojione-monotone", "game-icons", "ph", "tabler", "lucide", "hugeicons", "mdi", "fa6-solid", "mingcute", "solar"]
DEBIAN = WORK / "debian/usr/share/fonts"
FONTS = {
    **{f"noto-emoji-{weight}": HERE / f"node_modules/@expo-google-fonts/noto-emoji/{weight}/NotoEmoji_{weight}.ttf" for weight in ("300Light", "700Bold")},
    "symbola": DEBIAN / "truetype/ancient-scripts/Symbola_hint.ttf",
    "unifont": DEBIAN / "opentype/unifont/unifont.otf",
    "unifont-upper": DEBIAN / "opentype/unifont/unifont_upper.otf",
    "dejavu": DEBIAN / "truetype/dejavu/DejaVuSans.ttf",
    "freeserif": DEBIAN / "truetype/freefont/FreeSerif.ttf",
}
COLOUR_SETS = ["twemoji", "fluent-emoji-flat", "noto"]


def draw_glyphs(path, concepts, size=96):
    """-> coverage [n, size, size] uint8 and the concept of each; glyphs the font lacks and sequences are left out."""
    font = ImageFont.truetype(str(path), 160)
    blank = {bytes(font.getmask(chr(code))) for code in (0x10FFFD, 0xFFFFE, 0x378)}  # no font has all of these
    masks, index = [], []
    for concept, row in enumerate(concepts):
        if "-" in row["hex"]:
            continue
        mask = font.getmask(chr(int(row["hex"], 16)))
        if not mask.size[0] or bytes(mask) in blank:
            continue
        box = Image.new("L", (max(mask.size),) * 2, 0)
        glyph = Image.frombytes("L", mask.size, bytes(mask))
        box.paste(glyph, ((box.width - glyph.width) // 2, (box.height - glyph.height) // 2))
        masks.append(np.asarray(box.resize((size - 4,) * 2, Image.Resampling.BOX)))
        index.append(concept)
    return np.pad(np.stack(masks), ((0, 0), (2, 2), (2, 2))), index


def regions(ink):
    """Label of each pixel's connected region of no ink; 0 is ink and everything joined to the border."""
    free = np.pad(~ink, 1, constant_values=True)
    labels = np.where(free, np.arange(1, free.size + 1).reshape(free.shape), 0)
    while True:
        spread = labels.copy()
        for axis in (0, 1):
            # One sweep each way along the axis: the largest label of a run of free pixels fills the run.
            for view in (spread, np.flip(spread, axis)):
                rows = np.moveaxis(view, axis, 0)
                for i in range(1, len(rows)):
                    np.copyto(rows[i], np.maximum(rows[i], rows[i - 1]), where=(rows[i] > 0) & (rows[i - 1] > 0))
        if np.array_equal(spread, labels):
            break
        labels = spread
    labels[labels == labels[0, 0]] = 0
    return labels[1:-1, 1:-1]


def fill(coverage, coloured):
    """One drawing: black ink of the given coverage [size,size], regions coloured from RGBA `coloured` of the same size (or white)."""
    out = np.zeros((*coverage.shape, 4), np.uint8)
    labels = regions(coverage > 110)
    for label in np.unique(labels[labels > 0]):
        here = labels == label
        colour = (252, 252, 252)
        if coloured is not None:
            under = coloured[here]
            under = under[under[:, 3] > 128, :3]
            if len(under) > 0.3 * here.sum():
                keys, counts = np.unique(under // 32, axis=0, return_counts=True)
                colour = under[(under // 32 == keys[counts.argmax()]).all(1)].mean(0)
        out[here, :3], out[here, 3] = colour, 255
    # Ink over the fills: half-covered pixels at the edge of a region mix with its colour.
    share = coverage[..., None] / 255.0
    filled = out[..., 3:] / 255.0
    near = Image.fromarray(out[..., :3]).resize(coverage.shape[::-1])
    out[..., :3] = (np.asarray(near) * filled * (1 - share)).astype(np.uint8)
    out[..., 3] = np.maximum(out[..., 3], coverage)
    return out


def same_frame(sprite):
    """The drawing cut to its own bounds and brought to the full square, as most icons are."""
    image = Image.fromarray(sprite, "RGBA")
    return image.crop(image.getchannel("A").point(lambda a: 255 if a > 60 else 0).getbbox() or (0, 0, *image.size))


def main():
    concepts = json.loads((WORK / "concepts.json").read_text())
    coloured = {}
    for name in COLOUR_SETS:
        index = json.loads((WORK / f"sprites-{name}.json").read_text())
        pixels = np.memmap(WORK / f"sprites-{name}.u8", np.uint8, "r").reshape(-1, 96, 96, 4)
        for row, concept in enumerate(index["concepts"]):
            coloured.setdefault(concept, []).append(pixels[row])
    jobs = [(name, *draw_glyphs(path, concepts)) for name, path in FONTS.items() if not (WORK / f"sprites-{name}.json").exists()]
    for name in INK_SETS:
        index = json.loads((WORK / f"sprites-{name}.json").read_text())
        if not index.get("filled"):
            jobs.append((name, np.fromfile(WORK / f"sprites-{name}.u8", np.uint8).reshape(-1, 96, 96, 4)[..., 3], index["concepts"]))
    for name, masks, index in jobs:
        drawn = np.zeros((*masks.shape, 4), np.uint8)
        for row, (mask, concept) in enumerate(zip(masks, index)):
            hands = coloured.get(concept)
            under = None
            if hands:
                hand = hands[2 if name.startswith("noto") and len(hands) > 2 else row % len(hands)]
                box = Image.fromarray(mask).point(lambda a: 255 if a > 60 else 0).getbbox()
                if box:
                    canvas = Image.new("RGBA", (96, 96))
                    canvas.paste(same_frame(np.array(hand)).resize((box[2] - box[0], box[3] - box[1])), box[:2])
                    under = np.asarray(canvas)
            drawn[row] = fill(mask, under)
        drawn.tofile(WORK / f"sprites-{name}.u8")
        (WORK / f"sprites-{name}.json").write_text(json.dumps({"size": 96, "concepts": list(index), "ink": True, "filled": True}))
        print(f"{name}: {len(index)} sprites coloured", flush=True)


if __name__ == "__main__":
    main()
