"""False negatives: the birthday problem against simulation, and the remedies against closed forms."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcse_core.errors import DataError
from simcse_core.evaluation.false_negatives import (
    chance_of_repeat,
    expected_repeats,
    flagged_pairs,
    wasted,
)
from simcse_core.evaluation.language import unknown_share
from simcse_core.theory.anatomy import anatomy
from simcse_core.theory.remedies import REMEDIES, remedies

SETTINGS = {"temperature": 0.1, "threshold": 0.8, "prior": 0.05, "other_temperature": 0.3}


def batch(n: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Cosines with high diagonals, and a judge that finds (0, 1) alike."""
    rng = np.random.default_rng(seed)
    cosines = np.clip(rng.normal(0.2, 0.2, size=(n, n)), -0.9, 0.9)
    np.fill_diagonal(cosines, 0.95)
    judged = np.eye(n)
    judged[0, 1] = judged[1, 0] = 0.85
    return cosines, judged


@pytest.mark.parametrize(("size", "meanings"), [(1, 7), (2, 7), (5, 7), (8, 7), (23, 365)])
def test_the_chance_of_a_repeat_is_that_of_a_simulation(size: int, meanings: int) -> None:
    rng = np.random.default_rng(size)
    drawn = np.sort(rng.integers(0, meanings, size=(20_000, size)), axis=1)
    seen = (np.diff(drawn, axis=1) == 0).any(axis=1).mean()
    assert float(chance_of_repeat(size, 1 / meanings)) == pytest.approx(seen, abs=0.015)


def test_it_counts_all_batches_of_a_small_corpus() -> None:
    for size, meanings in itertools.product((2, 3, 4), (3, 4, 5)):
        every = list(itertools.product(range(meanings), repeat=size))
        exact = sum(len(set(one)) < size for one in every) / len(every)
        assert float(chance_of_repeat(size, 1 / meanings)) == pytest.approx(exact, abs=1e-12)
        pairs = np.mean([sum(a == b for a, b in itertools.combinations(one, 2)) for one in every])
        assert expected_repeats(size, 1 / meanings) == pytest.approx(pairs)


def test_the_ends_and_small_rates_keep_their_digits() -> None:
    assert chance_of_repeat([1, 2, 2], [0.5, 0.0, 1.0]).tolist() == [0.0, 0.0, 1.0]
    assert float(chance_of_repeat(2, 1e-15)) == pytest.approx(1e-15, rel=1e-9)
    assert float(chance_of_repeat(64, 1e-12)) == pytest.approx(math.comb(64, 2) * 1e-12, rel=1e-6)
    for size, rate in ((0, 0.1), (3, -0.1), (3, 1.1), (3, math.nan)):
        with pytest.raises(DataError):
            chance_of_repeat(size, rate)


@given(size=st.integers(2, 200), rate=st.floats(0, 0.2))
@settings(deadline=None)
def test_a_longer_batch_or_a_higher_rate_never_makes_a_repeat_rarer(size: int, rate: float) -> None:
    here = float(chance_of_repeat(size, rate))
    assert 0 <= here <= min(1.0, expected_repeats(size, rate) + 1e-12)  # Boole
    assert float(chance_of_repeat(size + 1, rate)) >= here
    assert float(chance_of_repeat(size, min(1.0, rate * 1.5))) >= here


def test_plain_masked_and_warmer_are_the_closed_forms_of_infonce() -> None:
    cosines, judged = batch()
    found = remedies(cosines, judged, **SETTINGS)
    assert tuple(found) == REMEDIES
    own = np.arange(len(cosines))
    masked = cosines.copy()
    masked[0, 1] = masked[1, 0] = -np.inf
    for way, rows, tau in (("plain", cosines, 0.1), ("guide", masked, 0.1), ("temperature", cosines, 0.3)):
        known = anatomy(rows, own, temperature=tau)
        np.testing.assert_allclose(found[way].gradient, known.gradient, atol=1e-9)
        np.testing.assert_allclose(found[way].shares, known.shares, atol=1e-9)
        assert found[way].silent == 0
    assert found["guide"].gradient[0, 1] == 0 < found["plain"].gradient[0, 1]


def test_debiasing_is_the_derivative_of_its_formula() -> None:
    cosines, judged = batch()
    found = remedies(cosines, judged, **SETTINGS)["debiased"]
    tau, prior = SETTINGS["temperature"], SETTINGS["prior"]

    def loss(row: int, values: np.ndarray) -> float:
        others = np.delete(values, row)
        own, count = math.exp(values[row] / tau), len(others)
        rest = (np.exp(others / tau).sum() - prior * count * own) / (1 - prior)
        return -math.log(own / (own + max(rest, count * math.exp(-1 / tau))))

    silent = 0
    for row in range(len(cosines)):
        slopes = []
        for column in range(len(cosines)):
            step = np.zeros(len(cosines))
            step[column] = 1e-6
            slopes.append((loss(row, cosines[row] + step) - loss(row, cosines[row] - step)) / 2e-6)
        np.testing.assert_allclose(found.gradient[row], slopes, atol=1e-5)
        silent += all(abs(s) < 1e-9 for k, s in enumerate(slopes) if k != row)
    assert found.silent == silent


def test_a_prior_of_zero_is_infonce_and_a_large_one_silences_a_cold_batch() -> None:
    cosines, judged = batch(seed=3)
    none = remedies(cosines, judged, **{**SETTINGS, "prior": 0.0})
    np.testing.assert_allclose(none["debiased"].gradient, none["plain"].gradient, atol=1e-12)
    cold = remedies(cosines, judged, **{**SETTINGS, "prior": 0.2, "temperature": 0.05})
    assert cold["debiased"].silent == len(cosines) and not cold["debiased"].shares.any()


def test_what_cannot_be_masked_or_compared_is_refused() -> None:
    cosines, judged = batch()
    with pytest.raises(DataError, match="without a negative"):
        remedies(cosines, np.ones_like(judged), **SETTINGS)
    with pytest.raises(DataError, match="one n"):
        remedies(cosines, judged[:3], **SETTINGS)


def test_waste_is_the_mean_share_over_the_rows_that_push() -> None:
    shares = np.array([[0.0, 0.75, 0.25], [0.5, 0.0, 0.5], [0.0, 0.0, 0.0]])
    flags = np.array([[0, 1, 0], [2, 0, 0], [1, 1, 0]])
    assert wasted(shares, flags) == pytest.approx((0.75 + 0.5) / 2)
    assert wasted(np.zeros((2, 2)), np.ones((2, 2))) == 0
    assert flagged_pairs(flags) == [(0, 1), (1, 0), (2, 0), (2, 1)]


def test_the_share_of_unknown_pieces_counts_tokens_not_texts() -> None:
    assert unknown_share([["[UNK]"], ["a", "[UNK]", "b"]], "[UNK]") == 0.5
    assert unknown_share([], "[UNK]") == 0 and unknown_share([["a"]], None) == 0
