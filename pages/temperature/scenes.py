"""Where the points of the circle lie: scenes, and the state in which a visitor has left them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from simcse_core.theory.anatomy import Anatomy, anatomy

LOWEST, HIGHEST = 0.005, 10.0
OPENS_AT = 0.05
TOP = 90.0  # where the anchor stands, degrees anticlockwise from the right
_STATE = re.compile(
    r"(\d{1,2}(?:\.\d{1,6})?)(?: (\d{1,2}:-?\d{1,3}(?:\.\d)?(?:_\d{1,2}:-?\d{1,3}(?:\.\d)?)*))?"
)


@dataclass(frozen=True)
class Scene:
    """An arrangement on the circle.

    Attributes:
        angles: Degrees anticlockwise from the right: the anchor, the positive, then the negatives.
        roles: `anchor`, `positive`, then `negative` or `false` (a negative that means the same).
    """

    angles: tuple[float, ...]
    roles: tuple[str, ...]


def _scene(positive: float, *negatives: float, false: float | None = None) -> Scene:
    """A scene by cosines with the anchor; negatives go right and left in turn, the positive to the left."""
    turns = [math.degrees(math.acos(cosine)) for cosine in negatives]
    sides = [TOP + turn * (1 if k % 2 else -1) for k, turn in enumerate(turns)]
    angles = [TOP, TOP + math.degrees(math.acos(positive)), *sides]
    roles = ["anchor", "positive", *("negative" for _ in negatives)]
    if false is not None:
        angles.append(TOP + math.degrees(math.acos(false)))
        roles.append("false")
    return Scene(tuple(angles), tuple(roles))


def _ring(count: int) -> Scene:
    angles = (TOP, TOP + 12.0, *(TOP - 360.0 * k / (count + 1) for k in range(1, count + 1)))
    return Scene(angles, ("anchor", "positive", *("negative",) * count))


def _crowd(count: int) -> Scene:
    """Cosines at the quantiles of a normal law, mean 0.1 and deviation 0.28, the hardest first."""
    law = NormalDist(0.1, 0.28)
    return _scene(0.9, *(law.inv_cdf(1 - (k + 0.5) / count) for k in range(count)))


SCENES: Mapping[str, Scene] = {
    "hard": _scene(0.95, 0.92, 0.75, 0.5, 0.3, 0.1, -0.1, -0.2),
    "ring": _ring(11),
    "false": _scene(0.9, 0.8, 0.55, 0.3, 0.1, -0.4, false=-0.6),
    "crowd": _crowd(63),
    "behind": _scene(0.5, 0.6, 0.3, 0.0, -0.2),
}


@dataclass(frozen=True)
class State:
    """What a visitor made of a scene: temperature, and the points that were moved (index to degrees)."""

    temperature: float = OPENS_AT
    moved: tuple[tuple[int, float], ...] = ()

    def text(self) -> str:
        """The state as the browser writes it: `0.05 2:64.3_5:-120`."""
        points = "_".join(f"{index}:{angle:g}" for index, angle in self.moved)
        return f"{self.temperature:g} {points}".strip()

    def angles(self, scene: Scene) -> tuple[float, ...]:
        """The scene's angles with the moved points where they are now."""
        changed = dict(self.moved)
        return tuple(changed.get(index, angle) for index, angle in enumerate(scene.angles))


def read_state(text: str, scene: Scene) -> State | None:
    """The state that a text stands for in a scene; None if it stands for none."""
    match = _STATE.fullmatch(text)
    if match is None or not LOWEST <= float(match[1]) <= HIGHEST:
        return None
    pairs = [part.split(":") for part in (match[2] or "").split("_") if part]
    moved = {int(index): float(angle) for index, angle in pairs}
    if any(index >= len(scene.angles) or not -180 <= angle < 180 for index, angle in moved.items()):
        return None
    return State(float(match[1]), tuple(sorted(moved.items())))


def cosines(angles: tuple[float, ...]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Similarity of every candidate with the anchor, the positive first, (C,)."""
    turns = np.radians(np.asarray(angles[1:], dtype=np.float64) - angles[0])
    values: np.ndarray[Any, np.dtype[np.float64]] = np.cos(turns)
    return values


def taken_apart(angles: tuple[float, ...], temperature: float) -> Anatomy:
    """The anatomy of the one row that a scene is, (1, C)."""
    return anatomy([cosines(angles)], [0], temperature=temperature)
