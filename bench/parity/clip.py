"""CLIP as its authors built it (quick GELU, normalisation before each part, class token, the text read at its end token), with seeded random weights."""
import torch
import torch.nn as nn

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)
SIZES = {
    "tiny": {"side": 32, "patch": 8, "width": 32, "layers": 2, "heads": 2, "text_width": 32, "text_layers": 2, "text_heads": 2, "context": 77, "dimensions": 16},
    "b32": {"side": 224, "patch": 32, "width": 768, "layers": 12, "heads": 12, "text_width": 512, "text_layers": 12, "text_heads": 8, "context": 77, "dimensions": 512},
}


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, mask=None):
        batch, length, width = x.shape
        normal = self.norm1(x)
        split = lambda y: y.reshape(batch, length, self.heads, width // self.heads).transpose(1, 2)
        query, key, value = split(self.query(normal)), split(self.key(normal)), split(self.value(normal))
        scores = query @ key.transpose(-1, -2) * (width // self.heads) ** -0.5
        if mask is not None:
            scores = scores + mask
        x = x + self.out((scores.softmax(-1) @ value).transpose(1, 2).reshape(batch, length, width))
        hidden = self.up(self.norm2(x))
        return x + self.down(hidden * torch.sigmoid(1.702 * hidden))


class VisionEncoder(nn.Module):
    """pixel_values [batch,3,side,side] -> [batch,dimensions], not normalised."""

    def __init__(self, side, patch, width, layers, heads, dimensions):
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, patch, bias=False)
        self.first = nn.Parameter(torch.empty(width))
        self.position = nn.Parameter(torch.empty((side // patch) ** 2 + 1, width))
        self.before, self.after = nn.LayerNorm(width), nn.LayerNorm(width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.project = nn.Linear(width, dimensions, bias=False)

    def forward(self, pixels):
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.shape[0], 1, -1), x], 1) + self.position
        x = self.before(x)
        for layer in self.layers:
            x = layer(x)
        return self.project(self.after(x[:, 0]))


class TextEncoder(nn.Module):
    """input_ids [batch,length] -> [batch,dimensions], not normalised; the end token has the largest id."""

    def __init__(self, vocabulary, context, width, layers, heads, dimensions):
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.empty(context, width))
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.after = nn.LayerNorm(width)
        self.project = nn.Linear(width, dimensions, bias=False)
        self.register_buffer("mask", torch.full((context, context), -1e9).triu(1))

    def forward(self, ids):
        length = ids.shape[1]
        x = self.token(ids) + self.position[:length]
        for layer in self.layers:
            x = layer(x, self.mask[:length, :length])
        end = ids.argmax(1).view(-1, 1, 1).expand(-1, 1, x.shape[2])
        return self.project(self.after(x.gather(1, end).squeeze(1)))


def build(size, vocabulary, seed):
    """-> vision and text encoder with seeded weights. Two layers get strong ones, so that different inputs come out far apart; twelve such layers would
    blow up the smallest difference of a pixel beyond what any trained model does, so there the spread is that of CLIP's own initialisation."""
    s = SIZES[size]
    vision = VisionEncoder(s["side"], s["patch"], s["width"], s["layers"], s["heads"], s["dimensions"])
    text = TextEncoder(vocabulary, s["context"], s["text_width"], s["text_layers"], s["text_heads"], s["dimensions"])
    random = torch.Generator().manual_seed(seed)
    for name, parameter in [*vision.named_parameters(), *text.named_parameters()]:
        with torch.no_grad():
            if parameter.ndim == 1 and "norm" in name or name.startswith(("before", "after")):
                parameter.normal_(1 if name.endswith("weight") else 0, 0.1, generator=random)
            elif parameter.ndim == 1:
                parameter.normal_(0, 0.5 if name == "first" else 0.1, generator=random)
            elif name == "position":
                parameter.normal_(0, 0.2, generator=random)
            elif name == "token.weight":
                parameter.normal_(0, 1, generator=random)
            else:
                fan, layers = parameter[0].numel(), s["layers"]
                into_stream = name.endswith(("out.weight", "down.weight"))
                if layers > 2:
                    spread = fan**-0.5 * ((2 * layers) ** -0.5 if into_stream else 4 if name == "patches.weight" else 1)
                else:
                    spread = fan**-0.5 * (2 if "query" in name or "key" in name else 1)
                parameter.normal_(0, spread, generator=random)
    return vision.eval(), text.eval()
