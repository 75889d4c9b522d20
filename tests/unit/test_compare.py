"""Two objectives on the same pairs: areas, places and the bootstrap over pairs and seeds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import Difference, paired_bootstrap
from simcse_core.evaluation.compare import (
    Resampled,
    auc,
    beyond_noise,
    difference_of_means,
    negatives,
    places,
    positives,
    resample,
    stacked,
)

values = st.lists(st.integers(-5, 5).map(lambda i: i / 5), min_size=1, max_size=12)
RNG = np.random.default_rng(0)
GOLD = RNG.integers(0, 26, 80) / 5


def noisy(seeds: int, noise: float, at: int = 1) -> np.ndarray:
    rng = np.random.default_rng(at)
    return np.tanh(GOLD / 5 + noise * rng.normal(size=(seeds, len(GOLD))))


@given(values, values)
def test_auc_counts_couples(alike: list[float], unlike: list[float]) -> None:
    couples = [(a > b) + (a == b) / 2 for a in alike for b in unlike]
    assert auc(alike, unlike) == pytest.approx(np.mean(couples))
    assert auc(alike, unlike) + auc(unlike, alike) == pytest.approx(1)
    assert auc(np.exp(alike), np.exp(unlike)) == pytest.approx(np.mean(couples))  # only the order counts


def test_auc_refuses_what_has_none() -> None:
    for alike, unlike in (([], [1.0]), ([1.0], []), ([np.nan], [1.0]), ([0.0], [np.inf])):
        with pytest.raises(DataError):
            auc(alike, unlike)


def test_groups_are_closed_at_their_ends() -> None:
    gold = [0.0, 1.0, 1.2, 3.8, 4.0, 5.0]
    assert negatives(gold).tolist() == [True, True, False, False, False, False]
    assert positives(gold).tolist() == [False, False, False, False, True, True]


@given(st.lists(st.integers(0, 6), min_size=2, max_size=20))
def test_places_are_average_ranks(column: list[int]) -> None:
    expected = (rankdata(column) - 1) / (len(column) - 1)
    assert places(column) == pytest.approx(expected)


def test_a_place_needs_others() -> None:
    with pytest.raises(DataError):
        places([0.5])


def test_one_seed_is_the_paired_bootstrap_of_the_pairs() -> None:
    one, other = noisy(1, 0.3), noisy(1, 0.5, 2)
    told = difference_of_means(resample(one, GOLD, seed=3), resample(other, GOLD, seed=3))
    assert told == paired_bootstrap(one[0], other[0], GOLD, seed=3)


def test_the_same_encoder_twice_differs_by_nothing() -> None:
    rows = resample(noisy(3, 0.4), GOLD, resamples=200)
    told = difference_of_means(rows, rows)
    assert (told.value, told.low, told.high, told.p) == (0, 0, 0, 1)
    assert not beyond_noise(told)


def test_equal_seeds_add_nothing_and_unequal_ones_widen_the_interval() -> None:
    one, other = noisy(1, 0.3), noisy(1, 0.4, 2)
    single = difference_of_means(resample(one, GOLD), resample(other, GOLD))
    equal = difference_of_means(resample(np.repeat(one, 3, 0), GOLD), resample(np.repeat(other, 3, 0), GOLD))
    assert (equal.value, equal.low, equal.high) == pytest.approx((single.value, single.low, single.high))
    spread = np.concatenate([one, noisy(1, 2.0, 5), noisy(1, 0.01, 6)])
    wide = difference_of_means(resample(spread, GOLD), resample(np.repeat(other, 3, 0), GOLD))
    assert wide.high - wide.low > 2 * (single.high - single.low)


def test_seeds_are_weighted_as_drawn() -> None:
    """Against a loop over resamples: the drawn seeds' mean difference on the drawn pairs."""
    first, second = (
        resample(noisy(3, 0.3), GOLD, resamples=50),
        resample(noisy(3, 0.6, 9), GOLD, resamples=50),
    )
    rng = np.random.default_rng([0, 1])
    shares = rng.multinomial(3, [1 / 3] * 3, size=50) / 3
    loop = [float(shares[i] @ (first.draws[:, i] - second.draws[:, i])) for i in range(50)]
    told = difference_of_means(first, second)
    assert [told.low, told.high] == pytest.approx(np.quantile(loop, [0.025, 0.975]).tolist())
    assert told.value == pytest.approx(float(np.mean(first.values - second.values)))


def test_a_clear_difference_is_beyond_noise_and_turns_with_its_sides() -> None:
    good, bad = resample(noisy(3, 0.05), GOLD), resample(noisy(3, 3.0, 4), GOLD)
    told, turned = difference_of_means(good, bad), difference_of_means(bad, good)
    assert beyond_noise(told) and told.value > 0 and told.p < 0.01
    assert (turned.value, turned.low, turned.high) == pytest.approx((-told.value, -told.high, -told.low))


@pytest.mark.parametrize(
    ("low", "high", "beyond"), [(-1, 1, False), (0, 1, False), (0.1, 1, True), (-2, -1, True)]
)
def test_an_interval_that_touches_zero_is_noise(low: float, high: float, beyond: bool) -> None:
    assert beyond_noise(Difference((low + high) / 2, low, high, 0.5)) == beyond


def test_trainings_resampled_one_by_one_are_stacked() -> None:
    rows = noisy(3, 0.3)
    together = resample(rows, GOLD, resamples=20)
    parts = stacked([resample(row, GOLD, resamples=20) for row in rows])
    assert np.array_equal(parts.draws, together.draws) and np.array_equal(parts.values, together.values)


def test_what_was_drawn_differently_is_not_compared() -> None:
    rows = resample(noisy(2, 0.3), GOLD, resamples=20)
    for other in (resample(noisy(3, 0.3), GOLD, resamples=20), Resampled(rows.values, rows.draws, 7)):
        with pytest.raises(DataError):
            difference_of_means(rows, other)
