"""What a checkpoint reads: word pieces, special tokens, what was cut off. Drawn as text, never as HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.pairs import models
from pages.pairs.scores import Score
from pages.ui.cache import SharedEncoder
from pages.ui.state import choice
from pages.ui.text import plain, t
from simcse_core.errors import SimCSEError

SHOWN = 120  # pieces of a text

_CSS = """
.row { display: flex; flex-wrap: wrap; gap: 4px; padding: 2px 0 8px; }
.piece { font-family: var(--st-code-font); font-size: 0.85rem; line-height: 1.5; padding: 1px 7px;
  border-radius: 6px; border: 1px solid var(--st-border-color); color: var(--st-text-color);
  background: var(--st-secondary-background-color); white-space: pre-wrap; overflow-wrap: anywhere;
  unicode-bidi: isolate; }
.special { background: transparent; border-style: dashed; color: var(--st-gray-text-color); }
.inside { border-left-width: 4px; border-left-color: var(--st-blue-text-color); }
.unknown { border-color: var(--st-red-text-color); color: var(--st-red-text-color); }
"""
_JS = """
export default function ({ parentElement, data }) {
  const row = document.createElement("div");
  row.className = "row";
  row.setAttribute("role", "list");
  for (const [text, kind] of data) {
    const piece = document.createElement("span");
    piece.className = "piece " + kind;
    piece.setAttribute("role", "listitem");
    piece.textContent = text;
    row.appendChild(piece);
  }
  const old = parentElement.querySelector(".row");
  if (old) old.replaceWith(row); else parentElement.appendChild(row);
}
"""
_strip = st.components.v2.component("simcse_word_pieces", css=_CSS, js=_JS)


@dataclass(frozen=True)
class Reading:
    """How a text arrives at the model.

    Attributes:
        pieces: (text, kind); kind is word, inside (continues a word), special or unknown.
        read: Pieces the model reads, special ones included.
        dropped: Pieces beyond the longest input.
        unknown: Pieces the vocabulary has no word for.
    """

    pieces: list[tuple[str, str]]
    read: int
    dropped: int
    unknown: int


def read_text(shared: SharedEncoder, text: str) -> Reading:
    """Tokenise one text as the model sees it."""
    encoder = shared.encoder
    special = set(encoder.special.values())
    unknown = encoder.special.get("unk_token")
    with shared.lock:
        found = encoder.backend.encode(text)
    pieces = [(token, _kind(token, special, unknown)) for token in found.tokens]
    added = sum(found.special_tokens_mask)
    dropped = sum(len(part.ids) - added for part in found.overflowing)
    missed = sum(kind == "unknown" for _, kind in pieces)
    shown = [
        (_readable(encoder.backend, token, i), kind)
        for (token, kind), i in zip(pieces, found.ids, strict=True)
    ]
    return Reading(shown[:SHOWN], len(pieces), dropped, missed)


def _kind(token: str, special: set[str], unknown: str | None) -> str:
    if token == unknown:
        return "unknown"
    if token in special:
        return "special"
    return "inside" if token.startswith("##") else "word"


def _readable(backend: Any, token: str, number: int) -> str:
    """A piece as letters; byte-level pieces are decoded where they are whole characters."""
    if token.startswith(("Ġ", "▁")) or not token.isascii():
        decoded = str(backend.decode([number], skip_special_tokens=False))
        return decoded if decoded.strip() and "\ufffd" not in decoded else token
    return token


def token_view(scores: Sequence[Score], texts: Sequence[str], pooling: str | None) -> None:
    """The collapsed block with the pieces of each text, under one of the checkpoints; loaded when opened."""
    block = st.expander(t("pairs.tokens"), icon=":material/segment:", key="pr-tokens", on_change="rerun")
    if not block.open or not scores:
        return
    with block:
        names = [score.name for score in scores]
        titles = {score.name: score.title for score in scores}
        name = names[0] if len(names) == 1 else choice(
            t("pairs.which"), names, names[-1], key="pr_tokens_of", kind="select",
            format_func=titles.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
        try:
            shared = models.load(name, pooling)
        except SimCSEError:
            return  # told under the figure already
        for place, text in enumerate(filter(None, texts)):
            _draw(read_text(shared, text), place, shared.encoder.max_length)
        st.caption(t("pairs.tokens_legend"))


def _draw(reading: Reading, place: int, longest: int) -> None:
    _strip(data=reading.pieces, key=f"pr-pieces-{place}")
    parts = [t("pairs.tokens_read", count=reading.read)]
    if reading.read > len(reading.pieces):
        parts.append(t("pairs.tokens_shown", count=len(reading.pieces)))
    if reading.dropped:
        parts.append(t("pairs.tokens_dropped", count=f"{reading.dropped:,}", longest=longest))
    if reading.unknown:
        parts.append(t("pairs.tokens_unknown", count=reading.unknown))
    st.caption(plain(" ".join(parts)))
