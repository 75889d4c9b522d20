"""Delete one word: the strongest of the discrete augmentations that SimCSE tried."""

from __future__ import annotations

from collections.abc import Sequence

from simcse_core.views import Generator, Texts, views
from simcse_core.views.words import each


@views.register(
    "delete_word",
    title="Delete one word",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, table 1 (“delete one word”)",
    equation=r"x_i^+=x_i\setminus\{w_k\},\quad k\sim\mathcal U\{1,\dots,|x_i|\}",
    gives={"sentences": ("anchor", "positive")},
)
def delete_word(records: Sequence[str], generator: Generator) -> Texts:
    """The positive lacks exactly one word, chosen at random; a sentence of one word stays as it is.

    Args:
        records: B sentences.
        generator: Draws the word.

    Returns:
        `anchor`, the B sentences; `positive`, each without one word. Dropout acts on both.
    """

    def without_one(words: list[str]) -> list[str]:
        if len(words) < 2:
            return words
        gone = int(generator.integers(len(words)))
        return words[:gone] + words[gone + 1 :]

    return {"anchor": list(records), "positive": each(records, without_one)}
