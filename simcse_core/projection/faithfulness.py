"""How much of the neighbourhoods a picture keeps; to be shown beside every map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError

BLOCK = 4_000_000  # distances held at once: 32 MB

Rows = NDArray[Any]


def neighbours_kept(
    embeddings: ArrayLike, points: ArrayLike, *, k: int = 10, asked: ArrayLike | None = None
) -> float:
    """Share of the k nearest neighbours by cosine that are among the k nearest on the picture too, in [0, 1].

    1 when every neighbourhood survives; about k / (n - 1) for a random picture.

    Args:
        embeddings: (n, d), any length; compared by cosine.
        points: (n, 2) or (n, 3), compared by distance.
        k: Neighbours counted, below n.
        asked: Numbers of the rows whose neighbours are counted; all if None. Neighbours are sought among all.

    Raises:
        DataError: Unequal n, or k not in [1, n - 1].
    """
    x, y = _checked(embeddings, points, k)
    return _measured(x, y, k, _numbers(asked, len(x)))[1]


def trustworthiness(
    embeddings: ArrayLike, points: ArrayLike, *, k: int = 10, asked: ArrayLike | None = None
) -> float:
    """Whether neighbours on the picture are neighbours in truth, in [0, 1] (Venna & Kaski 2001).

    False neighbours cost by how far away they truly are; 1 when there are none.

    Args:
        embeddings: (n, d), any length; compared by cosine.
        points: (n, 2) or (n, 3), compared by distance.
        k: Neighbours counted, below n / 2.
        asked: Numbers of the rows whose neighbours are judged; all if None. Neighbours are sought among all.

    Raises:
        DataError: Unequal n, or k not in [1, n / 2).
    """
    return faithfulness(embeddings, points, k=k, asked=asked)[0]


def faithfulness(
    embeddings: ArrayLike, points: ArrayLike, *, k: int = 10, asked: ArrayLike | None = None
) -> tuple[float, float]:
    """`trustworthiness` and `neighbours_kept` from one look at the distances.

    Raises:
        DataError: As `trustworthiness`.
    """
    x, y = _checked(embeddings, points, k)
    if 2 * k >= len(x):
        raise DataError(f"trustworthiness with {k} neighbours needs more than {2 * k} rows; got {len(x)}.")
    return _measured(x, y, k, _numbers(asked, len(x)))


def _measured(x: Rows, y: Rows, k: int, rows: NDArray[np.intp]) -> tuple[float, float]:
    n, cost, kept = len(x), 0, 0
    for true, shown in _distances(x, y, rows):
        near, seen = (np.argpartition(d, k - 1, axis=1)[:, :k] for d in (true, shown))
        kept += sum(len(set(a) & set(b)) for a, b in zip(near.tolist(), seen.tolist(), strict=True))
        places = np.arange(len(true))
        for column in seen.T:
            rank = 1 + (true < true[places, column][:, None]).sum(axis=1)
            cost += int(np.maximum(rank - k, 0).sum())
    worst = len(rows) * k * (2 * n - 3 * k - 1) / 2  # of the cost, reached only where 2k < n
    return 1.0 - cost / worst if worst > 0 else 0.0, kept / (k * len(rows))


def _numbers(asked: ArrayLike | None, n: int) -> NDArray[np.intp]:
    rows = np.arange(n) if asked is None else np.asarray(asked, dtype=np.intp)
    if rows.ndim != 1 or not rows.size or rows.min() < 0 or rows.max() >= n:
        raise DataError(f"The rows asked about must be numbers from 0 to {n - 1}.")
    return rows


def _distances(x: Rows, y: Rows, rows: NDArray[np.intp]) -> Iterator[tuple[Rows, Rows]]:
    """Squared distances of blocks of `rows` to all rows, (b, n) in truth and (b, n) on the picture."""
    size = max(1, BLOCK // len(x))
    squares = [np.square(z).sum(axis=1) for z in (x, y)]
    for start in range(0, len(rows), size):
        block = rows[start : start + size]
        found = []
        for z, square in zip((x, y), squares, strict=True):
            distances = square[block][:, None] + square - 2 * (z[block] @ z.T)
            distances[np.arange(len(block)), block] = np.inf  # no row is its own neighbour
            found.append(distances)
        yield found[0], found[1]


def _checked(embeddings: ArrayLike, points: ArrayLike, k: int) -> tuple[Rows, Rows]:
    x, y = np.asarray(embeddings), np.asarray(points, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or len(x) != len(y):
        raise DataError(f"Embeddings and picture need the same rows; got shapes {x.shape} and {y.shape}.")
    if not 1 <= k < len(x):
        raise DataError(f"{k} neighbours of {len(x)} rows; allowed: 1 to {len(x) - 1}.")
    x = x if x.dtype == np.float32 else x.astype(np.float64, copy=False)  # no second copy of a large file
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or not (lengths > 0).all() or not np.isfinite(y).all():
        raise DataError("A row of the embeddings or of the picture holds NaN, infinity or only zeros.")
    x = x / lengths  # on unit rows, order by distance is order by cosine
    # centred: the rows of a collapsed encoder differ in the last digits of their cosines
    x -= x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    return x, y - y.mean(axis=0)
