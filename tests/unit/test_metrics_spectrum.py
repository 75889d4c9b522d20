"""Singular values, effective rank, participation ratio, top share and IsoScore."""

import numpy as np
import pytest
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.metrics.isoscore import isoscore, isotropic_isoscore
from simcse_core.metrics.spectrum import (
    effective_rank,
    entropy_rank,
    isotropic_participation,
    participation_ratio,
    singular_values,
    top_share,
)


def normal(n: int, d: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def with_covariance(variances: list[float]) -> NDArray[np.float64]:
    """Points around a mean whose covariance has exactly these eigenvalues, rotated."""
    d = len(variances)
    corners = np.concatenate([np.eye(d), -np.eye(d)]) * np.sqrt(np.array(variances))
    return corners @ np.linalg.qr(normal(d, d))[0] + 3.0


def published_isoscore(points: NDArray[np.float64]) -> float:
    """The six steps of the paper, one by one."""
    d = points.shape[1]
    centred = points - points.mean(axis=0)
    rotated = centred @ np.linalg.svd(centred, full_matrices=False)[2].T
    diagonal = np.diag(np.cov(rotated, rowvar=False))
    normalised = np.sqrt(d) * diagonal / np.linalg.norm(diagonal)
    defect = np.linalg.norm(normalised - 1) / np.sqrt(2 * (d - np.sqrt(d)))
    share = (d - defect**2 * (d - np.sqrt(d))) ** 2 / d**2
    return float((d * share - 1) / (d - 1))


def test_effective_rank_is_of_singular_values() -> None:
    x = np.diag([3.0, 1.0, 1.0, 1.0])
    assert effective_rank(x) == pytest.approx(3.464, abs=5e-4)  # squares would give 2.22
    assert effective_rank(np.eye(7)) == pytest.approx(7.0)
    assert effective_rank(np.ones((9, 4))) == pytest.approx(1.0, abs=1e-6)


def test_centring_is_a_switch() -> None:
    x = normal(200, 6) + 50.0
    assert effective_rank(x) < 1.5
    assert effective_rank(x, center=True) > 5.9
    assert top_share(x) > 0.99 > top_share(x, center=True)
    assert np.allclose(
        singular_values(x, center=True) ** 2 / 199, np.sort(np.linalg.eigvalsh(np.cov(x.T)))[::-1]
    )


def test_participation_ratio_counts_even_directions() -> None:
    assert participation_ratio(with_covariance([2.0, 2.0, 2.0, 0.0, 0.0])) == pytest.approx(3.0)
    assert participation_ratio(with_covariance([3.0, 1.0, 0.0, 0.0])) == pytest.approx(16 / 10)
    wide = normal(5, 30)
    c = np.cov(wide.T)
    assert participation_ratio(wide) == pytest.approx(np.trace(c) ** 2 / np.square(c).sum(), rel=1e-12)


def test_participation_ratio_of_a_sample() -> None:
    values = [participation_ratio(normal(400, 50, seed)) for seed in range(5)]
    assert np.mean(values) == pytest.approx(isotropic_participation(400, 50), rel=0.01)


def test_top_share() -> None:
    x = np.diag([2.0, 1.0, 1.0])
    assert top_share(x) == pytest.approx(4 / 6)
    assert top_share(x, k=2) == pytest.approx(5 / 6)
    assert top_share(x, k=1000) == 1.0


@pytest.mark.parametrize("seed", range(4))
def test_isoscore_equals_the_published_steps(seed: int) -> None:
    x = normal(60, 9, seed) @ np.diag(np.linspace(1, 4, 9))
    assert isoscore(x) == pytest.approx(published_isoscore(x), rel=1e-9)


def test_isoscore_closed_forms() -> None:
    assert isoscore(with_covariance([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])) == pytest.approx(2 / 5)
    assert isoscore(with_covariance([3.0, 1.0, 0.0, 0.0])) == pytest.approx(0.2)
    assert isoscore(with_covariance([1.0, 0.0])) == pytest.approx(0.0, abs=1e-12)


def test_isoscore_ignores_shift_rotation_and_scale() -> None:
    x = normal(80, 5) @ np.diag([1, 2, 3, 4, 5])
    moved = 1e-3 * x @ np.linalg.qr(normal(5, 5, 1))[0] + 7.0
    assert isoscore(moved) == pytest.approx(isoscore(x), rel=1e-9)


@pytest.mark.parametrize(("n", "expected"), [(100, 0.113), (1000, 0.564)])
def test_isoscore_is_biased_in_small_samples(n: int, expected: float) -> None:
    assert isoscore(normal(n, 768)) == pytest.approx(expected, abs=0.005)
    assert isotropic_isoscore(n, 768) == pytest.approx(expected, abs=0.005)


def test_nothing_left_is_refused() -> None:
    same = np.tile([0.1, 0.2, 0.3], (5, 1))
    for call in (participation_ratio, isoscore, lambda e: effective_rank(e, center=True)):
        with pytest.raises(DataError, match="all rows are equal"):
            call(same)
    with pytest.raises(DataError, match="all rows are zero"):
        singular_values(np.zeros((3, 3)))
    with pytest.raises(DataError, match="two or more columns"):
        isoscore(np.array([[1.0], [2.0]]))
    with pytest.raises(DataError, match="row 1"):
        effective_rank([[1.0, 2.0], [np.nan, 1.0]])


@pytest.mark.parametrize("rank", [3, 16, 64])
def test_effective_rank_from_the_gram_matrix_is_that_of_the_singular_values(rank: int) -> None:
    rng = np.random.default_rng(rank)
    x = rng.normal(size=(500, rank)) @ rng.normal(size=(rank, 64)) * 1e-3
    expected = entropy_rank(np.linalg.svd(x, compute_uv=False)[:rank])
    assert effective_rank(x) == pytest.approx(expected, rel=1e-6)
