"""Whole-word masking: all pieces of a chosen word are to be predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HIDDEN, REPLACED = 0.8, 0.1  # Devlin et al. 2019, arXiv:1810.04805, section 3.1; the rest stays as it is


@dataclass(frozen=True)
class Masking:
    """Facts about a vocabulary that masking needs.

    Attributes:
        continues: (V,) bool, true at pieces that go on with a word.
        special: (V,) bool, true at tokens that are never predicted.
        mask: Number of the mask token.
    """

    continues: NDArray[np.bool_]
    special: NDArray[np.bool_]
    mask: int


@dataclass(frozen=True)
class Masked:
    """What the model sees and what it must say.

    Attributes:
        ids: (N,) int64.
        places: (m,) int64, indices of the tokens to predict.
        targets: (m,) int64, the true tokens there.
    """

    ids: NDArray[np.int64]
    places: NDArray[np.int64]
    targets: NDArray[np.int64]


def mask_words(
    ids: NDArray[np.int64], about: Masking, share: float, generator: np.random.Generator
) -> Masked:
    """Choose whole words with probability `share`; 80 % of their pieces become the mask, 10 % a random piece.

    Where chance takes no word at all, one is taken, so that there is always something to learn.

    Args:
        ids: (N,) tokens; padding is among the special ones.
        about: Of the vocabulary.
        share: Probability of a word, in (0, 1).
        generator: Source of chance.
    """
    ordinary = ~about.special[ids]
    word = np.cumsum(ordinary & ~about.continues[ids])  # (N,) from 1; 0 before the first word
    words = int(word[-1])
    chosen = np.concatenate([[False], generator.random(words) < share])
    if words and not chosen.any():
        chosen[1 + generator.integers(words)] = True
    places = np.flatnonzero(chosen[word] & ordinary)
    targets = ids[places]
    seen = ids.copy()
    fate = generator.random(len(places))
    allowed = np.flatnonzero(~about.special)
    random = allowed[generator.integers(len(allowed), size=len(places))]
    seen[places] = np.where(fate < HIDDEN, about.mask, np.where(fate < HIDDEN + REPLACED, random, targets))
    return Masked(seen, places, targets)
