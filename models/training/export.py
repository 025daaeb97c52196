"""Writes models/vitrine-sketch in the Hugging Face layout from a checkpoint.

Usage: python export.py [checkpoint] [--side 64] [--metrics work/metrics.json] [--before 328192]
"""
import argparse
import copy
import datetime
import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import torch
import torch.nn as nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from model import CONTEXT_LENGTH, DIMENSIONS, MEAN, STD, Block, DualEncoder, TwoLooks
from words import HERE, WORK

OUT = HERE.parent / "vitrine-sketch"


def load(checkpoint):
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model = DualEncoder(state["vocabulary"], state["end_id"], state["concepts"])
    model.load_state_dict(state["average"])
    model.side = state.get("side", 48)
    return model.eval(), state


def fold(image):
    """The image encoder with batch normalisation folded into the convolutions."""
    image = copy.deepcopy(image).eval()
    image.stem[0], image.stem[1] = fuse_conv_bn_eval(image.stem[0], image.stem[1]), nn.Identity()
    for block in image.modules():
        if isinstance(block, Block):
            block.conv1, block.norm1 = fuse_conv_bn_eval(block.conv1, block.norm1), nn.Identity()
            block.conv2, block.norm2 = fuse_conv_bn_eval(block.conv2, block.norm2), nn.Identity()
            if block.shortcut is not None:
                block.shortcut[1], block.shortcut[2] = fuse_conv_bn_eval(block.shortcut[1], block.shortcut[2]), nn.Identity()
    return image


def store_half(path):
    """Keeps the weights as fp16 in the file and casts them to fp32 when loaded: half the size, fp32 arithmetic."""
    graph = onnx.load(path)
    casts = []
    for tensor in list(graph.graph.initializer):
        if tensor.data_type != onnx.TensorProto.FLOAT or np.prod(tensor.dims) < 1024:
            continue
        values = onnx.numpy_helper.to_array(tensor).astype(np.float16)
        name = tensor.name
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, name + "_half"))
        casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=onnx.TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.graph.node.insert(0, cast)
    onnx.checker.check_model(graph)
    onnx.save(graph, path)


@torch.no_grad()
def check(model, end_id, side):
    """Exported files against PyTorch, and text vectors against longer padding."""
    from tokenizers import Tokenizer
    from evaluate import Onnx
    from train import to_ids
    onnx_model, tokenizer = Onnx(OUT), Tokenizer.from_file(str(WORK / "tokenizer.json"))
    random = np.random.default_rng(5)
    pixels = torch.from_numpy(random.normal(0, 1, (64, 3, side, side)).astype(np.float32))
    if (WORK / "evaluation.u8").exists():
        from evaluate import SIZE, tensor
        pixels = tensor(np.fromfile(WORK / "evaluation.u8", np.uint8).reshape(-1, SIZE, SIZE, 3)[::40], side)
    ids = to_ids(tokenizer, ["a red apple on a blue background", "logo", "", "summer sale banner with a car on the left and a lot of other words after it, more than anyone would type"], end_id)
    cosine = lambda a, b: float(torch.nn.functional.cosine_similarity(a, b).min())
    padded = torch.cat([ids, torch.full((len(ids), CONTEXT_LENGTH - ids.shape[1]), end_id)], 1)
    return {
        "lowest cosine to PyTorch, pictures": round(cosine(onnx_model.image(pixels), TwoLooks(model.image, side)(pixels)), 6),
        "lowest cosine to PyTorch, texts": round(cosine(onnx_model.text(ids), model.text(ids)), 6),
        "largest difference with padding to the full context": float((onnx_model.text(ids) - onnx_model.text(padded)).abs().max()),
    }


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoint", nargs="?", default=WORK / "checkpoint.pt")
    parser.add_argument("--side", type=int, help="picture size; the one that training had reached when left out")
    parser.add_argument("--metrics", type=Path)
    parser.add_argument("--before", type=int, default=0, help="pictures that the weights it began from had seen")
    options = parser.parse_args()
    metrics = json.loads(options.metrics.read_text()) if options.metrics else {}
    model, state = load(options.checkpoint)
    side = options.side or model.side
    (OUT / "onnx").mkdir(parents=True, exist_ok=True)
    vision, text = OUT / "onnx/vision_model.onnx", OUT / "onnx/text_model.onnx"
    torch.onnx.export(TwoLooks(fold(model.image), side), (torch.randn(2, 3, side, side),), str(vision), input_names=["pixel_values"], output_names=["image_embeds"],
                      dynamic_axes={"pixel_values": {0: "batch"}, "image_embeds": {0: "batch"}}, opset_version=17, dynamo=False)
    ids = torch.full((2, 9), state["end_id"], dtype=torch.int64)
    torch.onnx.export(model.text, (ids,), str(text), input_names=["input_ids"], output_names=["text_embeds"],
                      dynamic_axes={"input_ids": {0: "batch", 1: "sequence"}, "text_embeds": {0: "batch"}}, opset_version=17, dynamo=False)
    for path in (vision, text):
        store_half(path)

    def write(name, value):
        (OUT / name).write_text(json.dumps(value, indent=2) + "\n")

    start_id, end_id = state["end_id"] - 1, state["end_id"]
    write("config.json", {
        "model_type": "clip", "architectures": ["CLIPModel"], "projection_dim": DIMENSIONS,
        "logit_scale_init_value": round(model.log_scale.item(), 6),
        "text_config": {"model_type": "clip_text_model", "vocab_size": state["vocabulary"], "max_position_embeddings": CONTEXT_LENGTH, "hidden_size": 192, "intermediate_size": 768,
                        "num_hidden_layers": 3, "num_attention_heads": 4, "projection_dim": DIMENSIONS, "bos_token_id": start_id, "eos_token_id": end_id, "pad_token_id": end_id},
        "vision_config": {"model_type": "clip_vision_model", "image_size": side, "num_channels": 3, "projection_dim": DIMENSIONS},
    })
    size = {"height": side, "width": side}
    write("preprocessor_config.json", {
        "image_processor_type": "CLIPImageProcessor", "do_convert_rgb": True, "do_resize": True, "size": size, "resample": 3, "do_center_crop": False, "crop_size": size,
        "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True, "image_mean": list(MEAN), "image_std": list(STD),
    })
    shutil.copy(WORK / "tokenizer.json", OUT / "tokenizer.json")
    special = {"bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    write("tokenizer_config.json", {"tokenizer_class": "CLIPTokenizer", "do_lower_case": True, "model_max_length": CONTEXT_LENGTH, **special})
    write("special_tokens_map.json", special)
    metrics["parity"] = check(model, end_id, side)
    print(json.dumps(metrics["parity"]))
    files = []
    for name in ["config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "onnx/vision_model.onnx", "onnx/text_model.onnx"]:
        data = (OUT / name).read_bytes()
        files.append({"path": name, "byteSize": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    write("manifest.json", {
        "id": "vitrine-sketch", "name": "Vitrine Sketch", "license": "Apache-2.0", "source": "trained by models/training", "dimensions": DIMENSIONS, "imageSize": side,
        "contextLength": CONTEXT_LENGTH, "languages": ["en"], "prompts": {"label": ["{}", "a drawing of {}", "a picture of {}"]},
        "metrics": {"date": datetime.date.today().isoformat(), "picturesSeen": state["pictures"] + options.before, **metrics}, "files": files,
    })
    print(f"exported {sum(f['byteSize'] for f in files) / 1e6:.2f} MB after {state['pictures']} pictures")


if __name__ == "__main__":
    main()
