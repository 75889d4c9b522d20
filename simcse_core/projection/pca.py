"""Principal components, the same on every machine and in every order of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.linalg import svd
from simcse_core.projection.base import Fitted, alignments, projections, rotated_backwards

SOURCE = "Pearson 1901; Jolliffe 2002, Principal Component Analysis, 2nd ed."


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
        _, values, directions = svd(x - mean)
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


@projections.register(
    "pca", title="PCA", source=SOURCE, equation=r"Y=(X-\bar x)\,[v_1\ v_2],\quad \Sigma v_i=\lambda_i v_i"
)
def principal_components(rows: NDArray[np.float64], dimensions: int, seed: int) -> Fitted:
    """The directions in which the sentences differ most; distances only ever shrink."""
    axes = PCA.fit(rows, k=dimensions)
    return Fitted(axes.transform(rows), axes.transform, tuple(axes.explained.tolist()))


@alignments.register(
    "pca",
    title="PCA, axes of the last step",
    source=SOURCE,
    equation=r"Y_t=(X_t-\bar x_T)\,[v_1\ v_2]_T",
    collapse=True,
)
def fixed_axes(steps: Sequence[NDArray[np.float64]], dimensions: int, seed: int) -> list[NDArray[np.float64]]:
    """One set of axes for all steps: what moves on the picture has moved in truth."""
    return project_steps(steps, k=dimensions)[0]


@alignments.register(
    "pca_rotated",
    title="PCA of each step, turned onto the next",
    source=f"{SOURCE}; Schönemann 1966, doi:10.1007/BF02289451",
    equation=r"Y_t=P_tQ_t,\quad P_t=\mathrm{PCA}(X_t),\quad Q_t=\arg\min_{Q^\top Q=I}|P_tQ-Y_{t+1}|",
    collapse=True,
)
def rotated_axes(
    steps: Sequence[NDArray[np.float64]], dimensions: int, seed: int
) -> list[NDArray[np.float64]]:
    """Each step in its own strongest directions, rotated onto the next step's picture and never stretched."""
    return rotated_backwards([pca(step, k=dimensions) for step in steps])


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
