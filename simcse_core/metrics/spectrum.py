"""How many directions embeddings use: singular values and the numbers drawn from them.

The matrix is taken as given: normalise the rows first, as `geometry_report` does, to speak of directions.
Every one of these depends on n as well as on the encoder; compare equal n only.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.linalg import singular_values_of
from simcse_core.metrics import metrics
from simcse_core.metrics.checks import finite_rows
from simcse_core.registry import Range

Center = Annotated[bool, Range(0, 1, "Subtract the mean row first (1) or not (0)")]


def isotropic_participation(n: int, d: int) -> float:
    """Participation ratio to expect of n points of an isotropic Gaussian in d dimensions; d as n grows."""
    return d / (1 + (d + 1) / (n - 1))


def singular_values(embeddings: ArrayLike, *, center: bool = False) -> NDArray[np.float64]:
    """Singular values of the matrix of embeddings, largest first.

    Args:
        embeddings: (n, d), taken as given.
        center: Subtract the mean row first.

    Returns:
        (min(n, d),), at least one of them above 0.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, all zeros, or all rows equal if centred.
    """
    return singular_values_of(_matrix(embeddings, center=center))


def entropy_rank(values: NDArray[np.float64]) -> float:
    """Effective rank of singular values (k,), as `effective_rank`."""
    p = values[values > 0] / values.sum()
    return float(np.exp(-(p * np.log(p)).sum()))


def energy_share(values: NDArray[np.float64], k: int) -> float:
    """Share of the k largest of the singular values, squared, as `top_share`."""
    energy = np.square(values / values[0])
    return float(energy[:k].sum() / energy.sum())


def _matrix(embeddings: ArrayLike, *, center: bool) -> NDArray[np.float64]:
    """The rows, centred if asked, refused when nothing is left."""
    x = finite_rows(embeddings, metric="The spectrum")
    raw = float(np.abs(x).max())
    if center:
        x = x - x.mean(axis=0)
    if np.abs(x).max() <= 1e-14 * raw:
        raise DataError(f"There is no spectrum: {'all rows are equal' if center else 'all rows are zero'}.")
    return x


@metrics.register(
    "effective_rank",
    title="Effective rank (of singular values)",
    source="Roy & Vetterli 2007, EUSIPCO, eq. 2; on singular values, as there",
    equation=r"\exp\Big(-\sum_i p_i\log p_i\Big),\quad p_i=\sigma_i/\textstyle\sum_j\sigma_j",
    direction="higher is better",
    range=(1.0, float("inf")),
    unit="dimensions",
    isotropic=None,
)
def effective_rank(embeddings: ArrayLike, *, center: Center = False) -> float:
    """Exponential of the entropy of the singular values; 1 when collapsed, at most min(n, d).

    Of singular values, not of eigenvalues (their squares), which give a smaller number. With more rows than
    dimensions the values come from the d x d Gram matrix, many times faster than from the rows: directions
    weaker than about 1e-7 of the strongest are not resolved and count as absent.

    Args:
        embeddings: (n, d), taken as given.
        center: Subtract the mean row first.

    Raises:
        DataError: As `singular_values`.
    """
    x = _matrix(embeddings, center=center)
    if len(x) <= x.shape[1]:
        return entropy_rank(singular_values(x))
    x = x / np.abs(x).max()  # the scale cancels; squares must not overflow
    energy = np.linalg.eigvalsh(x.T @ x)  # (d,), rising
    resolved = energy > energy[-1] * len(energy) * np.finfo(np.float64).eps
    return entropy_rank(np.sqrt(energy[resolved]))


@metrics.register(
    "participation_ratio",
    title="Participation ratio",
    source="Gao et al. 2017, bioRxiv 214262, eq. 5",
    equation=r"\frac{(\sum_i\lambda_i)^2}{\sum_i\lambda_i^2}=\frac{\mathrm{tr}(C)^2}{\lVert C\rVert_F^2}",
    direction="higher is better",
    range=(1.0, float("inf")),
    unit="dimensions",
    isotropic=isotropic_participation,
)
def participation_ratio(embeddings: ArrayLike, *, center: Center = True) -> float:
    """Number of directions that share the variance evenly; 1 on a line, at most min(n, d).

    Args:
        embeddings: (n, d), taken as given.
        center: Subtract the mean row first, as for a covariance (the usual definition).

    Raises:
        DataError: As `singular_values`.
    """
    x = _matrix(embeddings, center=center)
    x = x / np.abs(x).max()  # the scale cancels; fourth powers must not overflow
    gram = x.T @ x if x.shape[1] <= len(x) else x @ x.T  # same non-zero eigenvalues
    return float(np.trace(gram) ** 2 / np.square(gram).sum())


@metrics.register(
    "top_share",
    title="Share of the largest directions",
    source="Explained variance of principal components; uncentred unless asked",
    equation=r"\sum_{i\le k}\sigma_i^2\Big/\sum_i\sigma_i^2",
    direction="lower is better",
    range=(0.0, 1.0),
    unit="share",
    isotropic=None,
)
def top_share(
    embeddings: ArrayLike,
    *,
    k: Annotated[int, Range(1, 1024, "Directions counted", (1, 3, 10))] = 1,
    center: Center = False,
) -> float:
    """Share of the squared length (or variance, if centred) in the k largest directions; 1 when collapsed.

    Args:
        embeddings: (n, d), taken as given.
        k: Directions counted; 1 from min(n, d) on.
        center: Subtract the mean row first.

    Raises:
        DataError: As `singular_values`.
    """
    return energy_share(singular_values(embeddings, center=center), k)
