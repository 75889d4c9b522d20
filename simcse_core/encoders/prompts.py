"""Prompts: a sentence inside a template, to be read out at the mask token (PromptBERT)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import ConfigError, EncoderError

if TYPE_CHECKING:
    from simcse_core.encoders.tokens import TextTokenizer

PLACE, MASK = "[X]", "[MASK]"
ENDS = ".!?…。!?"


@dataclass(frozen=True)
class Template:
    """A text around a sentence, such as `This sentence of "[X]" means [MASK].`.

    Attributes:
        text: Holds `[X]`, where the sentence goes, and `[MASK]`, where it is read out, once each.

    Raises:
        ConfigError: One of the two is missing or there twice.
    """

    text: str

    def __post_init__(self) -> None:
        """Refuse a text that cannot be filled or read."""
        for mark in (PLACE, MASK):
            if self.text.count(mark) != 1:
                raise ConfigError(
                    f"The template {self.text!r} holds {mark} {self.text.count(mark)} times.",
                    hint='Write it as: This sentence of "[X]" means [MASK].',
                )


@dataclass(frozen=True, eq=False)
class Filled:
    """Sentences in a template.

    Attributes:
        rows: Token numbers of each, special tokens included, the mask token exactly once.
        spans: (B, 2) int64, first token of each sentence and the one after its last.
    """

    rows: list[list[int]]
    spans: NDArray[np.int64]


def fill(tokenizer: TextTokenizer, template: Template, texts: Sequence[str], *, first_row: int = 0) -> Filled:
    """Put sentences into a template; a long sentence is cut, never the template.

    A sentence without an end of its own gets a full stop, as in the released code. A mask token that a
    sentence itself contains becomes the unknown token, for it would be read out too.

    Raises:
        EncoderError: The tokenizer has no mask token, or more than one special token at an end.
        ConfigError: The template alone is too long.
        DataError: A row is not a text.
    """
    mask = tokenizer.mask_id
    if mask is None:
        raise EncoderError("This tokenizer has no mask token, which a template needs.")
    before, after = template.text.replace(MASK, tokenizer.special.get("mask_token", MASK)).split(PLACE)
    parts = ["", before, after, *map(_ended, texts)]
    ends, head, tail, *inner = tokenizer.plain_ids(parts, first_row=first_row - 3)
    if len(ends) != 2:
        raise EncoderError("Templates need a tokenizer with one special token at each end.")
    room = tokenizer.max_length - len(head) - len(tail) + 2
    if room < 1:
        raise ConfigError(
            f"The template takes all of the {tokenizer.max_length} tokens.",
            hint="Raise encoder.max_length or shorten the template.",
        )
    start = len(head) - 1
    unknown = tokenizer.backend.token_to_id(tokenizer.special.get("unk_token", "")) or 0
    sentences = [[unknown if one == mask else one for one in row[1:-1][:room]] for row in inner]
    rows = [[*head[:-1], *sentence, *tail[1:]] for sentence in sentences]
    spans = np.asarray([(start, start + len(s)) for s in sentences], dtype=np.int64).reshape(-1, 2)
    return Filled(rows, spans)


def _ended(text: str) -> str:
    """A text with an end: PromptBERT adds the full stop that is missing."""
    if not isinstance(text, str):
        return text  # refused, with its row, by the tokenizer
    stripped = text.rstrip()
    return stripped if not stripped or stripped[-1] in ENDS else f"{stripped}."
