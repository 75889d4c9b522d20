"""Whether embeddings point the same way: the mean cosine of different sentences, and its spread."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.metrics import metrics
from simcse_core.metrics.checks import unit_rows


def _zero(n: int, d: int) -> float:
    return 0.0


@metrics.register(
    "mean_cosine",
    title="Mean cosine of different sentences",
    source="Ethayarajh 2019, arXiv:1909.00512, sec. 3 (there of words, here of sentences)",
    equation=r"\frac{\lVert\sum_i\hat h_i\rVert^2-n}{n(n-1)}",
    direction="lower is better",
    range=(-1.0, 1.0),
    unit="cosine",
    isotropic=_zero,
)
def mean_cosine(embeddings: ArrayLike) -> float:
    """Mean cosine over all pairs of different rows, self excluded; 1 when collapsed, 0 when even.

    Exact, in O(nd): no pair is formed. It speaks of the mean vector only: two antipodal heaps also give 0.

    Args:
        embeddings: (n, d), any length; L2-normalised here.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    x = unit_rows(embeddings, metric="mean_cosine")
    n = len(x)
    total = x.sum(axis=0)  # (d,)
    return float((total @ total - n) / (n * (n - 1)))


def random_pair_cosines(embeddings: ArrayLike, *, pairs: int = 20_000, seed: int = 0) -> NDArray[np.float64]:
    """Cosines of random pairs of different rows, for a histogram.

    Args:
        embeddings: (n, d), any length; L2-normalised here.
        pairs: Pairs drawn with replacement; where there are no more than this, every pair once instead.
        seed: Draws the pairs.

    Returns:
        (min(pairs, n(n-1)/2),) in [-1, 1].

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    x = unit_rows(embeddings, metric="random_pair_cosines")
    n = len(x)
    if n * (n - 1) // 2 <= pairs:
        left, right = np.triu_indices(n, 1)
    else:
        rng = np.random.default_rng(seed)
        left = rng.integers(0, n, size=pairs)
        right = (left + rng.integers(1, n, size=pairs)) % n  # never the row itself
    found: NDArray[np.float64] = np.clip(np.einsum("ij,ij->i", x[left], x[right]), -1.0, 1.0)
    return found
