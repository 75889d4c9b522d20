"""Notes: formulas, words, components, corrections, data, models, machine."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.notes import cards, components
from pages.ui import messages
from pages.ui.frame import header
from pages.ui.state import remember_default
from pages.ui.text import prose, t

TAB = "nt_tab"


def render() -> None:
    """Draw the page; only the open tab is drawn, so that no library is loaded for the others."""
    header("notes", "nt")
    parts: dict[str, Callable[[], None]] = {
        "formulas": lambda: _prose("formulas"),
        "glossary": lambda: _prose("glossary"),
        "components": components.draw,
        "corrections": lambda: _prose("corrections"),
        "data": cards.draw_data,
        "models": cards.draw_models,
        "recorded": cards.draw_recorded,
        "machine": cards.draw_machine,
        "sources": lambda: _prose("sources"),
    }
    titles = {t(f"notes.tab.{name}"): name for name in parts}
    remember_default(TAB, next(iter(titles)))
    tabs = st.tabs(list(titles), key=TAB, bind="query-params", on_change="rerun")
    for tab, name in zip(tabs, titles.values(), strict=True):
        if tab.open:
            with tab, messages.boundary():
                parts[name]()


def _prose(part: str) -> None:
    st.markdown(prose("notes", part), width=860)
