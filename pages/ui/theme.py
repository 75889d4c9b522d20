"""The visitor's appearance, as the palette that figures take."""

from __future__ import annotations

from typing import Literal

import streamlit as st

from simcse_core.figures.theme import DARK, LIGHT, Theme


def current_theme() -> Theme:
    """Palette of the appearance the visitor's browser shows now; `appearance` reruns on a switch."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def emphasis() -> Literal["primary", "secondary"]:
    """Type of the one main button of a page: primary, but on dark its white label would be too pale."""
    return "secondary" if current_theme() is DARK else "primary"
