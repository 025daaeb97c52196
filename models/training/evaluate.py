"""Measures the model. `quick_check` is what training logs; run as a script for all figures:

    python evaluate.py                 the exported ONNX files in models/vitrine-sketch, which is what users run
    python evaluate.py checkpoint.pt   a checkpoint
Writes work/metrics.json.
"""
import json
import sys
import time

import numpy as np
import torch
from PIL import Image

from data import SIZE, Library
from model import MEAN, STD
from words import COLOURS, HERE, WORK


def tensor(pixels, side=SIZE):
    x = torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 255
    if side != SIZE:
        x = torch.nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
    return (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)


@torch.no_grad()
def embed_pictures(model, pixels, side=SIZE):
    side = getattr(model, "side", side)
    return torch.cat([torch.nn.functional.normalize(model.image(tensor(pixels[i : i + 128], side)), dim=1) for i in range(0, len(pixels), 128)])


@torch.no_grad()
def embed_texts(model, tokenizer, texts):
    from train import to_ids
    end = tokenizer.token_to_id("<|endoftext|>")
    return torch.cat([torch.nn.functional.normalize(model.text(to_ids(tokenizer, texts[i : i + 256], end)), dim=1) for i in range(0, len(texts), 256)])


def on_ground(sprite, colour=(255, 255, 255), side=SIZE * 7 // 8):
    """One sprite in the middle of a plain square."""
    image = Image.fromarray(sprite, "RGBA").convert("RGBa").resize((side, side), Image.Resampling.BICUBIC)
    canvas = np.full((SIZE, SIZE, 3), colour, np.float32)
    patch, edge = np.asarray(image, np.float32), (SIZE - side) // 2
    part = canvas[edge : edge + side, edge : edge + side]
    part *= 1 - patch[..., 3:] / 255
    part += patch[..., :3]
    return np.clip(canvas + 0.5, 0, 255).astype(np.uint8)


def ranks(texts, pictures, wanted):
    """Rank (from 0) of each text's own picture among all pictures."""
    scores = texts @ pictures.T
    own = scores[torch.arange(len(wanted)), wanted]
    return (scores > own[:, None]).sum(1).numpy()


_gallery = {}
GROUPS = ["faces", "people", "", "animals and plants", "food", "places", "activities", "objects", "signs", "flags"]  # emojibase's numbers


def openmoji_gallery():
    """One plain drawing per concept, gendered doubles left out. OpenMoji is never trained on."""
    if not _gallery:
        library = Library(sets=["openmoji"], own=False)
        rows = [(c, library.by_concept[c][0][1]) for c in range(len(library.emoji)) if not library.emoji[c]["gendered"] and library.by_concept[c]]
        _gallery["concepts"] = [c for c, _ in rows]
        _gallery["sprites"] = [np.array(library.sprites["openmoji"][row]) for _, row in rows]
        _gallery["names"] = [library.names[c] for c, _ in rows]
    return _gallery


def quick_check(model, tokenizer, side=SIZE):
    """Recall on the gallery above; `side` is the picture size that training has reached."""
    gallery = openmoji_gallery()
    pictures = embed_pictures(model, np.stack([on_ground(s) for s in gallery["sprites"]]), side)
    texts = embed_texts(model, tokenizer, gallery["names"])
    r = ranks(texts, pictures, torch.arange(len(texts)))
    return {f"recall@{k}": round(float((r < k).mean()), 4) for k in (1, 5, 10)}


class Onnx:
    """The exported encoders behind the same two methods as the checkpoint."""

    def __init__(self, folder=HERE.parent / "vitrine-sketch", threads=1):
        import onnxruntime
        self.side = json.loads((folder / "config.json").read_text())["vision_config"]["image_size"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.vision, self.words = (onnxruntime.InferenceSession(str(folder / f"onnx/{name}_model.onnx"), options, providers=["CPUExecutionProvider"]) for name in ("vision", "text"))

    def image(self, pixels):
        return torch.from_numpy(self.vision.run(None, {"pixel_values": pixels.contiguous().numpy()})[0])

    def text(self, ids):
        return torch.from_numpy(self.words.run(None, {"input_ids": ids.numpy()})[0])


def recall(r, *ks):
    return {f"recall@{k}": round(float((r < k).mean()), 4) for k in ks}


def article(phrase):
    return ("an " if phrase[0] in "aeiou" else "a ") + phrase


def own_drawings(model, tokenizer):
    """Drawings of src/program/samples with the evaluation's seeds, which training never uses."""
    index = json.loads((WORK / "evaluation.json").read_text())
    pixels = np.fromfile(WORK / "evaluation.u8", np.uint8).reshape(-1, SIZE, SIZE, 3)
    objects, scenes = index["objects"], index["scenes"]
    vectors = embed_pictures(model, pixels)
    single, whole = vectors[: len(objects)], vectors[len(objects) :]
    own = torch.arange(len(objects))
    figures = {"galleryObjects": len(objects), "galleryScenes": len(scenes)}
    texts = embed_texts(model, tokenizer, [article(f"{o['colour']} {o['object']}") for o in objects])
    figures["colour and object"] = recall(ranks(texts, single, own), 1, 5, 10)
    texts = embed_texts(model, tokenizer, [f"{article(o['colour'] + ' ' + o['object'])} on {article(o['background'])} background" for o in objects])
    figures["colour, object and background"] = recall(ranks(texts, single, own), 1, 5, 10)
    texts = embed_texts(model, tokenizer, [s["captions"][0] for s in scenes])
    figures["scene by its fullest caption"] = recall(ranks(texts, whole, torch.arange(len(scenes))), 1, 5, 10)

    def share_right(queries, gallery, relevant):
        """Of the first five (or of all relevant, when fewer), how many are right; queries with nothing relevant are left out."""
        order = (embed_texts(model, tokenizer, queries) @ gallery.T).topk(5, dim=1).indices.numpy()
        shares = [sum(bool(relevant(q, i)) for i in row) / min(5, total) for q, row in enumerate(order) if (total := sum(bool(relevant(q, i)) for i in range(len(gallery))))]
        return round(float(np.mean(shares)), 4)

    names = sorted({o["object"] for o in objects})
    figures["object names in scenes, right of first 5"] = share_right([article(n) for n in names], whole, lambda q, i: names[q] in scenes[i]["objects"])
    colours = sorted({o["background"] for o in objects})
    figures["background colours in scenes, right of first 5"] = share_right([f"{c} background" for c in colours], whole, lambda q, i: scenes[i]["background"]["colour"] == colours[q])
    pairs = sorted({(c, o) for s in scenes for c, o in zip(s["colours"], s["objects"])})
    figures["coloured objects in scenes, right of first 5"] = share_right([article(f"{c} {o}") for c, o in pairs], whole, lambda q, i: pairs[q] in list(zip(scenes[i]["colours"], scenes[i]["objects"])))
    layouts = {"banner": "banner", "product card": "card", "social media post": "post", "landscape with hills": "landscape"}
    figures["layouts, right of first 5"] = share_right(list(layouts), whole, lambda q, i: scenes[i]["layout"] == list(layouts.values())[q])
    for query, names in {"a person smoking a cigarette": ["cigarette"], "alcohol": ["beer glass", "wine glass"], "a weapon": ["gun"], "a gun": ["gun"], "a knife": ["knife"]}.items():
        scores = (embed_texts(model, tokenizer, [query]) @ whole.T)[0].numpy()
        right = np.array([any(n in s["objects"] for n in names) for s in scenes])
        order = scores[right][:, None] > scores[~right][None, :]
        figures[f"'{query}' in scenes, area under ROC"] = round(float(order.mean()), 4)
    return figures


def openmoji(model, tokenizer):
    """Drawings by a hand never trained on."""
    from data import PRIMARY
    from train import held_out
    gallery, random = openmoji_gallery(), np.random.default_rng(1234)
    names, sprites, concepts = gallery["names"], gallery["sprites"], gallery["concepts"]
    library_rows = json.loads((WORK / "concepts.json").read_text())
    figures = {"gallery": len(names), **quick_check(model, tokenizer)}
    plain = torch.from_numpy(np.stack([on_ground(s) for s in sprites]))
    pictures, queries = embed_pictures(model, plain.numpy()), embed_texts(model, tokenizer, names)
    # Unicode gives skin tones to people, gestures and parts of the body: the rest of the gallery is things, animals, faces and signs.
    things = torch.tensor([i for i, c in enumerate(concepts) if not library_rows[c]["skinTones"]])
    figures["without people and gestures"] = {"gallery": len(things), **recall(ranks(queries[things], pictures[things], torch.arange(len(things))), 1, 5, 10)}
    r, groups = ranks(queries, pictures, torch.arange(len(names))), np.array([GROUPS[library_rows[c]["group"]] for c in concepts])
    figures["recall@10 by group, whole gallery"] = {f"{g} ({(groups == g).sum()})": round(float((r[groups == g] < 10).mean()), 3) for g in dict.fromkeys(groups)}
    anchors = [anchor for _, anchor, _ in COLOURS]
    # Backgrounds: every colour under 20 different drawings; the name is the best of the trained primary names.
    pixels, truth = [], []
    for colour, anchor in enumerate(anchors):
        for index in random.choice(len(sprites), 20, replace=False):
            pixels.append(on_ground(sprites[index], anchor, int(random.integers(SIZE * 9 // 16, SIZE * 19 // 24))))
            truth.append(colour)
    vectors, truth = embed_pictures(model, np.stack(pixels)), np.array(truth)
    prompts = [f"{c} background" for c in PRIMARY]
    best = (vectors @ embed_texts(model, tokenizer, prompts).T).argmax(1).numpy()
    figures["background colour named right"] = {"colours": len(PRIMARY), "accuracy": round(float((best == truth).mean()), 4)}
    worst = sorted(((PRIMARY[a], PRIMARY[b], int(((truth == a) & (best == b)).sum())) for a in range(len(anchors)) for b in range(len(anchors)) if a != b), key=lambda x: -x[2])[:4]
    figures["background colour named right"]["most often taken for another"] = [f"{a} for {b}: {n} of 20" for a, b, n in worst if n]
    # Pairs never trained on, among 2,000 pictures: each concept asked for also stands on other grounds there.
    for label, library, set_name in (("openmoji", Library(sets=["openmoji"], own=False), "openmoji"), ("twemoji", Library(sets=["twemoji"], own=False), "twemoji")):
        asked, pixels, texts = [], [], []
        wanted = [(c, k) for c in concepts for k in range(len(anchors)) if held_out(c, k) and library.by_concept[c]]
        for c, k in (wanted[i] for i in random.choice(len(wanted), 500, replace=False)):
            sprite = np.array(library.sprites[set_name][library.by_concept[c][0][1]])
            asked.append(len(pixels))
            texts.append(f"{article(library.names[c])} on {article(PRIMARY[k])} background")
            for ground in [k, *random.choice([j for j in range(len(anchors)) if j != k], 3, replace=False)]:
                pixels.append(on_ground(sprite, anchors[ground], SIZE * 3 // 4))
        r = ranks(embed_texts(model, tokenizer, texts), embed_pictures(model, np.stack(pixels)), torch.tensor(asked))
        figures[f"unseen object and background pairs, {label} drawings"] = {"asked": 500, "gallery": len(pixels), **recall(r, 1, 5)}
    return figures


def limits(model, tokenizer):
    """What small models are bad at, on the validation hand: left or right, which is left of which, how many, negation."""
    gallery, random = openmoji_gallery(), np.random.default_rng(99)
    names, sprites = gallery["names"], gallery["sprites"]

    def scene(items):
        canvas = np.full((SIZE, SIZE, 3), 255, np.float32)
        for index, cx, cy, side in items:
            patch = on_ground(sprites[index], (255, 255, 255), side)[(SIZE - side) // 2 :][:side, (SIZE - side) // 2 :][:, :side]
            x, y = int(cx * SIZE - side / 2), int(cy * SIZE - side / 2)
            canvas[y : y + side, x : x + side] = patch
        return canvas.astype(np.uint8)

    def choose(pictures, options, right):
        vectors = embed_pictures(model, np.stack(pictures))
        flat = embed_texts(model, tokenizer, [t for texts in options for t in texts]).view(len(options), len(options[0]), -1)
        best = torch.einsum("nd,nkd->nk", vectors, flat).argmax(1).numpy()
        return round(float((best == np.array(right)).mean()), 4)

    near, picks = SIZE * 7 // 16, random.choice(len(names), (400, 2))
    sides = random.integers(0, 2, 400)
    figures = {"left or right of the picture": choose([scene([(a, 0.25 + 0.5 * s, 0.5, near)]) for (a, _), s in zip(picks, sides)], [[f"{article(names[a])} on the left", f"{article(names[a])} on the right"] for a, _ in picks], sides)}
    figures["top or bottom"] = choose([scene([(a, 0.5, 0.25 + 0.5 * s, near)]) for (a, _), s in zip(picks, sides)], [[f"{article(names[a])} at the top", f"{article(names[a])} at the bottom"] for a, _ in picks], sides)
    figures["which of two is on the left"] = choose([scene([(a, 0.26, 0.5, near), (b, 0.74, 0.5, near)]) for a, b in picks], [[f"{article(names[a])} to the left of {article(names[b])}", f"{article(names[b])} to the left of {article(names[a])}"] for a, b in picks], [0] * 400)
    spots = {1: [(0.5, 0.5)], 2: [(0.25, 0.5), (0.75, 0.5)], 3: [(0.17, 0.5), (0.5, 0.5), (0.83, 0.5)], 4: [(x, y) for x in (0.25, 0.75) for y in (0.25, 0.75)]}
    spots[5] = spots[4] + [(0.5, 0.5)]
    counts = random.integers(1, 6, 400)
    words = ["one", "two", "three", "four", "five"]
    from data import plural
    figures["how many, one to five"] = choose([scene([(a, x, y, SIZE * 7 // 24) for x, y in spots[n]]) for (a, _), n in zip(picks, counts)], [[f"{w} {plural(names[a]) if w != 'one' else names[a]}" for w in words] for a, _ in picks], counts - 1)
    figures["negation: '<b>' above 'no <a>' for a picture of a"] = choose([scene([(a, 0.5, 0.5, SIZE * 3 // 4)]) for a, _ in picks], [[f"no {names[a]}", names[b]] for a, b in picks], [1] * 400)
    figures["guessing would give"] = {"left or right": 0.5, "how many": 0.2}
    return figures


def main():
    from tokenizers import Tokenizer
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    if len(sys.argv) > 1:
        from export import load
        model = load(sys.argv[1])[0]
    else:
        model = Onnx()
    figures = {"ownDrawings": own_drawings(model, tokenizer), "openmoji": openmoji(model, tokenizer), "limits": limits(model, tokenizer)}
    if isinstance(model, Onnx):
        x = torch.randn(32, 3, model.side, model.side)
        model.image(x)
        started = time.time()
        for _ in range(10):
            model.image(x)
        figures["imagesPerSecondOneThread"] = round(320 / (time.time() - started))
    (WORK / "metrics.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
