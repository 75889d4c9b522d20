"""Points on the sphere that follow the gradient of an objective, as if an encoder could put them anywhere.

Each step takes the Euclidean gradient, keeps its part along the sphere, moves, and returns to length 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.errors import ConfigError, DataError
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.checks import unit_rows
from simcse_core.metrics.uniformity import uniformity
from simcse_core.theory.anatomy import Floats, checked_temperature, divided, softmax_parts

CLOSED = "info_nce"
"""The objective whose gradient is a closed form here; the others are differentiated automatically."""
MOST_STEPS = 5000
MOST_HALVINGS = 40
ROUNDING = 1e-14
"""A loss that rises by no more, relative to itself or to 1, does not rise."""
_PACE = 0.1  # radians a point moves in a step, at most, where the temperature is high
ValueAndGradient = Callable[[Floats], tuple[float, Floats]]


@dataclass(frozen=True, eq=False)
class Flow:
    """A path of N pairs downhill; T steps, so T + 1 states.

    Attributes:
        views: (T + 1, 2, N, d) unit vectors: anchors and positives.
        loss: (T + 1,) the objective.
        alignment: (T + 1,) mean squared distance of positives.
        uniformity: (T + 1,) mean of both views' uniformities, nats.
    """

    views: Floats
    loss: Floats
    alignment: Floats
    uniformity: Floats


def simulate(
    views: ArrayLike,
    *,
    objective: str = CLOSED,
    steps: int = 200,
    step_size: float | None = None,
    noise: float = 0.0,
    seed: int = 0,
    **parameters: float,
) -> Flow:
    """Follow an objective downhill from given pairs; the same arguments give the same path.

    Args:
        views: (2, N, d): anchors and positives, N and d two or more, any length; L2-normalised here.
        objective: Name of a loss with the traits `layout` and `on_similarities`; see `objectives`.
        steps: T, up to 5,000.
        step_size: Multiplies the gradient of the batch's mean loss. If absent `steady_step`, halved where
            the loss would rise, as it may for other objectives than InfoNCE.
        noise: Standard deviation of what is added to every coordinate at the start: an exact collapse has no
            gradient, and nothing would open it.
        seed: Draws the noise.
        **parameters: Settings of the objective, such as `temperature`; the others keep their defaults.

    Raises:
        ConfigError: No such objective or parameter, a value out of range, or traits are missing.
        DataError: The points or steps cannot be used, or a step leads out of the numbers.
    """
    if not 0 <= steps <= MOST_STEPS or not noise >= 0:
        raise DataError(f"A path takes 0 to {MOST_STEPS} steps and noise of 0 or more.")
    settings = _settings(objective, parameters)
    points = _unit_views(views)
    if noise:
        points = _unit_views(points + noise * np.random.default_rng(seed).normal(size=points.shape))
    function = value_and_gradient(objective, settings)
    states = [_State(points, *function(points))]
    longest = steady_step(points.shape[1], settings.get("temperature"))
    for _ in range(steps):
        here = states[-1]
        if step_size is None:
            states.append(_downhill(here, function, longest))
        else:
            moved = step(here.points, here.gradient, step_size)
            states.append(_State(moved, *function(moved)))
    return _flow(states)


def _flow(states: Sequence[_State]) -> Flow:
    every = np.stack([state.points for state in states])
    return Flow(
        every,
        np.array([state.value for state in states]),
        np.array([alignment(*pair) for pair in every]),
        np.array([spread_of_views(pair) for pair in every]),
    )


class _State(NamedTuple):
    """Points (2, N, d), loss, gradient (2, N, d), and the share of the longest step that led here."""

    points: Floats
    value: float
    gradient: Floats
    share: float = 1.0


def _downhill(here: _State, function: ValueAndGradient, longest: float) -> _State:
    """The next state: with a step halved until the loss does not rise; at rest where no step lowers it."""
    share = min(1.0, 2 * here.share)
    for _ in range(MOST_HALVINGS):
        points = step(here.points, here.gradient, share * longest)
        value, gradient = function(points)
        if value <= here.value + ROUNDING * max(1.0, abs(here.value)):
            return _State(points, value, gradient, share)
        share /= 2
    return here


def steady_step(pairs: int, temperature: float | None) -> float:
    """A step size under which InfoNCE falls: the curvature is near 1/(N τ²), the steepest pull 1/(N τ).

    It grows with N because the loss is a mean: without, more pairs would only move more slowly.
    """
    tau = 1.0 if temperature is None else checked_temperature(temperature)
    return pairs * tau * min(tau, _PACE)


def step(views: Floats, gradient: Floats, step_size: float) -> Floats:
    """One step along the sphere: x ← (x - η g_∥)/‖·‖ with g_∥ = g - (g·x) x; shapes (2, N, d).

    Raises:
        DataError: The result is not finite.
    """
    along = gradient - (gradient * views).sum(axis=-1, keepdims=True) * views
    moved = views - step_size * along
    if not np.isfinite(moved).all():
        raise DataError("The step is too long: the points left the numbers.", hint="Take a smaller step.")
    new: Floats = moved / np.linalg.norm(moved, axis=-1, keepdims=True)
    return new


def info_nce_gradient(views: Floats, *, temperature: float) -> tuple[float, Floats]:
    """Two-view InfoNCE of unit vectors (2, N, d) and its Euclidean gradient in them, (2, N, d).

    ∂L/∂s_ij = (p_ij - [i = j])/(Nτ); an anchor feels its row of that, a positive its column.
    """
    anchor, positive = views
    logits = divided(anchor @ positive.T, temperature)
    heap, probabilities, _ = softmax_parts(logits)
    own = np.einsum("ii->i", logits)
    slopes = (probabilities - np.eye(len(anchor))) / (len(anchor) * temperature)
    return float((heap - own).mean()), np.stack([slopes @ positive, slopes.T @ anchor])


def value_and_gradient(objective: str, settings: Mapping[str, Any]) -> ValueAndGradient:
    """A function from (2, N, d) unit vectors to the objective and its Euclidean gradient (2, N, d)."""
    if objective == CLOSED:
        return lambda views: info_nce_gradient(views, temperature=settings["temperature"])
    return _differentiated(objective, settings)


def _differentiated(objective: str, settings: Mapping[str, Any]) -> ValueAndGradient:
    import torch

    from simcse_core.losses import losses
    from simcse_core.losses.layouts import LAYOUTS

    traits = losses.info(objective).traits
    layout, on_similarities = LAYOUTS[traits["layout"]], traits["on_similarities"]

    def function(views: Floats) -> tuple[float, Floats]:
        given = torch.tensor(views, dtype=torch.float64, requires_grad=True)
        value = on_similarities(*layout(given[0], given[1]), **settings)
        (slope,) = torch.autograd.grad(value, given)
        gradient: Floats = slope.numpy()
        return float(value.detach()), gradient

    return function


def objectives() -> tuple[str, ...]:
    """Names of the registered objectives that a path can follow; loads their library."""
    from simcse_core.losses import losses
    from simcse_core.losses.layouts import LAYOUTS

    traits = {name: losses.info(name).traits for name in losses}
    return tuple(
        n for n, own in traits.items() if own.get("layout") in LAYOUTS and own.get("on_similarities")
    )


def _settings(objective: str, parameters: Mapping[str, float]) -> dict[str, Any]:
    """Parameters checked against the objective; of plain InfoNCE without loading its library."""
    if objective == CLOSED and set(parameters) <= {"temperature"}:
        return {"temperature": checked_temperature(parameters.get("temperature", 0.05))}
    from simcse_core.losses import losses
    from simcse_core.registry import checked

    if objective not in objectives():
        raise ConfigError(
            f"No path can follow the objective {objective}.",
            hint=f"These act on similarities alone: {', '.join(objectives())}.",
        )
    return checked("loss", objective, losses[objective], parameters)


def _unit_views(views: ArrayLike) -> Floats:
    given = np.asarray(views, dtype=np.float64)
    if given.ndim != 3 or given.shape[0] != 2 or given.shape[1] < 2 or given.shape[2] < 2:
        raise DataError(f"Pairs must be (2, N, d) with N and d two or more; got {given.shape}.")
    return unit_rows(given.reshape(-1, given.shape[2]), metric="The simulator").reshape(given.shape)


def spread_of_views(views: ArrayLike) -> float:
    """Uniformity of pairs (2, N, d): the mean of both sides' own, as in the authors' code.

    Over all 2N points together the pairs themselves would count as points that lie too close.
    """
    anchor, positive = np.asarray(views, dtype=np.float64)
    return (uniformity(anchor) + uniformity(positive)) / 2
