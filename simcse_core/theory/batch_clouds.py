"""Many dropout views of a few sentences: how far they scatter, and where they lie in the plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.projection.pca import PCA
from simcse_core.theory.walk_arrays import unit_rows

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cloud:
    """Views of n sentences under one dropout, at length 1.

    Attributes:
        dropout: Probability, in [0, 1).
        points: (n, m, 2) on axes that all clouds of a set share.
        degrees: (n,) mean angle between a view and the mean direction of its sentence.
        cosine: (n,) mean cosine of two different views.
        explained: Share of the variance, over all sentences and views, that lies in the plane.
    """

    dropout: float
    points: Floats
    degrees: Floats
    cosine: Floats
    explained: float

    def take(self, size: int) -> Cloud:
        """The first `size` sentences, on the same axes."""
        kept = (self.points[:size], self.degrees[:size], self.cosine[:size])
        return Cloud(self.dropout, *kept, self.explained)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with four decimals."""
        return {
            "dropout": self.dropout,
            "points": self.points.round(4).tolist(),
            "degrees": self.degrees.round(4).tolist(),
            "cosine": self.cosine.round(6).tolist(),
            "explained": round(self.explained, 4),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Cloud:
        """The cloud in a decoded file.

        Raises:
            KeyError: A field is missing.
        """
        points, degrees, cosine = (np.asarray(plain[name]) for name in ("points", "degrees", "cosine"))
        return cls(float(plain["dropout"]), points, degrees, cosine, float(plain["explained"]))


def clouds_of(views: Mapping[float, Any]) -> list[Cloud]:
    """Clouds of the same sentences under several dropouts, on the axes of the widest.

    Args:
        views: Dropout → (n, m, d) embeddings, any length above 0; m of 2 or more.

    Raises:
        DataError: No views, or fewer than two of a sentence.
    """
    if not views or min(values.shape[1] for values in views.values()) < 2:
        raise DataError("A cloud needs two or more views of each sentence.")
    unit = {dropout: _unit(values) for dropout, values in views.items()}
    widest = unit[max(unit)]
    axes = PCA.fit(widest.reshape(-1, widest.shape[2]), k=2)
    return [_cloud(dropout, values, axes) for dropout, values in unit.items()]


def _unit(values: Any) -> Floats:
    found: Floats = unit_rows(values.reshape(-1, values.shape[2])).reshape(values.shape)
    return found


def _cloud(dropout: float, unit: Floats, axes: PCA) -> Cloud:
    n, m, d = unit.shape
    flat = unit.reshape(-1, d)
    points = axes.transform(flat)
    centred = flat - axes.mean
    total = float(np.square(centred).sum())
    sums = unit.sum(axis=1)  # (n, d)
    cosine = (np.square(sums).sum(axis=1) - m) / (m * (m - 1))
    middle = unit_rows(sums)[:, None]
    chords = np.linalg.norm(unit - middle, axis=2)
    degrees = np.degrees(2 * np.arcsin(np.minimum(chords / 2, 1))).mean(axis=1)
    explained = float(np.square(points).sum()) / total if total else 0.0
    return Cloud(dropout, points.reshape(n, m, 2), degrees, cosine, explained)
