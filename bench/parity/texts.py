"""Texts on which tokenizers go apart: emoji, other scripts, marks that are no letters, apostrophes, digits, long runs."""
TEXTS = [
    "a photo of a cat", "A Photo of a DOG", "hello world", "the quick brown fox jumps over the lazy dog", "café naïve façade Ångström", "cafe\u0301 decomposed",
    "it's the dog's bone, they're here, I'll go, I'd say, we've won, I'm in", "IT'S THE DOG'S", "don't 'quote' me", "rock'n'roll", "2024 12345 3.14 50% off!!!", "a-b_c/d (e) [f] {g} <h>",
    "e-mail: someone@example.com", "#summer #sale", "...", "?!?!", "½ ² Ⅷ １２", "naïve—dash – en", "“curly” ‘quotes’", "tab\tand\nnew line", "   many   spaces   ",
    "🚬", "😀😃😄", "👩‍🚀 in space", "👨‍👩‍👧‍👦", "🏳️‍🌈 flag", "❤️", "👍🏽", "🇫🇷🇩🇪", "1️⃣ keycap", "cat🐱dog🐶", "東京タワー", "北京的猫", "서울의 고양이", "кошка на столе", "γάτα", "قطة حمراء",
    "חתול", "बिल्ली", "แมว", "mèo đen", "İstanbul ıspanak", "ſtraße STRASSE", "a\u00a0b", "ﬁne ligature", "x" * 60, "ab" * 90, "word " * 90 + "end", "🙂" * 40, "猫" * 100, "1 " * 100,
]
