"""ESimCSE's word repetition: the positive is longer, so length stops giving pairs away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeVar

from simcse_core.encoders.tokens import TextTokenizer
from simcse_core.registry import Choice, Range
from simcse_core.views import Generator, Roles, views
from simcse_core.views.words import chosen, each

Unit = TypeVar("Unit", str, int)


@views.register(
    "repetition",
    title="Word repetition (ESimCSE)",
    source="Wu et al. 2022 (ESimCSE), arXiv:2109.04380, sec. 3.1",
    equation=r"|\mathrm{dup}_i|\sim\mathcal U\{0,\dots,\max(2,\lfloor k\,|x_i|\rfloor)\}",
    gives={"sentences": ("anchor", "positive")},
)
def repetition(
    records: Sequence[str],
    generator: Generator,
    tokenizer: TextTokenizer,
    *,
    rate: Annotated[float, Range(0.0, 1.0, "Largest share repeated", (0.0, 0.1, 0.2, 0.32, 0.5))] = 0.32,
    unit: Annotated[str, Choice(("subword", "word"), "What is repeated")] = "subword",
) -> Roles:
    """The positive has a random number of its sub-words (or words) doubled in place.

    The number is drawn as in the paper; the released code draws from 0 to min(10, ⌊k·n⌋) − 1 and does so once
    for the whole training, while here every step draws again. A rate of 0 leaves the sentence as it is.

    Args:
        records: B sentences.
        generator: Draws how many are repeated, and which.
        tokenizer: Of the encoder that is trained; sub-words are its tokens.
        rate: Largest share of a sentence that is repeated.
        unit: "subword" as published, or whole words.

    Returns:
        `anchor`, the B sentences; `positive`, token numbers (sub-words) or texts (words).
    """

    def doubled(units: list[Unit]) -> list[Unit]:
        most = min(max(2, int(rate * len(units))), len(units)) if rate else 0
        again = chosen(generator, len(units), int(generator.integers(most + 1)))
        return [one for at, unit in enumerate(units) for one in ([unit, unit] if at in again else [unit])]

    if unit == "word":
        return {"anchor": list(records), "positive": each(records, doubled)}
    rows = tokenizer.plain_ids(records)
    most = tokenizer.max_length - 2  # the ends are special tokens
    positive = [[*row[:1], *doubled(row[1:-1])[:most], *row[-1:]] for row in rows]
    return {"anchor": rows, "positive": positive}
