"""Texts in a link: only where a visitor asks for it, and gone from the address once read."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

import streamlit as st

from pages.ui.exports import page_address
from pages.ui.text import t

NAMES = ("original", "same", "different")
LONGEST = 300  # characters of a text in a link


def texts_of_link() -> tuple[str, str, str] | None:
    """Texts that came with the address, taken out of it; None where there are none."""
    if not any(name in st.query_params for name in NAMES):
        return None
    first, second, third = (st.query_params.get(name, "")[:LONGEST] for name in NAMES)
    for name in NAMES:
        if name in st.query_params:
            del st.query_params[name]
    return first, second, third


def link(texts: Sequence[str]) -> None:
    """A link that carries the texts as well, on request."""
    with st.popover(t("pairs.share_texts"), icon=":material/link:", type="tertiary"):
        st.caption(t("pairs.share_texts_help", count=LONGEST))
        query = urlencode({n: text[:LONGEST] for n, text in zip(NAMES, texts, strict=True) if text})
        base = page_address("pairs")
        st.code(f"{base}{'&' if '?' in base else '?'}{query}", language=None, wrap_lines=True)
