"""Hubness: whether a few sentences are everybody's nearest neighbours."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.metrics import metrics
from simcse_core.metrics.checks import unit_rows
from simcse_core.registry import Range

BLOCK_CELLS = 4_000_000  # float64 cells of one block of the pair matrix, 32 MB


def neighbour_counts(embeddings: ArrayLike, *, k: int = 10) -> NDArray[np.int64]:
    """How often each row is among the k nearest of another by cosine, itself left out; the mean is k.

    Args:
        embeddings: (n, d), any length; L2-normalised here.
        k: Neighbours of each row, below n.

    Returns:
        (n,), adding up to n x k.

    Raises:
        DataError: k not in [1, n - 1], wrong shape, NaN, or a row of zeros.
    """
    x = unit_rows(embeddings, metric="hubness")
    n = len(x)
    if not 1 <= k < n:
        raise DataError(f"hubness with {k} neighbours needs {k + 1} or more rows; got {n}.")
    counts = np.zeros(n, dtype=np.int64)
    step = max(1, BLOCK_CELLS // n)
    for start in range(0, n, step):
        cosines = x[start : start + step] @ x.T  # (b, n)
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        counts += np.bincount(np.argpartition(-cosines, k - 1, axis=1)[:, :k].ravel(), minlength=n)
    return counts


@metrics.register(
    "hubness",
    title="Hubness (skewness)",
    source="Radovanovic et al. 2010, JMLR 11, sec. 3",
    equation=r"\mathbb E\big[(N_k-k)^3\big]/\sigma_{N_k}^3",
    direction="lower is better",
    range=(float("-inf"), float("inf")),
    unit="skewness",
    isotropic=None,
)
def hubness(
    embeddings: ArrayLike,
    *,
    k: Annotated[int, Range(1, 100, "Neighbours of each row", (1, 5, 10, 20))] = 10,
) -> float:
    """Skewness of how often rows are neighbours of others; near 0 when none is a hub, 0 when all are alike.

    It grows with the dimension and with a common mean; compare equal n and k only. Ties between equal cosines
    (duplicate sentences) are broken by position.

    Args:
        embeddings: (n, d), any length; L2-normalised here.
        k: Neighbours of each row, below n.

    Raises:
        DataError: As `neighbour_counts`.
    """
    excess = neighbour_counts(embeddings, k=k) - float(k)
    deviation = float(np.sqrt(np.mean(excess**2)))
    return float(np.mean(excess**3) / deviation**3) if deviation > 0 else 0.0
