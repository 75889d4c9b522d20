"""PromptBERT's positives: one sentence in two templates, each without what its template alone says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from simcse_core.encoders.prompts import Template, fill
from simcse_core.encoders.tokens import TextTokenizer
from simcse_core.registry import Range, Text
from simcse_core.views import SPAN, Generator, Roles, views


@views.register(
    "prompt",
    title="Two prompts (PromptBERT)",
    source="Jiang et al. 2022 (PromptBERT), arXiv:2201.04337, sec. 4.2 and eq. 6",
    equation=r"h_i-\tilde h_i,\quad h_i'-\tilde h_i'",
    gives={"sentences": ("anchor", "positive")},
    pooling="mask",
    templates=("first", "second"),
)
def prompt(
    records: Sequence[str],
    generator: Generator,
    tokenizer: TextTokenizer,
    *,
    first: Annotated[str, Text("Template of the anchor")] = 'This sentence of "[X]" means [MASK].',
    second: Annotated[str, Text("Template of the positive")] = 'This sentence : "[X]" means [MASK].',
    denoise: Annotated[bool, Range(0, 1, "Subtract what the template says without the sentence")] = True,
) -> Roles:
    """The two sides are the same sentence in two templates, read at the mask token (`encoder.pooling=mask`).

    Args:
        records: B sentences.
        generator: Unused: nothing is drawn.
        tokenizer: Of the encoder that is trained; needs a mask token.
        first: Holds `[X]` and `[MASK]` once each; give it as `encoder.template` too, for use after training.
        second: The other template.
        denoise: Subtract the state of the template whose sentence is hidden, at unmoved positions.

    Returns:
        `anchor` and `positive`, B rows of token numbers; with `denoise` also where the sentences stand.

    Raises:
        ConfigError: A template without `[X]` or `[MASK]`, or too long.
        EncoderError: No mask token.
    """
    anchor, positive = (fill(tokenizer, Template(text), records) for text in (first, second))
    rows: Roles = {"anchor": anchor.rows, "positive": positive.rows}
    spans = {f"anchor{SPAN}": anchor.spans, f"positive{SPAN}": positive.spans} if denoise else {}
    return {**rows, **spans}
