"""Trains the dual encoder on the CPU. Resumes from work/checkpoint.pt when it is there.

Usage: python train.py [--pictures 360000] [--threads 1] [--seed 1]
A process of its own draws the next batches; the learning rate follows the share of --pictures already seen.
"""
import argparse
import json
import math
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing as mp

from data import SIZE
from model import CONTEXT_LENGTH, MEAN, STD, DualEncoder, find_loss, landmark_loss, load_shallower, name_loss, truth_loss
from words import WORK, corpus, make_tokenizer

BATCH = 256
CAPTIONS = 128  # of each batch; the others' pictures still stand against them, and learn by their landmarks
NAMES = 128  # bare names and keywords beside each batch
MIXED = 48  # of the pictures without captions, in a style of their neighbours
REMEMBERED = 2048  # pictures of the last batches, among which names must find theirs
HELD_OUT_SHARE = 17  # one object-and-background pair in 17 is never trained on


def held_out(concept, colour):
    """Object and background pairs that are never drawn in training, so that they can be asked for afterwards."""
    return (concept * 31 + colour * 7) % HELD_OUT_SHARE == 0


def easy_share(share):
    """Single things on plain grounds first; places, numbers, patterns and layouts come in bit by bit."""
    return max(0.6, 1.0 - max(0, share - 0.06) / 0.5)


def side_at(share, sides):
    """Small pictures first: they cost a fraction, and most of what tells a drum from a dog is there already."""
    return [side for start, side in sides if share >= start][-1]


def parse_sides(text):
    """'0:32,0.3:48' -> [(0.0, 32), (0.3, 48)]"""
    return [(float(start), int(side)) for start, side in (part.split(":") for part in text.split(","))]


def draw_batches(queue, options, seen, progress, tokenizer, end_id):
    """A process of its own: everything that needs no gradient is done here."""
    from data import Composer, Library
    from scenes import Scenes
    torch.set_num_threads(1)
    os.setsid()  # Linux shares processor time between sessions
    library, scenes = Library(), Scenes.load()
    scenes.attach(library)
    composer = Composer(library, [options.seed, seen], scenes=scenes, held_out=held_out)
    while True:
        share = progress.value
        pixels, texts, truth, shown, named = composer.batch(BATCH, easy_share(0.5 + share / 2 if options.from_export or options.from_checkpoint else share), CAPTIONS)
        names, says = composer.drill(NAMES)
        parts, order = in_parts(tokenizer, texts[:CAPTIONS] + names, end_id)
        queue.put((shrink(pixels, side_at(share, options.sides)), [p.numpy() for p in parts], order, truth[:, :CAPTIONS], shown, named[:CAPTIONS], says))


def shrink(pixels, side):
    if side == pixels.shape[1]:
        return pixels
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
    return torch.nn.functional.interpolate(x, (side, side), mode="bilinear", antialias=True).add(0.5).clamp(0, 255).byte().permute(0, 2, 3, 1).contiguous().numpy()


def to_tensor(pixels):
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    x = (x - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
    return x.contiguous(memory_format=torch.channels_last)  # three times as fast as the default order here


def share_of_sum(rows):
    """[rows, concepts] as shares that sum to 1, of what is certainly true."""
    sure = (rows > 0.9).float()
    return sure / sure.sum(1, keepdim=True).clamp(min=1)


def names_and_pictures(says, shown):
    """Whether each name (says [names, concepts]: 1, 0.5, 0) is true of each picture (shown [pictures, concepts], above 0 what is shown): 1, 0, or -1 where it cannot be said."""
    shown = (shown > 0).float()
    right, unsure = ((says > 0.9).float() @ shown.T) > 0, ((says == 0.5).float() @ shown.T) > 0
    return right.float() - (unsure & ~right).float()


class Memory:
    """Vectors of the pictures of the last batches, and what they show."""

    def __init__(self):
        self.vectors, self.shown = [], []

    def add(self, vectors, shown):
        self.vectors, self.shown = [*self.vectors, vectors.detach()], [*self.shown, shown]
        while sum(len(v) for v in self.vectors) > REMEMBERED:
            del self.vectors[0], self.shown[0]

    def with_batch(self, vectors, shown):
        return torch.cat([vectors, *self.vectors]), torch.cat([shown, *self.shown])


def to_ids(tokenizer, texts, end_id):
    rows = [e.ids for e in tokenizer.encode_batch(texts)]
    length = min(CONTEXT_LENGTH, max(len(r) for r in rows))
    rows = [(r if len(r) <= length else r[: length - 1] + [end_id]) for r in rows]
    return torch.tensor([r + [end_id] * (length - len(r)) for r in rows])


def in_parts(tokenizer, texts, end_id, parts=4):
    """Texts of like length go together, so that the short ones are not padded to the longest. -> ids of each part, and where each text then stands"""
    order = np.argsort([len(t) for t in texts])
    return [to_ids(tokenizer, [texts[i] for i in part], end_id) for part in np.array_split(order, parts)], np.argsort(order)


@torch.no_grad()
def begin_from_export(model, options, tokenizer, end_id):
    from data import Composer, Library
    from scenes import Scenes
    from warm_start import load_export
    library, scenes = Library(), Scenes.load()
    scenes.attach(library)
    pixels = Composer(library, [options.seed, 1 << 40], scenes=scenes, held_out=held_out).batch(768, 0.6)[0]
    load_export(model, options.from_export, to_tensor(shrink(pixels, options.sides[0][1])))
    names = [library.names[i : i + 256] for i in range(0, len(library.names), 256)]
    model.landmarks.copy_(torch.cat([torch.nn.functional.normalize(model.text(to_ids(tokenizer, part, end_id)), dim=1) for part in names]))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--pictures", type=int, default=360_000)
    parser.add_argument("--seconds", type=float, default=0, help="plan by training time instead of --pictures, for a machine shared with others")
    parser.add_argument("--sides", type=parse_sides, default="0:32,0.3:48,0.6:64", help="picture size from which share of training on")
    parser.add_argument("--from-export", type=Path, help="begin with the weights of an exported model folder (and its tokenizer), not from nothing")
    parser.add_argument("--from-checkpoint", type=Path, help="begin a new cosine with the averaged weights and landmarks of a checkpoint")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=1.2e-3)
    parser.add_argument("--half", action=argparse.BooleanOptionalAction, default=True, help="bfloat16 arithmetic in the encoders: 1.5 (pictures) and 3 (texts) times as fast on a processor with avx512_bf16")
    parser.add_argument("--evaluate-every", type=int, default=200, help="steps")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    if options.from_export:
        shutil.copy(options.from_export / "tokenizer.json", WORK / "tokenizer.json")
    if not (WORK / "tokenizer.json").exists():
        make_tokenizer(corpus(), WORK / "tokenizer.json")
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(WORK / "tokenizer.json"))
    end_id = tokenizer.token_to_id("<|endoftext|>")
    rows = json.loads((WORK / "sprites-own.json").read_text())
    concepts = len(json.loads((WORK / "concepts.json").read_text())) + len(rows["objects"])
    model = DualEncoder(tokenizer.get_vocab_size(), end_id, concepts)
    model.image.to(memory_format=torch.channels_last)
    decay = [p for n, p in model.named_parameters() if p.ndim > 1 and not n.endswith(("token.weight", "position", "landmarks"))]
    plain = [p for n, p in model.named_parameters() if not (p.ndim > 1 and not n.endswith(("token.weight", "position", "landmarks")))]
    optimizer = torch.optim.AdamW([{"params": decay, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}], lr=options.rate, betas=(0.9, 0.98), eps=1e-6, fused=True)
    seen, spent, best, checkpoint = 0, 0.0, 0.0, WORK / "checkpoint.pt"
    if options.from_export and not checkpoint.exists():
        begin_from_export(model, options, tokenizer, end_id)
    if options.from_checkpoint and not checkpoint.exists():
        load_shallower(model, torch.load(options.from_checkpoint, weights_only=True)["average"])
    average = {k: v.clone() for k, v in model.state_dict().items()}
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        average, seen, best, spent = state["average"], state["pictures"], state["best"], state["seconds"]
        print(f"resumed at {seen} pictures", flush=True)

    share_of = lambda: (spent + time.time() - started) / options.seconds if options.seconds else seen / options.pictures
    started, first, losses, step, memory = time.time(), seen, [], seen // BATCH, Memory()
    context = mp.get_context("fork")
    queue = context.Queue(3)
    progress = context.Value("d", min(1.0, share_of()))
    drawer = context.Process(target=draw_batches, args=(queue, options, seen, progress, tokenizer, end_id), daemon=True)
    drawer.start()
    from evaluate import quick_check

    def save(path):
        temporary = Path(str(path) + ".new")
        torch.save({"model": model.state_dict(), "average": average, "optimizer": optimizer.state_dict(), "pictures": seen, "best": best, "seconds": spent + time.time() - started, "concepts": concepts, "side": side_at(min(1.0, share_of()), options.sides),
                    "vocabulary": tokenizer.get_vocab_size(), "end_id": end_id}, temporary)
        os.replace(temporary, path)

    stopped = []
    signal.signal(signal.SIGTERM, lambda *_: stopped.append(True))
    while (share := share_of()) < 1 and not stopped:
        progress.value = share
        pixels, parts, order, truth, shown, named, says = queue.get()
        rate = options.rate * min(1, (step + 1) / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in optimizer.param_groups:
            group["lr"] = rate
        model.train()
        with torch.autocast("cpu", torch.bfloat16, enabled=options.half):
            image, text = model.image(to_tensor(pixels), MIXED), torch.cat([model.text(torch.from_numpy(p)) for p in parts])[torch.from_numpy(order)]
        image, text = (torch.nn.functional.normalize(x.float(), dim=1) for x in (image, text))
        text, name = text[:CAPTIONS], text[CAPTIONS:]
        truth, shown, says = torch.from_numpy(truth), torch.from_numpy(shown), torch.from_numpy(says)
        truth[-MIXED:] = -1  # their colours are not what was drawn
        loss = truth_loss(image, text, model.log_scale.exp(), truth)
        loss = loss + 1.0 * landmark_loss(image, model.landmarks, shown) + 0.25 * landmark_loss(text, model.landmarks, torch.from_numpy(named)) + name_loss(name, model.landmarks, share_of_sum(says))
        pictures, things = memory.with_batch(image, shown)
        found = find_loss(name, pictures, model.log_scale.exp(), names_and_pictures(says, things))
        loss = loss + found
        memory.add(image[:-MIXED], shown[:-MIXED])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        with torch.no_grad():
            model.log_scale.clamp_(max=math.log(100))
            # A long memory while the weights still jump, a short one at the end, when they settle (and have seen the last picture size).
            keep = min(0.998 if share < 0.75 else 0.993, (step + 1) / (step + 12))
            for name, value in model.state_dict().items():
                average[name].lerp_(value, 1 - keep) if value.is_floating_point() else average[name].copy_(value)
        losses.append(loss.item())
        seen += BATCH
        step += 1
        if step % 20 == 0:
            print(f"{time.strftime('%H:%M:%S')} {seen} loss {np.mean(losses[-20:]):.3f} find {found.item():.3f} scale {model.log_scale.exp().item():.1f} rate {rate:.5f} share {share:.2f} {(seen - first) / (time.time() - started):.0f}/s queue {queue.qsize()}", flush=True)
        if step % 40 == 0:
            save(checkpoint)
        if step % options.evaluate_every == 0:
            copy = DualEncoder(tokenizer.get_vocab_size(), end_id, concepts)
            copy.load_state_dict(average)
            figures = quick_check(copy.eval(), tokenizer, side_at(share, options.sides))
            print(f"{time.strftime('%H:%M:%S')} {seen} openmoji {json.dumps(figures)}", flush=True)
            with open(WORK / "curve.jsonl", "a") as curve:
                curve.write(json.dumps({"pictures": seen, "loss": round(float(np.mean(losses[-100:])), 3), "seconds": round(spent + time.time() - started), "side": side_at(share, options.sides), **figures}) + "\n")
            if figures["recall@10"] > best:
                best = figures["recall@10"]
                save(WORK / "best.pt")
    save(checkpoint)
    if not stopped:
        save(WORK / "final.pt")
    drawer.kill()


if __name__ == "__main__":
    main()
