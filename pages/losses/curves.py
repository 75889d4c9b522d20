"""Loss and slope against the cosine of one pair."""

from __future__ import annotations

import streamlit as st

from pages.ui.frame import open_body
from pages.ui.text import t


def render() -> None:
    """Draw the tab under the page's header."""
    body = open_body("objectives", "ls")
    with body.figure:
        st.subheader(t("objectives.curves.title"), anchor=False)
