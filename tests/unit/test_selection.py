"""A selection of rows: its groups, its neighbours against plain loops, and its way through an address."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcse_core.errors import DataError
from simcse_core.evaluation.packing import packed_rows, unpacked_rows
from simcse_core.evaluation.selection import GroupShare, groups_in, neighbours_inside

Selections = st.integers(2, 40).flatmap(
    lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1), min_size=2).map(sorted))
)


@given(Selections, st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_neighbours_inside_agree_with_a_loop(chosen: tuple[int, list[int]], k: int, seed: int) -> None:
    n, rows = chosen
    k, rng = min(k, n - 1), np.random.default_rng(seed)
    others = [[j for j in range(n) if j != i] for i in range(n)]
    lists = np.array([[rng.permutation(one)[:k] for one in others] for _ in range(3)])
    found = neighbours_inside(lists, rows)
    counted = min(k, len(rows) - 1)
    for step, share in enumerate(found.shares):
        inside = 0
        for row in rows:
            for neighbour in lists[step, row, :counted]:
                inside += neighbour in rows
        assert share == pytest.approx(inside / (len(rows) * counted))
    assert found.k == counted and found.chance == pytest.approx((len(rows) - 1) / (n - 1))


def test_a_tight_pair_and_the_whole_map_keep_all_their_neighbours() -> None:
    lists = np.array([[[1, 2], [0, 2], [1, 0], [0, 1]]])
    assert neighbours_inside(lists, [0, 1]).shares == (1.0,)
    whole = neighbours_inside(lists, range(4))
    assert whole.shares == (1.0,) and whole.chance == 1.0
    assert neighbours_inside(lists, [2, 3]).shares == (0.0,)


def test_groups_come_with_their_share_here_and_everywhere() -> None:
    groups = ["sea", "sky", "sea", "sky", "air", "air", "air", "air"]
    assert groups_in([0, 1, 2, 4], groups) == [
        GroupShare("sea", 2, 0.5, 0.25),
        GroupShare("air", 1, 0.25, 0.5),
        GroupShare("sky", 1, 0.25, 0.25),
    ]
    assert groups_in([], groups) == []


@pytest.mark.parametrize("rows", [[0, 4], [-1, 0], [1, 1]])
def test_rows_that_are_not_there_or_come_twice_are_refused(rows: list[int]) -> None:
    with pytest.raises(DataError, match="0 to 3"):
        groups_in(rows, "abcd")
    with pytest.raises(DataError, match="0 to 3"):
        neighbours_inside(np.zeros((1, 4, 2), dtype=int), rows)


def test_one_row_has_nothing_inside_and_lists_need_steps() -> None:
    with pytest.raises(DataError, match="got 1 rows"):
        neighbours_inside(np.zeros((1, 4, 2), dtype=int), [0])
    with pytest.raises(DataError, match=re.escape("(4, 2)")):
        neighbours_inside(np.zeros((4, 2), dtype=int), [0, 1])


@given(Selections)
def test_rows_survive_an_address(chosen: tuple[int, list[int]]) -> None:
    n, rows = chosen
    text = packed_rows(rows, n)
    assert re.fullmatch(r"[\w-]+", text) and unpacked_rows(text, n) == tuple(rows)


@pytest.mark.parametrize("text", ["", "A", "AA", "AAAAAA", "****", "AAé=", "AAA8", "AAAA "])
def test_a_text_of_other_rows_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        unpacked_rows(text, 18)
