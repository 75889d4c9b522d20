"""Alignment, uniformity and mean cosine against loops, closed forms and scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.distance import pdist
from scipy.special import logsumexp

from simcse_core.errors import DataError
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.anisotropy import mean_cosine, random_pair_cosines
from simcse_core.metrics.report import geometry_report
from simcse_core.metrics.sts import cosines
from simcse_core.metrics.uniformity import isotropic_uniformity, uniformity, uniformity_estimate


def normal(n: int, d: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def simplex(n: int) -> NDArray[np.float64]:
    """n points as far from each other as can be."""
    return np.eye(n) - 1 / n


def test_alignment_is_the_mean_over_pairs() -> None:
    a, b = normal(7, 5), normal(7, 5, seed=1)
    total = 0.0
    for x, y in zip(a, b, strict=True):
        total += sum((p - q) ** 2 for p, q in zip(x / np.linalg.norm(x), y / np.linalg.norm(y), strict=True))
    assert alignment(a, b) == pytest.approx(total / 7, rel=1e-13)
    assert alignment(a, b) == pytest.approx(2 - 2 * cosines(a, b).mean(), rel=1e-12)


def test_alignment_at_its_ends() -> None:
    a = normal(5, 4)
    assert alignment(a, a) == 0.0
    assert alignment(a, -a) == pytest.approx(4.0, rel=1e-14)
    assert alignment(a, -a, alpha=1.0) == pytest.approx(2.0, rel=1e-14)


def test_lengths_do_not_matter() -> None:
    """The commonest mistake: alignment of several hundred, because rows were not normalised."""
    a, b, scale = normal(9, 6), normal(9, 6, seed=1), np.geomspace(1e-200, 1e200, 9)[:, None]
    assert alignment(a * scale, b / scale) == pytest.approx(alignment(a, b), rel=1e-12)
    assert uniformity(a * scale) == pytest.approx(uniformity(a), rel=1e-12)
    assert mean_cosine(a * scale) == pytest.approx(mean_cosine(a), rel=1e-10)


@pytest.mark.parametrize("t", [0.5, 2.0, 10.0])
def test_uniformity_equals_pdist(t: float) -> None:
    x = normal(300, 20)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    squared = pdist(units, "sqeuclidean")
    expected = logsumexp(-t * squared) - np.log(squared.size)
    assert uniformity(x, t=t) == pytest.approx(expected, rel=1e-12)


def test_blocks_do_not_change_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    x = normal(101, 8)
    whole = uniformity(x)
    for cells in (1, 101 * 2, 101 * 7):
        monkeypatch.setattr("simcse_core.metrics.uniformity.BLOCK_CELLS", cells)
        assert uniformity(x) == pytest.approx(whole, rel=1e-13)


@pytest.mark.parametrize("n", [2, 3, 5, 40])
def test_uniformity_of_a_simplex_is_the_lower_bound(n: int) -> None:
    assert uniformity(simplex(n)) == pytest.approx(-4 * n / (n - 1), rel=1e-12)


def test_uniformity_of_collapse_is_zero() -> None:
    assert uniformity(np.ones((50, 8))) == pytest.approx(0.0, abs=1e-12)
    assert mean_cosine(np.ones((50, 8))) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("d", "value"), [(2, -1.575027), (3, -2.079777), (64, -3.875236), (384, -3.979168), (768, -3.989583)]
)
def test_isotropic_reference(d: int, value: float) -> None:
    assert isotropic_uniformity(10, d) == pytest.approx(value, abs=1e-6)


def test_normal_directions_reach_the_reference() -> None:
    assert uniformity(normal(6000, 64)) == pytest.approx(isotropic_uniformity(6000, 64), abs=2e-3)
    circle = np.linspace(0, 2 * np.pi, 4001)[:-1]
    evenly = np.column_stack([np.cos(circle), np.sin(circle)])
    assert uniformity(evenly, t=5.0) == pytest.approx(isotropic_uniformity(4000, 2, t=5.0), abs=2e-3)


def test_large_sets_are_sampled_and_say_so() -> None:
    x = normal(500, 16)
    exact = uniformity_estimate(x)
    assert (exact.rows, exact.pairs, exact.sampled) == (500, 500 * 499 // 2, False)
    part = uniformity_estimate(x, limit=200, seed=3)
    assert (part.rows, part.pairs, part.sampled) == (200, 200 * 199 // 2, True)
    assert part == uniformity_estimate(x, limit=200, seed=3)
    assert part.value != uniformity_estimate(x, limit=200, seed=4).value
    assert part.value == pytest.approx(exact.value, abs=0.05)


def test_mean_cosine_leaves_the_row_itself_out() -> None:
    x = normal(40, 6) + 1.0
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = (units @ units.T)[~np.eye(40, dtype=bool)].mean()
    assert mean_cosine(x) == pytest.approx(expected, rel=1e-12)
    assert mean_cosine(np.array([[1.0, 0.0], [-1.0, 0.0]])) == -1.0
    assert mean_cosine(simplex(6)) == pytest.approx(-1 / 5, rel=1e-12)


def test_random_pairs() -> None:
    x = normal(60, 5) + 0.7
    every = random_pair_cosines(x)
    assert len(every) == 60 * 59 // 2
    assert every.mean() == pytest.approx(mean_cosine(x), rel=1e-12)
    some = random_pair_cosines(x, pairs=1500, seed=1)
    assert len(some) == 1500
    assert np.array_equal(some, random_pair_cosines(x, pairs=1500, seed=1))
    assert some.max() < 1.0  # no row is paired with itself
    assert some.mean() == pytest.approx(mean_cosine(x), abs=0.05)


@given(st.integers(2, 12), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_bounds_and_invariance(n: int, d: int, seed: int) -> None:
    x = normal(n, d, seed)
    rotation = np.linalg.qr(normal(d, d, seed + 1))[0]
    order = np.random.default_rng(seed).permutation(n)
    for metric in (uniformity, mean_cosine):
        assert metric(x[order] @ rotation) == pytest.approx(metric(x), rel=1e-9, abs=1e-10)
    assert -4 * n / (n - 1) - 1e-9 <= uniformity(x) <= 1e-12
    assert -1 / (n - 1) - 1e-12 <= mean_cosine(x) <= 1 + 1e-12
    assert 0 <= alignment(x, x[order]) <= 4 + 1e-12


def test_float32_is_measured_in_float64() -> None:
    x = normal(200, 30).astype(np.float32)
    assert uniformity(x) == uniformity(x.astype(np.float64))


@pytest.mark.parametrize("kind", ["nan", "inf", "zero"])
def test_bad_rows_are_named(kind: str) -> None:
    x = normal(10, 4)
    x[7] = {"nan": np.nan, "inf": np.inf, "zero": 0.0}[kind]
    for call in (uniformity, mean_cosine, random_pair_cosines, geometry_report, lambda e: alignment(e, e)):
        with pytest.raises(DataError, match="row 7"):
            call(x)


def test_shapes_are_refused() -> None:
    for bad in (np.zeros(4), np.zeros((2, 3, 4)), np.ones((1, 4)), np.ones((3, 0)), [[1.0], [1.0, 2.0]]):
        with pytest.raises(DataError):
            uniformity(bad)
    with pytest.raises(DataError, match="one shape"):
        alignment(np.ones((3, 4)), np.ones((2, 4)))


def test_report_is_complete_and_json_able() -> None:
    import json

    x, y = normal(120, 10) + 0.5, normal(120, 10, seed=1) + 0.5
    report = geometry_report(x, (x[:5], y[:5]))
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["uniformity"] == pytest.approx(uniformity(x), rel=1e-12)
    assert report["alignment"] == pytest.approx(alignment(x[:5], y[:5]), rel=1e-12)
    assert report["alignment_pairs"] == 5
    assert (report["rows"], report["dimension"]) == (120, 10)
    assert report["singular_values"][0] == 1.0
    assert geometry_report(x)["alignment"] is None


def test_report_of_collapse_has_no_made_up_numbers() -> None:
    report = geometry_report(np.ones((20, 6)))
    assert report["mean_cosine"] == pytest.approx(1.0)
    assert report["effective_rank"] == pytest.approx(1.0, abs=1e-6)
    assert report["isoscore"] is None and report["participation_ratio"] is None
