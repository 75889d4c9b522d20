"""How high a cosine is among random pairs of sentences under the same checkpoint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.data.datasets import sentence_subjects
from simcse_core.errors import DataError
from simcse_core.metrics.anisotropy import random_pair_cosines

PAIRS = 20_000
SENTENCES = 1_000
TAIL = 100  # at either end every pair is kept, so that extreme percentiles stay exact
STEPS = 1_000  # in between, one node a thousandth of the pairs


def background_sentences(count: int = SENTENCES, *, seed: int = 0) -> list[str]:
    """Shipped sentences whose random pairs are the background: the same number from every subject.

    Args:
        count: How many; rounded down to a multiple of the number of subjects.
        seed: Draws them.
    """
    subjects: dict[str, list[str]] = defaultdict(list)
    for text, subject in sentence_subjects():
        subjects[subject].append(text)
    rng = np.random.default_rng(seed)
    each = count // len(subjects)
    return [
        texts[i]
        for texts in subjects.values()
        for i in sorted(rng.choice(len(texts), size=min(each, len(texts)), replace=False))
    ]


@dataclass(frozen=True)
class Background:
    """Distribution of the cosines of random pairs, kept as nodes of its cumulative curve.

    Attributes:
        values: (m,) cosines in rising order.
        shares: (m,) share of pairs below each value, in [0, 1].
        pairs: Pairs it was measured on.
        sentences: Sentences they were drawn from.
        mean: Mean cosine of the pairs.
    """

    values: NDArray[np.float64]
    shares: NDArray[np.float64]
    pairs: int
    sentences: int
    mean: float

    @classmethod
    def measure(cls, embeddings: ArrayLike, *, pairs: int = PAIRS, seed: int = 0) -> Self:
        """From the embeddings (n, d) of sentences that have nothing to do with each other.

        Raises:
            DataError: As `random_pair_cosines`.
        """
        cosines = np.sort(random_pair_cosines(embeddings, pairs=pairs, seed=seed))
        count = len(cosines)
        inner = np.linspace(0, count - 1, min(STEPS, count)).astype(int)
        edges = np.arange(min(TAIL, count))
        picked = np.unique(np.concatenate([inner, edges, count - 1 - edges]))
        return cls(cosines[picked], picked / count, count, len(np.asarray(embeddings)), float(cosines.mean()))

    def share_below(self, cosine: float) -> float:
        """Share of random pairs with a lower cosine, in [0, 1]; 1 if the cosine exceeds all of them.

        Exact to 1 / STEPS, and to a single pair within the `TAIL` highest and lowest.
        """
        if cosine > self.values[-1]:
            return 1.0
        return float(np.interp(cosine, self.values, self.shares, left=0.0))

    def quantile(self, share: float) -> float:
        """Cosine that this share of random pairs stays below."""
        return float(np.interp(share, self.shares, self.values))

    def density(self, edges: ArrayLike) -> NDArray[np.float64]:
        """Share of pairs in each bin between `edges` (b + 1,), divided by the bin's width: (b,)."""
        at = np.asarray(edges, dtype=np.float64)
        below = np.interp(at, self.values, self.shares, left=0.0, right=1.0)
        return np.diff(below) / np.diff(at)

    def to_dict(self) -> dict[str, Any]:
        """As JSON, to six decimals."""
        return {
            "values": [round(float(v), 6) for v in self.values],
            "shares": [round(float(s), 6) for s in self.shares],
            "pairs": self.pairs,
            "sentences": self.sentences,
            "mean": round(self.mean, 6),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Back from `to_dict`.

        Raises:
            DataError: Not what `to_dict` writes.
        """
        try:
            values, shares = (np.asarray(plain[key], dtype=np.float64) for key in ("values", "shares"))
            found = cls(values, shares, int(plain["pairs"]), int(plain["sentences"]), float(plain["mean"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"This is no background of random pairs: {error!r}.") from None
        rising = len(values) > 1 and bool((np.diff(values) >= 0).all() and (np.diff(shares) > 0).all())
        if values.shape != shares.shape or values.ndim != 1 or not rising:
            raise DataError("This is no background of random pairs: its values do not rise.")
        return found
