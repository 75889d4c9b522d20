"""Spearman against scipy, and what it refuses."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from simcse_core.errors import DataError
from simcse_core.metrics.sts import average_ranks, cosines, spearman

columns = st.integers(2, 60).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(-5, 5), min_size=n, max_size=n)] * 2)
)


@given(columns)
def test_equals_scipy_with_ties(both: tuple[list[int], list[int]]) -> None:
    a, b = both
    assume(len(set(a)) > 1 and len(set(b)) > 1)
    assert spearman(a, b) == pytest.approx(100 * stats.spearmanr(a, b).statistic, abs=1e-10)


def test_equals_scipy_on_many_pairs() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=4927), rng.integers(0, 26, size=4927) / 5
    assert spearman(a, b) / 100 == pytest.approx(stats.spearmanr(a, b).statistic, abs=1e-12)


def test_ties_share_their_rank() -> None:
    assert average_ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_rising_maps_change_nothing() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.uniform(-1, 1, 50), rng.uniform(0, 5, 50)
    assert spearman(np.exp(3 * a), b**3) == spearman(a, b)
    assert spearman(a, a) == pytest.approx(100, abs=1e-12)
    assert spearman(a, -a) == pytest.approx(-100, abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "said"),
    [
        ([0.5, 0.5, 0.5], [1, 2, 3], "every cosine is 0.5"),
        ([0.1, 0.2, 0.3], [4, 4, 4], "every gold score is 4"),
        ([0.1, np.nan, 0.3], [1, 2, 3], "cosine of pair 1"),
        ([0.1, 0.2, 0.3], [1, 2, np.inf], "gold score of pair 2"),
        ([0.1], [1], "two or more pairs"),
        ([0.1, 0.2], [1, 2, 3], "one length"),
        ([[0.1, 0.2]], [[1, 2]], "one length"),
    ],
)
def test_refusals(a: list[float], b: list[float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        spearman(a, b)


def test_cosines_are_of_rows() -> None:
    a, b = np.array([[1.0, 0.0], [3.0, 4.0]]), np.array([[0.0, 2.0], [6.0, 8.0]])
    assert cosines(a, b).tolist() == pytest.approx([0.0, 1.0])
    assert cosines(a, a).max() <= 1.0
