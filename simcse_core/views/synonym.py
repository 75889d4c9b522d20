"""Replace words by synonyms: from the table written for this product, or from WordNet where it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Annotated

from simcse_core.data.tables import open_table
from simcse_core.errors import DataError
from simcse_core.registry import Choice, Range
from simcse_core.runtime import assets
from simcse_core.views import Generator, Texts, views
from simcse_core.views.words import cased, core, each

VOWELS = "aeiou"  # of the letter: "an hour" and "a unit" are not told apart by sound


@views.register(
    "synonym",
    title="Synonym replacement",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, table 1 (“synonym replacement”)",
    equation=r"x_i^+=x_i[w_k\to\mathrm{syn}(w_k)]",
    gives={"sentences": ("anchor", "positive")},
)
def synonym(
    records: Sequence[str],
    generator: Generator,
    *,
    count: Annotated[int, Range(0, 20, "Words replaced, where so many have a synonym", (1, 2, 3))] = 1,
    table: Annotated[str, Choice(("shipped", "wordnet"), "Where synonyms come from")] = "shipped",
) -> Texts:
    """The positive has some words replaced by a synonym of the same form; without one the sentence stays.

    Args:
        records: B sentences.
        generator: Draws the words and the synonyms.
        count: How many words are replaced.
        table: "shipped" keeps number and tense; "wordnet" gives lemmas of the same spelling's senses.

    Returns:
        `anchor`, the B sentences; `positive`, each with words replaced. Dropout acts on both.

    Raises:
        DataError: WordNet is asked for and not installed.
    """
    look_up = _SOURCES[table]

    def replaced(words: list[str]) -> list[str]:
        known = [at for at, word in enumerate(words) if look_up(core(word).lower())]
        words = list(words)
        for at in generator.permutation(known)[:count].tolist():
            old = core(words[at])
            options = look_up(old.lower())
            new = cased(options[int(generator.integers(len(options)))], old)
            words[at] = words[at].replace(old, new)
            if at and words[at - 1].lower() in ("a", "an"):
                words[at - 1] = words[at - 1][0] + ("n" if new[0].lower() in VOWELS else "")
        return words

    return {"anchor": list(records), "positive": each(records, replaced)}


@cache
def shipped_synonyms() -> dict[str, tuple[str, ...]]:
    """Word → synonyms, over all its parts of speech, from `assets/data/synonyms.tsv`."""
    table = open_table(assets() / "data" / "synonyms.tsv")
    found: dict[str, tuple[str, ...]] = {}
    for word, synonyms in zip(table.texts("word"), table.texts("synonyms"), strict=True):
        found[word] = tuple(dict.fromkeys((*found.get(word, ()), *synonyms.split(","))))
    return found


def _shipped(word: str) -> tuple[str, ...]:
    return shipped_synonyms().get(word, ())


@lru_cache(maxsize=16_384)
def _wordnet(word: str) -> tuple[str, ...]:
    try:
        from nltk.corpus import wordnet

        senses = wordnet.synsets(word)
    except (ImportError, LookupError):
        raise DataError(
            "WordNet is not installed.",
            hint="Set view.table to shipped, or install nltk and its WordNet data on this machine.",
            command="pip install nltk && python -m nltk.downloader wordnet",
        ) from None
    names = (name.replace("_", " ") for sense in senses for name in sense.lemma_names())
    return tuple(dict.fromkeys(name for name in names if name.lower() != word))


_SOURCES: dict[str, Callable[[str], tuple[str, ...]]] = {"shipped": _shipped, "wordnet": _wordnet}
