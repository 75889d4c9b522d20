"""On which pairs a checkpoint goes wrong: places by cosine against places by people, by pair and by kind.

Spearman compares orders, so an error is one too: where the cosine puts a pair among all pairs, minus where
people put it. Two checkpoints with quite different cosines can be compared so, pair by pair. NumPy alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import Difference, interval
from simcse_core.evaluation.compare import beyond_noise, places
from simcse_core.evaluation.cone import words_of

Floats = NDArray[np.float64]
RESAMPLES = 4000
BLOCK_CELLS = 2_000_000  # drawn values held at once, 16 MB
LEVEL = 0.95
LENGTH_EDGES = (0, 1, 2, 3, 5, 8)
"""Lower ends of the ranges of differences in length, in words; the last one is open."""
OVERLAP_EDGES = (0.0, 0.1, 0.25, 0.5, 0.75)
"""Lower ends of the ranges of word overlap; the last one holds 1."""


@dataclass(frozen=True)
class Mean:
    """A mean and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Group:
    """How wrong a checkpoint is on the pairs of one kind.

    Attributes:
        name: Of the kind.
        pairs: How many.
        size: Mean distance between the places by cosine and by people, 0 to 1.
        bias: Mean error with its sign; above 0 the checkpoint finds these pairs more alike than people do.
    """

    name: str
    pairs: int
    size: Mean
    bias: Mean


def rank_residuals(cosine: ArrayLike, gold: ArrayLike) -> Floats:
    """Place of every pair by cosine minus its place by people.

    A place is the share of the other pairs that lie below, ties half.

    Args:
        cosine: (n,) similarities.
        gold: (n,) human scores.

    Returns:
        (n,) in [-1, 1], with mean 0; above 0 the cosine finds the pair more alike than people do.

    Raises:
        DataError: Fewer than two pairs, columns of different length, or a value that is not finite.
    """
    a, b = np.asarray(cosine, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    if a.ndim != 1 or a.shape != b.shape:
        raise DataError(f"Each pair needs a cosine and a score; got {a.shape} and {b.shape}.")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise DataError("Every pair needs a finite cosine and a finite score.")
    return places(a) - places(b)


def length_differences(first: Sequence[str], second: Sequence[str]) -> NDArray[np.int64]:
    """Difference of the two texts of each pair in words, (n,)."""
    both = zip(first, second, strict=True)
    return np.array([abs(len(words_of(a)) - len(words_of(b))) for a, b in both], dtype=np.int64)


def word_overlaps(first: Sequence[str], second: Sequence[str]) -> Floats:
    """Shared words of each pair over all its words (Jaccard index of the two sets), (n,) in [0, 1].

    Two texts without a word overlap fully if they are equal, else not at all.
    """
    found = []
    for a, b in zip(first, second, strict=True):
        one, other = set(words_of(a)), set(words_of(b))
        found.append(len(one & other) / len(one | other) if one or other else float(a == b))
    return np.array(found, dtype=np.float64)


def ranges(values: ArrayLike, edges: Sequence[float]) -> NDArray[np.intp]:
    """Number of the range that each value falls into, (n,); `edges` are lower ends, rising, the last open.

    Raises:
        DataError: A value lies below the first edge.
    """
    found = np.searchsorted(np.asarray(edges), np.asarray(values), side="right") - 1
    if (found < 0).any():
        raise DataError(f"A value lies below the lowest range, which begins at {edges[0]:g}.")
    return np.asarray(found, dtype=np.intp)


def breakdown(residuals: ArrayLike, names: Sequence[str], *, seed: int = 0) -> list[Group]:
    """How wrong a checkpoint is on each kind of pair, kinds in the order of their first pair.

    The interval resamples the pairs of a kind; the places, which all pairs together decide, stay as they are.

    Args:
        residuals: (n,) from `rank_residuals` of all pairs.
        names: Kind of each pair.
        seed: Draws the resamples.

    Raises:
        DataError: Not one kind a pair.
    """
    errors = np.asarray(residuals, dtype=np.float64)
    return [
        Group(name, len(rows), _mean(np.abs(errors[rows]), seed), _mean(errors[rows], seed))
        for name, rows in _rows(errors, names).items()
    ]


def group_differences(
    first: ArrayLike, second: ArrayLike, names: Sequence[str], *, level: float = LEVEL, seed: int = 0
) -> dict[str, Difference]:
    """By how much one checkpoint is further off than another on each kind of pair.

    Every resample draws the same pairs for both. With many kinds some differ by chance: `level` is for all
    of them together (Bonferroni: each has the level 1 - (1 - level) / kinds).

    Args:
        first: (n,) residuals of one checkpoint.
        second: (n,) of the other, on the same pairs.
        names: Kind of each pair.
        level: That all intervals hold at once.
        seed: Draws the resamples.

    Raises:
        DataError: Columns of different length.
    """
    a, b = (np.abs(np.asarray(side, dtype=np.float64)) for side in (first, second))
    if a.shape != b.shape:
        raise DataError(f"Both checkpoints need the same pairs; got {a.shape} and {b.shape}.")
    groups = _rows(a, names)
    each = 1 - (1 - level) / max(len(groups), 1)
    return {name: _difference(a[rows] - b[rows], each, seed) for name, rows in groups.items()}


def hardest(residuals: ArrayLike, names: Sequence[str], *, seed: int = 0) -> tuple[str, list[str]]:
    """The kind a checkpoint is furthest off on, and the kinds that the pairs do not tell apart from it.

    Raises:
        DataError: Not one kind a pair, or no pair.
    """
    errors = np.abs(np.asarray(residuals, dtype=np.float64))
    groups = _rows(errors, names)
    if not groups:
        raise DataError("There is no pair to be wrong on.")
    worst = max(groups, key=lambda name: float(errors[groups[name]].mean()))
    drawn = _draws(errors[groups[worst]], seed)
    near = []
    for number, (name, rows) in enumerate(groups.items()):
        apart = interval(drawn - _draws(errors[rows], seed + 1 + number), level=LEVEL)
        if name != worst and apart[0] <= 0:
            near.append(name)
    return worst, near


def one_sided(first: ArrayLike, second: ArrayLike, *, right: float = 0.1) -> int | None:
    """The pair on which the first is furthest off among those the second places right; None without one.

    Args:
        first: (n,) residuals.
        second: (n,) residuals of the other checkpoint.
        right: Distance of places up to which a pair counts as placed right.
    """
    wrong = np.where(np.abs(np.asarray(second)) <= right, np.abs(np.asarray(first)), -1.0)
    best = int(np.argmax(wrong)) if wrong.size else 0
    return best if wrong.size and wrong[best] >= 0 else None


def better_but_worse(
    scores: tuple[float, float], differences: Mapping[str, Difference]
) -> tuple[str, Difference] | None:
    """The kind on which the checkpoint with the higher score is further off beyond noise; None without one.

    Args:
        scores: Of the first and of the second, higher is better.
        differences: First minus second, as `group_differences` gives them.
    """
    sign = 1.0 if scores[0] > scores[1] else -1.0
    found = {n: d for n, d in differences.items() if beyond_noise(d) and sign * d.value > 0}
    if not found:
        return None
    name = max(found, key=lambda n: abs(found[n].value))
    return name, found[name]


def _rows(errors: Floats, names: Sequence[str]) -> dict[str, NDArray[np.intp]]:
    """Kind → its rows."""
    if len(names) != len(errors):
        raise DataError(f"{len(errors)} pairs need a kind each; got {len(names)}.")
    column = np.asarray(names, dtype=object)
    return {name: np.flatnonzero(column == name) for name in dict.fromkeys(names)}


def _draws(values: Floats, seed: int) -> Floats:
    """Means (RESAMPLES,) of as many values drawn with replacement."""
    rng = np.random.default_rng(seed)
    step = max(1, BLOCK_CELLS // len(values))
    parts = [
        values[rng.integers(0, len(values), size=(min(step, RESAMPLES - start), len(values)))].mean(axis=1)
        for start in range(0, RESAMPLES, step)
    ]
    return np.concatenate(parts)


def _mean(values: Floats, seed: int) -> Mean:
    return Mean(float(values.mean()), *interval(_draws(values, seed), level=LEVEL))


def _difference(values: Floats, level: float, seed: int) -> Difference:
    drawn = _draws(values, seed)
    tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    low, high = interval(drawn, level=level)
    return Difference(float(values.mean()), low, high, min(1.0, 2 * (tail + 1) / (RESAMPLES + 1)))
