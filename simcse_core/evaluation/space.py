"""How a run moved a fixed set of sentences: their globe, neighbours and cosines at every evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.evaluation.neighbours import nearest_in
from simcse_core.projection.sphere import sphere_steps

NEIGHBOURS = 5


@dataclass(frozen=True)
class Space:
    """The same n sentences after several numbers of steps.

    Attributes:
        texts: The sentences.
        subjects: What each is about.
        steps: (s,) optimiser steps, rising.
        points: (s, n, 3) on the unit globe, all steps on the axes of the last one.
        neighbours: (s, n, k) rows nearest by cosine in full dimension, nearest first, itself excluded.
        cosines: (s, n, k) their cosines.
        density: (s, b) density of the cosines of all n(n-1)/2 pairs.
        means: (s,) mean of those cosines.
    """

    texts: tuple[str, ...]
    subjects: tuple[str, ...]
    steps: tuple[int, ...]
    points: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    cosines: NDArray[np.float32]
    density: NDArray[np.float64]
    means: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, rounded to what a screen can show."""
        return {
            "texts": list(self.texts),
            "subjects": list(self.subjects),
            "steps": list(self.steps),
            "points_thousandths": np.rint(self.points * 1000).astype(int).tolist(),
            "neighbours": self.neighbours.tolist(),
            "cosines_thousandths": np.rint(self.cosines * 1000).astype(int).tolist(),
            "density": np.round(self.density, 4).tolist(),
            "means": np.round(self.means, 5).tolist(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Space:
        """Inverse of `to_dict`."""
        return cls(
            texts=tuple(plain["texts"]),
            subjects=tuple(plain["subjects"]),
            steps=tuple(plain["steps"]),
            points=np.asarray(plain["points_thousandths"], dtype=np.float32) / np.float32(1000),
            neighbours=np.asarray(plain["neighbours"], dtype=np.int64),
            cosines=np.asarray(plain["cosines_thousandths"], dtype=np.float32) / np.float32(1000),
            density=np.asarray(plain["density"], dtype=np.float64),
            means=np.asarray(plain["means"], dtype=np.float64),
        )


def space_of(
    steps: Mapping[int, ArrayLike], texts: Sequence[str], subjects: Sequence[str], *, edges: ArrayLike
) -> Space:
    """Look at embeddings kept during a run.

    Args:
        steps: Optimiser step -> (n, d) embeddings of `texts`, any length.
        texts: (n,) sentences.
        subjects: (n,) what they are about.
        edges: (b + 1,) bin edges of the cosines; values beyond go to the outer bins.

    Raises:
        DataError: No step, or rows that do not match the texts.
    """
    order = sorted(steps)
    clouds = [_unit(steps[step]) for step in order]
    if not clouds or any(len(cloud) != len(texts) for cloud in clouds) or len(texts) != len(subjects):
        raise DataError(f"{len(texts)} sentences need as many rows at one or more steps.")
    found = [_relations(cloud, np.asarray(edges, dtype=np.float64)) for cloud in clouds]
    return Space(
        texts=tuple(texts),
        subjects=tuple(subjects),
        steps=tuple(order),
        points=np.stack(sphere_steps(clouds)).astype(np.float32),
        neighbours=np.stack([f[0] for f in found]),
        cosines=np.stack([f[1] for f in found]).astype(np.float32),
        density=np.stack([f[2] for f in found]),
        means=np.array([f[3] for f in found]),
    )


def _unit(rows: ArrayLike) -> NDArray[np.float64]:
    x = np.asarray(rows, dtype=np.float64)
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    found: NDArray[np.float64] = x / np.where(lengths > 0, lengths, 1.0)
    return found


def _relations(
    unit: NDArray[np.float64], edges: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], float]:
    """Nearest rows, their cosines, density and mean of all pairs' cosines."""
    cosines = unit @ unit.T  # (n, n)
    pairs = cosines[np.triu_indices(len(unit), k=1)]
    density = np.histogram(np.clip(pairs, edges[0], edges[-1]), edges, density=True)[0]
    return *nearest_in(cosines, NEIGHBOURS), density, float(pairs.mean())
