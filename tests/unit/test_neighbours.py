"""Neighbour lists and their overlaps: closed forms, an independent implementation, invariances."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcse_core.errors import DataError
from simcse_core.evaluation import neighbours as nb


def circle(degrees: list[float]) -> np.ndarray:
    turns = np.radians(degrees)
    return np.stack([np.cos(turns), np.sin(turns)], axis=1)


def test_neighbours_on_a_circle_are_the_nearest_angles() -> None:
    rows, cosines = nb.nearest(circle([0, 10, 30, 180]) * [[1], [5], [0.1], [2]], k=2)
    assert rows.tolist() == [[1, 2], [0, 2], [1, 0], [2, 1]]
    assert cosines[0] == pytest.approx(np.cos(np.radians([10, 30])))
    assert cosines[3] == pytest.approx(np.cos(np.radians([150, 170])))


def test_of_equal_cosines_the_lower_row_comes_first() -> None:
    rows, _ = nb.nearest(circle([0, 90, -90, 0]), k=3)
    assert rows[0].tolist() == [3, 1, 2]


@settings(deadline=None)  # the first call imports scikit-learn
@given(st.integers(0, 2**32 - 1), st.integers(3, 30), st.integers(1, 10))
def test_neighbours_agree_with_scikit_learn(seed: int, n: int, k: int) -> None:
    from sklearn.neighbors import NearestNeighbors

    k = min(k, n - 1)
    x = np.random.default_rng(seed).standard_normal((n, 5))
    finder = NearestNeighbors(n_neighbors=k, metric="cosine").fit(x)
    distances, rows = finder.kneighbors()  # without an argument a row is not its own neighbour
    found, cosines = nb.nearest(x, k=k)
    assert found.tolist() == rows.tolist()
    assert cosines == pytest.approx(1 - distances)


@pytest.mark.parametrize("k", [0, 4])
def test_too_few_or_too_many_neighbours_are_refused(k: int) -> None:
    with pytest.raises(DataError, match="allowed: 1 to 3"):
        nb.nearest(np.eye(4), k=k)


def lists(seed: int, *, n: int, k: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.stack([rng.choice([j for j in range(n) if j != i], size=k, replace=False) for i in range(n)])


@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.data())
def test_overlaps_agree_with_sets(seed: int, n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n - 1))
    a, b = lists(seed, n=n, k=k), lists(seed + 1, n=n, k=k)
    both = [len(set(x) & set(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    either = [len(set(x) | set(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert nb.shared(a, b).tolist() == both
    assert nb.jaccard(a, b) == pytest.approx([x / y for x, y in zip(both, either, strict=True)])
    assert nb.jaccard(a, b) == pytest.approx(nb.jaccard(b, a))
    assert nb.jaccard(a, a[:, ::-1]) == pytest.approx(np.ones(n))  # the order in a list does not count


TRAIL = np.array([[[1, 2], [2, 3]], [[1, 3], [2, 3]], [[1, 3], [3, 2]]])
"""Two rows, two neighbours, three steps: the first row changes one of two neighbours, once."""


def test_overlaps_over_steps_in_closed_form() -> None:
    assert nb.overlap_with_previous(TRAIL) == pytest.approx([(1 / 3 + 1) / 2, 1.0])
    assert nb.overlap_with_last(TRAIL) == pytest.approx([2 / 3, 1.0, 1.0])


@pytest.mark.parametrize(("level", "step"), [(0.5, 0), (0.9, 10)])
def test_lists_have_settled_when_no_later_change_is_large(level: float, step: int) -> None:
    assert nb.settled_after([0, 10, 20], TRAIL, level=level) == step


def test_lists_that_change_to_the_end_have_not_settled() -> None:
    assert nb.settled_after([0, 10, 20], TRAIL[::-1], level=0.9) is None
    assert nb.settled_after([0], TRAIL[:1], level=0.9) is None


def test_shares_of_the_own_group() -> None:
    shares = nb.same_group(np.array([[1, 2], [0, 2], [0, 1]]), ["a", "a", "b"])
    assert shares.tolist() == [0.5, 0.5, 0.0]


def test_shares_are_of_every_step_at_once() -> None:
    lists_now = np.array([[[1], [0], [1]], [[2], [2], [0]]])
    assert nb.same_group(lists_now, ["a", "a", "b"]).tolist() == [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    "call",
    [
        lambda: nb.shared(np.zeros((2, 1)), np.zeros((2, 2))),
        lambda: nb.overlap_with_last(np.zeros((2, 2))),
        lambda: nb.same_group(np.zeros((2, 1), dtype=int), ["a"]),
        lambda: nb.settled_after([0], TRAIL, level=0.9),
        lambda: nb.nearest([[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]], k=1),
    ],
)
def test_what_does_not_fit_is_refused(call: object) -> None:
    with pytest.raises(DataError):
        call()  # type: ignore[operator]
