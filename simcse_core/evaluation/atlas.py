"""Maps of the same sentences at several steps, or by several checkpoints, and their true neighbours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.evaluation.neighbours import NEIGHBOURS, nearest
from simcse_core.evaluation.packing import packed, rounded, unpacked
from simcse_core.projection import project_aligned

_LARGEST = 32767  # of a 16-bit number


@dataclass(frozen=True, eq=False)
class Layout:
    """One projection of every step, in one frame of coordinates.

    Attributes:
        method: Name of the alignment.
        points: (s, n, 2) places.
        trustworthiness: One number a step, in [0, 1]; None where it is undefined.
        kept: Share of the true neighbours that are among the nearest on the picture, in [0, 1], or None.
        chance: What a random picture keeps.
        settings: Of the method.
        seed: What it drew from.
    """

    method: str
    points: NDArray[np.float32]
    trustworthiness: tuple[float | None, ...]
    kept: tuple[float | None, ...]
    chance: float | None
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: points as 16-bit fractions of the largest coordinate."""
        scale = float(np.abs(self.points).max()) or 1.0
        return {
            "method": self.method,
            "scale": scale,
            "points": packed(np.rint(self.points / scale * _LARGEST), "<i2"),
            "trustworthiness": [rounded(value) for value in self.trustworthiness],
            "kept": [rounded(value) for value in self.kept],
            "chance": rounded(self.chance),
            "settings": dict(self.settings),
            "seed": self.seed,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], rows: int) -> Layout:
        """Inverse of `to_dict`, up to its rounding, for maps of `rows` sentences."""
        points = unpacked(plain["points"], "<i2").astype(np.float32).reshape(-1, rows, 2)
        return cls(
            method=plain["method"],
            points=points * np.float32(plain["scale"] / _LARGEST),
            trustworthiness=tuple(plain["trustworthiness"]),
            kept=tuple(plain["kept"]),
            chance=plain["chance"],
            settings=dict(plain["settings"]),
            seed=int(plain["seed"]),
        )


@dataclass(frozen=True, eq=False)
class Atlas:
    """The same n sentences at s steps: neighbours in full dimension, and maps of them.

    Attributes:
        texts: (n,) sentences.
        subjects: (n,) what each is about.
        steps: (s,) optimiser steps, rising; of several checkpoints their numbers.
        neighbours: (s, n, k) rows nearest by cosine in full dimension, nearest first.
        cosines: (s, n, k) their cosines.
        layouts: Maps by name of the method.
    """

    texts: tuple[str, ...]
    subjects: tuple[str, ...]
    steps: tuple[int, ...]
    neighbours: NDArray[np.int64]
    cosines: NDArray[np.float64]
    layouts: Mapping[str, Layout]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able and small: neighbours and cosines as 16-bit numbers in base64."""
        return {
            "texts": list(self.texts),
            "subjects": list(self.subjects),
            "steps": list(self.steps),
            "k": self.neighbours.shape[2],
            "neighbours": packed(self.neighbours, "<u2"),
            "cosines": packed(np.rint(self.cosines * _LARGEST), "<i2"),
            "layouts": {name: layout.to_dict() for name, layout in self.layouts.items()},
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Atlas:
        """Inverse of `to_dict`, up to its rounding.

        Raises:
            ValueError: An array does not have the size that texts, steps and k say.
        """
        rows, shape = len(plain["texts"]), (len(plain["steps"]), len(plain["texts"]), int(plain["k"]))
        layouts = {name: Layout.from_dict(one, rows) for name, one in plain["layouts"].items()}
        if any(one.points.shape != (*shape[:2], 2) for one in layouts.values()):
            raise ValueError("a map without a place for every sentence at every step")
        return cls(
            texts=tuple(plain["texts"]),
            subjects=tuple(plain["subjects"]),
            steps=tuple(int(step) for step in plain["steps"]),
            neighbours=unpacked(plain["neighbours"], "<u2").astype(np.int64).reshape(shape),
            cosines=unpacked(plain["cosines"], "<i2").astype(np.float64).reshape(shape) / _LARGEST,
            layouts=layouts,
        )


def atlas_of(
    steps: Mapping[int, ArrayLike],
    texts: Sequence[str],
    subjects: Sequence[str],
    *,
    methods: Sequence[str] = ("pca",),
    k: int = NEIGHBOURS,
    seed: int = 0,
) -> Atlas:
    """Find the neighbours at every step and lay the steps out.

    Args:
        steps: Step -> (n, d) embeddings of `texts`, any length; d may differ between checkpoints.
        texts: (n,) sentences, all different.
        subjects: (n,) what they are about.
        methods: Registered alignments.
        k: Neighbours; fewer where there are fewer sentences.
        seed: Of the maps.

    Raises:
        DataError: No step, rows that do not match the texts, or as `project_aligned`.
        ConfigError: No such method, or too few sentences for it.
    """
    order = sorted(steps)
    clouds = [np.asarray(steps[step]) for step in order]
    if not clouds or any(len(cloud) != len(texts) for cloud in clouds) or len(texts) != len(subjects):
        raise DataError(f"{len(texts)} sentences need as many rows at one or more steps.")
    found = [nearest(cloud, k=min(k, len(texts) - 1)) for cloud in clouds]
    return Atlas(
        texts=tuple(texts),
        subjects=tuple(subjects),
        steps=tuple(order),
        neighbours=np.stack([rows for rows, _ in found]),
        cosines=np.stack([cosines for _, cosines in found]),
        layouts={method: layout_of(clouds, method, seed=seed) for method in methods},
    )


def layout_of(clouds: Sequence[ArrayLike], method: str, *, seed: int = 0) -> Layout:
    """The same sentences at every step, on one map each, in a common frame.

    Args:
        clouds: One (n, d) array a step, oldest first.
        method: A registered alignment.
        seed: Decides everything that is drawn.

    Raises:
        DataError: As `project_aligned`.
        ConfigError: As `project_aligned`.
    """
    maps = project_aligned(clouds, method, seed=seed)
    return Layout(
        method=method,
        points=np.stack([one.points for one in maps]).astype(np.float32),
        trustworthiness=tuple(one.trustworthiness for one in maps),
        kept=tuple(one.neighbours_kept for one in maps),
        chance=maps[-1].by_chance,
        settings=maps[-1].settings,
        seed=seed,
    )
