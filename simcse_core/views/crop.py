"""Keep a contiguous span of the words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from simcse_core.registry import Range
from simcse_core.views import Generator, Texts, views
from simcse_core.views.words import each, some


@views.register(
    "crop",
    title="Crop",
    source="Gao, Yao & Chen 2021 (SimCSE), arXiv:2104.08821, table 1 (“crop k %”)",
    equation=r"x_i^+=w_a\dots w_b,\quad b-a+1=|x_i|-\mathrm{round}(k\,|x_i|)",
    gives={"sentences": ("anchor", "positive")},
)
def crop(
    records: Sequence[str],
    generator: Generator,
    *,
    rate: Annotated[float, Range(0.0, 0.9, "Share of the words cut off", (0.1, 0.2, 0.3, 0.5))] = 0.1,
) -> Texts:
    """The positive is a contiguous span of the sentence, at a random place.

    Args:
        records: B sentences.
        generator: Draws where the span begins.
        rate: Share of the words cut off, rounded to whole words: 10 % of 20 words leaves 18.

    Returns:
        `anchor`, the B sentences; `positive`, a span of each. Dropout acts on both.
    """

    def span(words: list[str]) -> list[str]:
        cut = some(len(words), rate)
        first = int(generator.integers(cut + 1))
        return words[first : first + len(words) - cut]

    return {"anchor": list(records), "positive": each(records, span)}
