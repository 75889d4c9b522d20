"""Pull and spread: exact sums, the large-batch limit, Jensen's gap and the eigenvalue bound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from simcse_core.errors import DataError
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.uniformity import uniformity
from simcse_core.theory.decomposition import (
    alignment_of_pull,
    drawn_batches,
    large_batch_limit,
    split,
    split_pairs,
)
from simcse_core.theory.jensen import eigenvalue, jensen_gap
from simcse_core.theory.references import even_log_potential


def pairs(n: int, d: int, seed: int = 0, noise: float = 0.4) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    anchor = rng.normal(size=(n, d))
    return anchor, anchor + noise * rng.normal(size=(n, d))


def loops(anchor: np.ndarray, positive: np.ndarray, tau: float) -> float:
    total = 0.0
    for i, a in enumerate(anchor):
        cosines = [float(a @ p / np.linalg.norm(a) / np.linalg.norm(p)) for p in positive]
        total += math.log(sum(math.exp((s - cosines[i]) / tau) for s in cosines))
    return total / len(anchor)


@given(
    n=some.integers(2, 9),
    d=some.integers(2, 6),
    seed=some.integers(0, 999),
    tau=some.floats(0.05, 5),
)
def test_the_parts_add_up_to_the_loss(n: int, d: int, seed: int, tau: float) -> None:
    anchor, positive = pairs(n, d, seed)
    parts = split_pairs(anchor, positive, temperature=tau)
    assert parts.loss == pytest.approx(loops(anchor, positive, tau), abs=1e-9)
    assert parts.candidates == n
    assert alignment_of_pull(parts.pull, temperature=tau) == pytest.approx(alignment(anchor, positive))
    assert large_batch_limit(anchor, positive, temperature=tau) == pytest.approx(parts.loss - math.log(n))


def test_closed_forms() -> None:
    same = np.ones((6, 3))
    assert split_pairs(same, same, temperature=0.07).loss == pytest.approx(math.log(6))
    assert split_pairs(same, same, temperature=0.07).per_candidate == pytest.approx(0)
    basis = np.eye(8)
    parts = split_pairs(basis, basis, temperature=1.0)
    assert parts.pull == -1 and parts.loss == pytest.approx(1.274009, abs=1e-6)
    assert parts.loss == pytest.approx(math.log(1 + 7 * math.exp(-1)))


def test_interleaved_rows_leave_themselves_out() -> None:
    rows = np.full((4, 4), 0.3)
    np.fill_diagonal(rows, -np.inf)
    parts = split(rows, [1, 0, 3, 2], temperature=0.05)
    assert parts.candidates == 3 and parts.loss == pytest.approx(math.log(3))  # log(2N - 1)
    rows[0, 2] = -np.inf
    with pytest.raises(DataError, match="as many candidates"):
        split(rows, [1, 0, 3, 2], temperature=0.05)


@given(seed=some.integers(0, 999), tau=some.floats(0.05, 3))
def test_shuffled_pairs_lengths_and_a_shift_change_nothing(seed: int, tau: float) -> None:
    anchor, positive = pairs(6, 4, seed)
    parts = split_pairs(anchor, positive, temperature=tau)
    order = np.random.default_rng(seed).permutation(6)
    again = split_pairs(3 * anchor[order], positive[order] / 7, temperature=tau)
    assert (again.pull, again.spread) == (pytest.approx(parts.pull), pytest.approx(parts.spread))
    moved = split(np.eye(3) + 0.5, [0, 1, 2], temperature=tau)
    still = split(np.eye(3), [0, 1, 2], temperature=tau)
    assert moved.loss == pytest.approx(still.loss) and moved.pull < still.pull


@pytest.mark.parametrize("tau", [0.001, 1e4])
def test_extreme_temperatures_stay_finite(tau: float) -> None:
    parts = split_pairs(*pairs(20, 5), temperature=tau)
    assert math.isfinite(parts.loss) and parts.loss >= 0


def test_the_limit_for_an_even_population_is_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1500, 8))
    found = large_batch_limit(x, x, temperature=0.5)
    assert found == pytest.approx(-2 + even_log_potential(8, temperature=0.5), abs=6e-3)


def test_drawn_batches_tend_to_the_limit_like_one_over_their_size() -> None:
    anchor, positive = pairs(300, 3)
    found = drawn_batches(anchor, positive, temperature=0.5, sizes=(4, 16, 64, 512), draws=6000)
    away = np.abs(found.value - found.limit)
    assert (np.diff(away) < 0).all() and away[0] > 0.05
    assert away[-1] < 5 * found.error[-1] + 0.01
    again = drawn_batches(anchor, positive, temperature=0.5, sizes=(4, 16, 64, 512), draws=6000)
    assert (again.value == found.value).all()


def test_a_drawn_batch_is_an_independent_loop() -> None:
    """M = 2 by full enumeration: each anchor with its positive and one other, self allowed."""
    anchor, positive = pairs(5, 3)
    unit = [x / np.linalg.norm(x, axis=1, keepdims=True) for x in (anchor, positive)]
    logits = unit[0] @ unit[1].T / 0.3
    every = [
        math.log((math.exp(logits[i, i]) + math.exp(logits[i, j])) / 2) - logits[i, i]
        for i in range(5)
        for j in range(5)
    ]
    found = drawn_batches(anchor, positive, temperature=0.3, sizes=(2,), draws=50_000)
    assert found.value[0] == pytest.approx(np.mean(every), abs=4 * found.error[0])


def test_impossible_batches_are_refused() -> None:
    with pytest.raises(DataError):
        drawn_batches(*pairs(5, 3), temperature=0.3, sizes=(1,))
    with pytest.raises(DataError):
        split_pairs(np.ones((1, 3)), np.ones((1, 3)), temperature=0.3)


@given(m=some.integers(2, 12), d=some.integers(2, 6), seed=some.integers(0, 999), tau=some.floats(0.05, 5))
def test_jensens_gap_is_never_negative(m: int, d: int, seed: int, tau: float) -> None:
    w, _ = pairs(m, d, seed)
    w = w / np.linalg.norm(w, axis=1, keepdims=True)
    found = jensen_gap(w, temperature=tau)
    assert found.gap >= -1e-12
    cosines = w @ w.T
    assert found.spread == pytest.approx(np.log(np.exp(cosines / tau).mean(axis=1)).mean())
    assert found.linear == pytest.approx(cosines.sum() / (tau * m * m))
    # E_x E_y x·y with self included, from the mean cosine without
    assert found.linear * tau == pytest.approx((mean_cosine(w) * (m - 1) + 1) / m)


def test_jensens_gap_closes_where_cosines_are_equal_and_at_high_temperature() -> None:
    assert jensen_gap(np.ones((4, 2)), temperature=0.05).gap == pytest.approx(0, abs=1e-12)
    w, _ = pairs(50, 4)
    unit = w / np.linalg.norm(w, axis=1, keepdims=True)
    half = np.var(unit @ unit.T, axis=1).mean() / 2
    assert jensen_gap(w, temperature=100).gap == pytest.approx(half / 100**2, rel=0.02)


def test_the_spread_at_a_quarter_is_the_uniformity_with_self() -> None:
    """At τ = 0.25 the spread's kernel is that of the uniformity with t = 2, but for a row's own mean."""
    ring = np.stack([np.cos(np.arange(7) * 2 * np.pi / 7), np.sin(np.arange(7) * 2 * np.pi / 7)], axis=1)
    inner = math.log((1 + 6 * math.exp(uniformity(ring))) / 7)
    assert jensen_gap(ring, temperature=0.25).spread - 4 == pytest.approx(inner)


@given(m=some.integers(2, 12), d=some.integers(2, 6), seed=some.integers(0, 999), positive=some.booleans())
def test_the_largest_eigenvalue_lies_between_its_bounds(m: int, d: int, seed: int, positive: bool) -> None:
    w, _ = pairs(m, d, seed)
    w = np.abs(w) if positive else w
    w = w / np.linalg.norm(w, axis=1, keepdims=True)
    found = eigenvalue(w)
    spectrum = np.linalg.eigvalsh(w @ w.T)
    assert found.largest == pytest.approx(spectrum[-1]) and spectrum.sum() == pytest.approx(m)
    assert found.total == pytest.approx((w @ w.T).sum(), abs=1e-9)
    assert found.mean <= found.largest + 1e-9 <= found.row_sum_absolute + 2e-9
    if found.applies:
        assert found.largest <= found.row_sum + 1e-9 <= found.total + 2e-9
    assert not positive or found.applies


def test_the_condition_is_needed() -> None:
    found = eigenvalue([[1.0, 0.0], [-1.0, 0.0]])
    assert (found.total, found.largest, found.negative_share, found.applies) == (
        0,
        pytest.approx(2),
        1,
        False,
    )
    heap = eigenvalue(np.ones((6, 3)))
    assert heap.applies and heap.largest == pytest.approx(6) and heap.total == pytest.approx(36)
    assert eigenvalue(np.eye(4)).applies and eigenvalue(np.eye(4)).largest == pytest.approx(1)
