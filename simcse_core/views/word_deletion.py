"""Delete a share of the words at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from simcse_core.registry import Range
from simcse_core.views import Generator, Texts, views
from simcse_core.views.words import chosen, each, some


@views.register(
    "word_deletion",
    title="Delete a share of the words",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, table 1 (“word deletion k %”)",
    equation=r"|x_i^+|=|x_i|-\mathrm{round}(k\,|x_i|)",
    gives={"sentences": ("anchor", "positive")},
)
def word_deletion(
    records: Sequence[str],
    generator: Generator,
    *,
    rate: Annotated[float, Range(0.0, 0.9, "Share of the words deleted", (0.1, 0.2, 0.3, 0.5))] = 0.1,
) -> Texts:
    """The positive lacks a share of the words, at random places; one word always stays.

    Args:
        records: B sentences.
        generator: Draws the words.
        rate: Share of the words, rounded to whole words; 0 leaves the sentence.

    Returns:
        `anchor`, the B sentences; `positive`, each with words deleted. Dropout acts on both.
    """

    def thinned(words: list[str]) -> list[str]:
        gone = chosen(generator, len(words), some(len(words), rate))
        return [word for at, word in enumerate(words) if at not in gone]

    return {"anchor": list(records), "positive": each(records, thinned)}
