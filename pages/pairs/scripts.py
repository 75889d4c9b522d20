"""Which writing a text is in, and whether a checkpoint's vocabulary has words of it."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable

NAMES = {
    "CJK": "han", "HIRAGANA": "kana", "KATAKANA": "kana", "HANGUL": "hangul", "CYRILLIC": "cyrillic",
    "ARABIC": "arabic", "HEBREW": "hebrew", "GREEK": "greek", "DEVANAGARI": "devanagari", "THAI": "thai",
    "LATIN": "latin",
}  # fmt: skip
ALONE = {"han"}  # a single sign is a word or a part of one: here single signs count
WORDS, SIGNS = 100, 3_000
LOOK_AT = 2_000  # characters of a text


def script_of(letter: str) -> str:
    """Writing of a letter: latin, han, cyrillic …; `other` for the rest, empty for what is no letter."""
    if not letter.isalpha():
        return ""
    return NAMES.get(unicodedata.name(letter, "?").split()[0], "other")


def main_script(text: str) -> str:
    """The writing most letters of a text are in; empty where there is no letter."""
    counts = Counter(filter(None, map(script_of, text[:LOOK_AT])))
    return counts.most_common(1)[0][0] if counts else ""


def scripts_known(vocabulary: Iterable[str]) -> frozenset[str]:
    """Writings of which a vocabulary has words and not only an alphabet.

    An English BERT knows most alphabets letter by letter, and 488 Chinese signs: it can spell, not read. A
    writing counts as known from 100 pieces of two letters or more, Chinese also from 3,000 single signs.
    """
    words: Counter[str] = Counter()
    signs: Counter[str] = Counter()
    for token in vocabulary:
        piece = token.removeprefix("##").lstrip("▁Ġ")
        script = script_of(piece[0]) if piece else ""
        if script:
            (words if len(piece) > 1 else signs)[script] += 1
    known = {script for script, count in words.items() if count >= WORDS}
    return frozenset(known | {script for script in ALONE if signs[script] >= SIGNS})
