"""Traps: when contrast misleads; by length, by false negatives, by the size of the batch, by language."""

from __future__ import annotations

import streamlit as st

from pages.traps import batch, language, length, negatives
from pages.ui import messages, shell
from pages.ui.frame import open_frame
from pages.ui.state import choice
from pages.ui.text import t

TABS = {"length": length.draw, "negatives": negatives.draw, "batch": batch.draw, "language": language.draw}


def render() -> None:
    """Draw the page: its frame, the choice of a trap, and that trap alone."""
    page = open_frame("traps", "tr")
    with page.presets.container(horizontal=True, vertical_alignment="center", gap="small"):
        tab = choice(
            t("traps.tab"),
            tuple(TABS),
            "length",
            key="tr_tab",
            label_visibility="collapsed",
            format_func=lambda name: t(f"traps.tabs.{name}"),
        )
        _towers()
    with messages.boundary():
        TABS[tab](page)


def _towers() -> None:
    """A further trap lies on another page."""
    losses = next((page for entry, page in shell.listed_pages().items() if entry.name == "losses"), None)
    if losses is not None:
        st.page_link(
            losses,
            label=t("traps.towers"),
            icon=":material/arrow_forward:",
            query_params={"ls_tab": t("traps.towers_tab")},
        )
