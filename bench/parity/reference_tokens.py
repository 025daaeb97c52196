"""CLIP's byte-pair encoding from its published merges file, written again from its definition: no tokenizer library takes part.

    python reference_tokens.py bpe_simple_vocab_16e6.txt.gz < texts.json      a JSON list of texts -> a JSON list of id lists, begin and end token included

What the original does before (mending of mojibake, HTML entities) is left out, as the tokenizer.json of every published CLIP leaves it out.
"""
import gzip
import json
import re
import sys
import unicodedata


CONTRACTIONS = re.compile("'(?:s|t|re|ve|m|ll|d)")


def letters_of_bytes():
    """The printable stand-in of each byte, in the order in which the vocabulary lists them."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in kept}
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + len(table) - len(kept))
    return table


def kind_of(character):
    category = unicodedata.category(character)
    return "letter" if category[0] == "L" else "number" if category[0] == "N" else "space" if character.isspace() else "other"


def pieces(text):
    """Runs of letters, single digits, runs of anything else that is no white space; English contractions apart."""
    position = 0
    while position < len(text):
        contraction = CONTRACTIONS.match(text, position)
        if contraction:
            yield contraction.group()
            position = contraction.end()
            continue
        kind = kind_of(text[position])
        end = position + 1
        while kind in ("letter", "other") and end < len(text) and kind_of(text[end]) == kind:
            end += 1
        if kind != "space":
            yield text[position:end]
        position = end


class Reference:
    def __init__(self, path):
        merges = [tuple(line.split()) for line in gzip.open(path, "rt", encoding="utf8").read().split("\n")[1 : 49152 - 256 - 2 + 1]]
        self.byte = letters_of_bytes()
        words = [*self.byte.values(), *(letter + "</w>" for letter in self.byte.values()), *("".join(pair) for pair in merges), "<|startoftext|>", "<|endoftext|>"]
        self.id = {word: index for index, word in enumerate(words)}
        self.rank = {pair: index for index, pair in enumerate(merges)}

    def merge(self, piece):
        parts = [self.byte[byte] for byte in piece.encode("utf8")]
        parts[-1] += "</w>"
        while len(parts) > 1:
            rank, best = min((self.rank.get(pair, 1 << 30), pair) for pair in zip(parts, parts[1:]))
            if rank == 1 << 30:
                break
            merged, index = [], 0
            while index < len(parts):
                both = tuple(parts[index : index + 2]) == best
                merged.append("".join(best) if both else parts[index])
                index += 2 if both else 1
            parts = merged
        return parts

    def encode(self, text):
        text = " ".join(unicodedata.normalize("NFC", text).split()).lower()
        return [self.id["<|startoftext|>"], *(self.id[part] for piece in pieces(text) for part in self.merge(piece)), self.id["<|endoftext|>"]]


if __name__ == "__main__":
    reference = Reference(sys.argv[1])
    print(json.dumps([reference.encode(text) for text in json.load(sys.stdin)]))
