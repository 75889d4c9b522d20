"""Errors of places: closed forms, loops, and intervals that tell a real difference from none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simcse_core.data.datasets import load_dataset_records
from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import Difference
from simcse_core.evaluation.errors import (
    LENGTH_EDGES,
    OVERLAP_EDGES,
    better_but_worse,
    breakdown,
    group_differences,
    hardest,
    length_differences,
    one_sided,
    ranges,
    rank_residuals,
    word_overlaps,
)


def test_a_perfect_order_has_no_error_and_a_reversed_one_the_largest() -> None:
    gold = np.array([0.0, 1.0, 2.0, 3.0, 5.0])
    assert rank_residuals(np.tanh(gold), gold).tolist() == [0, 0, 0, 0, 0]
    assert rank_residuals(-gold, gold).tolist() == [1.0, 0.5, 0.0, -0.5, -1.0]


def test_equal_cosines_share_the_middle_place() -> None:
    assert rank_residuals([0.3, 0.3, 0.3], [1.0, 2.0, 3.0]).tolist() == [0.5, 0.0, -0.5]


columns = st.integers(2, 30).flatmap(
    lambda n: st.tuples(*[arrays(np.int64, n, elements=st.integers(-5, 5)) for _ in range(2)])
)


@given(columns)
@settings(max_examples=40, deadline=None)
def test_residuals_are_a_difference_of_places_counted_one_by_one(both: tuple[np.ndarray, np.ndarray]) -> None:
    cosine, gold = both
    n = len(cosine)

    def place(values: np.ndarray, i: int) -> float:
        below = sum(values[j] < values[i] for j in range(n) if j != i)
        equal = sum(values[j] == values[i] for j in range(n) if j != i)
        return float((below + equal / 2) / (n - 1))

    expected = [place(cosine, i) - place(gold, i) for i in range(n)]
    found = rank_residuals(cosine, gold)
    assert found == pytest.approx(expected)
    assert abs(found.mean()) < 1e-12 and np.abs(found).max() <= 1
    assert rank_residuals(np.exp(cosine / 3.0), gold) == pytest.approx(found)  # a rising map changes nothing


@pytest.mark.parametrize(
    ("cosine", "gold"), [([0.1, 0.2], [1.0]), ([0.1], [1.0]), ([0.1, np.nan], [1, 2]), ([[0.1]], [[1.0]])]
)
def test_what_cannot_be_ranked_is_refused(cosine: list[float], gold: list[float]) -> None:
    with pytest.raises(DataError):
        rank_residuals(cosine, gold)


def test_lengths_and_overlap_of_texts() -> None:
    first = ["A cat sleeps.", "The dog!", "", "我们走"]
    second = ["a CAT sleeps", "No bird sings here", "", "我们"]
    assert length_differences(first, second).tolist() == [0, 2, 0, 1]
    assert word_overlaps(first, second).tolist() == pytest.approx([1.0, 0.0, 1.0, 2 / 3])
    assert word_overlaps(["!"], ["?"]).tolist() == [0.0]


def test_ranges_hold_their_lower_end() -> None:
    assert ranges([0, 1, 2, 3, 4, 5, 7, 8, 99], LENGTH_EDGES).tolist() == [0, 1, 2, 3, 3, 4, 4, 5, 5]
    assert ranges([0, 0.1, 0.74, 0.75, 1.0], OVERLAP_EDGES).tolist() == [0, 1, 3, 4, 4]
    with pytest.raises(DataError, match="lowest range"):
        ranges([-1], LENGTH_EDGES)


def test_groups_hold_their_means_and_the_interval_that_theory_gives() -> None:
    rng = np.random.default_rng(0)
    errors = np.concatenate([rng.normal(0.3, 0.1, 400), rng.normal(-0.1, 0.05, 100)])
    names = ["wide"] * 400 + ["narrow"] * 100
    wide, narrow = breakdown(errors, names)
    assert (wide.name, wide.pairs, narrow.name, narrow.pairs) == ("wide", 400, "narrow", 100)
    assert wide.bias.value == pytest.approx(errors[:400].mean())
    assert narrow.size.value == pytest.approx(np.abs(errors[400:]).mean())
    half = 1.96 * errors[:400].std() / np.sqrt(400)  # the mean of many draws is nearly normal
    assert wide.bias.high - wide.bias.low == pytest.approx(2 * half, rel=0.08)
    assert wide.bias.low < errors[:400].mean() < wide.bias.high
    assert breakdown(errors, names) == [wide, narrow]  # the seed decides


def test_a_difference_is_paired() -> None:
    """Both are far off by very different amounts from pair to pair, one always by 0.02 more."""
    rng = np.random.default_rng(1)
    base = rng.uniform(0.0, 0.9, 200)
    found = group_differences(base + 0.02, -base, ["all"] * 200)["all"]
    assert found.value == pytest.approx(0.02) and found.low == pytest.approx(0.02) and found.p < 0.001
    mirrored = group_differences(base, -base, ["all"] * 200)["all"]
    assert (mirrored.value, mirrored.low, mirrored.high, mirrored.p) == (0, 0, 0, 1)


def test_many_kinds_take_wider_intervals() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.normal(0, 0.2, (2, 600))
    alone = group_differences(first[:60], second[:60], ["k"] * 60)["k"]
    names = [f"k{i // 60}" for i in range(600)]
    among = group_differences(first, second, names)["k0"]
    assert among.value == alone.value and among.low < alone.low and among.high > alone.high


def test_differences_between_twins_are_seldom_beyond_noise() -> None:
    """Two checkpoints with equally large errors: all kinds together are wrong in about one case of twenty."""
    names = [f"k{i // 50}" for i in range(600)]
    alarms = 0
    for seed in range(40):
        first, second = np.random.default_rng(seed).normal(0, 0.2, (2, 600))
        found = group_differences(first, second, names, seed=seed)
        alarms += any(d.low > 0 or d.high < 0 for d in found.values())
    assert alarms <= 7  # 5 % of 40 is 2; more than 7 has a chance below 1 in 1,000


def test_the_hardest_kind_and_those_too_close_to_it() -> None:
    rng = np.random.default_rng(3)
    errors = np.concatenate([rng.normal(0, s, 80) for s in (0.5, 0.5, 0.05)])
    names = ["a"] * 80 + ["b"] * 80 + ["c"] * 80
    worst, near = hardest(errors, names)
    assert {worst, *near} == {"a", "b"}
    with pytest.raises(DataError):
        hardest([], [])
    with pytest.raises(DataError, match="a kind each"):
        hardest([0.1], [])


def test_one_sided_is_the_first_ones_largest_error_among_the_seconds_right_pairs() -> None:
    assert one_sided([0.9, -0.7, 0.2], [0.5, 0.1, 0.0]) == 1
    assert one_sided([0.9, -0.7], [0.5, 0.2]) is None and one_sided([], []) is None
    assert one_sided([0.0, 0.0], [0.0, 0.3]) == 0


def test_better_but_worse_looks_at_the_one_with_the_higher_score() -> None:
    told = {"x": Difference(0.1, 0.05, 0.15, 0.01), "y": Difference(-0.2, -0.3, -0.1, 0.01),
            "z": Difference(0.3, -0.1, 0.7, 0.2)}  # fmt: skip
    assert better_but_worse((80.0, 70.0), told) == ("x", told["x"])
    assert better_but_worse((70.0, 80.0), told) == ("y", told["y"])
    assert better_but_worse((80.0, 70.0), {"z": told["z"]}) is None


def test_the_shipped_pairs_fill_every_range() -> None:
    pairs = load_dataset_records("pairs")
    lengths = ranges(length_differences(pairs.first, pairs.second), LENGTH_EDGES)
    overlaps = ranges(word_overlaps(pairs.first, pairs.second), OVERLAP_EDGES)
    assert set(lengths.tolist()) == set(range(len(LENGTH_EDGES)))
    assert np.bincount(overlaps).min() > 50
