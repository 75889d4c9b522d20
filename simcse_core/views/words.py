"""Sentences as words, and what a view changed about them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Literal

from simcse_core.views import Generator

EDGES = ".,;:!?\"'()[]–—…"
Change = tuple[str, Literal["kept", "removed", "added"]]


def each(records: Sequence[str], change: Callable[[list[str]], list[str]]) -> list[str]:
    """Every sentence with its words (split at white space) changed."""
    return [" ".join(change(sentence.split())) for sentence in records]


def some(count: int, rate: float) -> int:
    """How many of `count` words `rate` means: rounded, and always one word less than all of them."""
    return min(round(rate * count), max(count - 1, 0))


def chosen(generator: Generator, among: int, count: int) -> set[int]:
    """`count` different positions below `among`."""
    return set(generator.choice(among, size=count, replace=False).tolist()) if count else set()


def core(word: str) -> str:
    """A word without the punctuation around it; empty where it is nothing else."""
    return word.strip(EDGES)


def cased(new: str, like: str) -> str:
    """`new` with a capital where `like` begins with one."""
    return new[:1].upper() + new[1:] if like[:1].isupper() else new


def changes(before: str, after: str) -> list[Change]:
    """What a view did to a sentence: runs of words that were kept, removed or added, in order."""
    old, new = before.split(), after.split()
    found: list[Change] = []
    for tag, i, j, k, m in difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            found.append((" ".join(old[i:j]), "kept"))
            continue
        if j > i:
            found.append((" ".join(old[i:j]), "removed"))
        if m > k:
            found.append((" ".join(new[k:m]), "added"))
    return found
