"""Mounts the ladder: τ and anchor come back on release, and both are kept in the address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.browser import component
from pages.ui.text import section, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.in_batch import KNOWN, LIKELY

KEY = "tp-ladder"
TAU, ROW = "tp_s_tau", "tp_s_row"
LOW, HIGH, OPENING = 0.001, 10.0, 0.05
FOLDER = Path(__file__).parent
_NUMBER = re.compile(r"[0-9]{1,2}(\.[0-9]{1,8})?")


def temperature() -> float:
    """τ of the address, within the slider's ends; the opening one where there is none."""
    text = st.query_params.get(TAU, "")
    asked = float(text) if _NUMBER.fullmatch(text) else OPENING
    return asked if LOW <= asked <= HIGH else OPENING


def row(count: int, default: int) -> int:
    """Row of the anchor by the address, counted from 0."""
    asked = st.query_params.get(ROW, "")
    number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 4 else 0
    return number - 1 if 1 <= number <= count else default


def choose_row(number: int, default: int) -> None:
    """Keep the anchor, counted from 1, in the address, which stays clean for the default one."""
    _keep(ROW, str(number), str(default + 1))


def draw(
    texts: Sequence[str], anchor: int, cosines: NDArray[np.float64], flags: NDArray[np.int8], *, default: int
) -> None:
    """Show the negatives of one anchor.

    Args:
        texts: (n,) sentences of the batch.
        anchor: Row of the anchor.
        cosines: (n,) of its first view with every second view; the positive is at `anchor`.
        flags: (n,) likely and known false negatives, as from `false_negatives`.
        default: Anchor that the address does not name.
    """
    theme = current_theme()
    order = [int(k) for k in np.argsort(-cosines, kind="stable") if k != anchor]
    named = {LIKELY: t("temperature.real.likely"), KNOWN: t("temperature.real.known")}
    component("temperature_ladder", FOLDER, "ladder", shared=("drag", "softmax"))(
        key=KEY,
        data={
            "state": f"{temperature():.4g}",
            "low": LOW,
            "high": HIGH,
            "number": anchor + 1,
            "anchor": texts[anchor],
            "positive": float(cosines[anchor]),
            "negatives": [
                {
                    "number": k + 1,
                    "text": texts[k],
                    "cosine": float(cosines[k]),
                    "flag": named.get(int(flags[k]), ""),
                }
                for k in order
            ],
            "words": section("temperature.real.ladder"),
            "colours": {name: getattr(theme, name) for name in ("positive", "negative", "false", "outline")},
        },
        on_tau_change=_keep_tau,
        on_anchor_change=lambda: _keep_anchor(default),
    )


def _keep_tau() -> None:
    told = st.session_state[KEY].get("tau")
    if isinstance(told, str):
        _keep(TAU, told, f"{OPENING:g}")


def _keep_anchor(default: int) -> None:
    told = st.session_state[KEY].get("anchor")
    if isinstance(told, int):
        choose_row(told, default)


def _keep(key: str, value: str, default: str) -> None:
    if value != default:
        st.query_params[key] = value
    elif key in st.query_params:
        del st.query_params[key]
