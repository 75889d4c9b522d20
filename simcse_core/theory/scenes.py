"""Pairs of points on the circle or sphere, each scene one situation that a contrastive loss meets.

On the circle every angle is a multiple of 0.1 degree: the same in Python, in the browser and in an address.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.errors import ConfigError, DataError
from simcse_core.theory.anatomy import Floats

Mark = Literal["", "false", "hard"]
MOST_PAIRS = 512
_TOP = 90.0  # degrees: where a scene's first pair lies
_CAP = 35.0  # half the angle of the cone
_OUT = 0.35  # length of what leaves the plane in more than two dimensions


@dataclass(frozen=True, eq=False)
class Scene:
    """N pairs of unit vectors in d dimensions.

    Attributes:
        views: (2, N, d): the anchors, then their positives.
        marks: (N,) what a pair is to pair 0: a false negative (it means the same), a hard one, or nothing.
    """

    views: Floats
    marks: tuple[Mark, ...]


def circle(degrees: ArrayLike) -> Floats:
    """Unit vectors (…, 2) at angles (…), anticlockwise from the right."""
    turned = np.radians(np.asarray(degrees, dtype=np.float64))
    return np.stack([np.cos(turned), np.sin(turned)], axis=-1)


def angles(name: str, pairs: int, *, seed: int = 0) -> Floats:
    """A scene on the circle as angles (2, N) in degrees, in [-180, 180).

    Args:
        name: One of `SCENES`.
        pairs: N, 2 to 512; 3 or more for a false or hard negative.
        seed: Draws what is random in the scene.

    Raises:
        ConfigError: There is no such scene.
        DataError: Too few or too many pairs.
    """
    if name not in SCENES:
        raise ConfigError(f"There is no scene {name}.", hint=f"There are: {', '.join(SCENES)}.")
    least = 3 if MARKS.get(name) else 2
    if not least <= pairs <= MOST_PAIRS:
        raise DataError(f"The scene {name} takes {least} to {MOST_PAIRS} pairs; got {pairs}.")
    found = SCENES[name](pairs, np.random.default_rng(seed))
    wrapped: Floats = np.round((found + 180.0) % 360.0 - 180.0, 1)
    return np.where(wrapped >= 180.0, -180.0, wrapped)


def scene(name: str, pairs: int, *, dimension: int = 2, seed: int = 0) -> Scene:
    """A scene in any dimension: on the circle, or there with a part that leaves the plane.

    Collapse and ring stay exact: one point, and a great circle. `random` covers the whole sphere.

    Args:
        name: One of `SCENES`.
        pairs: N, as in `angles`.
        dimension: d, two or more.
        seed: Draws what is random in the scene.

    Raises:
        ConfigError: There is no such scene.
        DataError: The pairs or the dimension cannot be used.
    """
    if dimension < 2:
        raise DataError(f"Points on a sphere need two dimensions or more; got {dimension}.")
    flat = circle(angles(name, pairs, seed=seed))  # (2, N, 2)
    rng = np.random.default_rng([seed, 1])
    views = np.zeros((2, pairs, dimension))
    views[..., :2] = flat
    if dimension > 2 and name == "random":
        views = rng.normal(size=views.shape)
    elif dimension > 2 and name not in {"collapse", "ring"}:
        views[..., 2:] = _OUT * rng.normal(size=(pairs, dimension - 2))  # the same for both sides of a pair
    views /= np.linalg.norm(views, axis=-1, keepdims=True)
    return Scene(views, marks(name, pairs))


def marks(name: str, pairs: int) -> tuple[Mark, ...]:
    """(N,) marks of a scene's pairs: pair 1 is the false or hard negative of pair 0."""
    found: list[Mark] = [""] * pairs
    found[1] = MARKS.get(name, "")
    return tuple(found)


def _even(pairs: int) -> Floats:
    return _TOP + 360.0 * np.arange(pairs) / pairs


def _cone(pairs: int, rng: np.random.Generator) -> Floats:
    anchor = _TOP + _CAP * np.linspace(-1, 1, pairs)
    return np.stack([anchor, anchor + rng.uniform(-14, 14, size=pairs)])


def _collapse(pairs: int, rng: np.random.Generator) -> Floats:
    return np.full((2, pairs), _TOP)


def _clusters(pairs: int, rng: np.random.Generator) -> Floats:
    side = np.where(np.arange(pairs) % 2 == 0, _TOP, -_TOP)
    return side + rng.uniform(-12, 12, size=(2, pairs))


def _ring(pairs: int, rng: np.random.Generator) -> Floats:
    return np.stack([_even(pairs)] * 2)


def _random(pairs: int, rng: np.random.Generator) -> Floats:
    return rng.uniform(-180, 180, size=(2, pairs))


def _false(pairs: int, rng: np.random.Generator) -> Floats:
    """A ring of N - 1 places; pair 1 stands where pair 0 does, but for 4 degrees."""
    place = np.concatenate([[_TOP, _TOP + 4.0], _even(pairs - 1)[1:]])
    return np.stack([place - 3.0, place + 3.0])


def _hard(pairs: int, rng: np.random.Generator) -> Floats:
    """A ring of N - 1 places; anchor 0 has pair 1 nearer than its own positive."""
    place = np.concatenate([[_TOP], _even(pairs - 1)])
    found = np.stack([place - 3.0, place + 3.0])
    found[:, 0] = _TOP + 20.0, _TOP - 20.0
    found[:, 1] = _TOP + 10.0, _TOP + 4.0
    return found


SCENES: Mapping[str, Callable[[int, np.random.Generator], Floats]] = {
    "cone": _cone,
    "collapse": _collapse,
    "clusters": _clusters,
    "ring": _ring,
    "random": _random,
    "false": _false,
    "hard": _hard,
}
"""Name → angles (2, N) in degrees of N pairs: an untrained encoder's cone, all in one place, two heaps, the
ideal, pure chance, a false negative, a hard negative."""
MARKS: Mapping[str, Mark] = {"false": "false", "hard": "hard"}
