"""The words the model is trained on: colours, counts, places, prompts; and the small tokenizer made from them."""
import json
from pathlib import Path

HERE = Path(__file__).parent
WORK = HERE / "work"

# One entry per colour that can be told apart: names (the first is the one used in tests), anchor in sRGB, the broader name it also answers to.
COLOURS = [
    (["red", "scarlet", "crimson"], (222, 32, 40), None),
    (["dark red", "maroon", "burgundy", "deep red"], (127, 22, 38), "red"),
    (["pink", "rose", "light pink"], (246, 135, 185), None),
    (["magenta", "hot pink", "fuchsia"], (218, 30, 165), "pink"),
    (["coral", "salmon"], (255, 127, 105), "orange"),
    (["orange"], (250, 135, 10), None),
    (["beige", "cream", "ivory"], (236, 221, 190), None),
    (["tan", "sand", "light brown"], (195, 155, 105), "brown"),
    (["brown", "chocolate"], (122, 72, 36), None),
    (["gold", "mustard", "golden"], (210, 160, 30), "yellow"),
    (["yellow"], (252, 222, 35), None),
    (["light yellow", "pale yellow"], (255, 247, 170), "yellow"),
    (["olive", "olive green"], (122, 124, 33), "green"),
    (["lime", "lime green", "bright green"], (150, 228, 45), "green"),
    (["green"], (42, 160, 65), None),
    (["dark green", "forest green", "deep green"], (12, 78, 42), "green"),
    (["light green", "mint", "mint green", "pale green"], (166, 233, 195), "green"),
    (["teal", "dark turquoise"], (5, 125, 125), "green"),
    (["turquoise", "aqua", "cyan"], (60, 212, 215), "blue"),
    (["light blue", "sky blue", "baby blue", "pale blue"], (135, 198, 245), "blue"),
    (["blue", "royal blue"], (35, 98, 222), None),
    (["dark blue", "navy", "navy blue", "deep blue"], (24, 36, 90), "blue"),
    (["purple", "violet"], (125, 50, 170), None),
    (["dark purple", "plum", "deep purple"], (68, 18, 88), "purple"),
    (["lavender", "lilac", "light purple"], (188, 168, 238), "purple"),
    (["black"], (10, 10, 12), None),
    (["dark grey", "dark gray", "charcoal", "slate"], (66, 68, 72), "grey"),
    (["grey", "gray"], (132, 132, 134), None),
    (["light grey", "light gray", "silver"], (206, 208, 210), "grey"),
    (["white"], (254, 254, 254), None),
]
COUNTS = {1: ["one", "a single"], 2: ["two", "2", "a pair of"], 3: ["three", "3"], 4: ["four", "4"], 5: ["five", "5", "several", "many"]}
PROMPTS = ["a photo of {}", "a picture of {}", "a drawing of {}", "an image of {}", "an image with {}", "picture showing {}", "an illustration of {}",
           "icon of {}", "a photo showing {}", "{} icon", "{} emoji", "{} illustration", "a cartoon of {}", "the image shows {}", "picture with {}",
           "an image containing {}", "clip art of {}", "a simple drawing of {}", "photograph of {}", "{} picture", "{} logo", "something with {}"]
# What people write that the keyword lists do not have: phrase -> emoji names it is true of.
EXTRA_PHRASES = {
    "alcohol": ["beer mug", "clinking beer mugs", "wine glass", "cocktail glass", "tropical drink", "bottle with popping cork", "clinking glasses", "tumbler glass", "sake"],
    "alcoholic drink": ["beer mug", "clinking beer mugs", "wine glass", "cocktail glass", "tropical drink", "bottle with popping cork", "clinking glasses", "tumbler glass", "sake"],
    "alcoholic drinks": ["beer mug", "clinking beer mugs", "wine glass", "cocktail glass", "bottle with popping cork", "clinking glasses", "tumbler glass"],
    "beer": ["beer mug", "clinking beer mugs"], "glass of beer": ["beer mug"], "wine": ["wine glass"], "glass of wine": ["wine glass"],
    "weapon": ["water pistol", "kitchen knife", "dagger", "crossed swords", "bomb", "axe", "bow and arrow"],
    "weapons": ["water pistol", "kitchen knife", "dagger", "crossed swords", "bomb", "axe", "bow and arrow"],
    "gun": ["water pistol"], "pistol": ["water pistol"], "handgun": ["water pistol"], "firearm": ["water pistol"],
    "knife": ["kitchen knife", "dagger"], "blade": ["kitchen knife", "dagger", "crossed swords"],
    "cigarette": ["cigarette"], "smoking": ["cigarette"], "tobacco": ["cigarette"], "burning cigarette": ["cigarette"], "a smoking cigarette": ["cigarette"],
    "explosive": ["bomb", "firecracker"], "drugs": ["pill", "syringe"], "gambling": ["slot machine", "game die"],
    "car": ["automobile", "oncoming automobile", "sport utility vehicle", "racing car", "taxi"], "house": ["house", "house with garden"],
    "tree": ["deciduous tree", "evergreen tree", "palm tree", "Christmas tree"], "flower": ["sunflower", "rose", "tulip", "blossom", "cherry blossom", "hibiscus"],
    "apple": ["red apple", "green apple"], "fruit": ["red apple", "green apple", "banana", "grapes", "pear", "peach", "strawberry", "kiwi fruit", "cherries", "lemon", "tangerine", "mango", "pineapple", "watermelon", "melon"],
    "food": ["hamburger", "pizza", "hot dog", "sandwich", "taco", "burrito", "french fries", "cooked rice", "spaghetti", "steaming bowl", "green salad", "bread", "croissant"],
    "animal": ["dog face", "cat face", "mouse face", "rabbit face", "fox", "bear", "panda", "koala", "tiger face", "lion", "cow face", "pig face", "frog", "monkey face", "horse face", "elephant", "giraffe", "zebra", "dog", "cat", "horse", "sheep", "goat"],
    "vehicle": ["automobile", "bus", "taxi", "police car", "ambulance", "fire engine", "delivery truck", "tractor", "motorcycle", "racing car"],
    "dog": ["dog", "dog face", "poodle", "guide dog", "service dog"], "cat": ["cat", "cat face", "black cat"], "horse": ["horse", "horse face"],
    "fish": ["fish", "tropical fish", "blowfish"], "bird": ["bird", "eagle", "duck", "dove", "owl", "parrot", "swan", "flamingo", "penguin"],
    "boat": ["sailboat", "speedboat", "canoe", "motor boat"], "ship": ["ship", "passenger ship", "sailboat"], "plane": ["airplane", "small airplane"], "aeroplane": ["airplane", "small airplane"],
    "bike": ["bicycle"], "phone": ["mobile phone", "telephone"], "computer": ["laptop", "desktop computer"], "cup": ["teacup without handle", "hot beverage"], "coffee": ["hot beverage"],
    "heart": ["red heart", "orange heart", "yellow heart", "green heart", "blue heart", "purple heart", "black heart", "white heart", "brown heart", "pink heart", "grey heart", "light blue heart"],
    "star": ["star", "glowing star"], "sun": ["sun", "sun with face"], "moon": ["full moon", "crescent moon", "first quarter moon"], "cake": ["birthday cake", "shortcake"],
    "gift": ["wrapped gift"], "present": ["wrapped gift"], "book": ["open book", "closed book", "green book", "blue book", "orange book"], "ball": ["soccer ball", "basketball", "volleyball", "tennis"],
    "football": ["soccer ball", "american football"], "hat": ["top hat", "woman's hat", "billed cap"], "shirt": ["t-shirt"], "shoe": ["running shoe", "man's shoe", "high-heeled shoe"],
    "mountain": ["mountain", "snow-capped mountain"], "clock": ["alarm clock", "mantelpiece clock"], "camera": ["camera", "camera with flash"], "key": ["key", "old key"], "bag": ["handbag", "backpack", "shopping bags"],
    "a person": ["person", "man", "woman", "boy", "girl", "child"], "person": ["person", "man", "woman", "boy", "girl", "child"], "people": ["people hugging", "person", "man", "woman"],
    "smiling face": ["grinning face", "grinning face with big eyes", "grinning face with smiling eyes", "beaming face with smiling eyes", "slightly smiling face", "smiling face with smiling eyes"],
}
SMOKER_PHRASES = ["a person smoking a cigarette", "person smoking", "someone smoking", "a man smoking", "a smoker", "people smoking cigarettes", "smoking a cigarette", "person with a cigarette"]


def clean(name):
    return " ".join(name.lower().replace("“", "").replace("”", "").replace("’", "'").replace(":", "").split())


def byte_letters():
    """The 256 printable stand-ins for bytes that byte-level BPE uses."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table, extra = {b: chr(b) for b in kept}, 0
    for byte in range(256):
        if byte not in table:
            table[byte] = chr(256 + extra)
            extra += 1
    return [table[b] for b in kept + [b for b in range(256) if b not in kept]]


def make_tokenizer(lines, path, vocabulary=4096):
    """Trains CLIP-style BPE (lower case, </w> at word ends) on the lines and writes tokenizer.json."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

    def shell(model):
        tokenizer = Tokenizer(model)
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
        split = Regex(r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(split, "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
        tokenizer.decoder = decoders.ByteLevel()
        return tokenizer

    letters = byte_letters()
    draft = shell(models.BPE(end_of_word_suffix="</w>"))
    draft.train_from_iterator(lines, trainers.BpeTrainer(vocab_size=vocabulary - 258, initial_alphabet=letters, end_of_word_suffix="</w>", min_frequency=2, show_progress=False))
    merges = [tuple(m) for m in json.loads(draft.to_str())["model"]["merges"]]
    # CLIP's own order: bytes, bytes that end a word, merges, then the two special tokens.
    words = letters + [letter + "</w>" for letter in letters]
    known = set(words)
    kept = []
    for left, right in merges:
        if left + right in known or len(words) >= vocabulary - 2:
            continue
        kept.append((left, right))
        known.add(left + right)
        words.append(left + right)
    words += ["<|startoftext|>", "<|endoftext|>"]
    ids = {word: index for index, word in enumerate(words)}
    tokenizer = shell(models.BPE(ids, kept, end_of_word_suffix="</w>", unk_token="<|endoftext|>"))
    tokenizer.add_special_tokens(["<|startoftext|>", "<|endoftext|>"])
    tokenizer.post_processor = processors.RobertaProcessing(("<|endoftext|>", ids["<|endoftext|>"]), ("<|startoftext|>", ids["<|startoftext|>"]), trim_offsets=False, add_prefix_space=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))
    return tokenizer


def corpus():
    """Every phrase a caption can hold, often-used words more than once so that they become whole tokens."""
    concepts = json.loads((WORK / "concepts.json").read_text())
    lines = []
    for concept in concepts:
        lines += [clean(concept["name"])] * 3 + [clean(t) for t in concept["tags"]]
    for names, _, _ in COLOURS:
        lines += names * 8 + [name + " background" for name in names] * 4
    lines += [p.replace("{}", "a") for p in PROMPTS] * 8
    lines += list(EXTRA_PHRASES) * 6 + SMOKER_PHRASES * 6
    lines += """on in the at of with and a an left right top bottom centre center middle corner upper lower side small large big tiny huge next to above below beside plain solid gradient striped stripes dots dotted
        polka checkered checkerboard pattern patterned background backdrop banner card social post logo text block headline sale summer winter spring autumn product button icon offer discount new advert advertisement
        poster flyer story square wide tall portrait landscape layout lines of text heading caption photo without no not only empty picture image drawing illustration sketch cartoon flat vector colour color coloured
        colored bright dark light pale deep brand identity mark symbol sign shape circle ring triangle rectangle pentagon hexagon line wave arrow cross outline bag bottle box lamp chair table sofa desk bed shirt dress jacket
        shoe sneaker hat cap watch clock phone laptop screen monitor camera cup mug glass teapot kettle pan fork spoon plate bowl cake cupcake bread cheese pizza burger apple pear banana orange lemon cherry grapes
        strawberry tomato carrot mushroom tree leaf flower tulip cactus plant mountain sun moon cloud rain snow snowflake umbrella star heart house building castle tower tent bridge car truck bus train boat ship
        sailboat plane rocket balloon bicycle bike wheel key lock envelope letter mail book pencil pen scissors hammer guitar drum bell gift present candle bulb fish bird cat dog rabbit owl duck elephant butterfly
        ladybird bee snail whale person man woman people face smile hand eye crown flag trophy medal anchor compass map globe cigarette beer wine gun pistol knife sword weapon bomb alcohol smoking""".split() * 4
    lines += [f"{a} {b}" for a in ("two", "three", "four", "five", "several", "one") for b in ("apples", "dogs", "cats", "cars", "stars", "hearts", "trees", "houses", "flowers", "birds", "fish", "bottles", "cups")]
    return lines
