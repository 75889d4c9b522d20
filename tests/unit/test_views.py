"""What each view does to sentences: lengths, places, seeds, labels."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcse_core.data.records import Pair, ScoredPair, Triplet
from simcse_core.encoders import load_encoder
from simcse_core.errors import DataError
from simcse_core.registry import accepts_of
from simcse_core.views import BESIDE, views
from simcse_core.views.synonym import shipped_synonyms
from simcse_core.views.words import changes

DISTINCT = "an old man plays the guitar near red house at night with three people"
SENTENCES = ["the old man plays a guitar near the red house", "a child sleeps", "bread", "two dogs run"]
SENTENCE_VIEWS = [  # what fetches a model has tests of its own
    name
    for name in views
    if "sentences" in views.info(name).traits["gives"] and "fetches" not in views.info(name).traits
]
WORDS = st.lists(st.sampled_from("the cat dog runs sleeps near house red".split()), min_size=1, max_size=30)


def made(name: str, records: list, tokenizer: object = None, seed: int = 0, **parameters: object) -> dict:
    offered = {"tokenizer": tokenizer, "width": 32}
    more = {key: x for key, x in offered.items() if key in accepts_of(views[name])}
    return dict(views[name](records, np.random.default_rng(seed), **more, **parameters))


@pytest.fixture(scope="module")
def tokenizer(tiny_checkpoint):
    return load_encoder(str(tiny_checkpoint), device="cpu").text_tokenizer


@pytest.mark.parametrize("name", SENTENCE_VIEWS)
def test_a_view_of_sentences_gives_what_it_says_and_follows_its_seed(name: str, tokenizer: object) -> None:
    found = made(name, SENTENCES, tokenizer)
    roles = {role for role in found if not role.endswith(BESIDE)}
    assert roles == set(views.info(name).traits["gives"]["sentences"])
    assert len({len(rows) for rows in found.values()}) == 1
    assert all(len(row) for role, rows in found.items() if role != "label" for row in rows)
    again = made(name, SENTENCES, tokenizer)
    assert {r: np.asarray(again[r], dtype=object).tolist() for r in again} == {
        r: np.asarray(found[r], dtype=object).tolist() for r in found
    }


@pytest.mark.parametrize(
    ("name", "parameter"),
    [("word_deletion", "rate"), ("crop", "rate"), ("repetition", "rate"), ("synonym", "count")],
)
def test_at_rate_zero_nothing_changes(name: str, parameter: str, tokenizer: object) -> None:
    found = made(name, SENTENCES, tokenizer, **{parameter: 0})
    assert list(found["positive"]) == list(found["anchor"])


@given(words=WORDS, seed=st.integers(0, 99))
def test_one_word_goes_and_the_others_keep_their_order(words: list[str], seed: int) -> None:
    (after,) = (row.split() for row in made("delete_word", [" ".join(words)], seed=seed)["positive"])
    assert len(after) == max(len(words) - 1, 1)
    assert len(words) == 1 or any(words[:i] + words[i + 1 :] == after for i in range(len(words)))


@given(words=WORDS, rate=st.sampled_from([0.1, 0.3, 0.5, 0.9]), seed=st.integers(0, 99))
def test_lengths_after_deletion_and_cropping(words: list[str], rate: float, seed: int) -> None:
    """Cropping 10 % of 20 words leaves 18; one word always stays."""
    expected = len(words) - min(round(rate * len(words)), len(words) - 1)
    text = " ".join(words)
    for name in ("word_deletion", "crop"):
        (after,) = made(name, [text], seed=seed, rate=rate)["positive"]
        assert len(after.split()) == expected
    assert after in text  # a crop is contiguous


def test_every_word_is_deleted_sometimes() -> None:
    gone = {made("delete_word", [SENTENCES[1]], seed=seed)["positive"][0] for seed in range(40)}
    assert gone == {"child sleeps", "a sleeps", "a child"}


@pytest.mark.parametrize("unit", ["subword", "word"])
def test_repetition_doubles_neighbours_within_the_published_number(unit: str, tokenizer: object) -> None:
    counts = set()
    for seed in range(60):
        found = made("repetition", [DISTINCT], tokenizer, seed=seed, rate=0.32, unit=unit)
        before, after = (
            (found[role][0][1:-1] if unit == "subword" else found[role][0].split())
            for role in ("anchor", "positive")
        )
        counts.add(len(after) - len(before))
        runs = [list(run) for _, run in itertools.groupby(after)]
        assert [run[0] for run in runs] == list(before)
        assert {len(run) for run in runs} <= {1, 2}
    assert min(counts) == 0
    assert max(counts) == max(2, int(0.32 * len(before)))


def test_repetition_stays_within_the_longest_text(tokenizer: object) -> None:
    found = made("repetition", ["red " * 200], tokenizer, rate=1.0)
    assert len(found["positive"][0]) <= 64
    assert found["positive"][0][-1] == found["anchor"][0][-1]


def test_synonyms_keep_case_punctuation_and_articles() -> None:
    word = next(w for w, options in shipped_synonyms().items() if w[0] not in "aeiou" and len(options) == 1
                and options[0][0] in "aeiou" and " " not in options[0])  # fmt: skip
    (after,) = made("synonym", [f"A {word}, {word.capitalize()}!"], count=2)["positive"]
    new = shipped_synonyms()[word][0]
    assert after == f"An {new}, {new.capitalize()}!"


def test_a_sentence_without_a_known_word_stays() -> None:
    assert made("synonym", ["xyzzy qwfp"])["positive"] == ["xyzzy qwfp"]


def test_wordnet_that_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "nltk.corpus", None)
    from simcse_core.views import synonym as module

    module._wordnet.cache_clear()
    with pytest.raises(DataError, match="WordNet"):
        made("synonym", ["a dog"], table="wordnet")


@given(words=WORDS, seed=st.integers(0, 20))
def test_changes_rebuild_both_sentences(words: list[str], seed: int) -> None:
    before = " ".join(words)
    (after,) = made("word_deletion", [before], seed=seed, rate=0.5)["positive"]
    parts = changes(before, after)
    assert " ".join(text for text, kind in parts if kind != "added") == before
    assert " ".join(text for text, kind in parts if kind != "removed") == after


def test_scores_become_shares_and_labels() -> None:
    found = made("scored", [ScoredPair("a", "b", 5.0), ScoredPair("c", "d", 2.9), ScoredPair("e", "f", 3.0)])
    np.testing.assert_allclose(found["score"], [1.0, 0.58, 0.6])
    assert found["label"].tolist() == [1, 0, 1]


def test_triples_become_relations() -> None:
    found = made("relations", [Triplet("a", "b", "c"), Triplet("d", "e", "f")])
    assert list(zip(found["first"], found["second"], found["label"].tolist(), strict=True)) == [
        ("a", "b", 1), ("d", "e", 1), ("a", "c", 0), ("d", "f", 0),
    ]  # fmt: skip


def test_groups_hold_what_is_alike() -> None:
    found = made("groups", [Triplet("a", "b", "c"), Triplet("d", "e", "f")])
    assert dict(zip(found["embedding"], found["label"].tolist(), strict=True)) == {
        "a": 0, "b": 0, "c": 2, "d": 1, "e": 1, "f": 3,
    }  # fmt: skip
    assert made("groups", [Pair("a", "b")])["embedding"] == ["a", "b"]
    assert made("groups", ["a", "b"])["label"].tolist() == [0, 1, 0, 1]


def test_every_view_is_described() -> None:
    for name in views:
        info = views.info(name)
        assert info.title and info.source and info.equation and info.summary.endswith(".")
        assert re.fullmatch(r"[a-z_]+", name)
        assert info.traits.get("masks", "fresh") in {"fresh", "same", "off"}
