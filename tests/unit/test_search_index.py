from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcse_core.errors import DataError
from simcse_core.search import CosineIndex


def rows(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)


def by_loops(x: np.ndarray, q: np.ndarray, top: int, threshold: float) -> list[tuple[int, float]]:
    scored = []
    for i, row in enumerate(x.astype(np.float64)):
        lengths = np.sqrt((row**2).sum()) * np.sqrt((q.astype(np.float64) ** 2).sum())
        scored.append((i, float((row * q).sum() / lengths) if lengths else 0.0))
    scored = [pair for pair in scored if pair[1] >= threshold]
    return sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:top]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 70), st.sampled_from([-1.0, 0.0, 0.4]))
def test_answers_are_those_of_plain_loops(n: int, d: int, top: int, threshold: float) -> None:
    x, q = rows(n, d), rows(1, d, seed=1)[0]
    hits = CosineIndex(x).search(q, top=top, threshold=threshold)[0]
    expected = by_loops(x, q, top, threshold)
    np.testing.assert_allclose(hits.cosines, [c for _, c in expected], atol=1e-5)
    assert len(set(hits.rows.tolist())) == len(hits.rows) == len(expected)
    assert hits.above == len(by_loops(x, q, n, threshold))


def test_equal_rows_come_in_their_order() -> None:
    hits = CosineIndex(np.tile(rows(1, 4), (50, 1))).search(rows(1, 4), top=3)[0]
    assert hits.rows.tolist() == [0, 1, 2]


def test_many_queries_equal_one_by_one() -> None:
    index, queries = CosineIndex(rows(300, 16)), rows(7, 16, seed=2)
    together = index.search(queries, top=5)
    for query, hits in zip(queries, together, strict=True):
        assert index.search(query, top=5)[0].rows.tolist() == hits.rows.tolist()


def test_length_does_not_matter_and_huge_values_do_not_overflow() -> None:
    x = rows(20, 6)
    scaled = x * np.float32(1e25) * np.arange(1, 21, dtype=np.float32)[:, None]
    plain, long = (CosineIndex(part).search(x[3], top=20)[0] for part in (x, scaled))
    np.testing.assert_allclose(plain.cosines, long.cosines, atol=1e-5)
    assert plain.rows[0] == long.rows[0] == 3


def test_a_zero_row_is_like_nothing() -> None:
    x = rows(5, 3)
    x[2] = 0
    hits = CosineIndex(x).search(x[0], top=5)[0]
    assert hits.cosines[hits.rows.tolist().index(2)] == 0
    assert CosineIndex(x).search(np.zeros(3), top=2)[0].cosines.tolist() == [0, 0]


def test_half_precision_rows_are_taken() -> None:
    x = rows(100, 32)
    full, half = (CosineIndex(part).search(x[7], top=1)[0] for part in (x, x.astype(np.float16)))
    assert full.rows[0] == half.rows[0] == 7
    assert half.cosines[0] == pytest.approx(1.0, abs=1e-3)


def test_without_a_copy_the_array_is_taken_over() -> None:
    x = rows(4_000, 384)
    tracemalloc.start()
    index = CosineIndex(x, copy=False)
    index.search(rows(1, 384), top=10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.shares_memory(index._rows, x)
    assert peak < 2.5 * x.nbytes  # one chunk of work space, never a second table
    kept = rows(10, 4)
    CosineIndex(kept)
    np.testing.assert_array_equal(kept, rows(10, 4))


@pytest.mark.parametrize(
    "bad", [np.zeros(3), np.zeros((2, 0)), np.array([[1.0, np.nan]]), np.array([[np.inf, 1]])]
)
def test_unusable_rows_are_refused(bad: np.ndarray) -> None:
    with pytest.raises(DataError):
        CosineIndex(bad)


def test_unusable_queries_are_refused() -> None:
    index = CosineIndex(rows(3, 4))
    with pytest.raises(DataError, match="4 numbers"):
        index.search(np.zeros(5))
    with pytest.raises(DataError):
        index.search([np.nan] * 4)
    with pytest.raises(DataError, match="top"):
        index.search(np.zeros(4), top=0)


def test_an_empty_index_finds_nothing() -> None:
    hits = CosineIndex(np.zeros((0, 4), dtype=np.float32)).search(np.ones(4))[0]
    assert len(hits.rows) == 0 and hits.above == 0
