"""What a cosine means for one checkpoint: against random pairs, and against what people said of scored pairs.

Spearman does not change under any rising map of the cosine, so it says nothing about absolute values; that
"everything is above 0.7" is a property of the checkpoint. Distributions by gold score follow Gao et al. 2021,
arXiv:2104.08821, figure G.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import interval
from simcse_core.evaluation.sts import Encode, embeddings_of
from simcse_core.evaluation.words import percent
from simcse_core.metrics.anisotropy import random_pair_cosines
from simcse_core.metrics.sts import checked_scores, cosines

SAME = 4.0  # scored this or more: the same in meaning, on the scale of STS, 0 to 5
EDGES = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0)
NEAREST = 100  # scored pairs whose cosines are nearest, behind a sentence
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Bucket:
    """Cosines of the pairs people scored from `low` up to `high`; the last bucket holds its upper end too.

    Attributes:
        low: Lower end of the scores.
        high: Upper end.
        pairs: How many.
        mean: Mean cosine; None where there is no pair.
        quantiles: Of the cosines, at `QUANTILES`; empty where there is no pair.
    """

    low: float
    high: float
    pairs: int
    mean: float | None
    quantiles: tuple[float, ...]


@dataclass(frozen=True)
class Threshold:
    """The cosine that best tells pairs scored `SAME` or more from the others.

    Attributes:
        value: Cosine, midway between two neighbours.
        low: Lower end of its 95 % bootstrap interval.
        high: Upper end.
        accuracy: Balanced: the mean of both classes' shares on the right side, in [0.5, 1].
    """

    value: float
    low: float
    high: float
    accuracy: float


@dataclass(frozen=True, eq=False)
class Calibration:
    """A checkpoint's cosines, set against chance and against people.

    Attributes:
        random: Cosines of random pairs of the sentences, rising, (r,).
        cosine: Of every scored pair, rising, (n,).
        gold: Their scores, in the same order, (n,).
        buckets: By score.
        threshold: Of the same in meaning; None where the pairs are of one class only.
    """

    random: NDArray[np.float64]
    cosine: NDArray[np.float64]
    gold: NDArray[np.float64]
    buckets: tuple[Bucket, ...]
    threshold: Threshold | None

    def place(self, cosine: float) -> dict[str, float]:
        """Where a cosine stands.

        Returns:
            `random`, share of random pairs below it; `low` and `high`, scores between which the middle half
            of the `NEAREST` scored pairs by cosine lie; `same`, share of them scored `SAME` or more; `from`
            and `to`, their cosines.
        """
        near = np.sort(np.argsort(np.abs(self.cosine - cosine), kind="stable")[:NEAREST])
        low, high = np.quantile(self.gold[near], (0.25, 0.75))
        return {
            "random": float(np.searchsorted(self.random, cosine) / len(self.random)),
            "low": float(low),
            "high": float(high),
            "same": float(np.mean(self.gold[near] >= SAME)),
            "from": float(self.cosine[near[0]]),
            "to": float(self.cosine[near[-1]]),
        }

    def sentence(self, cosine: float) -> str:
        """What a cosine means, in plain words."""
        at = self.place(cosine)
        chance = f"above {percent(at['random'], 1)} of random pairs"
        if cosine > self.cosine[-1] or cosine < self.cosine[0]:
            side = "above" if cosine > self.cosine[-1] else "below"
            ends = f"{self.cosine[0]:.2f} to {self.cosine[-1]:.2f}"
            return f"A cosine of {cosine:.2f} is {side} that of every scored pair ({ends}) and {chance}."
        return (
            f"A cosine of {cosine:.2f} is {chance}; of the scored pairs nearest to it, half were scored "
            f"{at['low']:.1f} to {at['high']:.1f} on 0 to 5, and {percent(at['same'])} mean the same "
            f"({SAME:g} or more)."
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; the columns are left out."""
        return {
            "pairs": len(self.cosine),
            "random": {
                "mean": float(self.random.mean()),
                "deviation": float(self.random.std()),
                "quantiles": dict(
                    zip(map(str, QUANTILES), np.quantile(self.random, QUANTILES).tolist(), strict=True)
                ),
            },
            "buckets": [vars(bucket) for bucket in self.buckets],
            "threshold": None if self.threshold is None else vars(self.threshold),
        }


def calibrate(
    encode: Encode, pairs: ScoredPairs, *, resamples: int = 1000, random_pairs: int = 20_000, seed: int = 0
) -> Calibration:
    """Set an encoder's cosines against chance and against human scores on 0 to 5.

    Args:
        encode: An encoder, or a function of sentences -> (n, d).
        pairs: Scored pairs; their sentences, paired at random, are the baseline.
        resamples: Bootstrap resamples for the interval of the threshold.
        random_pairs: Random pairs of different sentences.
        seed: Draws both.

    Raises:
        DataError: Fewer than two pairs, scores outside 0 to 5, or embeddings that cannot be compared.
    """
    sentences = pairs.sentences()
    rows = embeddings_of(encode, sentences)
    place = {text: number for number, text in enumerate(sentences)}
    first, second = (rows[[place[text] for text in side]] for side in (pairs.first, pairs.second))
    base = random_pair_cosines(rows, pairs=random_pairs, seed=seed)
    return from_cosines(cosines(first, second), pairs.score, base, resamples=resamples, seed=seed)


def from_cosines(
    cosine: ArrayLike, gold: ArrayLike, random: ArrayLike, *, resamples: int = 1000, seed: int = 0
) -> Calibration:
    """A calibration from cosines (n,), scores (n,) and cosines of random pairs (r,).

    Raises:
        DataError: As `spearman`; or a score outside 0 to 5.
    """
    a, b = checked_scores(cosine, gold)
    if b.min() < EDGES[0] or b.max() > EDGES[-1]:
        raise DataError(
            f"Scores run from {b.min():g} to {b.max():g}; calibration needs 0 to 5.",
            hint="Scale them to 0 (nothing in common) to 5 (the same).",
        )
    order = np.argsort(a, kind="stable")
    a, b = a[order], b[order]
    found = np.sort(np.asarray(random, dtype=np.float64))
    return Calibration(found, a, b, _buckets(a, b), _threshold(a, b, resamples, seed))


def _buckets(cosine: NDArray[np.float64], gold: NDArray[np.float64]) -> tuple[Bucket, ...]:
    found = []
    for low, high in pairwise(EDGES):
        inside = (gold >= low) & ((gold < high) | ((high == EDGES[-1]) & (gold == high)))
        mine = cosine[inside]
        told = tuple(np.quantile(mine, QUANTILES).tolist()) if mine.size else ()
        found.append(Bucket(low, high, int(mine.size), float(mine.mean()) if mine.size else None, told))
    return tuple(found)


def _threshold(
    cosine: NDArray[np.float64], gold: NDArray[np.float64], resamples: int, seed: int
) -> Threshold | None:
    """Largest balanced accuracy over all cuts between different cosines; the interval resamples pairs."""
    same = gold >= SAME
    cuts = np.flatnonzero(np.diff(cosine) > 0)  # a cut after each of these rows
    if same.all() or not same.any() or not cuts.size:
        return None
    best, accuracy = _best_cut(np.ones(len(cosine)), same, cuts)
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(resamples):
        counts = np.bincount(rng.integers(0, len(cosine), len(cosine)), minlength=len(cosine)).astype(float)
        if counts[same].any() and counts[~same].any():
            found.append(_midway(cosine, _best_cut(counts, same, cuts)[0]))
    value = _midway(cosine, best)
    low, high = interval(np.array(found)) if found else (value, value)
    return Threshold(value, low, high, accuracy)


def _best_cut(
    counts: NDArray[np.float64], same: NDArray[np.bool_], cuts: NDArray[np.int64]
) -> tuple[int, float]:
    """The row after which to cut, and the balanced accuracy there; pairs are sorted by cosine."""
    alike, other = np.cumsum(counts * same), np.cumsum(counts * ~same)
    right = (1 - alike[cuts] / alike[-1] + other[cuts] / other[-1]) / 2
    best = int(np.argmax(right))
    return int(cuts[best]), float(right[best])


def _midway(cosine: NDArray[np.float64], row: int) -> float:
    return float((cosine[row] + cosine[row + 1]) / 2)
