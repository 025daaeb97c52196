"""Writes a CLIP with seeded random weights as a model folder, and beside it what PyTorch and PIL make of pictures and texts.

    python reference.py OUT --size tiny                              own small vocabulary and pictures: the fixture of the tests
    python reference.py OUT --size b32 --tokenizer CLIP/tokenizer.json --pictures FOLDER ...     ViT-B/32, 606 MB, never committed

OUT/expected.json then holds the pictures' and texts' vectors (normalised) and the texts' token ids; with --tensors, OUT/tensors.f32 the preprocessed
pictures too. Python 3.11 and models/training/requirements.txt.
"""
import argparse
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import onnx
import torch
from PIL import Image, ImageCms, ImageOps
from tokenizers import Tokenizer

sys.path.insert(0, str(Path(__file__).parent.parent.parent / "models/training"))
from clip import MEAN, SIZES, STD, build
from texts import TEXTS
from words import make_tokenizer

LETTERBOX_BEYOND = 2.5
KINDS = (".jpg", ".jpeg", ".png", ".webp", ".gif")


def preprocess(path, side):
    """The original preprocessing (PIL: short side to `side`, bicubic; the middle; normalise), after what Vitrine does first: turned as EXIF says,
    colours of an embedded profile brought to sRGB, transparency on white, the first frame. Pictures longer than 2.5 times their height are Vitrine's own case: shown whole on the mean colour."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode == "RGB" and image.info.get("icc_profile"):
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        image = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC)
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert("RGB")
    short, long = min(image.size), max(image.size)
    whole = long / short > LETTERBOX_BEYOND
    width, height = (max(1, round(side * edge / long)) if whole else int(side * edge / short) for edge in image.size)
    pixels = (np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255 - MEAN) / STD
    if whole:
        left, top = (side - width) // 2, (side - height) // 2
        pixels = np.pad(pixels, ((top, side - height - top), (left, side - width - left), (0, 0)))
    else:
        left, top = round((width - side) / 2), round((height - side) / 2)
        pixels = pixels[top : top + side, left : left + side]
    return torch.from_numpy(pixels.astype(np.float32)).permute(2, 0, 1)


def draw_pictures(folder):
    """Smooth seeded pictures of the kinds that decoders differ on."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(11)

    def smooth(width, height, channels=3):
        y, x = np.mgrid[0:height, 0:width] / max(width, height)
        planes = [sum(np.sin(2 * np.pi * (random.normal(0, 3) * x + random.normal(0, 3) * y + random.random())) for _ in range(4)) for _ in range(channels)]
        return np.clip(np.stack(planes, -1) * 45 + 128, 0, 255).astype(np.uint8)

    Image.fromarray(smooth(96, 64)).save(folder / "shrunk.png")
    Image.fromarray(smooth(20, 14)).save(folder / "enlarged.png")
    Image.fromarray(smooth(40, 60)).save(folder / "turned.jpg", quality=95, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
    Image.fromarray(smooth(50, 40, 4), "RGBA").save(folder / "clear.png")
    Image.fromarray(smooth(45, 45, 1)[..., 0]).save(folder / "grey.png")
    Image.fromarray(smooth(120, 50)).save(folder / "wide.png")
    Image.fromarray(smooth(200, 40)).save(folder / "strip.png")
    frames = [Image.fromarray(smooth(48, 36)) for _ in range(3)]
    frames[0].save(folder / "animated.webp", save_all=True, append_images=frames[1:], lossless=True)
    Image.fromarray(smooth(60, 60)).quantize(64).save(folder / "palette.gif")


def export(out, size, vision, text, vocabulary):
    s = SIZES[size]
    (out / "onnx").mkdir(parents=True, exist_ok=True)
    torch.onnx.export(vision, (torch.randn(2, 3, s["side"], s["side"]),), str(out / "onnx/vision_model.onnx"), input_names=["pixel_values"], output_names=["image_embeds"],
                      dynamic_axes={"pixel_values": {0: "batch"}, "image_embeds": {0: "batch"}}, opset_version=17, dynamo=False)
    ids = torch.full((2, 9), vocabulary - 1, dtype=torch.int64)
    torch.onnx.export(text, (ids,), str(out / "onnx/text_model.onnx"), input_names=["input_ids"], output_names=["text_embeds"],
                      dynamic_axes={"input_ids": {0: "batch", 1: "sequence"}, "text_embeds": {0: "batch"}}, opset_version=17, dynamo=False)
    for name in ("vision", "text"):
        onnx.checker.check_model(str(out / f"onnx/{name}_model.onnx"))
    write = lambda name, value: (out / name).write_text(json.dumps(value, indent=2) + "\n")
    write("config.json", {"model_type": "clip", "projection_dim": s["dimensions"], "logit_scale_init_value": 2.6592,
                          "text_config": {"vocab_size": vocabulary, "max_position_embeddings": s["context"]}, "vision_config": {"image_size": s["side"], "patch_size": s["patch"]}})
    write("preprocessor_config.json", {"image_processor_type": "CLIPImageProcessor", "do_resize": True, "size": {"shortest_edge": s["side"]}, "resample": 3, "do_center_crop": True,
                                       "crop_size": {"height": s["side"], "width": s["side"]}, "do_normalize": True, "image_mean": list(MEAN), "image_std": list(STD)})
    write("tokenizer_config.json", {"model_max_length": s["context"], "pad_token": "<|endoftext|>"})


def cut(ids, context):
    """As CLIP's own tokenize(..., truncate=True): the end token stays last."""
    return ids if len(ids) <= context else [*ids[: context - 1], ids[-1]]


@torch.no_grad()
def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--size", choices=SIZES, default="tiny")
    parser.add_argument("--seed", type=int, default=20261124)
    parser.add_argument("--tokenizer", type=Path, help="a CLIP tokenizer.json; without it a small one is made of the texts")
    parser.add_argument("--pictures", type=Path, nargs="*", help="folders or files; without any, a few are drawn")
    parser.add_argument("--tensors", action="store_true")
    options = parser.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)
    if options.tokenizer:
        shutil.copy(options.tokenizer, out / "tokenizer.json")
    else:
        make_tokenizer(TEXTS * 3, out / "tokenizer.json", vocabulary=700)
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    vocabulary, side, context = tokenizer.get_vocab_size(), SIZES[options.size]["side"], SIZES[options.size]["context"]
    vision, text = build(options.size, vocabulary, options.seed)
    export(out, options.size, vision, text, vocabulary)
    if not options.pictures:
        draw_pictures(out / "pictures")
    files = sorted(f for p in options.pictures or [out / "pictures"] for f in (p.iterdir() if p.is_dir() else [p]) if f.suffix.lower() in KINDS)
    unit = lambda vector: [round(v, 6) for v in torch.nn.functional.normalize(vector, dim=-1).tolist()]
    tensors = [preprocess(f, side) for f in files]
    if options.tensors:
        torch.stack(tensors).numpy().tofile(out / "tensors.f32")
    pictures = [{"file": str(f.relative_to(out) if f.is_relative_to(out) else f.resolve()), "vector": unit(vision(t[None])[0])} for f, t in zip(files, tensors)]
    texts = []
    for one in TEXTS:
        ids = tokenizer.encode(one).ids
        texts.append({"text": one, "tokens": len(ids), "ids": cut(ids, context), "vector": unit(text(torch.tensor([cut(ids, context)]))[0])})
    (out / "expected.json").write_text(json.dumps({"seed": options.seed, "pictures": pictures, "texts": texts}, ensure_ascii=False) + "\n")
    print(f"{options.size}: {len(pictures)} pictures, {len(texts)} texts, {sum(f.stat().st_size for f in out.rglob('*') if f.is_file()) / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
