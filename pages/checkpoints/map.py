"""The map tab: the same sentences at every step of a training run, with their true neighbours joined."""

from __future__ import annotations

import streamlit as st

from pages.ui.frame import Frame
from pages.ui.text import t


def draw(page: Frame) -> None:
    """Fill the page with the map."""
    with page.figure:
        st.info(t("checkpoints.unfinished"))
