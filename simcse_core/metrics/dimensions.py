"""Which single dimensions make cosines what they are: "rogue" dimensions."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.metrics import metrics
from simcse_core.metrics.anisotropy import mean_cosine, random_pair_cosines
from simcse_core.metrics.checks import finite_rows, unit_rows


def cosine_contributions(embeddings: ArrayLike) -> NDArray[np.float64]:
    """What each dimension adds to the mean cosine of different rows, (d,); the sum is `mean_cosine`.

    Timkey & van Schijndel 2021, arXiv:2109.04404, eq. 4, over all pairs instead of a sample, in O(nd).

    Args:
        embeddings: (n, d), any length; L2-normalised here.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    x = unit_rows(embeddings, metric="cosine_contributions")
    n = len(x)
    found: NDArray[np.float64] = (np.square(x.sum(axis=0)) - np.square(x).sum(axis=0)) / (n * (n - 1))
    return found


def dominant_dimensions(embeddings: ArrayLike, *, count: int = 3) -> NDArray[np.int64]:
    """The dimensions that add most to the mean cosine, largest first, at most `count` of them.

    Raises:
        DataError: As `cosine_contributions`.
    """
    order = np.argsort(-cosine_contributions(embeddings), kind="stable")
    return order[:count].astype(np.int64)


def informativity(embeddings: ArrayLike, *, without: int = 3, seed: int = 0) -> float:
    """Squared correlation of cosines of random pairs with and without the dominant dimensions, in [0, 1].

    1 when the cosines do not depend on these few dimensions; near 0 when they are nothing else
    (arXiv:2109.04404, sec. 4.2).

    Args:
        embeddings: (n, d), d above `without`.
        without: Dimensions left out.
        seed: Draws the pairs where there are more than 20,000.

    Raises:
        DataError: As `cosine_contributions`; or a row that is zero in all other dimensions.
    """
    x = finite_rows(embeddings, metric="informativity")
    kept = np.delete(x, dominant_dimensions(x, count=without), axis=1)
    one, other = (random_pair_cosines(rows, seed=seed) for rows in (x, kept))
    if min(one.std(), other.std()) < 1e-12:
        return 1.0 if one.std() < 1e-12 and other.std() < 1e-12 else 0.0
    return float(np.corrcoef(one, other)[0, 1] ** 2)


def _zero(n: int, d: int) -> float:
    return 0.0


@metrics.register(
    "dominant_dimension",
    title="Cosine owed to the most dominant dimension",
    source="Timkey & van Schijndel 2021, arXiv:2109.04404, eq. 4",
    equation=r"\max_j\;\frac{(\sum_i\hat h_{ij})^2-\sum_i\hat h_{ij}^2}{n(n-1)}",
    direction="lower is better",
    range=(-1.0, 1.0),
    unit="cosine",
    isotropic=_zero,
)
def dominant_dimension(embeddings: ArrayLike) -> float:
    """What one dimension, the largest, adds to the mean cosine of different rows; near 0 when even.

    Args:
        embeddings: (n, d), any length; L2-normalised here.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    return float(cosine_contributions(embeddings).max())


def dominant_share(embeddings: ArrayLike, *, count: int = 3) -> float | None:
    """Share of the mean cosine that the `count` most dominant dimensions make; None where it is 0 or less.

    Raises:
        DataError: As `cosine_contributions`.
    """
    total = mean_cosine(embeddings)
    largest = np.sort(cosine_contributions(embeddings))[::-1][:count]
    return float(largest.sum() / total) if total > 1e-6 else None
