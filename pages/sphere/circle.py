"""Mounts the circle: temperature and points come back on release and are kept in the address."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.sphere.state import Setup, keep, parsed
from pages.ui.browser import component
from pages.ui.text import section
from pages.ui.theme import current_theme
from simcse_core.metrics.uniformity import isotropic_uniformity
from simcse_core.theory.references import floor, independent_alignment
from simcse_core.theory.scenes import marks
from simcse_core.theory.simulator import Flow

KEY = "sp-circle"
PARTS = ("circle_math", "circle_parts", "circle_ring")
FOLDER = Path(__file__).parent
ALIGNMENT = (0, 4)


def draw(setup: Setup, *, mode: str, path: dict[str, Any] | None = None, other: str = "") -> None:
    """Show the circle.

    Args:
        setup: What is on it.
        mode: `drag`, or `flow` to play `path`.
        path: From `path_of`.
        other: Title of an objective other than InfoNCE; its parts are then not drawn.
    """
    lowest = floor(setup.pairs, 2).value
    data: dict[str, Any] = {
        "mode": mode,
        "scene": setup.scene,
        "pairs": setup.pairs,
        "joined": setup.joined,
        "marks": marks(setup.scene, setup.pairs),
        "state": f"{setup.owner} {setup.text()}",
        "tau": setup.temperature,
        "angles": setup.degrees,
        "moved": [index for index, _ in setup.moved],
        "floor": lowest,
        "even": isotropic_uniformity(setup.pairs, 2),
        "chance": independent_alignment(2),
        "limits": {"alignment": ALIGNMENT, "uniformity": (math.floor(lowest - 0.2), 0)},
        "path": path,
        "other": other,
        "words": section("sphere.figure"),
        "theme": {**asdict(current_theme()), "anchor": current_theme().text},
    }
    component("sphere_circle", FOLDER, "circle", parts=PARTS)(
        key=KEY, data=data, on_state_change=lambda: _heard(setup)
    )


def path_of(flow: Flow, key: str) -> dict[str, Any]:
    """A path on the circle as the component plays it: degrees (T + 1, 2N) and three curves (T + 1,)."""
    degrees = np.degrees(np.arctan2(flow.views[..., 1], flow.views[..., 0]))
    curves = {name: getattr(flow, name).round(6).tolist() for name in ("loss", "alignment", "uniformity")}
    return {"key": key, "angles": degrees.reshape(len(degrees), -1).round(4).tolist(), **curves}


def _heard(setup: Setup) -> None:
    told = st.session_state[KEY].get("state")
    owner, _, text = told.partition(" ") if isinstance(told, str) else ("", "", "")
    found = parsed(setup, text) if owner == setup.owner else None
    if found is not None:
        keep(found)
