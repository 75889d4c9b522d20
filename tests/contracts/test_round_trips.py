"""The shipped round trips: real sentences, three languages, and a way back that says it in other words."""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from simcse_core.data.datasets import sentence_subjects

TABLE = Path(__file__).resolve().parents[2] / "assets" / "data" / "round-trips.tsv"
CHINESE = re.compile("[\u4e00-\u9fff]")
LATIN = re.compile("[A-Za-z]")


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower())


@pytest.fixture(scope="module")
def rows() -> list[tuple[str, str, str, str]]:
    """The shipped sentence, its translation, the way back and the language, of every round trip."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        header, *entries = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    assert header == ["text", "pivot", "back", "language"]
    return [(text, pivot, back, language) for text, pivot, back, language in entries]


def test_enough_of_every_language(rows: list[tuple[str, str, str, str]]) -> None:
    counts = Counter(language for *_, language in rows)
    assert set(counts) == {"de", "fr", "zh"}
    assert sum(counts.values()) >= 120 and min(counts.values()) >= 40


def test_texts_are_shipped_sentences_on_many_subjects(rows: list[tuple[str, str, str, str]]) -> None:
    subjects = dict(sentence_subjects())
    texts = [text for text, *_ in rows]
    assert len(set(texts)) == len(texts)
    assert not set(texts) - set(subjects)
    assert len({subjects[text] for text in texts}) >= 15


def test_the_way_back_uses_other_words_but_not_only(rows: list[tuple[str, str, str, str]]) -> None:
    different = [words(text) != words(back) for text, _, back, _ in rows]
    assert sum(different) >= 0.95 * len(rows)
    shared = [len({*words(text)} & {*words(back)}) / len({*words(text)}) for text, _, back, _ in rows]
    assert sum(shared) / len(rows) >= 0.4
    assert all(0.5 <= len(back) / len(text) <= 2.2 for text, _, back, _ in rows)


def test_translations_are_in_their_language(rows: list[tuple[str, str, str, str]]) -> None:
    for text, pivot, back, language in rows:
        assert not CHINESE.search(text + back), text
        assert bool(CHINESE.search(pivot)) == (language == "zh"), pivot
        assert bool(LATIN.search(pivot)) == (language != "zh"), pivot
        assert pivot not in (text, back)


def test_fields_are_clean(rows: list[tuple[str, str, str, str]]) -> None:
    for field in (field for row in rows for field in row):
        assert field and field == " ".join(field.split()) and field.isprintable(), field
