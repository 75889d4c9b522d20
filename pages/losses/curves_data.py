"""Curves of objectives: recorded at their defaults, computed by torch where anything was changed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.recordings import Recording, with_parts
from simcse_core.figures.pair_curves import Drawn
from simcse_core.theory.pair_curves import Context, PairCurve, pair_curve

PARTS = {"made", "cosines", "objectives", "without"}
OPENING = ("cosine_signed", "cosine_squared", "cosine_margin", "cosent")


@dataclass(frozen=True)
class Settings:
    """One view of the tab.

    Attributes:
        chosen: Names of the objectives.
        side: Whether the pair is a positive or a negative.
        context: The rest of the batch.
        at: Cosine of the pair.
        relative: Whether every slope is a share of its objective's largest.
        parameters: Name → parameters that differ from the defaults' recording.
    """

    chosen: tuple[str, ...]
    side: str
    context: Context
    at: float
    relative: bool
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS, set(content["objectives"]) >= set(OPENING))


recorded = Recording("curves", _checked)
"""The recorded file."""


def options() -> dict[str, str]:
    """Name → title: what is recorded, and what was registered since, once torch is loaded anyway."""
    known = {name: str(told["title"]) for name, told in recorded()["objectives"].items()}
    if "simcse_core.losses" in sys.modules:
        from simcse_core.losses import losses
        from simcse_core.theory.pair_curves import drawable

        known |= {name: losses.info(name).title for name in drawable() if name not in known}
    return known


def without() -> list[str]:
    """Titles of the registered objectives that one cosine does not decide."""
    return [str(title) for title in recorded()["without"].values()]


def curve(name: str, settings: Settings) -> PairCurve:
    """Loss and slope of an objective over the recorded cosines."""
    told = recorded()["objectives"].get(name)
    if told is not None and settings.context == Context() and not settings.parameters.get(name):
        part = told[settings.side]
        return PairCurve(np.array(part["loss"]), np.array(part["slope"]))
    given = tuple(sorted(settings.parameters.get(name, {}).items()))
    return _computed(name, settings.side, settings.context, given)


@st.cache_data(max_entries=200, show_spinner=False)
def _computed(name: str, side: str, context: Context, parameters: tuple[tuple[str, Any], ...]) -> PairCurve:
    return pair_curve(name, side, context, dict(parameters), recorded()["cosines"])


def slope_at(one: Drawn, cosine: float) -> float:
    """∂L/∂s at a cosine of the grid."""
    near = int(np.abs(np.asarray(recorded()["cosines"]) - cosine).argmin())
    return float(one.slope[near])


def share(one: Drawn, cosine: float) -> float:
    """The slope at a cosine as a share of the objective's largest one, with its sign."""
    return slope_at(one, cosine) / one.strength
