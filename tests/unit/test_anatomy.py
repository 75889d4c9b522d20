"""The anatomy of a batch against golden tables, loops in plain Python, differences and refusals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simcse_core.errors import DataError
from simcse_core.theory.anatomy import Anatomy, anatomy, tangential_push
from simcse_core.theory.temperatures import limits, over_temperatures

AHEAD = [0.8, 0.6, 0.3, 0.0, -0.2]  # the positive first, then the negatives
BEHIND = [0.5, *AHEAD[1:]]
SEVEN = [0.95, 0.92, 0.75, 0.5, 0.3, 0.1, -0.1, -0.2]
GOLDEN = {  # τ: loss, 1 - p⁺, shares, (1 - p⁺)/τ, effective negatives
    0.01: (2.06e-09, 2.06e-09, (1, 0, 0, 0), 2.06e-07, 1.0000),
    0.05: (0.018195, 0.01803, (0.9975, 0.0025, 0, 0), 0.3606, 1.0175),
    0.1: (0.133179, 0.1247, (0.9500, 0.0473, 0.0024, 0.0003), 1.247, 1.2335),
    0.5: (0.865179, 0.5790, (0.4874, 0.2675, 0.1468, 0.0984), 1.158, 3.3630),
    1: (1.17634, 0.6916, (0.3651, 0.2705, 0.2004, 0.1641), 0.6916, 3.8197),
    10: (1.56012, 0.7899, (0.2607, 0.2530, 0.2456, 0.2407), 0.07899, 3.9982),
}


def one_row(similarities: list[float], temperature: float) -> Anatomy:
    return anatomy([similarities], [0], temperature=temperature)


def loss_of(similarities: Any, positive: int, temperature: float) -> float:
    """InfoNCE of one row, written out."""
    total = sum(math.exp(s / temperature) for s in similarities)
    return -math.log(math.exp(similarities[positive] / temperature) / total)


@pytest.mark.parametrize("temperature", list(GOLDEN))
def test_the_published_table(temperature: float) -> None:
    loss, away, shares, push, effective = GOLDEN[temperature]
    row = one_row(AHEAD, temperature)
    assert row.loss is not None and row.probabilities is not None
    assert row.loss[0] == pytest.approx(loss, rel=5e-3 if loss < 1e-6 else 5e-5)
    assert row.probabilities[0, 1:].sum() == pytest.approx(away, rel=5e-3 if away < 1e-6 else 5e-4)
    assert row.shares[0, 1:] == pytest.approx(shares, abs=5.1e-5)
    assert row.total_push[0] == pytest.approx(push, rel=5e-3 if push < 1e-6 else 5e-4)
    assert row.effective[0] == pytest.approx(effective, abs=5.1e-5)


@pytest.mark.parametrize(
    ("temperature", "loss"),
    [(0.001, 100), (0.01, 10), (0.05, 2.12911), (0.1, 1.351), (0.5, 1.25453), (1, 1.39303), (10, 1.58389)],
)
def test_the_loss_with_the_positive_behind_is_not_monotone(temperature: float, loss: float) -> None:
    found = one_row(BEHIND, temperature).loss
    assert found is not None
    assert found[0] == pytest.approx(loss, rel=5e-5)


@pytest.mark.parametrize(
    ("temperature", "top", "effective"), [(0.05, 0.967, 1.16), (0.5, 0.349, 5.34), (10, 0.152, 6.99)]
)
def test_the_seven_negatives_of_the_page(temperature: float, top: float, effective: float) -> None:
    row = one_row(SEVEN, temperature)
    assert row.shares.max() == pytest.approx(top, abs=5.1e-4)
    assert row.effective[0] == pytest.approx(effective, abs=5.1e-3)


@pytest.mark.parametrize("temperature", [0.001, 0.05, 10.0])
def test_equal_similarities_give_the_logarithm_of_their_number(temperature: float) -> None:
    row = anatomy(np.full((3, 7), 0.4), [0, 3, 6], temperature=temperature)
    assert row.loss == pytest.approx(np.full(3, math.log(7)))
    assert row.effective == pytest.approx(np.full(3, 6.0))


def test_an_orthonormal_batch() -> None:
    loss = anatomy(np.eye(8), np.arange(8), temperature=1.0).loss
    assert loss == pytest.approx(np.full(8, 1.274009), abs=5e-7)  # log(1 + 7/e)


@pytest.mark.parametrize("temperature", [0.01, 0.05, 1.0])
def test_identical_sentences_cost_at_least_the_logarithm_of_their_number(temperature: float) -> None:
    cosines = np.eye(6)
    cosines[:3, :3] = 1.0
    loss = anatomy(cosines, np.arange(6), temperature=temperature).loss
    assert loss is not None and (loss[:3] >= math.log(3) - 1e-12).all() and (loss[3:] < loss[0]).all()


def test_it_is_the_formula_written_as_loops() -> None:
    rng = np.random.default_rng(0)
    similarities = rng.uniform(-1, 1, (5, 7))
    positive = np.array([0, 6, 3, 3, 2])
    found = anatomy(similarities, positive, temperature=0.3)
    assert found.loss is not None and found.probabilities is not None
    for i, (row, at) in enumerate(zip(similarities, positive, strict=True)):
        weights = [math.exp(s / 0.3) for s in row]
        pushed = sum(w for j, w in enumerate(weights) if j != at)
        entropy = 0.0
        assert found.loss[i] == pytest.approx(loss_of(row, at, 0.3), rel=1e-12)
        for j, weight in enumerate(weights):
            share = 0.0 if j == at else weight / pushed
            entropy -= share * math.log(share) if share else 0.0
            assert found.probabilities[i, j] == pytest.approx(weight / sum(weights), rel=1e-12)
            assert found.shares[i, j] == pytest.approx(share, rel=1e-12)
            assert found.gradient[i, j] == pytest.approx((weight / sum(weights) - (j == at)) / 0.3, rel=1e-9)
        assert found.effective[i] == pytest.approx(math.exp(entropy), rel=1e-12)
        assert found.total_push[i] == pytest.approx(-found.gradient[i, at], rel=1e-12)


def test_the_gradient_is_the_slope_of_the_loss() -> None:
    row = np.array(SEVEN)
    gradient = anatomy([row], [0], temperature=0.2).gradient[0]
    for j in range(len(row)):
        step = np.eye(len(row))[j] * 1e-6
        slope = (loss_of(row + step, 0, 0.2) - loss_of(row - step, 0, 0.2)) / 2e-6
        assert gradient[j] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("length", [1.0, 3.7])
def test_the_push_on_the_embedding_is_the_slope_of_the_loss(length: float) -> None:
    rng = np.random.default_rng(1)
    anchor, others = length * rng.normal(size=6), rng.normal(size=(4, 6))
    units = others / np.linalg.norm(others, axis=1, keepdims=True)

    def loss(h: Any) -> float:
        return loss_of(units @ h / np.linalg.norm(h), 2, 0.1)

    gradient = anatomy([units @ anchor / np.linalg.norm(anchor)], [2], temperature=0.1).gradient[0]
    pushes = tangential_push(anchor, others, gradient)
    slopes = [(loss(anchor + 1e-6 * e) - loss(anchor - 1e-6 * e)) / 2e-6 for e in np.eye(6)]
    assert pushes.sum(axis=0) == pytest.approx(-np.array(slopes), abs=1e-7)
    assert pushes @ anchor == pytest.approx(np.zeros(4), abs=1e-12)
    cosines = units @ anchor / np.linalg.norm(anchor)
    sizes = np.abs(gradient) * np.sqrt(1 - cosines**2) / np.linalg.norm(anchor)
    assert np.linalg.norm(pushes, axis=1) == pytest.approx(sizes)


def test_a_negative_on_the_anchor_does_not_push_it_anywhere() -> None:
    anchor = [1.0, 0.0]
    pushes = tangential_push(anchor, [[0.0, 1.0], [2.0, 0.0], [0.6, -0.8]], [-1.0, 0.9, 0.1])
    assert pushes.tolist()[1] == [0.0, 0.0]
    assert np.abs(pushes[2]).max() > 0.05


def test_masked_candidates_take_no_part() -> None:
    wide = anatomy([[0.8, -np.inf, 0.6, 0.3]], [0], temperature=0.1)
    narrow = anatomy([[0.8, 0.6, 0.3]], [0], temperature=0.1)
    kept = [0, 2, 3]
    for name in ("probabilities", "shares", "gradient"):
        assert getattr(wide, name)[0, 1] == 0
        assert (getattr(wide, name)[0, kept] == getattr(narrow, name)[0]).all()
    assert wide.effective == narrow.effective and wide.loss == narrow.loss


def test_a_weight_counts_a_hard_negative_that_many_times() -> None:
    cosines = [[0.9, 0.1, 0.7, 0.2], [0.0, 0.8, 0.3, 0.6]]
    twice = anatomy(cosines, [0, 1], temperature=0.5, hard_weight=2.0)
    assert twice.loss is not None
    for i, own in ((0, 2), (1, 3)):
        doubled = [*cosines[i], cosines[i][own]]
        assert twice.loss[i] == pytest.approx(loss_of(doubled, i, 0.5))
        negatives = sum(math.exp(s / 0.5) for j, s in enumerate(doubled) if j != i)
        assert twice.shares[i, own] == pytest.approx(2 * math.exp(cosines[i][own] / 0.5) / negatives)


@pytest.mark.parametrize("positive", [1.0, -1.0])
def test_small_temperatures_stay_finite_and_exact(positive: float) -> None:
    row = one_row([positive, 0.999, -1.0], 0.001)
    for name in ("probabilities", "shares", "gradient", "effective", "loss", "total_push"):
        assert np.isfinite(getattr(row, name)).all(), name
    assert row.loss is not None
    exact = math.log1p(math.exp(-1) + math.exp(-2000)) if positive == 1 else 1999.0
    assert row.loss[0] == pytest.approx(exact, rel=1e-9)


def test_tiny_pushes_keep_their_digits() -> None:
    row = one_row([1.0, 0.0], 0.02)  # 1 - p⁺ is e^-50, far below what 1 - 0.999… can tell
    assert row.total_push[0] == pytest.approx(math.exp(-50) / 0.02, rel=1e-12)
    assert row.gradient[0].tolist() == [-row.total_push[0], row.total_push[0]]


def test_both_ends_are_reached() -> None:
    for row in (AHEAD, BEHIND, [0.5, 0.7, 0.7, 0.2], [0.7, 0.7, 0.1]):
        ends = limits(row, 0)
        cold, hot = over_temperatures(row, 0, [1e-4, 1e6]), over_temperatures(row, 0, [1e6])
        assert 1e-4 * cold.loss[0] == pytest.approx(ends.cold_loss, abs=1e-3)
        assert cold.shares[0] == pytest.approx(ends.cold_shares, abs=1e-9)
        assert hot.loss[0] == pytest.approx(ends.hot_loss, abs=1e-5)
        assert hot.shares[0] == pytest.approx(ends.hot_shares, abs=1e-5)
        assert hot.total_push[0] == pytest.approx(ends.hot_push, abs=1e-5)
        if ends.cold_push:
            assert cold.total_push[0] > 1e3
        else:
            assert cold.total_push[0] == pytest.approx(0, abs=1e-9)


def test_limits_say_where_the_positive_stands() -> None:
    ahead, behind, tied = limits(AHEAD, 0), limits(BEHIND, 0), limits([0.5, 0.7, 0.7, -np.inf], 0)
    assert ahead.margin == pytest.approx(-0.2) and ahead.cold_push == 0
    assert behind.cold_loss == pytest.approx(0.1) and behind.cold_push == math.inf
    assert tied.cold_shares.tolist() == [0, 0.5, 0.5, 0] and tied.hot_loss == pytest.approx(math.log(3))


def test_a_push_that_vanishes_at_both_ends_has_its_maximum_between() -> None:
    curve = over_temperatures(AHEAD, 0, np.geomspace(0.005, 10, 200)).total_push
    peak = int(curve.argmax())
    assert 0 < peak < 199
    assert (np.diff(curve[: peak + 1]) > 0).all() and (np.diff(curve[peak:]) < 0).all()


@pytest.mark.parametrize("positive", [0, 3])
def test_curves_are_the_rows_at_every_temperature(positive: int) -> None:
    taus = np.geomspace(0.001, 10, 23)
    row = [0.6, -np.inf, 0.3, 0.8, 0.0, -0.2]
    curves = over_temperatures(row, positive, taus)
    for i, tau in enumerate(taus):
        alone = anatomy([row], [positive], temperature=tau)
        assert alone.loss is not None
        assert curves.loss[i] == pytest.approx(alone.loss[0], rel=1e-12)
        assert curves.shares[i] == pytest.approx(alone.shares[0], rel=1e-12)
        assert curves.gradient[i] == pytest.approx(alone.gradient[0], rel=1e-12)
        assert curves.effective[i] == pytest.approx(alone.effective[0], rel=1e-12)
        assert curves.top_share[i] == pytest.approx(alone.shares.max(), rel=1e-12)
        assert curves.total_push[i] == pytest.approx(alone.total_push[0], rel=1e-12)
    assert (curves.temperatures == taus).all()


@pytest.mark.parametrize(
    ("similarities", "positive", "temperature", "weight"),
    [
        ([0.1, 0.2], [0], 0.1, 1),
        ([[0.1, 0.2]], [0, 1], 0.1, 1),
        ([[0.1]], [0], 0.1, 1),
        ([[]], [0], 0.1, 1),
        ([[0.1, 0.2]], [2], 0.1, 1),
        ([[0.1, 0.2]], [-1], 0.1, 1),
        ([[0.1, 0.2]], [0.0], 0.1, 1),
        ([[0.1, math.nan]], [0], 0.1, 1),
        ([[0.1, math.inf]], [0], 0.1, 1),
        ([[-math.inf, 0.2]], [0], 0.1, 1),
        ([[0.1, -math.inf]], [0], 0.1, 1),
        ([[0.1, 0.2]], [0], 0.0, 1),
        ([[0.1, 0.2]], [0], -1.0, 1),
        ([[0.1, 0.2]], [0], math.nan, 1),
        ([[0.1, 0.2]], [0], math.inf, 1),
        ([[0.1, 0.2]], [0], 1e-320, 1),
        ([[0.1, 0.2, 0.3]], [0], 0.1, 2.0),
        ([[0.1, 0.2]], [0], 0.1, 0.0),
        ([[0.1, 0.2]], [0], 0.1, math.nan),
    ],
)
def test_what_cannot_be_taken_apart_is_refused(
    similarities: Any, positive: Any, temperature: float, weight: float
) -> None:
    with pytest.raises(DataError):
        anatomy(similarities, positive, temperature=temperature, hard_weight=weight)


@pytest.mark.parametrize("temperatures", [[], [0.1, 0.0], [math.nan], 0.1, [[0.1]]])
def test_curves_refuse_what_is_no_list_of_temperatures(temperatures: Any) -> None:
    with pytest.raises(DataError, match="list of finite numbers above 0"):
        over_temperatures(AHEAD, 0, temperatures)


def test_one_row_is_one_row() -> None:
    with pytest.raises(DataError, match="one anchor"):
        limits([AHEAD], 0)  # type: ignore[list-item]
    with pytest.raises(DataError, match="no negatives"):
        over_temperatures([0.5, -math.inf], 0, [0.1])


@pytest.mark.parametrize(
    ("anchor", "candidates", "gradient"),
    [
        ([0.0, 0.0], [[1.0, 0.0]], [1.0]),
        ([1.0, 0.0], [[0.0, 0.0]], [1.0]),
        ([1.0, 0.0], [[1.0, 0.0, 0.0]], [1.0]),
        ([1.0, 0.0], [[1.0, 0.0]], [1.0, 2.0]),
        ([1.0, math.nan], [[1.0, 0.0]], [1.0]),
        ([1.0, 0.0], [[1.0, 0.0]], [math.inf]),
    ],
)
def test_a_push_without_a_direction_is_refused(anchor: Any, candidates: Any, gradient: Any) -> None:
    with pytest.raises(DataError):
        tangential_push(anchor, candidates, gradient)
