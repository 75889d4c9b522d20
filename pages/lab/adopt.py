"""Choosing a preset gives every setting that preset's value; later changes are the visitor's."""

from __future__ import annotations

from typing import Any

import streamlit as st

LAST, ADOPTING = "lb-last-preset", "lb-adopting"


def note_preset(name: str) -> None:
    """Notice a change of preset; the first one seen leaves the settings of the address alone."""
    before = st.session_state.get(LAST)
    st.session_state[ADOPTING] = before is not None and before != name
    st.session_state[LAST] = name


def default(key: str, value: Any) -> None:
    """Give a setting its preset's value if the preset just changed; call before its widget is drawn."""
    if st.session_state.get(ADOPTING):
        st.session_state[key] = value


def done() -> None:
    """All settings are drawn."""
    st.session_state[ADOPTING] = False
