"""Maximum explainable variance: how well one vector could stand for all occurrences of a token type.

Ethayarajh 2019, arXiv:1909.00512, sec. 3.2: σ₁² / Σσᵢ² of a word's occurrence matrix, one row a context. Two
choices of ours: a type has at most `OCCURRENCES` rows, since the value falls with their number, and beside
each value stands that of as many rows drawn evenly and of as many tokens of different sentences.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError

TYPES = 100  # types whose occurrences are kept
OCCURRENCES = 20  # kept of each: 2,000 rows a layer, 6 MB at a width of 768
DRAWS = 20  # even samples that the isotropic value is the mean of


def explainable_variance(rows: ArrayLike) -> float:
    """Share of the first squared singular value, σ₁² / Σσᵢ², neither centred nor normalised, in [1/c, 1].

    Args:
        rows: (c, h) contextual states of one type.

    Raises:
        DataError: No row, or all zeros; NaN or infinity.
    """
    x = np.asarray(rows, dtype=np.float64)
    if x.ndim != 2 or not x.size or not np.isfinite(x).all() or not x.any():
        raise DataError(
            f"An occurrence matrix needs finite rows that are not all zeros; got shape {x.shape}."
        )
    x = x / np.abs(x).max()
    gram = x @ x.T if len(x) <= x.shape[1] else x.T @ x
    return float(np.linalg.eigvalsh(gram)[-1] / np.trace(gram))


class Occurrences:
    """Hidden states of chosen token occurrences, a table a layer; filled while sentences go by."""

    def __init__(
        self, first: Sequence[Sequence[tuple[int, int]]], drawn: Sequence[int], layers: int, *, seed: int = 0
    ) -> None:
        """Choose what is kept.

        Args:
            first: A sentence: (place, number of the type) of each type's first place in it.
            drawn: A sentence: place of the one token of its own that serves the baseline, -1 for none.
            layers: Layers watched, the embedding layer included.
            seed: Draws the types, and their occurrences where there are too many.
        """
        rng = np.random.default_rng(seed)
        seen: dict[int, list[tuple[int, int]]] = {}
        for sentence, spots in enumerate(first):
            for place, kind in spots:
                seen.setdefault(kind, []).append((sentence, place))
        kept = sorted(sorted(seen)[i] for i in rng.permutation(len(seen))[:TYPES])
        chosen = [_some(seen[kind], OCCURRENCES, rng) for kind in kept]
        self.counts = [len(spots) for spots in chosen]
        apart = [(sentence, place) for sentence, place in enumerate(drawn) if place >= 0]
        chosen.append(_some(apart, TYPES * OCCURRENCES // 2, rng))
        self.places: dict[int, list[tuple[int, int]]] = {}  # sentence → (place, row of the table)
        for row, (sentence, place) in enumerate(spot for spots in chosen for spot in spots):
            self.places.setdefault(sentence, []).append((place, row))
        self.rows = sum(len(spots) for spots in chosen)
        self.tables: list[NDArray[np.float32] | None] = [None] * layers
        self.seed = seed

    def take(self, layer: int, states: torch.Tensor, numbers: Sequence[int]) -> None:
        """Keep what was chosen of sentences `numbers`, whose states are (B, T, h)."""
        spots = [(b, place, row) for b, i in enumerate(numbers) for place, row in self.places.get(i, ())]
        if not spots:
            return
        table = self.tables[layer]
        if table is None:
            table = self.tables[layer] = np.zeros((self.rows, states.shape[-1]), dtype=np.float32)
        b, place, row = (list(column) for column in zip(*spots, strict=True))
        table[row] = states[b, place].float().cpu().numpy()

    def numbers(self, layer: int) -> tuple[float | None, float | None]:
        """Mean over types, and over as many tokens of different sentences; None with too little text."""
        table = self.tables[layer]
        if table is None or not self.counts:
            return None, None
        starts = np.cumsum([0, *self.counts])
        own = [table[a:b] for a, b in pairwise(starts)]
        apart = table[starts[-1] :]
        if len(apart) < max(self.counts) or not table.any(axis=1).all():
            return None, None
        rng = np.random.default_rng(self.seed)
        drawn = [apart[rng.choice(len(apart), count, replace=False)] for count in self.counts]
        return _mean(own), _mean(drawn)

    def isotropic(self) -> float | None:
        """Mean over types of the value of as many directions drawn evenly."""
        width = next((table.shape[1] for table in self.tables if table is not None), None)
        if width is None or not self.counts:
            return None
        rng = np.random.default_rng(self.seed)
        values = {
            count: _mean([rng.normal(size=(count, width)) for _ in range(DRAWS)])
            for count in sorted(set(self.counts))
        }
        return float(np.mean([values[count] for count in self.counts]))


def _mean(matrices: Sequence[ArrayLike]) -> float:
    return float(np.mean([explainable_variance(rows) for rows in matrices]))


def _some(spots: list[tuple[int, int]], most: int, rng: np.random.Generator) -> list[tuple[int, int]]:
    if len(spots) <= most:
        return spots
    return [spots[i] for i in np.sort(rng.choice(len(spots), most, replace=False))]
