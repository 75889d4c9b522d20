"""How much of the neighbourhoods a picture keeps; to be shown beside every map."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError


def neighbours_kept(embeddings: ArrayLike, points: ArrayLike, *, k: int = 10) -> float:
    """Share of the k nearest neighbours by cosine that are among the k nearest on the picture too, in [0, 1].

    1 when every neighbourhood survives; about k / (n - 1) for a random picture.

    Args:
        embeddings: (n, d), any length; compared by cosine.
        points: (n, 2) or (n, 3), compared by distance.
        k: Neighbours counted, below n.

    Raises:
        DataError: Unequal n, or k not in [1, n - 1].
    """
    from sklearn.neighbors import NearestNeighbors

    x, y = _checked(embeddings, points, k)
    near, shown = (
        NearestNeighbors(n_neighbors=k).fit(rows).kneighbors(return_distance=False) for rows in (x, y)
    )
    return float(
        np.mean([len(set(a) & set(b)) / k for a, b in zip(near.tolist(), shown.tolist(), strict=True)])
    )


def trustworthiness(embeddings: ArrayLike, points: ArrayLike, *, k: int = 10) -> float:
    """Whether neighbours on the picture are neighbours in truth, in [0, 1] (Venna & Kaski 2001).

    False neighbours cost by how far away they truly are; 1 when there are none.

    Args:
        embeddings: (n, d), any length; compared by cosine.
        points: (n, 2) or (n, 3), compared by distance.
        k: Neighbours counted, below n / 2.

    Raises:
        DataError: Unequal n, or k not in [1, n / 2).
    """
    from sklearn import manifold

    x, y = _checked(embeddings, points, k)
    if 2 * k >= len(x):
        raise DataError(f"trustworthiness with {k} neighbours needs more than {2 * k} rows; got {len(x)}.")
    return float(manifold.trustworthiness(x, y, n_neighbors=k))


def _checked(
    embeddings: ArrayLike, points: ArrayLike, k: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.asarray(embeddings, dtype=np.float64), np.asarray(points, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise DataError(f"Embeddings and picture need the same rows; got shapes {x.shape} and {y.shape}.")
    if not 1 <= k < len(x):
        raise DataError(f"{k} neighbours of {len(x)} rows; allowed: 1 to {len(x) - 1}.")
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not (lengths > 0).all() or not np.isfinite(y).all():
        raise DataError("A row of the embeddings or of the picture holds NaN, infinity or only zeros.")
    return x / lengths, y  # on unit rows, order by distance is order by cosine
