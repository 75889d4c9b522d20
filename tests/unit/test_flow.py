"""BERT-flow: invertible, with the right volume, learning what it claims to."""

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import kstest, kurtosis, multivariate_normal

from simcse_core.errors import DataError
from simcse_core.postprocess import from_dict, glow, to_dict
from simcse_core.postprocess.flow import Flow

ENTROPY = 0.5 * math.log(2 * math.pi * math.e)  # of a standard normal, nats per dimension


def bent(n: int = 500, d: int = 12, seed: int = 0) -> NDArray[np.float64]:
    """Rows of which half is a curved, noisy function of the other half: no Gaussian, far from 0."""
    rng = np.random.default_rng(seed)
    first = rng.normal(size=(n, d // 2))
    second = np.abs(first) * 2 + 0.1 * rng.normal(size=(n, d // 2))
    return np.concatenate([first, second], axis=1) @ rng.normal(size=(d, d)) + 5.0


@pytest.fixture(scope="module")
def rows() -> NDArray[np.float64]:
    return bent()


@pytest.fixture(scope="module")
def flow(rows: NDArray[np.float64]) -> Flow:
    return Flow.fit(rows, epochs=30)


def drawn(d: int, seed: int) -> tuple[glow.Shape, NDArray[np.float64], list[NDArray[np.int64]]]:
    """A flow with every parameter drawn, none at its start."""
    rng = np.random.default_rng(seed)
    shape = glow.Shape(d, width=7)
    return shape, rng.normal(scale=0.3, size=shape.count), shape.orders(rng)


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 17), st.integers(0, 2**32 - 1))
def test_any_flow_is_invertible(d: int, seed: int) -> None:
    shape, flat, orders = drawn(d, seed)
    x = np.random.default_rng(seed + 1).normal(size=(6, d))
    z, _ = glow.forward(x, shape.parts(flat), orders, shape, np)
    assert z.shape == x.shape
    assert np.allclose(glow.backward(z, shape.parts(flat), orders, shape, np), x, atol=1e-8)


@pytest.mark.parametrize("d", [2, 3, 8, 11])
def test_log_determinant_is_that_of_the_jacobian(d: int) -> None:
    """Against torch's automatic Jacobian."""
    shape, flat, orders = drawn(d, 4)
    x = torch.from_numpy(np.random.default_rng(5).normal(size=(3, d)))
    parts = shape.parts(torch.from_numpy(flat))
    found = glow.forward(x, parts, orders, shape, torch)
    for row, told in zip(x, found[1], strict=True):
        jacobian = torch.autograd.functional.jacobian(
            lambda one: glow.forward(one[None], parts, orders, shape, torch)[0][0], row
        )
        assert float(torch.linalg.slogdet(jacobian)[1]) == pytest.approx(float(told), abs=1e-8)
    plain = glow.forward(x.numpy(), shape.parts(flat), orders, shape, np)
    assert all(np.allclose(a.numpy(), b) for a, b in zip(found, plain, strict=True))


def test_surprise_is_the_normal_density() -> None:
    z = torch.randn(5, 4, generator=torch.Generator().manual_seed(0)).double()
    normal = torch.distributions.Normal(0.0, 1.0)
    expected = -(normal.log_prob(z).sum(dim=1) + 2.0) / 4
    assert np.allclose(glow.surprise(z.numpy(), np.full(5, 2.0)), expected)


def test_a_fitted_flow_is_invertible(flow: Flow, rows: NDArray[np.float64]) -> None:
    new = bent(seed=9)
    assert np.abs(flow.inverse(flow.transform(new)) - new).max() < 1e-5
    assert np.abs(flow.transform(flow.inverse(flow.transform(rows))) - flow.transform(rows)).max() < 1e-5


def test_learning_finds_what_a_gaussian_cannot() -> None:
    """Rows never seen are likelier than under the Gaussian with the mean and covariance of the others."""
    everything = bent(n=4500, d=6)
    seen, new = everything[:3500], everything[3500:]
    fitted = Flow.fit(seen, epochs=15)
    found = glow.surprise(fitted.transform(new), fitted.log_determinant(new)).mean()
    gaussian = multivariate_normal(seen.mean(axis=0), np.cov(seen.T))
    assert found < -gaussian.logpdf(new).mean() / 6 - 0.05
    assert fitted.nll.min() < fitted.nll[0] - 0.3
    z = fitted.transform(new)
    assert np.abs(z.mean(axis=0)).max() < 0.4 and np.abs(z.std(axis=0) - 1).max() < 0.4


def test_the_best_epoch_is_kept(flow: Flow, rows: NDArray[np.float64]) -> None:
    order = np.random.default_rng(0)
    glow.Shape(12).orders(order)
    held = rows[order.permutation(len(rows))][:50]
    found = glow.surprise(flow.transform(held), flow.log_determinant(held)).mean()
    assert found == pytest.approx(flow.nll.min(), abs=1e-6)


def test_gaussian_rows_stay_gaussian() -> None:
    x = np.random.default_rng(1).normal(size=(4000, 6)) * np.geomspace(0.1, 10, 6) - 3.0
    fitted = Flow.fit(x, epochs=5)
    z = fitted.transform(x)
    assert np.abs(z.mean(axis=0)).max() < 0.1 and np.abs(z.std(axis=0) - 1).max() < 0.1
    assert np.abs(kurtosis(z)).max() < 0.4
    assert max(kstest(column, "norm").statistic for column in z.T) < 0.05
    likely = glow.surprise(z, fitted.log_determinant(x)).mean()
    assert likely == pytest.approx(ENTROPY + np.log(np.geomspace(0.1, 10, 6)).mean(), abs=0.03)


def test_before_learning_it_standardises() -> None:
    """Zero last layers: the start is a permutation of the z-scores, and its likelihood that of a Gaussian."""
    x = bent(d=4)
    shape, rng = glow.Shape(4), np.random.default_rng(0)
    orders, flat = shape.orders(rng), glow.initial(shape, rng)
    z, log_det = glow.forward(x, shape.parts(flat), orders, shape, np, fit_norms=True)
    scores = (x - x.mean(axis=0)) / x.std(axis=0)
    assert np.allclose(np.sort(z, axis=1), np.sort(scores, axis=1))
    assert np.allclose(log_det, -np.log(x.std(axis=0)).sum())


def test_learning_repeats_and_survives_json(rows: NDArray[np.float64]) -> None:
    one, other = (Flow.fit(rows, epochs=2) for _ in range(2))
    assert np.array_equal(one.weights, other.weights)
    assert np.array_equal(from_dict(to_dict(one)).transform(rows), other.transform(rows))


def test_what_is_refused(flow: Flow, rows: NDArray[np.float64]) -> None:
    for bad, told in (
        (rows[:40], "50 or more rows of 12 numbers; got 40"),
        (np.random.default_rng(0).normal(size=(60, 70)), "70 or more rows"),
        (np.ones((60, 3)), "all rows are equal"),
        (np.ones((60, 1)), "two or more numbers"),
    ):
        with pytest.raises(DataError, match=told):
            Flow.fit(bad)
    with pytest.raises(DataError, match="fitted on 12 dimensions"):
        flow.transform(np.ones((2, 5)))
    with pytest.raises(DataError, match="parameters where"):
        Flow(flow.weights[:9], flow.orders, flow.sizes, flow.nll).transform(rows)


def test_a_dimension_that_never_varies() -> None:
    x = bent()
    x[:, 3] = 7.0
    z = Flow.fit(x, epochs=2).transform(x)
    assert np.isfinite(z).all()


def test_transform_needs_no_torch() -> None:
    code = (
        "import numpy as np, sys\nfrom simcse_core.postprocess import glow\n"
        "from simcse_core.postprocess.flow import Flow\n"
        "s = glow.Shape(4); r = np.random.default_rng(0)\n"
        "f = Flow(glow.initial(s, r), np.concatenate(s.orders(r)), np.array([4, 3, 3, 32]), np.zeros(1))\n"
        "assert f.transform(np.ones((2, 4))).shape == (2, 4)\nassert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
