"""Back-translation: the positive went to another language and came back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

from simcse_core.registry import Range, Text
from simcse_core.views import Generator, Texts, views

if TYPE_CHECKING:
    from simcse_core.encoders.translator import Translator

MOST_KEPT = 100_000  # translated sentences, a few megabytes
_kept: dict[tuple[str, str, int, str], str] = {}


@views.register(
    "back_translation",
    title="Back-translation",
    source="Fang et al. 2020 (CERT), arXiv:2005.12766, after Sennrich et al. 2016, arXiv:1511.06709",
    equation=r"x_i^+=\mathrm{back}(\mathrm{there}(x_i))",
    gives={"sentences": ("anchor", "positive")},
    fetches=("there", "back"),
)
def back_translation(
    records: Sequence[str],
    generator: Generator,
    *,
    there: Annotated[str, Text("MarianMT model to the other language")] = "Helsinki-NLP/opus-mt-en-de",
    back: Annotated[str, Text("MarianMT model from it")] = "Helsinki-NLP/opus-mt-de-en",
    beams: Annotated[int, Range(1, 8, "Beams of the search", (1, 2, 4))] = 1,
) -> Texts:
    """The positive is a round trip of the sentence through two translation models.

    A sentence is translated once and remembered. Where the models are absent, the data set `round-trips`
    holds a sample written for this product.

    Args:
        records: B sentences.
        generator: Unused: the search is deterministic.
        there: Folder or Hugging Face id.
        back: Folder or Hugging Face id.
        beams: 1 is greedy.

    Returns:
        `anchor`, the B sentences; `positive`, their round trips (a sentence itself where nothing came back).

    Raises:
        EncoderError: A model cannot be loaded.
        HubError: A model is not here and the Hub is out of reach.
    """
    new = [text for text in dict.fromkeys(records) if (there, back, beams, text) not in _kept]
    if new:
        if len(_kept) + len(new) > MOST_KEPT:
            _kept.clear()
            new = list(dict.fromkeys(records))
        came_back = _translator(back)(_translator(there)(new, beams=beams), beams=beams)
        for text, trip in zip(new, came_back, strict=True):
            _kept[there, back, beams, text] = trip.strip() or text
    return {"anchor": list(records), "positive": [_kept[there, back, beams, text] for text in records]}


@lru_cache(maxsize=2)
def _translator(source: str) -> Translator:
    from simcse_core.encoders.translator import Translator

    return Translator(source)
