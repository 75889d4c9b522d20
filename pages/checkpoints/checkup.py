"""The check-up tab: what a checkpoint is worth, and whether it is being used wrongly."""

from __future__ import annotations

import streamlit as st

from pages.ui.frame import Frame
from pages.ui.text import t


def draw(page: Frame) -> None:
    """Fill the page."""
    with page.figure:
        st.info(t("checkpoints.unfinished"))
