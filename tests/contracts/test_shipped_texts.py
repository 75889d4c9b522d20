"""The texts that ship with the product: enough of them, varied, scored on the scale, and kept apart.

Repetition is measured over all sentences that training sees: a text made from templates repeats its word
4-grams and its openings.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from simcse_core.data.datasets import load_dataset_records, sentence_subjects
from simcse_core.data.records import ScoredPairs, Triplet
from simcse_core.data.sts_sets import TASKS, load_split, load_task

CHINESE = re.compile("[\u4e00-\u9fff]")


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text.lower())


def folded(text: str) -> str:
    """The sentence without case and punctuation, as two copies of it would still be alike."""
    return " ".join(words(text))


def pairs(name: str) -> ScoredPairs:
    found = load_dataset_records(name)
    assert isinstance(found, ScoredPairs)
    return found


@pytest.fixture(scope="module")
def sentences() -> list[str]:
    return [text for text, _ in sentence_subjects()]


@pytest.fixture(scope="module")
def triples() -> list[Triplet]:
    return list(load_dataset_records("triples"))


def training_texts(sentences: list[str], triples: list[Triplet]) -> set[str]:
    return {*sentences, *(text for t in triples for text in (t.anchor, t.positive, t.negative))}


def test_enough_distinct_sentences_over_enough_subjects(sentences: list[str]) -> None:
    assert len(set(map(folded, sentences))) == len(sentences) >= 3000
    subjects = Counter(subject for _, subject in sentence_subjects())
    assert len(subjects) >= 15 and min(subjects.values()) >= 100


def test_word_four_grams_hardly_repeat(sentences: list[str]) -> None:
    grams = [tuple(w[i : i + 4]) for w in map(words, sentences) for i in range(len(w) - 3)]
    assert len(set(grams)) / len(grams) >= 0.93


def test_no_opening_is_worn_out(sentences: list[str]) -> None:
    openings = Counter(tuple(words(text)[:3]) for text in sentences)
    assert openings.most_common(1)[0][1] <= 12, openings.most_common(5)


def test_sentences_are_of_many_lengths(sentences: list[str]) -> None:
    lengths = sorted(len(words(text)) for text in sentences)
    assert lengths[0] >= 2 and lengths[-1] <= 60
    assert lengths[len(lengths) * 9 // 10] - lengths[len(lengths) // 10] >= 6


def test_pairs_cover_every_phenomenon_and_the_whole_scale() -> None:
    scored = pairs("pairs")
    assert len(scored) >= 600 and scored.labels is not None
    assert min(Counter(scored.labels).values()) >= 40
    assert scored.score.min() >= 0 and scored.score.max() <= 5
    for low in range(5):
        assert ((scored.score >= low) & (scored.score <= low + 1)).sum() >= 30
    assert int((scored.score > 4).sum()) >= 50  # positives for alignment
    both = {frozenset((folded(a), folded(b))) for a, b in zip(scored.first, scored.second, strict=True)}
    assert len(both) == len(scored)


def test_triples_have_three_different_sentences(triples: list[Triplet]) -> None:
    assert len(triples) >= 1000
    assert all(len({t.anchor, t.positive, t.negative}) == 3 for t in triples)
    assert len({t.anchor for t in triples}) >= 0.95 * len(triples)


def test_chinese_sets_are_chinese() -> None:
    chinese = list(load_dataset_records("sentences-zh"))
    scored = pairs("pairs-zh")
    assert len(set(chinese)) == len(chinese) >= 150 and len(scored) >= 80
    assert all(CHINESE.search(text) for text in [*chinese, *scored.sentences()])
    assert scored.score.min() >= 0 and scored.score.max() <= 5


def test_evaluation_sentences_are_not_trained_on(sentences: list[str], triples: list[Triplet]) -> None:
    trained = set(map(folded, training_texts(sentences, triples)))
    assert not trained & set(map(folded, pairs("pairs").sentences()))
    chinese = set(load_dataset_records("sentences-zh"))
    assert not chinese & set(pairs("pairs-zh").sentences())


def test_texts_are_clean(sentences: list[str], triples: list[Triplet]) -> None:
    for text in [*training_texts(sentences, triples), *pairs("pairs").sentences()]:
        assert text == " ".join(text.split()) and text.isprintable(), text


def public_sentences(folder: Path) -> Iterator[str]:
    """Every sentence that a public evaluation could contain: seven tasks, and the dev splits."""
    sets = [load_task(folder, task).pairs() for task in TASKS]
    sets += [load_split(folder, task, "dev") for task in ("STS-B", "SICK-R")]
    return (text for one in sets for text in one.sentences())


@pytest.mark.sts
def test_nothing_comes_from_the_public_sets(
    sts_folder: Path, sentences: list[str], triples: list[Triplet]
) -> None:
    public = {folded(text) for text in public_sentences(sts_folder)}
    ours = {folded(t) for t in [*training_texts(sentences, triples), *pairs("pairs").sentences()]}
    assert len(public) > 25_000
    assert not public & ours
