"""False negatives of a batch: what they take of the push, and how likely a batch holds one.

Which negatives are likely false says `simcse_core.evaluation.in_batch`; what the known remedies do about them
`simcse_core.theory.remedies`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.evaluation.in_batch import NOT

Floats = NDArray[np.float64]


def wasted(shares: ArrayLike, flags: ArrayLike) -> float:
    """Share of the push of the batch that goes to flagged negatives, every row counted alike; in [0, 1].

    Rows without a push are left out; 0 where no row has one.

    Args:
        shares: (n, n) share of a row's push that each negative takes.
        flags: (n, n) as `in_batch.false_negatives` gives them.
    """
    parts, marked = np.asarray(shares, dtype=np.float64), np.asarray(flags) != NOT
    pushing = parts.sum(axis=1) > 0
    return float((parts * marked).sum(axis=1)[pushing].mean()) if pushing.any() else 0.0


def flagged_pairs(flags: ArrayLike) -> list[tuple[int, int]]:
    """Every flagged (anchor, negative), in the order of the rows."""
    return [(int(i), int(j)) for i, j in np.argwhere(np.asarray(flags) != NOT)]


def chance_of_repeat(size: ArrayLike, rate: ArrayLike) -> Floats:
    """Probability that a batch holds two or more sentences that mean the same.

    The birthday problem: the corpus has 1 / rate meanings, all equally frequent, and every sentence of the
    batch is drawn from them independently: 1 - prod_{i=1}^{N-1} (1 - i rate).

    Args:
        size: Sentences in a batch, N >= 1; whole numbers of any shape.
        rate: Probability that two random sentences mean the same, in [0, 1]; of a shape that fits.

    Returns:
        In [0, 1], of the common shape.

    Raises:
        DataError: A size below 1, or a rate outside [0, 1].
    """
    sizes, rates = np.broadcast_arrays(np.asarray(size, dtype=np.int64), np.asarray(rate, dtype=np.float64))
    if sizes.size == 0 or sizes.min() < 1 or not ((rates >= 0) & (rates <= 1)).all():
        raise DataError("A batch holds one sentence or more, and a rate lies between 0 and 1.")
    found = [_chance(int(n), float(r)) for n, r in zip(sizes.ravel(), rates.ravel(), strict=True)]
    return np.asarray(found, dtype=np.float64).reshape(sizes.shape)


def _chance(size: int, rate: float) -> float:
    fresh = 1 - np.arange(1, size) * rate
    return 1.0 if (fresh <= 0).any() else float(-np.expm1(np.log(fresh).sum()))


def expected_repeats(size: int, rate: float) -> float:
    """Expected number of pairs in a batch of N that mean the same: N (N - 1) / 2 · rate.

    Holds whatever the frequencies of the meanings are.
    """
    return size * (size - 1) / 2 * rate
