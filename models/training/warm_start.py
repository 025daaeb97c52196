"""Takes up an exported model where no checkpoint is left: weights, and batch normalisation measured anew so that it computes what was folded."""
import json

import numpy as np
import onnx
import torch
import torch.nn as nn


def read_tensors(path):
    """-> the exported weights by name (fp16 ones under the name they had before), and those of the MatMul nodes in the graph's order."""
    graph = onnx.load(path).graph
    tensors = {t.name.removesuffix("_half").removeprefix("image."): torch.from_numpy(onnx.numpy_helper.to_array(t).astype(np.float32)) for t in graph.initializer}
    return tensors, [tensors[n.input[1]] for n in graph.node if n.op_type == "MatMul" and n.input[1] in tensors]


@torch.no_grad()
def load_export(model, folder, pixels):
    """Fills the model from the ONNX files in `folder`; `pixels` [n,3,side,side]: training pictures for the batch statistics.

    Blocks that the export lacks must stand at the end of their stage; they start as the identity. Landmarks are left to the caller.
    """
    image, (weights, _) = model.image, read_tensors(folder / "onnx/vision_model.onnx")
    biases = {}
    for name, module in image.named_modules():
        if not isinstance(module, (nn.Conv2d, nn.Linear)):
            continue
        if f"{name}.weight" not in weights:
            continue
        module.weight.copy_(weights[f"{name}.weight"])
        if module.bias is not None:
            module.bias.copy_(weights[f"{name}.bias"])
        else:
            biases[name] = weights[f"{name}.bias"]

    def measure(norm, bias):
        def hook(_, inputs):
            mean, variance = inputs[0].mean((0, 2, 3)), inputs[0].var((0, 2, 3), unbiased=False)
            norm.running_mean.copy_(mean), norm.running_var.copy_(variance)
            # Folded: x + bias. Normalised with these statistics: (x - mean) / sqrt(variance) * weight + bias.
            norm.weight.copy_((variance + norm.eps).sqrt() if bias is not None else torch.zeros_like(mean))
            norm.bias.copy_(bias + mean if bias is not None else torch.zeros_like(mean))
        return norm.register_forward_pre_hook(hook)

    modules, hooks = dict(image.named_modules()), []
    for name, module in modules.items():
        if isinstance(module, nn.BatchNorm2d):
            conv = name.replace("norm", "conv") if "norm" in name else name[:-1] + str(int(name[-1]) - 1)
            new = conv not in biases
            if new and name.endswith("norm1"):
                continue  # a new block: its first half learns as usual, its second is zero, so the whole is the shortcut
            hooks.append(measure(module, biases.get(conv)))
    image.eval()
    image(pixels)
    for hook in hooks:
        hook.remove()

    weights, products = read_tensors(folder / "onnx/text_model.onnx")
    for name, parameter in model.text.named_parameters():
        if name in weights:
            parameter.copy_(weights[name])
    linear = [m for layer in model.text.layers for m in (layer.qkv, layer.out, layer.up, layer.down)] + [model.text.project]
    for module, product in zip(linear, products, strict=True):
        module.weight.copy_(product.T)
    model.log_scale.fill_(json.loads((folder / "config.json").read_text())["logit_scale_init_value"])
