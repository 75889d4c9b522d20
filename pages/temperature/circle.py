"""Mounts the circle: temperature and points come back on release and are kept in the address."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import streamlit as st

from pages.temperature.scenes import SCENES, State, read_state
from pages.ui.browser import component
from pages.ui.text import section
from pages.ui.theme import current_theme
from simcse_core.theory.charge import parting

KEY = "tp-circle"
TAU, POINTS = "tp_tau", "tp_at"
PARTS = ("circle_math", "circle_ring", "circle_charts")
FOLDER = Path(__file__).parent


def state_of(scene: str) -> State:
    """The state that the address holds for a scene: temperature, and the points moved in this very scene.

    What cannot be read counts as not given.
    """
    owner, _, points = st.query_params.get(POINTS, "").partition(".")
    tau = st.query_params.get(TAU, State().text())
    whole = read_state(f"{tau} {points}".strip(), SCENES[scene]) if owner == scene else None
    return whole or read_state(tau, SCENES[scene]) or State()


def keep(scene: str, state: State) -> None:
    """Write a state into the address, which stays clean for what the scene opens with."""
    tau, _, points = state.text().partition(" ")
    for key, value, default in ((TAU, tau, State().text()), (POINTS, f"{scene}.{points}", f"{scene}.")):
        if value == default:
            st.query_params.pop(key, None)
        elif st.query_params.get(key) != value:
            st.query_params[key] = value


def draw(name: str, view: str) -> State:
    """Show the circle of a scene; returns the state that Python knows, which is that of the last release.

    Args:
        name: Key of `SCENES`.
        view: What arrows and bars show: `share`, `gradient` or `push`.
    """
    scene, state = SCENES[name], state_of(name)
    keep(name, state)  # drops the points of another scene, and what could not be read
    data: dict[str, Any] = {
        "scene": name,
        "view": view,
        "roles": scene.roles,
        "state": state.text(),
        "tau": state.temperature,
        "angles": state.angles(scene),
        "moved": [index for index, _ in state.moved],
        "far": parting(1.0)[1],  # of √τ
        "words": section("temperature.figure"),
        "theme": {**asdict(current_theme()), "anchor": current_theme().text},
    }
    component("temperature_circle", FOLDER, "circle", parts=PARTS, shared=("drag", "softmax"))(
        key=KEY, data=data, on_state_change=lambda: _heard(name)
    )
    return state


def _heard(scene: str) -> None:
    told = st.session_state[KEY].get("state")
    state = read_state(told, SCENES[scene]) if isinstance(told, str) else None
    if state is not None:
        keep(scene, state)
