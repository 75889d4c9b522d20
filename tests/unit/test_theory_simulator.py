"""Scenes and the gradient flow: against autograd, closed forms, and what must hold of any path downhill."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from scipy.optimize import minimize

from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import losses
from simcse_core.losses.layouts import LAYOUTS
from simcse_core.metrics.alignment import alignment
from simcse_core.theory.references import floor, polygon_uniformity
from simcse_core.theory.scenes import SCENES, angles, circle, marks, scene
from simcse_core.theory.simulator import (
    info_nce_gradient,
    objectives,
    simulate,
    spread_of_views,
    steady_step,
    step,
    value_and_gradient,
)


def tangent(views: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    return gradient - (gradient * views).sum(axis=-1, keepdims=True) * views


@pytest.mark.parametrize("name", list(SCENES))
@pytest.mark.parametrize("dimension", [2, 3, 5])
def test_a_scene_is_pairs_of_unit_vectors_and_deterministic(name: str, dimension: int) -> None:
    found = scene(name, 8, dimension=dimension, seed=3)
    assert found.views.shape == (2, 8, dimension)
    assert np.linalg.norm(found.views, axis=-1) == pytest.approx(np.ones((2, 8)))
    assert (scene(name, 8, dimension=dimension, seed=3).views == found.views).all()
    degrees = angles(name, 8)
    assert (degrees >= -180).all() and (degrees < 180).all()
    assert (np.round(degrees * 10) / 10 == degrees).all()


def test_scenes_are_what_they_are_called() -> None:
    heap, ring, chance = (scene(name, 8).views for name in ("collapse", "ring", "random"))
    assert (alignment(*heap), spread_of_views(heap)) == (0, 0)
    assert alignment(*ring) == 0 and spread_of_views(ring) == pytest.approx(polygon_uniformity(8), abs=1e-4)
    many = [alignment(*scene("random", 64, seed=seed).views) for seed in range(20)]
    assert np.mean(many) == pytest.approx(2, abs=0.1) and alignment(*chance) > 0.5
    one, two = scene("clusters", 8).views[0, :2]
    assert one @ two < -0.8


def test_a_false_and_a_hard_negative_are_marked_and_lie_where_they_should() -> None:
    anchor, positive = scene("false", 6).views
    assert marks("false", 6)[:3] == ("", "false", "")
    assert anchor[0] @ positive[1] > 0.98
    anchor, positive = scene("hard", 6).views
    assert marks("hard", 6)[1] == "hard"
    assert anchor[0] @ positive[1] > anchor[0] @ positive[0]  # nearer than its own positive
    assert marks("ring", 6) == ("",) * 6


def test_unknown_scenes_and_impossible_counts_are_refused() -> None:
    with pytest.raises(ConfigError, match="There are: cone"):
        scene("nothing", 5)
    for name, pairs in (("ring", 1), ("false", 2), ("ring", 513)):
        with pytest.raises(DataError):
            angles(name, pairs)
    with pytest.raises(DataError):
        scene("ring", 5, dimension=1)


@given(
    n=some.integers(2, 7),
    d=some.integers(2, 5),
    seed=some.integers(0, 999),
    tau=some.sampled_from([0.02, 0.05, 0.3, 1.0, 10.0]),
)
def test_the_closed_gradient_is_that_of_the_registered_loss(n: int, d: int, seed: int, tau: float) -> None:
    views = scene("random", n, dimension=d, seed=seed).views
    value, gradient = info_nce_gradient(views, temperature=tau)
    given_views = torch.tensor(views, requires_grad=True)
    loss = losses["info_nce"](given_views[0], given_views[1], temperature=tau)
    (slope,) = torch.autograd.grad(loss, given_views)  # through the cosine: tangential already
    assert value == pytest.approx(float(loss.detach()), rel=1e-9, abs=1e-12)
    assert tangent(views, gradient) == pytest.approx(slope.numpy(), rel=1e-7, abs=1e-9 / tau)


def test_every_objective_on_similarities_can_be_followed() -> None:
    assert {"info_nce", "info_nce_interleaved"} <= set(objectives())
    for name in objectives():
        assert losses.info(name).traits["layout"] in LAYOUTS
        views = scene("cone", 5).views
        flow = simulate(views, objective=name, steps=5, step_size=0.01)
        assert flow.loss[-1] < flow.loss[0], name
        function = value_and_gradient(name, {p: q.default for p, q in params(name).items()})
        _, gradient = function(views)
        given_views = torch.tensor(views, requires_grad=True)
        (slope,) = torch.autograd.grad(losses[name](given_views[0], given_views[1]), given_views)
        assert tangent(views, gradient) == pytest.approx(slope.numpy(), abs=1e-9), name


@pytest.mark.parametrize("name", ["cone", "random", "hard"])
def test_without_a_step_size_no_objective_rises(name: str) -> None:
    """Not even the steep ones, for which the step of InfoNCE is a hundred times too long."""
    for objective in objectives():
        flow = simulate(scene(name, 5).views, objective=objective, steps=40, noise=0.01)
        assert np.diff(flow.loss).max() <= 1e-12 * max(1.0, flow.loss[0]), objective
        assert flow.loss[-1] < flow.loss[0], objective


def test_a_given_step_size_is_taken_as_it_is() -> None:
    views = scene("cone", 5).views
    _, gradient = info_nce_gradient(views, temperature=0.5)
    flow = simulate(views, steps=1, step_size=0.3, temperature=0.5)
    assert flow.views[1] == pytest.approx(step(views, gradient, 0.3))
    assert np.diff(simulate(views, steps=5, step_size=500.0, temperature=0.5).loss).max() > 0


def params(name: str) -> dict:
    from simcse_core.registry import params_of

    return params_of(losses[name])


@pytest.mark.parametrize("name", list(SCENES))
@pytest.mark.parametrize("dimension", [2, 3])
@pytest.mark.parametrize("tau", [0.02, 0.05, 0.5, 10.0])
def test_the_loss_never_rises_and_points_stay_on_the_sphere(name: str, dimension: int, tau: float) -> None:
    views = scene(name, 6, dimension=dimension).views
    flow = simulate(views, steps=60, noise=0.01, temperature=tau)
    assert flow.views.shape == (61, 2, 6, dimension) and len(flow.loss) == 61
    assert np.diff(flow.loss).max() <= 1e-12
    assert np.linalg.norm(flow.views, axis=-1) == pytest.approx(np.ones((61, 2, 6)))
    assert (flow.uniformity >= floor(6, dimension).value - 1e-9).all()


def test_a_small_step_lowers_the_loss_by_the_squared_gradient() -> None:
    views = scene("cone", 6).views
    value, gradient = info_nce_gradient(views, temperature=0.2)
    along = tangent(views, gradient)
    after, _ = info_nce_gradient(step(views, gradient, 1e-5), temperature=0.2)
    assert (value - after) / 1e-5 == pytest.approx(float(np.square(along).sum()), rel=1e-3)


@pytest.mark.parametrize("tau", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("n", [3, 8])
def test_the_ring_rests(tau: float, n: int) -> None:
    ring = circle(90 + 360 * np.arange(n) / n)
    views = np.stack([ring, ring])
    _, gradient = info_nce_gradient(views, temperature=tau)
    assert tangent(views, gradient) == pytest.approx(np.zeros((2, n, 2)), abs=1e-12)
    assert simulate(views, steps=50, temperature=tau).views[-1] == pytest.approx(views, abs=1e-9)


@pytest.mark.parametrize("tau", [0.1, 0.5, 3.0])
def test_nothing_on_the_circle_lies_below_the_ring(tau: float) -> None:
    """Another way down than the simulator's: a quasi-Newton search over all angles, from many starts."""
    n = 6
    turn = 2 * np.pi * np.arange(n) / n

    def loss(angles: np.ndarray) -> tuple[float, np.ndarray]:
        views = circle(np.degrees(angles.reshape(2, n)))
        value, gradient = info_nce_gradient(views, temperature=tau)
        along = np.stack([-views[..., 1], views[..., 0]], axis=-1)
        return value, (gradient * along).sum(axis=-1).ravel()

    ring, _ = loss(np.concatenate([turn, turn]))
    starts = np.random.default_rng(0).uniform(0, 2 * np.pi, size=(8, 2 * n))
    found = [minimize(loss, start, jac=True).fun for start in starts]
    assert min(found) == pytest.approx(ring, rel=1e-6)


def test_an_exact_collapse_rests_and_noise_opens_it() -> None:
    views = scene("collapse", 8).views
    still = simulate(views, steps=50, temperature=0.5)
    assert still.views[-1] == pytest.approx(views) and still.loss == pytest.approx(np.full(51, np.log(8)))
    open_ = simulate(views, steps=300, noise=0.01, temperature=0.5)
    assert open_.uniformity[0] > -0.01 and open_.uniformity[-1] < polygon_uniformity(8) + 0.01
    assert open_.alignment[-1] < 1e-3


def test_the_ring_in_three_dimensions_leaves_its_plane() -> None:
    views = scene("ring", 6, dimension=3).views
    assert simulate(views, steps=100, temperature=0.5).views[-1] == pytest.approx(views, abs=1e-9)
    flow = simulate(views, steps=300, noise=0.01, temperature=0.5)
    assert flow.uniformity[-1] == pytest.approx(floor(6, 3).value, abs=0.05)  # the octahedron


def test_pairs_that_mean_the_same_are_torn_apart() -> None:
    """The loss cannot know: the false negative is pushed away as any other."""
    flow = simulate(scene("false", 8).views, steps=300, temperature=0.5)
    cosine = (flow.views[:, 0, 0] * flow.views[:, 0, 1]).sum(axis=-1)
    assert cosine[0] > 0.99 and cosine[-1] < 0.8


def test_the_same_arguments_give_the_same_path() -> None:
    views = scene("random", 5, dimension=4, seed=2).views
    one, two = (simulate(views, steps=20, noise=0.1, seed=7, temperature=0.1) for _ in range(2))
    assert (one.views == two.views).all() and (one.loss == two.loss).all()
    assert (simulate(views, steps=20, noise=0.1, seed=8, temperature=0.1).views != one.views).any()
    turned = simulate(views @ np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0], temperature=0.1)
    assert turned.loss == pytest.approx(simulate(views, temperature=0.1).loss)


def test_more_pairs_do_not_move_more_slowly() -> None:
    assert steady_step(16, 0.1) == 2 * steady_step(8, 0.1)
    assert steady_step(8, 10.0) == pytest.approx(8 * 10 * 0.1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"objective": "nothing"}, ConfigError),
        ({"temperature": 0.0}, DataError),
        ({"objective": "info_nce_interleaved", "temperature": -1.0}, ConfigError),
        ({"weight": 1.0}, ConfigError),
        ({"steps": -1}, DataError),
        ({"noise": -1.0}, DataError),
        ({"step_size": np.inf}, DataError),
    ],
)
def test_what_cannot_be_followed_is_refused(change: dict, error: type[Exception]) -> None:
    with pytest.raises(error):
        simulate(scene("cone", 4).views, **change)


@pytest.mark.parametrize(
    "views", [np.ones((2, 1, 2)), np.ones((3, 4, 2)), np.zeros((2, 4, 2)), np.ones((2, 2))]
)
def test_what_is_no_batch_of_pairs_is_refused(views: np.ndarray) -> None:
    with pytest.raises(DataError):
        simulate(views)
