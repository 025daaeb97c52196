"""The dual encoder: a small ResNet for pictures, a small causal Transformer for text, one shared space."""
import torch
import torch.nn as nn
import torch.nn.functional as F

CONTEXT_LENGTH = 32
DIMENSIONS = 256
MEAN = (0.5, 0.5, 0.5)
STD = (0.25, 0.25, 0.25)


class Block(nn.Module):
    """Two 3x3 convolutions with batch normalisation and a shortcut. (GroupNorm learned almost nothing in our probe.)"""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(outputs)
        self.shortcut = None
        if stride != 1 or inputs != outputs:
            # Averaged, not every second pixel dropped: a drawing moved by one pixel should look the same.
            self.shortcut = nn.Sequential(nn.AvgPool2d(stride, ceil_mode=True, count_include_pad=False), nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        y = self.norm2(self.conv2(y))
        return F.relu(y + (self.shortcut(x) if self.shortcut is not None else x))


def mix_style(x):
    """Mean and spread of each channel [batch,channels,height,width] mixed with another picture's: the shapes of one hand in the style of another
    (Zhou et al., "Domain Generalization with MixStyle", 2021)."""
    spread, mean = torch.var_mean(x.float(), (2, 3), unbiased=False, keepdim=True)
    spread = (spread + 1e-6).sqrt()
    order = torch.randperm(len(x))
    share = torch.distributions.Beta(0.2, 0.2).sample((len(x), 1, 1, 1))
    mean_to, spread_to = (share * v.detach() + (1 - share) * v.detach()[order] for v in (mean, spread))
    return ((x - mean.detach()) / spread.detach() * spread_to + mean_to).to(x.dtype)


class ImageEncoder(nn.Module):
    """[batch,3,side,side] normalised pixels -> [batch,256], not normalised.

    The last 3x3 map is both averaged (what is there) and flattened after a narrow 1x1 (where it is): averaging
    alone cannot say left from right. (It is brought to 4x4 first, so that smaller and larger pictures go through the same weights.)
    """

    def __init__(self, widths=(64, 128, 256), depths=(2, 3, 4), stem=32, place=16):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, stem, 3, 2, 1, bias=False), nn.BatchNorm2d(stem), nn.ReLU(), nn.MaxPool2d(3, 1, 1), nn.AvgPool2d(2))
        self.stages, inputs = nn.ModuleList(), stem
        for level, (width, depth) in enumerate(zip(widths, depths)):
            blocks = [Block(inputs if index == 0 else width, width, 2 if index == 0 and level > 0 else 1) for index in range(depth)]
            self.stages.append(nn.Sequential(*blocks))
            inputs = width
        self.place = nn.Conv2d(inputs, place, 1)
        self.project = nn.Linear(2 * inputs + place * 16, DIMENSIONS)

    def forward(self, pixels, mixed=0):
        """`mixed`: in the last so many pictures the first stages' style is exchanged, for training only."""
        x = self.stem(pixels)
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if mixed and index < 2:
                x = torch.cat([x[:-mixed], mix_style(x[-mixed:])])
        flat = x.flatten(2)
        return self.project(torch.cat([flat.mean(2), flat.amax(2), self.place(F.interpolate(x, (4, 4), mode="bilinear")).flatten(1)], 1))


class TwoLooks(nn.Module):
    """What is exported: the picture as it is and its middle magnified, in one vector [batch,256] of length 2 at most. Training sees single looks; two of them
    agree more on what is shown than on how it was drawn."""

    MIDDLE = 0.875  # of the side

    def __init__(self, image, side):
        super().__init__()
        self.image, self.side, self.edge = image, side, round(side * (1 - self.MIDDLE) / 2)

    def forward(self, pixels):
        middle = pixels[:, :, self.edge : self.side - self.edge, self.edge : self.side - self.edge]
        middle = F.interpolate(middle, (self.side, self.side), mode="bilinear", align_corners=False)
        return F.normalize(self.image(pixels), dim=1) + F.normalize(self.image(middle), dim=1)


def load_shallower(model, state):
    """Takes up a model with fewer blocks in its stages: the new ones, at the end of each, start as the identity."""
    missing, unexpected = model.load_state_dict(state, strict=False)
    if unexpected or any(not name.startswith("image.stages.") for name in missing):
        raise ValueError(f"another architecture: missing {missing}, unexpected {unexpected}")
    for name, parameter in model.named_parameters():
        if name in missing and name.endswith("norm2.weight"):
            nn.init.zeros_(parameter)


class TextLayer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)

    def forward(self, x, mask):
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        scores = q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5 + mask
        x = x + self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class TextEncoder(nn.Module):
    """[batch,seq] token ids -> [batch,256], not normalised; causal, read at the first end-of-text token."""

    def __init__(self, vocabulary, end_id, width=192, layers=3, heads=4):
        super().__init__()
        self.end_id = end_id
        self.token = nn.Embedding(vocabulary, width)
        self.position = nn.Parameter(torch.randn(CONTEXT_LENGTH, width) * 0.01)
        nn.init.normal_(self.token.weight, std=0.02)
        self.layers = nn.ModuleList(TextLayer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.project = nn.Linear(width, DIMENSIONS, bias=False)
        self.register_buffer("mask", torch.full((CONTEXT_LENGTH, CONTEXT_LENGTH), -1e4).triu(1), persistent=False)

    def forward(self, ids):
        length = ids.shape[1]
        x = self.token(ids) + self.position[:length]
        mask = self.mask[:length, :length]
        for layer in self.layers:
            x = layer(x, mask)
        end = (ids == self.end_id).int().argmax(1)
        end = end.view(-1, 1, 1).expand(-1, 1, x.shape[2])
        return self.project(self.norm(x.gather(1, end).squeeze(1)))


class DualEncoder(nn.Module):
    """`landmarks`: one learned vector per concept, for training only. Pictures and phrases are both drawn to the landmark of
    what they show, against all others: that gives every step 1,662 negatives where a batch alone has 256."""

    def __init__(self, vocabulary, end_id, concepts):
        super().__init__()
        self.image = ImageEncoder()
        self.text = TextEncoder(vocabulary, end_id)
        self.landmarks = nn.Parameter(torch.randn(concepts, DIMENSIONS) * 0.06)
        self.log_scale = nn.Parameter(torch.tensor(2.66))


def truth_loss(image, text, scale, truth):
    """Multi-positive contrastive loss. truth [images, texts]: 1 the text is true of the picture, 0 it is not, -1 cannot be said (left out).
    Pictures of which no text is true only stand against the texts."""
    logits = scale * image @ text.T
    logits = logits.masked_fill(truth < 0, -1e4)
    target = (truth > 0).float()
    rows = -(F.log_softmax(logits, 1) * target).sum(1) / target.sum(1).clamp(min=1)
    columns = -(F.log_softmax(logits, 0) * target).sum(0) / target.sum(0).clamp(min=1)
    return 0.5 * (rows.sum() / target.any(1).sum().clamp(min=1) + columns.sum() / target.any(0).sum().clamp(min=1))


def landmark_loss(vectors, landmarks, target):
    """Cross-entropy to the landmarks; target [rows, concepts] sums to 1, or to 0 for rows that speak of no concept."""
    logits = 20 * vectors @ F.normalize(landmarks, dim=1).T
    known = target.sum(1).clamp(max=1)
    return -((F.log_softmax(logits, 1) * target).sum(1) * known).sum() / known.sum().clamp(min=1)


def name_loss(vectors, landmarks, target):
    """Names are drawn to the landmark of what they mean, against all others and all the way: a name's vector is then as good a query as the landmark."""
    middle = F.normalize(target @ F.normalize(landmarks.detach(), dim=1), dim=1)
    return 0.5 * landmark_loss(vectors, landmarks, target) + 3.0 * (1 - (vectors * middle).sum(1)).mean()


def find_loss(names, pictures, scale, truth):
    """What a search does: each name against many pictures, its own (truth 1) before all others (0); -1 cannot be said. truth [names, pictures]."""
    right = (truth > 0).float()
    logits = (scale * names @ pictures.T).masked_fill(truth < 0, -1e4)
    rows = -(F.log_softmax(logits, 1) * right).sum(1) / right.sum(1).clamp(min=1)
    return rows.sum() / right.any(1).sum().clamp(min=1)
