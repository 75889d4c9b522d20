"""Pairs and search: do these mean the same?"""

from __future__ import annotations

import streamlit as st

from pages.pairs import checkpoints, compare, listing, searching
from pages.ui.frame import open_frame
from pages.ui.messages import boundary
from pages.ui.state import choice
from pages.ui.text import t

MODES = {"texts": compare.draw, "list": listing.draw, "search": searching.draw}


@st.fragment
def render() -> None:
    """Draw the page; a fragment, so that typing redraws nothing outside it."""
    with boundary():
        _body()


def _body() -> None:
    page = open_frame("pairs", "pr")
    with page.presets:
        mode = choice(
            t("pairs.mode"), list(MODES), "texts", key="pr_mode", label_visibility="collapsed",
            format_func=lambda name: t(f"pairs.modes.{name}"),
        )  # fmt: skip
    with page.controls:
        names = checkpoints.choose()
        pooling = checkpoints.choose_pooling()
    MODES[mode](page, names, pooling)
