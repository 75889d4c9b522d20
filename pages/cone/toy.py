"""The axes toy: coordinates promise one cosine, the drawn arrows another; labelled as an analogy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.browser import component
from pages.ui.challenge import goal
from pages.ui.exports import code_panel
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import prose, section, t
from pages.ui.theme import current_theme

SCENES: Mapping[str, tuple[tuple[float, float], tuple[float, float]]] = {
    "alike": ((2.0, 1.0), (1.0, 2.0)),
    "unrelated": ((2.0, 1.0), (-1.0, 2.0)),
}
Basis = Mapping[str, Mapping[str, float]]
NARROW: Basis = {"first": {"length": 1.0, "angle": 20.0}, "second": {"length": 1.0, "angle": 70.0}}
FLAT = 0.1
CODE = """import numpy as np
a, b = np.array({a}), np.array({b})          # coordinates
E = np.array({basis})   # rows: the two basis arrows
cos = lambda p, q: p @ q / np.linalg.norm(p) / np.linalg.norm(q)
print(cos(a, b))          # as if E were orthonormal: {told:.2f}
print(cos(a @ E, b @ E))  # the angle that is drawn:   {true:.2f}"""
FOLDER = Path(__file__).parent


def arrows(basis: Basis) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The basis as rows, (2, 2)."""
    lengths = np.array([basis[name]["length"] for name in ("first", "second")])
    angles = np.radians([basis[name]["angle"] for name in ("first", "second")])
    rows: np.ndarray[Any, np.dtype[np.float64]] = lengths[:, None] * np.stack(
        [np.cos(angles), np.sin(angles)], axis=1
    )
    return rows


def cosine(first: Any, second: Any) -> float:
    """Cosine of two vectors of length above 0."""
    p, q = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return float(p @ q / max(float(np.linalg.norm(p) * np.linalg.norm(q)), 1e-9))


def draw(page: Frame) -> None:
    """Fill the page with the toy."""
    with page.controls:
        scene = choice(
            t("cone.toy.scene"),
            tuple(SCENES),
            "alike",
            key="cn_scene",
            kind="radio",
            format_func=lambda s: t(f"cone.toy.{s}"),
        )
        st.caption(t("cone.toy.how"))
    a, b = SCENES[scene]
    with page.figure:
        basis = _mount(a, b)
        st.caption(t("cone.toy.caption"))
    frame = arrows(basis)
    told, true = cosine(a, b), cosine(a @ frame, b @ frame)
    page.why(
        t("cone.toy.why"),
        formula=r"\cos=\frac{a^\top G\,b}{\sqrt{a^\top G\,a}\,\sqrt{b^\top G\,b}},\qquad G_{ij}=e_i\cdot e_j",
        live=_live(frame, told, true),
    )
    with page.challenge():
        goal(
            "cone.axes",
            t("cone.toy.task"),
            reached=scene == "alike" and abs(true) <= FLAT,
            status=t("cone.toy.status", told=f"{told:.2f}", true=f"{true:.2f}"),
            praise=t("cone.toy.praise"),
        )
    with page.details():
        st.markdown(prose("cone", "toy"))
    with page.below:
        code_panel(CODE.format(a=list(a), b=list(b), basis=frame.round(3).tolist(), told=told, true=true))


def _live(frame: np.ndarray[Any, np.dtype[np.float64]], told: float, true: float) -> str:
    gram = frame @ frame.T
    rows = r"\\".join("&".join(f"{value:.2f}" for value in row) for row in gram)
    return rf"G=\begin{{pmatrix}}{rows}\end{{pmatrix}},\quad {told:.2f}\;\to\;{true:.2f}"


def _mount(a: tuple[float, float], b: tuple[float, float]) -> Basis:
    theme = current_theme()
    state = st.session_state.get("cn_axes") or {}
    basis: Basis = state.get("basis") or NARROW
    result = component("cone_axes_toy", FOLDER, "toy")(
        key="cn_axes",
        data={
            "a": a,
            "b": b,
            "basis": basis,
            "words": section("cone.toy.words"),
            "colours": {"a": theme.positive, "b": theme.hard},
        },
        on_basis_change=lambda: None,
    )
    return result.basis or basis
