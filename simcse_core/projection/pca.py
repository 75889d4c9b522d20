"""Principal components, the same on every machine and in every order of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError


@dataclass(frozen=True, eq=False)
class PCA:
    """A fitted projection.

    Attributes:
        mean: (d,) subtracted first; zeros if the fit was not centred.
        components: (k, d) orthonormal, strongest first; the largest entry of each is positive.
        explained: (k,) share of the variance (of the squared length, if not centred) in each, in [0, 1].
    """

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    explained: NDArray[np.float64]

    @classmethod
    def fit(cls, embeddings: ArrayLike, *, k: int = 2, center: bool = True) -> Self:
        """Find the k strongest directions of (n, d) embeddings.

        Where the rows vary in fewer than k directions, the others are zero vectors with nothing explained.

        Raises:
            DataError: No row, wrong shape, NaN, or k above d.
        """
        x = _rows(embeddings)
        if not 1 <= k <= x.shape[1]:
            raise DataError(f"A projection to {k} dimensions needs rows of {k} or more; got {x.shape[1]}.")
        mean = x.mean(axis=0) if center else np.zeros(x.shape[1])
        _, values, directions = np.linalg.svd(x - mean, full_matrices=False)
        components, explained = np.zeros((k, x.shape[1])), np.zeros(k)
        rank = min(k, int((values > 1e-12 * np.linalg.norm(x)).sum()))
        components[:rank] = signed(directions[:rank])
        explained[:rank] = (
            np.square(values[:rank] / values[0]) / np.square(values / values[0]).sum() if rank else 0.0
        )
        return cls(mean, components, explained)

    def transform(self, embeddings: ArrayLike) -> NDArray[np.float64]:
        """(n, d) -> (n, k).

        Raises:
            DataError: Another width, NaN.
        """
        x = _rows(embeddings)
        if x.shape[1] != len(self.mean):
            raise DataError(f"The projection was fitted on {len(self.mean)} dimensions; got {x.shape[1]}.")
        found: NDArray[np.float64] = (x - self.mean) @ self.components.T
        return found


def pca(embeddings: ArrayLike, *, k: int = 2) -> NDArray[np.float64]:
    """Coordinates on the k strongest centred components, (n, d) -> (n, k).

    Raises:
        DataError: As `PCA.fit`.
    """
    return PCA.fit(embeddings, k=k).transform(embeddings)


def project_steps(steps: Sequence[ArrayLike], *, k: int = 2) -> tuple[list[NDArray[np.float64]], PCA]:
    """The same sentences at several training steps, on one set of axes: those of the last step.

    Axes fitted once cannot turn or flip from frame to frame, so what moves is the embeddings. The mean of the
    last step is subtracted from every frame, hence a shift of the whole cloud is seen as one.

    Args:
        steps: One (n, d) array a step, rows in one order, oldest first.
        k: Dimensions kept.

    Returns:
        One (n, k) array a step, and the axes.

    Raises:
        DataError: No step, unequal shapes, or as `PCA.fit`.
    """
    frames = [_rows(step) for step in steps]
    if not frames or len({frame.shape for frame in frames}) > 1:
        raise DataError(f"The steps need one shape; got {[frame.shape for frame in frames]}.")
    axes = PCA.fit(frames[-1], k=k)
    return [axes.transform(frame) for frame in frames], axes


def signed(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows turned so that the entry of largest size is positive, (k, d) -> (k, d)."""
    largest = np.abs(directions).argmax(axis=1)
    signs = np.sign(directions[np.arange(len(directions)), largest])
    return directions * np.where(signs == 0, 1.0, signs)[:, None]


def _rows(embeddings: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(embeddings, dtype=np.float64)
    if x.ndim != 2 or not x.size:
        raise DataError(f"A projection needs rows of embeddings (n, d); got shape {x.shape}.")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if bad.size:
        raise DataError(f"Projection: row {bad[0]} (counted from 0) holds NaN or infinity.")
    return x
