"""The charge picture: the Gaussian is exact, the inverse square touches it once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simcse_core.errors import DataError
from simcse_core.metrics.uniformity import uniformity
from simcse_core.theory.anatomy import anatomy
from simcse_core.theory.charge import gaussian_charge, inverse_square, parting

TAUS = (0.005, 0.05, 0.5, 10.0)


@pytest.mark.parametrize("tau", TAUS)
def test_weights_of_negatives_are_gaussians_of_their_distance(tau: float) -> None:
    cosines = np.array([0.9, 0.4, 0.0, -1.0])
    shares = anatomy([[0.8, *cosines]], [0], temperature=tau).shares[0, 1:]
    charges = gaussian_charge(np.sqrt(2 - 2 * cosines), tau)
    assert shares == pytest.approx(charges / charges.sum(), rel=1e-9)


def test_the_width_is_the_root_of_the_temperature() -> None:
    assert gaussian_charge(math.sqrt(0.05), 0.05) == pytest.approx(math.exp(-0.5))
    assert gaussian_charge([0.0, 0.1], 0.05).tolist()[0] == 1.0


def test_the_uniformity_metric_is_the_kernel_of_another_temperature() -> None:
    points = np.random.default_rng(0).normal(size=(40, 5))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(40, 1)]
    mean = gaussian_charge(distances, 1 / (2 * 2)).mean()  # t = 2 is τ = 1/(2t)
    assert float(np.log(mean)) == pytest.approx(uniformity(points, t=2.0), abs=1e-9)


@pytest.mark.parametrize("tau", TAUS)
def test_the_inverse_square_touches_from_above(tau: float) -> None:
    touch = math.sqrt(2 * tau)
    r = touch * np.geomspace(0.1, 4, 401)
    ratio = inverse_square(r, tau) / gaussian_charge(r, tau)
    assert ratio.min() == pytest.approx(1.0, abs=1e-4) and (ratio >= 1 - 1e-12).all()
    assert float(inverse_square(touch, tau)) == pytest.approx(math.exp(-1))
    h = 1e-4 * touch
    slopes = [
        (math.log(float(f(touch + h, tau))) - math.log(float(f(touch - h, tau)))) / (2 * h)
        for f in (inverse_square, gaussian_charge)
    ]
    assert slopes[0] == pytest.approx(slopes[1], rel=1e-6)


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("factor", [1.01, 2.0, 10.0])
def test_they_part_where_one_is_that_many_times_the_other(tau: float, factor: float) -> None:
    near, far = parting(tau, factor=factor)
    assert near < math.sqrt(2 * tau) < far
    for r in (near, far):
        ratio = float(inverse_square(r, tau)) / float(gaussian_charge(r, tau))
        assert ratio == pytest.approx(factor, rel=1e-9)


def test_golden_distances() -> None:
    assert parting(1.0) == pytest.approx((0.6811, 2.3145), abs=5e-5)
    assert parting(0.05) == pytest.approx((0.1523, 0.5175), abs=5e-5)


def test_an_inverse_square_is_infinite_on_the_anchor() -> None:
    assert inverse_square([0.0, 1.0], 0.5).tolist() == [math.inf, pytest.approx(1 / math.e)]


@pytest.mark.parametrize(
    "call",
    [
        lambda: gaussian_charge([-0.1], 0.1),
        lambda: gaussian_charge([math.nan], 0.1),
        lambda: inverse_square([0.1], 0.0),
        lambda: parting(-1.0),
        lambda: parting(0.1, factor=1.0),
    ],
)
def test_nonsense_is_refused(call: Any) -> None:
    with pytest.raises(DataError):
        call()
