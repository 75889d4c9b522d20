"""Partition-function isotropy and hubness."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import skew

from simcse_core.errors import DataError
from simcse_core.metrics.hubness import hubness, neighbour_counts
from simcse_core.metrics.partition import partition


def normal(n: int, d: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def test_partition_of_isotropic_shifted_and_collapsed_rows() -> None:
    x = 0.1 * normal(3000, 20)
    assert partition(x) > 0.98
    assert partition(x + 0.5) < 0.02
    row = np.full((30, 5), 0.3)
    assert partition(row) == pytest.approx(np.exp(-2 * np.linalg.norm(row[0])), rel=1e-6)


def test_partition_by_loops_over_both_signs() -> None:
    x = normal(40, 4) + 0.3
    directions = np.linalg.svd(x)[2]
    sums = [sum(np.exp(sign * c @ row) for row in x) for c in directions for sign in (1, -1)]
    assert partition(x) == pytest.approx(min(sums) / max(sums), rel=1e-10)


def test_partition_does_not_overflow() -> None:
    assert partition(1e4 * normal(20, 3) + 1e4) == pytest.approx(0.0, abs=1e-12)


def test_counts_by_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    x = normal(25, 4)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    expected = np.zeros(25, dtype=int)
    for i in range(25):
        near = sorted((j for j in range(25) if j != i), key=lambda j: -units[i] @ units[j])[:3]
        expected[near] += 1
    assert neighbour_counts(x, k=3).tolist() == expected.tolist()
    monkeypatch.setattr("simcse_core.metrics.hubness.BLOCK_CELLS", 25 * 4)
    assert neighbour_counts(x, k=3).tolist() == expected.tolist()
    assert hubness(x, k=3) == pytest.approx(skew(expected + 0.0), rel=1e-9)


def test_mean_count_is_k() -> None:
    assert neighbour_counts(normal(200, 8), k=10).mean() == 10.0


def test_a_common_mean_makes_hubs() -> None:
    x = normal(1000, 100)
    assert hubness(x) < 0.6
    assert hubness(x + 0.5) > 1.5


def test_all_alike_has_no_hub() -> None:
    assert hubness(np.eye(4), k=3) == 0.0


def test_too_few_rows() -> None:
    with pytest.raises(DataError, match="needs 11 or more rows; got 5"):
        hubness(normal(5, 3))
