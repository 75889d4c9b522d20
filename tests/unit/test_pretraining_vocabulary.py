"""Pruned and trained WordPiece vocabularies."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from unit.encoder_factory import WORDS

from simcse_core.errors import EncoderError
from simcse_core.pretraining.vocabulary import (
    PREFIX,
    SPECIAL,
    continuations,
    piece_counts,
    prune,
    train_vocabulary,
    unknown_words,
    word_counts,
    wordpiece,
)

LETTERS = [chr(c) for c in range(33, 127) if not chr(c).isupper()]
PIECES = [*SPECIAL, *LETTERS, *(PREFIX + c for c in LETTERS), *WORDS, "play", "##ing", "##s", "walk", "##ed"]
FULL = wordpiece({piece: number for number, piece in enumerate(dict.fromkeys(PIECES))})
COUNTS = Counter({word: 100 - i for i, word in enumerate(WORDS)}) + Counter({"playing": 50, "walked": 1})
KEPT = len(SPECIAL) + 2 * len(LETTERS)


@pytest.fixture(scope="module")
def pruned():
    return prune(FULL, COUNTS, KEPT + 20)


@given(st.lists(st.text(alphabet="abdeghiklnopqstwy ,!7", min_size=1, max_size=30), min_size=1, max_size=5))
def test_pruning_changes_only_words_that_used_a_pruned_piece(texts: list[str]) -> None:
    small = prune(FULL, COUNTS, KEPT + 20)
    there = set(small.get_vocab())
    for text in [*texts, "the man plays", "playing, walked!"]:
        for word in text.split():
            before = FULL.encode(word, add_special_tokens=False).tokens
            after = small.encode(word, add_special_tokens=False).tokens
            assert (after == before) == (set(before) <= there)
            assert "[UNK]" not in after


def test_pruning_keeps_the_most_used_pieces_the_characters_and_the_order(pruned) -> None:
    there = pruned.get_vocab()
    assert len(there) == KEPT + 20
    assert set(LETTERS) <= set(there) and {PREFIX + c for c in LETTERS} <= set(there)
    assert [there[token] for token in SPECIAL] == [0, 1, 2, 3, 4]
    longer = [w for w in WORDS if len(w) > 1]  # in falling order of count
    kept = [w for w in longer if w in there]
    assert kept[:12] == longer[:12]
    assert "walk" not in there  # used once: walked
    full = FULL.get_vocab()
    ordered = sorted((p for p in there if p not in SPECIAL), key=there.__getitem__)
    assert ordered == sorted(ordered, key=full.__getitem__)


def test_a_pruned_tokenizer_puts_its_own_numbers_around_a_text(pruned) -> None:
    there = pruned.get_vocab()
    ids = pruned.encode("the cat").ids
    assert ids[0] == there["[CLS]"] and ids[-1] == there["[SEP]"]
    assert pruned.encode("a [MASK].").tokens == ["[CLS]", "a", "[MASK]", ".", "[SEP]"]
    assert pruned.decode(pruned.encode("The man, playing").ids) == "the man, playing"


def test_a_size_that_cannot_hold_the_characters_is_refused() -> None:
    with pytest.raises(EncoderError, match="must be kept"):
        prune(FULL, COUNTS, KEPT - 1)


def test_only_wordpiece_can_be_pruned() -> None:
    from tokenizers import Tokenizer, models

    with pytest.raises(EncoderError, match="WordPiece"):
        prune(Tokenizer(models.BPE()), COUNTS, 500)


def test_piece_counts_against_a_loop() -> None:
    expected: Counter[str] = Counter()
    for word, count in COUNTS.items():
        for piece in FULL.encode(word, add_special_tokens=False).tokens:
            expected[piece] += count
    found = piece_counts(FULL, COUNTS)
    numbers = FULL.get_vocab()
    assert {p: int(found[numbers[p]]) for p in expected} == dict(expected)
    assert int(found.sum()) == sum(expected.values())


def test_unknown_words_are_those_with_an_unknown_character_and_often_enough() -> None:
    counts = Counter({"cat": 9, "猫": 7, "λ": 2})
    assert unknown_words(FULL, counts, at_least=5) == ["猫"]
    assert unknown_words(FULL, counts, at_least=1) == ["猫", "λ"]


def test_words_are_counted_as_the_tokenizer_cuts_them() -> None:
    assert word_counts(["The cat's  bed.", "the"]) == Counter(
        {"the": 2, "cat": 1, "'": 1, "s": 1, "bed": 1, ".": 1}
    )


def test_continuations_are_pieces_behind_the_prefix() -> None:
    found = continuations(FULL)
    numbers = FULL.get_vocab()
    assert found[numbers["##ing"]] and not found[numbers["play"]] and not found[numbers["#"]]
    assert found.sum() == sum(p.startswith(PREFIX) for p in numbers)


def test_a_trained_vocabulary_has_its_size_and_knows_its_words() -> None:
    texts = [f"the {a} sees the {b} in the house" for a in WORDS for b in WORDS]
    backend = train_vocabulary(texts, 250)
    assert backend.get_vocab_size() <= 250
    assert np.array_equal(sorted(backend.get_vocab().values()), np.arange(backend.get_vocab_size()))
    assert backend.encode("house", add_special_tokens=False).tokens == ["house"]
    assert not unknown_words(backend, Counter({"xq7zz": 1, "@": 1, "don't".replace("'", ""): 1}), at_least=1)
