"""Whole-word masking, and batches of a fixed number of tokens."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.pretraining_factory import sentences

from simcse_core.errors import DataError
from simcse_core.pretraining.corpus import TokenRows, batch_bounds, pack, split, tokenise
from simcse_core.pretraining.masking import Masking, mask_words
from simcse_core.pretraining.vocabulary import train_vocabulary

CONTINUES = np.array([False] * 60 + [True] * 40)
SPECIAL = np.arange(100) < 5
ABOUT = Masking(CONTINUES, SPECIAL, mask=4)


def rows_of(lengths: list[int]) -> TokenRows:
    flat = np.arange(sum(lengths), dtype=np.int32)
    return TokenRows(flat, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def words_of(ids: np.ndarray) -> list[list[int]]:
    """Indices of each word, by a loop; pieces before the first start belong to no word."""
    found: list[list[int]] = []
    for place, token in enumerate(ids.tolist()):
        if SPECIAL[token]:
            continue
        if not CONTINUES[token]:
            found.append([place])
        elif found:
            found[-1].append(place)
    return found


@given(
    st.lists(st.integers(0, 99), min_size=1, max_size=60),
    st.floats(0.05, 0.9),
    st.integers(0, 2**31),
)
def test_whole_words_are_chosen_and_nothing_else_changes(tokens: list[int], share: float, seed: int) -> None:
    ids = np.array([2, *tokens, 3], dtype=np.int64)
    found = mask_words(ids, ABOUT, share, np.random.default_rng(seed))
    chosen = set(found.places.tolist())
    for word in words_of(ids):
        assert len(chosen & set(word)) in (0, len(word))
    assert not SPECIAL[ids[found.places]].any()
    assert np.array_equal(found.targets, ids[found.places])
    rest = np.setdiff1d(np.arange(len(ids)), found.places)
    assert np.array_equal(found.ids[rest], ids[rest])
    assert bool(len(found.places)) is bool(words_of(ids))
    shown = found.ids[found.places]
    assert ((shown == ABOUT.mask) | ~SPECIAL[shown]).all()


def test_shares_of_words_and_of_their_fates() -> None:
    ids = np.random.default_rng(0).integers(5, 60, size=200_000)
    found = mask_words(ids, ABOUT, 0.15, np.random.default_rng(1))
    assert len(found.places) / len(ids) == pytest.approx(0.15, abs=0.004)
    shown = found.ids[found.places]
    hidden, kept = np.mean(shown == ABOUT.mask), np.mean(shown == found.targets)
    assert hidden == pytest.approx(0.8, abs=0.01)
    assert kept == pytest.approx(0.1 + 0.1 / 95, abs=0.01)  # a random piece is the true one now and then


def test_the_same_generator_gives_the_same_masks() -> None:
    ids = np.arange(5, 60, dtype=np.int64)
    first, again, other = (mask_words(ids, ABOUT, 0.3, np.random.default_rng(s)) for s in (3, 3, 4))
    assert np.array_equal(first.ids, again.ids) and np.array_equal(first.places, again.places)
    assert not np.array_equal(first.places, other.places)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=80), st.integers(10, 200))
def test_batches_are_as_full_as_they_may_be(lengths: list[int], tokens: int) -> None:
    bounds = batch_bounds(np.array(lengths), tokens)
    sums = [sum(lengths[a:b]) for a, b in pairwise(bounds)]
    assert bounds[0] == 0 and all(a < b for a, b in pairwise(bounds))
    for (start, stop), total in zip(pairwise(bounds), sums, strict=True):
        assert total <= tokens or stop - start == 1 or len(sums) == 1
        assert stop == len(lengths) or total + lengths[stop] > tokens


@settings(max_examples=30)
@given(st.lists(st.integers(5, 20), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_a_packed_batch_holds_the_chosen_rows(lengths: list[int], random) -> None:
    rows = rows_of(lengths)
    chosen = np.array(random.sample(range(len(lengths)), random.randint(1, len(lengths))))
    found = pack(rows, chosen, -1, "cpu")
    held = []
    for part in found.parts:
        block = found.ids[part.start : part.stop].reshape(part.count, part.length)
        held += [tuple(line[line >= 0].tolist()) for line in block]
    assert sorted(held) == sorted(tuple(rows.row(int(i)).tolist()) for i in chosen)
    assert found.lengths.tolist() == [len(row) for row in held]


def test_tokens_of_a_corpus_are_those_of_each_line() -> None:
    texts = [*sentences(50), "hi"]
    backend = train_vocabulary(texts, 215)
    rows = tokenise(backend, texts, 10)
    expected = [backend.encode(text).ids for text in texts]
    expected = [[*ids[:9], ids[-1]] if len(ids) > 10 else ids for ids in expected if len(ids) >= 5]
    assert [rows.row(i).tolist() for i in range(len(rows))] == expected
    assert rows.flat.dtype == np.uint16
    with pytest.raises(DataError, match="5 tokens"):
        tokenise(backend, ["a"], 10)


def test_held_out_rows_are_never_trained_on() -> None:
    texts = sentences(60) * 2
    rows = tokenise(train_vocabulary(texts, 215), texts, 24)
    held_out, train = split(rows, 10, seed=1)
    there = {held_out.row(i).tobytes() for i in range(len(held_out))}
    assert len(held_out) == 10
    assert not there & {rows.row(int(i)).tobytes() for i in train}
    assert len(train) == sum(rows.row(i).tobytes() not in there for i in range(len(rows)))
    with pytest.raises(DataError, match="too few"):
        split(rows, 120, seed=1)
