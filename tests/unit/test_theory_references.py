"""Reference values of alignment and uniformity: closed forms, golden numbers, Monte Carlo, bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from simcse_core.errors import DataError
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.uniformity import isotropic_uniformity, uniformity
from simcse_core.theory import references
from simcse_core.theory.scenes import circle


def directions(n: int, d: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_collapse_and_two_antipodal_points() -> None:
    assert uniformity(np.ones((5, 3))) == references.COLLAPSE == 0
    assert uniformity([[1.0, 0.0], [-1.0, 0.0]]) == pytest.approx(-8)
    assert references.simplex_uniformity(2) == -8 and references.polygon_uniformity(2) == pytest.approx(-8)


@pytest.mark.parametrize(
    ("d", "golden"), [(2, -1.575027), (3, -2.079777), (64, -3.875236), (384, -3.979168), (768, -3.989583)]
)
def test_the_even_sphere(d: int, golden: float) -> None:
    assert isotropic_uniformity(10, d) == pytest.approx(golden, abs=1e-6)
    # the uniformity kernel with t = 2 is the loss's at temperature 0.25
    assert references.even_log_potential(d, temperature=0.25) - 4 == pytest.approx(golden, abs=1e-6)


def test_a_regular_simplex_has_the_lowest_value_of_all() -> None:
    assert references.simplex_uniformity(5) == -5
    for n in (2, 3, 5, 9):
        corners = np.eye(n) - 1 / n
        assert uniformity(corners) == pytest.approx(references.simplex_uniformity(n))
        assert references.floor(n, n - 1 if n > 2 else 2).arrangement == "simplex"


@pytest.mark.parametrize("n", [3, 4, 7, 16, 60])
def test_a_regular_polygon_is_measured_as_its_closed_form(n: int) -> None:
    assert uniformity(circle(360 * np.arange(n) / n)) == pytest.approx(references.polygon_uniformity(n))


def test_polygons_rise_to_the_even_circle() -> None:
    values = [references.polygon_uniformity(n) for n in range(2, 40)]
    assert (np.diff(values) > 0).all() and values[-1] < isotropic_uniformity(2, 2)
    # n points lack their own kernel value 1 that n² pairs would hold
    full = math.log((1 + 4999 * math.exp(references.polygon_uniformity(5000))) / 5000)
    assert full == pytest.approx(isotropic_uniformity(2, 2), abs=1e-9)


def icosahedron() -> np.ndarray:
    golden = (1 + 5**0.5) / 2
    faces = [(0, a, b * golden) for a in (-1, 1) for b in (-1, 1)]
    corners = np.array([np.roll(face, k) for face in faces for k in range(3)], dtype=float)
    return corners / np.linalg.norm(corners, axis=1, keepdims=True)


def test_named_arrangements_reach_their_floor() -> None:
    octahedron = np.concatenate([np.eye(3), -np.eye(3)])
    for points, name in ((octahedron, "cross-polytope"), (icosahedron(), "icosahedron")):
        found = references.floor(len(points), 3)
        assert (found.arrangement, found.reached) == (name, True)
        assert uniformity(points) == pytest.approx(found.value)
    assert not references.floor(20, 3).reached


@given(n=some.integers(2, 30), d=some.integers(2, 8), seed=some.integers(0, 999), t=some.floats(0.3, 8))
def test_no_points_lie_below_the_floor(n: int, d: int, seed: int, t: float) -> None:
    assert uniformity(directions(n, d, seed), t=t) >= references.floor(n, d, t=t).value - 1e-9


@pytest.mark.parametrize(("n", "d"), [(200, 3), (2000, 3), (500, 8)])
def test_the_bound_for_many_points_is_near(n: int, d: int) -> None:
    gap = isotropic_uniformity(n, d) - references.floor(n, d).value
    assert 0 < gap < 60 / n


def test_chance_has_alignment_two_and_a_known_mean_chord() -> None:
    for d in (2, 3, 50):
        assert references.independent_alignment(d) == pytest.approx(2)
    assert references.independent_alignment(2, alpha=1) == pytest.approx(4 / math.pi)
    assert references.independent_alignment(3, alpha=1) == pytest.approx(4 / 3)
    measured = alignment(directions(100_000, 5), directions(100_000, 5, seed=1), alpha=1)
    assert references.independent_alignment(5, alpha=1) == pytest.approx(measured, abs=5e-3)


@pytest.mark.parametrize(("d", "tau"), [(2, 0.5), (3, 0.2), (10, 0.3), (64, 0.5)])
def test_the_spread_of_even_directions_by_monte_carlo(d: int, tau: float) -> None:
    drawn = np.exp(directions(200_000, d)[:, 0] / tau)
    assert references.even_log_potential(d, temperature=tau) == pytest.approx(
        math.log(drawn.mean()), abs=0.03
    )


def test_the_spread_of_even_directions_at_the_ends() -> None:
    assert references.even_log_potential(8, temperature=100) == pytest.approx(1 / (2 * 8 * 100**2), rel=1e-3)
    tiny = references.even_log_potential(2, temperature=1e-3)  # 1/τ - log √(2π/τ)
    assert tiny == pytest.approx(1000 - 0.5 * math.log(2 * math.pi * 1000), abs=1e-3)
    # on the ordinary sphere: log(τ sinh(1/τ))
    assert references.even_log_potential(3, temperature=0.5) == pytest.approx(math.log(0.5 * math.sinh(2)))
    with pytest.raises(DataError):
        references.even_log_potential(3, temperature=1e-3)


def test_too_few_points_are_refused() -> None:
    with pytest.raises(DataError, match="points"):
        references.floor(1, 3)
    with pytest.raises(DataError, match="dimensions"):
        references.floor(3, 1)
