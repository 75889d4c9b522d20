"""What holds for every batch, whatever its numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simcse_core.theory.anatomy import anatomy, tangential_push
from simcse_core.theory.temperatures import limits, over_temperatures

EASY = settings(max_examples=60, deadline=None)
COSINES = st.floats(-1, 1, allow_subnormal=False)
TEMPERATURES = st.floats(0.001, 100)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Any, Any]:
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(2, 9))
    similarities = draw(arrays(np.float64, (rows, columns), elements=COSINES))
    positive = draw(arrays(np.int64, (rows,), elements=st.integers(0, columns - 1)))
    masked = draw(arrays(np.bool_, (rows, columns)))
    masked[np.arange(rows), positive] = False
    masked[np.arange(rows), (positive + 1) % columns] = False  # one negative stays
    return np.where(masked, -np.inf, similarities), positive


@EASY
@given(batches(), TEMPERATURES)
def test_shares_and_probabilities_are_distributions(batch: tuple[Any, Any], temperature: float) -> None:
    similarities, positive = batch
    found = anatomy(similarities, positive, temperature=temperature)
    rows = np.arange(len(positive))
    assert found.probabilities is not None
    for part in (found.shares, found.probabilities):
        assert (part >= 0).all() and np.allclose(part.sum(axis=1), 1, atol=1e-12)
        assert (part[np.isneginf(similarities)] == 0).all()
    assert (found.shares[rows, positive] == 0).all()


@EASY
@given(batches(), TEMPERATURES)
def test_pull_and_push_balance(batch: tuple[Any, Any], temperature: float) -> None:
    similarities, positive = batch
    found = anatomy(similarities, positive, temperature=temperature)
    pull = -found.gradient[np.arange(len(positive)), positive]
    assert np.allclose(found.gradient.sum(axis=1), 0, atol=1e-10 / temperature)
    assert np.allclose(pull, found.total_push, rtol=1e-12)
    assert (found.total_push <= 1 / temperature * (1 + 1e-12)).all()


@EASY
@given(batches(), TEMPERATURES)
def test_the_effective_number_lies_between_one_and_all(batch: tuple[Any, Any], temperature: float) -> None:
    similarities, positive = batch
    effective = anatomy(similarities, positive, temperature=temperature).effective
    met = (~np.isneginf(similarities)).sum(axis=1) - 1
    assert (effective >= 1).all() and (effective <= met * (1 + 1e-12)).all()


@EASY
@given(batches(), st.floats(0.02, 10), st.floats(-1, 1))
def test_a_constant_on_every_similarity_changes_nothing(
    batch: tuple[Any, Any], temperature: float, shift: float
) -> None:
    similarities, positive = batch
    one = anatomy(similarities, positive, temperature=temperature)
    other = anatomy(similarities + shift, positive, temperature=temperature)
    assert one.loss is not None and other.loss is not None
    assert np.allclose(one.shares, other.shares, atol=1e-9)
    assert np.allclose(one.loss, other.loss, rtol=1e-9, atol=1e-9)


@EASY
@given(batches(), TEMPERATURES, st.floats(0.1, 10))
def test_similarities_and_temperature_scale_together(
    batch: tuple[Any, Any], temperature: float, factor: float
) -> None:
    similarities, positive = batch
    one = anatomy(similarities, positive, temperature=temperature)
    other = anatomy(similarities * factor, positive, temperature=temperature * factor)
    assert np.allclose(one.shares, other.shares, atol=1e-9)
    assert np.allclose(one.gradient, factor * other.gradient, atol=1e-9 / temperature)


@EASY
@given(batches(), TEMPERATURES, st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(
    batch: tuple[Any, Any], temperature: float, random: Any
) -> None:
    similarities, positive = batch
    order = list(range(similarities.shape[1]))
    random.shuffle(order)
    moved = np.argsort(order)[positive]
    one = anatomy(similarities, positive, temperature=temperature)
    other = anatomy(similarities[:, order], moved, temperature=temperature)
    assert np.allclose(one.shares[:, order], other.shares, atol=1e-12)
    assert np.allclose(one.effective, other.effective, rtol=1e-9)


@EASY
@given(batches(), TEMPERATURES, st.floats(-1, 1))
def test_shares_do_not_depend_on_the_positive(
    batch: tuple[Any, Any], temperature: float, elsewhere: float
) -> None:
    similarities, positive = batch
    moved = similarities.copy()
    moved[np.arange(len(positive)), positive] = elsewhere
    one, other = (anatomy(s, positive, temperature=temperature) for s in (similarities, moved))
    assert (one.shares == other.shares).all() and (one.effective == other.effective).all()


@EASY
@given(batches(), st.lists(st.floats(0.01, 10), min_size=2, max_size=12))
def test_a_higher_temperature_spreads_the_push(batch: tuple[Any, Any], temperatures: list[float]) -> None:
    similarities, positive = batch
    curves = over_temperatures(similarities[0], int(positive[0]), sorted(temperatures))
    assert (np.diff(curves.effective) >= -1e-9).all()
    assert (np.diff(curves.top_share) <= 1e-12).all()


@EASY
@given(batches())
def test_both_ends_are_what_the_limits_say(batch: tuple[Any, Any]) -> None:
    row, at = batch[0][0], int(batch[1][0])
    others = np.sort(np.unique(np.delete(row, at)))
    assume(len(others) < 2 or others[-1] - others[-2] > 1e-3)  # closer rivals need a colder end
    ends = limits(row, at)
    curves = over_temperatures(row, at, [1e-5, 1e7])
    assert np.allclose(curves.shares[0], ends.cold_shares, atol=1e-6)
    assert np.allclose(curves.shares[1], ends.hot_shares, atol=1e-6)
    assert np.isclose(1e-5 * curves.loss[0], ends.cold_loss, atol=1e-4)
    assert np.isclose(curves.loss[1], ends.hot_loss, atol=1e-5)


@EASY
@given(
    arrays(np.float64, (4,), elements=st.floats(-2, 2)),
    arrays(np.float64, (3, 4), elements=st.floats(-2, 2)),
    st.floats(0.5, 3),
)
def test_pushes_are_tangential_and_weaker_on_longer_anchors(
    anchor: Any, candidates: Any, factor: float
) -> None:
    assume(np.linalg.norm(anchor) > 0.1 and (np.linalg.norm(candidates, axis=1) > 0.1).all())
    gradient = [-1.0, 0.7, 0.3]
    pushes = tangential_push(anchor, candidates, gradient)
    assert np.allclose(pushes @ anchor, 0, atol=1e-9)
    assert np.allclose(tangential_push(factor * anchor, candidates, gradient), pushes / factor, atol=1e-9)
    assert np.allclose(tangential_push(anchor, factor * candidates, gradient), pushes, atol=1e-9)
