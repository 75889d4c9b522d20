"""Objectives trained on the same data, with the same seed, in the same order, for the same steps."""

from __future__ import annotations

import streamlit as st

from pages.ui.frame import open_body
from pages.ui.text import t


def render() -> None:
    """Draw the tab under the page's header."""
    body = open_body("losses", "ls")
    with body.figure:
        st.subheader(t("losses.tabs.runs"), anchor=False)
