"""What the visitor set: scene, pairs, temperature, and the points that were moved; as text and as angles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.state import choice, switch
from pages.ui.text import t
from simcse_core.theory.scenes import SCENES, angles, circle

LOWEST, HIGHEST, TEMPERATURE = 0.02, 10.0, 0.5
PAIRS = (3, 4, 6, 8, 12, 16, 32)
TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 10.0)
SCENE, COUNT, TAU, POINTS = "sp_scene", "sp_n", "sp_tau", "sp_at"
LADDER = "sp-heat"


@dataclass(frozen=True)
class Setup:
    """One state of the circle.

    Attributes:
        scene: Key of `SCENES`.
        pairs: N.
        joined: Whether a dragged point takes its partner along.
        temperature: τ.
        moved: (index, degrees) of every point that is not where the scene put it; positives follow anchors.
    """

    scene: str
    pairs: int
    joined: bool = False
    temperature: float = TEMPERATURE
    moved: tuple[tuple[int, float], ...] = ()

    @cached_property
    def degrees(self) -> tuple[float, ...]:
        """Angles of N anchors, then of their N positives."""
        found = [float(angle) for angle in angles(self.scene, self.pairs).ravel()]
        for index, angle in self.moved:
            found[index] = angle
        return tuple(found)

    @property
    def views(self) -> NDArray[np.float64]:
        """(2, N, 2) unit vectors."""
        return circle(np.reshape(self.degrees, (2, self.pairs)))

    @property
    def owner(self) -> str:
        """Name of what the moved points belong to."""
        return f"{self.scene}.{self.pairs}"

    def text(self) -> str:
        """As the component and the address hold it."""
        points = "_".join(f"{index}:{angle:g}" for index, angle in self.moved)
        return f"{self.temperature:g} {points}".strip()


def controls() -> Setup:
    """Draw scene, pairs and the switch; points and temperature come from the address."""
    scene = choice(
        t("sphere.scene"), tuple(SCENES), "cone", key=SCENE, kind="pills",
        format_func=lambda name: t(f"sphere.scenes.{name}"),
    )  # fmt: skip
    pairs = choice(t("sphere.pairs"), PAIRS, 8, key=COUNT, kind="ladder")
    return read(scene, int(pairs))


def ladder(setup: Setup) -> Setup:
    """Draw the temperature as a ladder, where there is no circle with its slider; one τ for all views."""
    now = setup.temperature
    st.session_state[LADDER] = now
    st.select_slider(
        t("sphere.tau"), sorted({*TEMPERATURES, now}), key=LADDER, format_func=lambda tau: f"{tau:g}",
        on_change=lambda: keep(replace(setup, temperature=float(st.session_state[LADDER]))),
    )  # fmt: skip
    return setup


def joined_switch() -> bool:
    """Whether pairs stay together."""
    return switch(t("sphere.joined"), key="sp_joined", help=t("sphere.joined_help"))


def read(scene: str, pairs: int, *, joined: bool = False) -> Setup:
    """The setup that the address holds; what cannot be read counts as not given."""
    owner, _, points = st.query_params.get(POINTS, "").rpartition(".at.")
    tau = st.query_params.get(TAU, f"{TEMPERATURE:g}")
    plain = Setup(scene, pairs, joined)
    whole = parsed(plain, f"{tau} {points}") if owner == plain.owner else None
    return whole or parsed(plain, tau) or plain


def keep(setup: Setup) -> None:
    """Write a setup into the address, which stays clean for what the scene opens with."""
    tau, _, points = setup.text().partition(" ")
    wanted = {
        TAU: tau if tau != f"{TEMPERATURE:g}" else "",
        POINTS: f"{setup.owner}.at.{points}" if points else "",
    }
    for key, value in wanted.items():
        if value:
            st.query_params[key] = value
        elif key in st.query_params:
            del st.query_params[key]


def parsed(plain: Setup, text: str) -> Setup | None:
    """A setup with the temperature and points of `text`; None if it is not of that form."""
    first, _, rest = text.strip().partition(" ")
    try:
        tau = float(first)
        moved = [(int(i), float(a)) for i, a in (part.split(":") for part in rest.split("_") if part)]
    except ValueError:
        return None
    if not (LOWEST <= tau <= HIGHEST and _on_circle(moved, plain.pairs)):
        return None
    return Setup(plain.scene, plain.pairs, plain.joined, tau, tuple(sorted(dict(moved).items())))


def _on_circle(moved: Sequence[tuple[int, float]], pairs: int) -> bool:
    return all(0 <= i < 2 * pairs and math.isfinite(a) and -180 <= a < 180 for i, a in moved)


def signed(value: float, digits: int = 2) -> str:
    """A number with a real minus sign, and none before a zero."""
    shown = f"{value:.{digits}f}"
    return (shown if float(shown) else shown.lstrip("-")).replace("-", "−")
