"""The last step of training: pictures and landmarks stay as they are, and the text encoder alone learns on, so that names find pictures as well as
landmarks do (which learn from every picture). Pictures are drawn and embedded once; then no step costs a gradient through them, or even a look.

Usage: python settle_text.py [--batches 80] [--epochs 8] [--seed 2]   reads and writes work/final.pt
"""
import argparse
import math
import time

import torch
import torch.multiprocessing as mp
from tokenizers import Tokenizer

from export import load
from model import find_loss, landmark_loss, name_loss, truth_loss
from train import draw_batches, names_and_pictures, share_of_sum, to_tensor
from words import WORK

GALLERY = 4096  # pictures among which each name must find its own


@torch.no_grad()
def draw(model, state, options, tokenizer):
    """-> batches of (picture vectors, ids of the texts in parts, their order, truth, shown, named, says)"""
    context = mp.get_context("fork")
    queue = context.Queue(3)
    drawer = context.Process(target=draw_batches, args=(queue, options, state["pictures"], context.Value("d", 1.0), tokenizer, state["end_id"]), daemon=True)
    drawer.start()
    batches = []
    for _ in range(options.batches):
        pixels, parts, order, truth, shown, named, says = queue.get()
        with torch.autocast("cpu", torch.bfloat16):
            vectors = model.image(to_tensor(pixels))
        batches.append((torch.nn.functional.normalize(vectors.float(), dim=1), parts, order, *(torch.from_numpy(x) for x in (truth, shown, named, says))))
    drawer.kill()
    return batches


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--batches", type=int, default=80)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--checkpoint", default=WORK / "final.pt")
    parser.add_argument("--output", default=WORK / "final.pt")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    model, state = load(options.checkpoint)
    options.from_export, options.from_checkpoint, options.sides = True, None, [(0.0, model.side)]
    model.image.to(memory_format=torch.channels_last)
    batches = draw(model, state, options, Tokenizer.from_file(str(WORK / "tokenizer.json")))
    gallery, things = torch.cat([b[0] for b in batches]), torch.cat([b[4] for b in batches])
    print(f"{time.strftime('%H:%M:%S')} {len(gallery)} pictures embedded", flush=True)
    landmarks, scale = model.landmarks.detach(), model.log_scale.detach().exp()
    optimizer = torch.optim.AdamW(model.text.parameters(), lr=options.rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.0, fused=True)
    started, steps = time.time(), options.epochs * len(batches)
    for step in range(steps):
        image, parts, order, truth, _, named, says = batches[step % len(batches)]
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / steps))
        with torch.autocast("cpu", torch.bfloat16):
            text = torch.cat([model.text(torch.from_numpy(p)) for p in parts])[torch.from_numpy(order)]
        text = torch.nn.functional.normalize(text.float(), dim=1)
        captions = truth.shape[1]
        loss = truth_loss(image, text[:captions], scale, truth) + 0.25 * landmark_loss(text[:captions], landmarks, named)
        some = torch.randperm(len(gallery))[:GALLERY]
        near = name_loss(text[captions:], landmarks, share_of_sum(says))
        found = find_loss(text[captions:], gallery[some], scale, names_and_pictures(says, things[some]))
        optimizer.zero_grad()
        (loss + 2 * near + found).backward()
        torch.nn.utils.clip_grad_norm_(model.text.parameters(), 1.0)
        optimizer.step()
        if step % 20 == 19:
            print(f"{time.strftime('%H:%M:%S')} settling {step + 1} captions {loss.item():.3f} names {near.item():.4f} find {found.item():.3f} {(step + 1) / (time.time() - started):.2f} steps/s", flush=True)
    state["average"] = model.state_dict()
    torch.save(state, options.output)


if __name__ == "__main__":
    main()
