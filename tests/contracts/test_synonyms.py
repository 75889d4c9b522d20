"""The shipped synonyms: a clean table whose replacements keep the form of the word."""

import csv
import re
from pathlib import Path

import pytest

from simcse_core.data.datasets import sentence_subjects

TABLE = Path(__file__).resolve().parents[2] / "assets" / "data" / "synonyms.tsv"
PARTS = {"noun", "verb", "adjective", "adverb"}
BASE_FORMS = {
    "bring",
    "sing",
    "spring",
    "swing",
    "ring",
    "fling",
    "cling",
    "sting",
}  # no ending


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower()))


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, list[str]]]:
    """The word, its part of speech and its synonyms, of every entry."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *entries = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    assert header == ["word", "part", "synonyms"]
    return [(word, part, synonyms.split(",")) for word, part, synonyms in entries]


def ends_in_ing(word: str) -> bool:
    return word.endswith("ing") and word not in BASE_FORMS


def ends_in_s(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")


def test_enough_entries_each_once_per_part(rows: list[tuple[str, str, list[str]]]) -> None:
    assert len(rows) >= 1300
    assert len({(word, part) for word, part, _ in rows}) == len(rows)
    assert {part for _, part, _ in rows} == PARTS
    assert rows == sorted(rows, key=lambda row: row[:2])


def test_fields_are_clean(rows: list[tuple[str, str, list[str]]]) -> None:
    for word, part, synonyms in rows:
        assert word.isalpha() and word == word.lower(), word
        assert 1 <= len(synonyms) == len(set(synonyms)) <= 4, (word, part)
        for synonym in synonyms:
            assert re.fullmatch(r"[a-z'’é-]+( [a-z'’é-]+)*", synonym), (word, synonym)
            assert synonym != word, (word, part)


def test_synonyms_of_a_verb_keep_its_ending(rows: list[tuple[str, str, list[str]]]) -> None:
    for word, part, synonyms in rows:
        for first in [synonym.split()[0] for synonym in synonyms if part == "verb"]:
            assert ends_in_ing(first) == ends_in_ing(word), (word, synonyms)
            assert ends_in_s(first) == ends_in_s(word), (word, synonyms)


def test_synonyms_of_a_superlative_are_superlatives(rows: list[tuple[str, str, list[str]]]) -> None:
    superlatives = [
        (word, synonyms) for word, part, synonyms in rows if part == "adjective" and word.endswith("est")
    ]
    superlatives = [row for row in superlatives if row[0] not in {"honest", "modest"}]
    assert len(superlatives) >= 5
    for word, synonyms in superlatives:
        for first in [synonym.split()[0] for synonym in synonyms]:
            assert first.endswith("est") or first in {"most", "least"}, (word, synonyms)


def test_most_shipped_sentences_have_a_word_to_replace(rows: list[tuple[str, str, list[str]]]) -> None:
    known = {word for word, _, _ in rows}
    sentences = [text for text, _ in sentence_subjects()]
    covered = sum(bool(words(text) & known) for text in sentences)
    assert covered / len(sentences) >= 0.6
