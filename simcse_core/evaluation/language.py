"""What an encoder reads of a text in a language that it was not made for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder


def pieces(encoder: Encoder, text: str) -> list[str]:
    """Tokens of a text as the encoder reads it, without those that frame every text."""
    frame = {encoder.special.get("cls_token"), encoder.special.get("sep_token")}
    return [token for token in encoder.tokens(text) if token not in frame]


def unknown_share(tokens: Sequence[Sequence[str]], unknown: str | None) -> float:
    """Share of all tokens that stand for "not in the vocabulary", in [0, 1]; 0 without tokens.

    Args:
        tokens: Of each text.
        unknown: The token for what is not in the vocabulary; None where a tokenizer has none.
    """
    total = sum(map(len, tokens))
    return sum(token == unknown for row in tokens for token in row) / total if total else 0.0
