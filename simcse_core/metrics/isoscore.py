"""IsoScore: the share of dimensions that carry variance evenly."""

from __future__ import annotations

from numpy.typing import ArrayLike

from simcse_core.errors import DataError
from simcse_core.metrics import metrics
from simcse_core.metrics.checks import finite_rows
from simcse_core.metrics.spectrum import isotropic_participation, participation_ratio


def isotropic_isoscore(n: int, d: int) -> float:
    """Score to expect of n points of an isotropic Gaussian in d dimensions; near 1 from n = 10 d on."""
    return (isotropic_participation(n, d) - 1) / (d - 1)


@metrics.register(
    "isoscore",
    title="IsoScore",
    source="Rudman et al. 2022, arXiv:2108.07344, algorithm 1",
    equation=r"\iota=\frac{\mathrm{PR}-1}{d-1}",
    direction="higher is better",
    range=(0.0, 1.0),
    unit="share of dimensions",
    isotropic=isotropic_isoscore,
)
def isoscore(embeddings: ArrayLike) -> float:
    """(participation ratio of the covariance - 1) / (d - 1), which the six published steps reduce to.

    0 when all variance lies on a line, 1 when it is even; unchanged by shift, rotation and scale. Biased low
    in small samples (0.11 for 100 isotropic points in 768 dimensions): compare equal n only.

    Args:
        embeddings: (n, d), taken as given (the authors' code wants them transposed).

    Raises:
        DataError: As `participation_ratio`; or a single column.
    """
    x = finite_rows(embeddings, metric="isoscore")
    d = x.shape[1]
    if d < 2:
        raise DataError("isoscore needs two or more columns; got 1.")
    return float((participation_ratio(x, center=True) - 1) / (d - 1))
