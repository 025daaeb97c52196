"""The last step of training: pictures and landmarks stay as they are, and the text encoder alone learns on. Bare names and keywords go to the landmarks of what
they name (landmarks find drawings better than names do, because they learn from every picture); all other captions keep the vectors they have.

Usage: python settle_text.py [--steps 600] [--seed 2]   reads and writes work/final.pt
"""
import argparse
import copy
import math
import time
from collections import deque

import numpy as np
import torch
import torch.multiprocessing as mp
from tokenizers import Tokenizer

from export import load
from model import name_loss
from train import CAPTIONS, draw_batches, in_parts, share_of_sum
from words import WORK

NAMES = 256  # of each step
KEPT = 200  # batches of captions, asked again while new ones are drawn
HOLD = 10.0  # weight of captions that move


def draw_names(queue, options, tokenizer, end_id):
    """A process of its own, as in training. Names need no picture."""
    from data import Composer, Library
    torch.set_num_threads(1)
    composer = Composer(Library(), [options.seed, 1 << 41])
    while True:
        names, says = composer.drill(NAMES)
        parts, order = in_parts(tokenizer, names, end_id)
        queue.put(([p.numpy() for p in parts], order, says))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--checkpoint", default=WORK / "final.pt")
    parser.add_argument("--output", default=WORK / "final.pt")
    options = parser.parse_args()
    torch.set_num_threads(1)
    model, state = load(options.checkpoint)
    options.from_export, options.from_checkpoint, options.sides = True, None, [(0.0, 32)]  # pictures are not looked at
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    context = mp.get_context("fork")
    captions, drills = context.Queue(3), context.Queue(3)
    drawers = [
        context.Process(target=draw_batches, args=(captions, options, state["pictures"], context.Value("d", 1.0), tokenizer, state["end_id"]), daemon=True),
        context.Process(target=draw_names, args=(drills, options, tokenizer, state["end_id"]), daemon=True),
    ]
    for drawer in drawers:
        drawer.start()
    landmarks, before = model.landmarks.detach(), copy.deepcopy(model.text)
    optimizer = torch.optim.AdamW(model.text.parameters(), lr=options.rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.0, fused=True)
    random, kept, started = np.random.default_rng(options.seed), deque(maxlen=KEPT), time.time()
    encode = lambda encoder, parts: torch.nn.functional.normalize(torch.cat([encoder(torch.from_numpy(p)) for p in parts]).float(), dim=1)
    for step in range(options.steps):
        if not captions.empty() or not kept:
            _, parts, order, *_ = captions.get()
            with torch.no_grad():
                wanted = encode(before, parts)
            kept.append((parts, wanted, torch.from_numpy(np.argsort(order)) < CAPTIONS))
        parts, wanted, is_caption = kept[random.integers(len(kept))]
        names, order, says = drills.get()
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / options.steps))
        with torch.autocast("cpu", torch.bfloat16):
            moved = encode(model.text, parts)
            named = encode(model.text, names)[torch.from_numpy(order)]
        stray = (1 - (moved * wanted).sum(1))[is_caption].mean()
        near = name_loss(named, landmarks, share_of_sum(torch.from_numpy(says)))
        optimizer.zero_grad()
        (near + HOLD * stray).backward()
        torch.nn.utils.clip_grad_norm_(model.text.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 49:
            print(f"{time.strftime('%H:%M:%S')} settling {step + 1} names {near.item():.4f} captions moved {stray.item():.5f} of {len(kept)} batches {(step + 1) / (time.time() - started):.2f} steps/s", flush=True)
    state["average"] = model.state_dict()
    torch.save(state, options.output)
    for drawer in drawers:
        drawer.kill()


if __name__ == "__main__":
    main()
