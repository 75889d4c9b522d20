"""Isotropy by the partition function: whether every direction sees the embeddings alike."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.metrics import metrics
from simcse_core.metrics.checks import finite_rows


@metrics.register(
    "partition",
    title="Partition-function isotropy",
    source="Mu & Viswanath 2018, arXiv:1702.01417, eq. 5-6",
    equation=r"\frac{\min_{c}Z(c)}{\max_{c}Z(c)},\quad Z(c)=\sum_i e^{c^\top h_i}",
    direction="higher is better",
    range=(0.0, 1.0),
    unit="ratio",
    isotropic=None,
)
def partition(embeddings: ArrayLike) -> float:
    """Smallest over largest partition function, over the principal directions with both signs; 1 when alike.

    Both signs, because an eigenvector has none of its own. It depends on the lengths of the rows: the paper
    takes them as they are; on unit rows a collapsed set gives exp(-2).

    Args:
        embeddings: (n, d), taken as given.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN.
    """
    x = finite_rows(embeddings, metric="partition")
    _, directions = np.linalg.eigh(x.T @ x)  # directions are columns
    along = x @ directions  # (n, d)
    logs = np.concatenate([_log_sum_exp(along), _log_sum_exp(-along)])
    return float(np.exp(logs.min() - logs.max()))


def _log_sum_exp(values: NDArray[np.float64]) -> NDArray[np.float64]:
    highest = values.max(axis=0)
    found: NDArray[np.float64] = highest + np.log(np.exp(values - highest).sum(axis=0))
    return found
