"""Mounts the board: row, temperature, view and step come back on release and are kept in the address."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.batch.controls import ROW
from pages.ui.browser import component
from pages.ui.text import section, t
from pages.ui.theme import current_theme
from simcse_core.theory.batch import Roles
from simcse_core.theory.batch_source import STEPS, loss_source
from simcse_core.theory.walk_batch import TEMPERATURES

KEY = "bt-board"
PARTS = ("board_math", "board_parts")
FOLDER = Path(__file__).parent
VIEWS = ("cosine", "push")
ADDRESS: dict[str, tuple[tuple[str, ...], str]] = {
    "bt_tau": (tuple(f"{tau:g}" for tau in TEMPERATURES), "0.05"),
    "bt_view": (VIEWS, "cosine"),
    "bt_step": (STEPS, "labels"),
}
"""Settings that live in the component: allowed texts in the address, and the one that leaves it clean."""


def temperature() -> float:
    """τ of the address; the opening one where there is none."""
    return float(_kept("bt_tau"))


def _kept(key: str) -> str:
    allowed, default = ADDRESS[key]
    asked = st.query_params.get(key, default)
    return asked if asked in allowed else default


def draw(found: Roles, row: str) -> None:
    """Show the matrix, the open row and the lines of the loss.

    Args:
        found: The batch at any temperature; the component divides by its own.
        row: Name of the open row.
    """
    source = loss_source(found.layout)
    cosines = found.anatomy.similarities
    data: dict[str, Any] = {
        "state": "|".join([row, *(_kept(key) for key in ADDRESS)]),
        "ladder": TEMPERATURES,
        "rows": found.rows,
        "columns": found.columns,
        "row_texts": found.row_texts,
        "texts": found.texts,
        "roles": found.roles,
        "positives": found.positive.tolist(),
        "cosines": [[float(s) if np.isfinite(s) else None for s in line] for line in cosines],
        "steepness": found.steepness.tolist(),
        "code": source.lines,
        "steps": [
            {
                "name": step,
                "title": t(f"batch.step_name.{step}"),
                "text": t(f"batch.step_text.{step}.{found.layout}"),
                "lines": source.marks[step],
            }
            for step in STEPS
        ],
        "words": section("batch.board"),
        "theme": asdict(current_theme()),
    }
    component("batch_board", FOLDER, "board", parts=PARTS, shared=("drag", "softmax"))(
        key=KEY, data=data, on_state_change=_heard
    )


def _heard() -> None:
    """Keep what the component tells; what it must not tell is dropped."""
    told = st.session_state[KEY].get("state")
    parts = told.split("|") if isinstance(told, str) else []
    if len(parts) != 1 + len(ADDRESS):
        return
    st.session_state[ROW] = parts[0]  # an unknown row falls back where the picker is drawn
    for (key, (allowed, default)), value in zip(ADDRESS.items(), parts[1:], strict=True):
        if value in allowed and value != default:
            st.query_params[key] = value
        elif key in st.query_params:
            del st.query_params[key]
