"""The last step of training: pictures and landmarks stay as they are, and the text encoder alone learns on, so that the vector of a name comes as near to
its landmark as it can (landmarks find drawings better than names do, because they learn from every picture). Costs no gradient through pictures.

Usage: python settle_text.py [--steps 600] [--seed 2]   reads and writes work/final.pt
"""
import argparse
import math
import time

import torch
import torch.multiprocessing as mp
from tokenizers import Tokenizer

from export import load
from model import landmark_loss, name_loss, truth_loss
from train import draw_batches, share_of_sum, to_tensor
from words import WORK


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
    options.from_export, options.from_checkpoint, options.sides = True, None, [(0.0, model.side)]
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    context = mp.get_context("fork")
    queue = context.Queue(3)
    drawer = context.Process(target=draw_batches, args=(queue, options, state["pictures"], context.Value("d", 1.0), tokenizer, state["end_id"]), daemon=True)
    drawer.start()
    model.image.to(memory_format=torch.channels_last)
    landmarks, scale = model.landmarks.detach(), model.log_scale.detach().exp()
    optimizer = torch.optim.AdamW(model.text.parameters(), lr=options.rate, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.0, fused=True)
    started = time.time()
    for step in range(options.steps):
        pixels, parts, order, truth, _, named, says = queue.get()
        for group in optimizer.param_groups:
            group["lr"] = options.rate * min(1, (step + 1) / 50) * 0.5 * (1 + math.cos(math.pi * step / options.steps))
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                image = model.image(to_tensor(pixels))
            text = torch.cat([model.text(torch.from_numpy(p)) for p in parts])[torch.from_numpy(order)]
        image, text = (torch.nn.functional.normalize(x.float(), dim=1) for x in (image, text))
        captions = truth.shape[1]
        loss = truth_loss(image, text[:captions], scale, torch.from_numpy(truth)) + 0.25 * landmark_loss(text[:captions], landmarks, torch.from_numpy(named))
        near = name_loss(text[captions:], landmarks, share_of_sum(torch.from_numpy(says)))
        optimizer.zero_grad()
        (loss + 2 * near).backward()
        torch.nn.utils.clip_grad_norm_(model.text.parameters(), 1.0)
        optimizer.step()
        if step % 20 == 19:
            print(f"{time.strftime('%H:%M:%S')} settling {step + 1} captions {loss.item():.3f} names {near.item():.4f} {(step + 1) / (time.time() - started):.2f} steps/s", flush=True)
    state["average"] = model.state_dict()
    torch.save(state, options.output)
    drawer.kill()


if __name__ == "__main__":
    main()
