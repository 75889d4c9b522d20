"""The visitor's appearance, as the palette that figures take."""

from __future__ import annotations

import streamlit as st

from simcse_core.figures.theme import DARK, LIGHT, Theme


def current_theme() -> Theme:
    """Palette of the appearance the visitor's browser shows now; a switch reruns the page."""
    return DARK if st.context.theme.type == "dark" else LIGHT
