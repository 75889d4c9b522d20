"""The view of the hand: drag points, and see alignment, uniformity, the loss and its two parts answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st

from pages.sphere import circle
from pages.sphere.state import Setup, controls, joined_switch, signed
from pages.ui.challenge import goal
from pages.ui.exports import code_panel, show_data
from pages.ui.frame import Frame
from pages.ui.text import prose, t
from simcse_core.metrics.alignment import alignment
from simcse_core.theory.decomposition import Parts, split_pairs
from simcse_core.theory.references import floor
from simcse_core.theory.simulator import spread_of_views

TOGETHER = 0.02  # alignment below this counts as perfect
HEAPED = -0.05  # uniformity above this counts as collapsed
NEAR = 0.02  # nats above the floor that count as on it
FORMULA = (
    r"L=\underbrace{-\tfrac1\tau\,\mathbb E\,s^+}_{\text{pull}}"
    r"+\underbrace{\mathbb E\log\textstyle\sum_j e^{s_j/\tau}}_{\text{spread}}"
)
CODE = """import numpy as np
from simcse_core.metrics.alignment import alignment
from simcse_core.theory.decomposition import split_pairs
from simcse_core.theory.scenes import circle
from simcse_core.theory.simulator import spread_of_views

anchor, positive = views = circle({degrees})
parts = split_pairs(anchor, positive, temperature={tau})
print(parts.pull, parts.spread, parts.loss)
print(alignment(anchor, positive), spread_of_views(views))"""


@dataclass(frozen=True)
class Numbers:
    """What the circle shows, computed by the core."""

    parts: Parts
    alignment: float
    uniformity: float
    floor: float


def numbers(setup: Setup) -> Numbers:
    """The numbers of a setup."""
    anchor, positive = setup.views
    parts = split_pairs(anchor, positive, temperature=setup.temperature)
    return Numbers(
        parts, alignment(anchor, positive), spread_of_views(setup.views), floor(setup.pairs, 2).value
    )


def draw(page: Frame) -> None:
    """Fill the page with the circle."""
    with page.controls:
        setup = controls()
        setup = replace(setup, joined=joined_switch())
        st.caption(t("sphere.how"))
    now = numbers(setup)
    with page.figure:
        circle.draw(setup, mode="drag")
        st.caption(t(f"sphere.lesson.{setup.scene}"))
        title = t("sphere.table", tau=f"{setup.temperature:g}")
        show_data(_table(setup), f"pull-and-spread-{setup.scene}", key="sp_points", alt=title)
        code_panel(code(setup))
    page.why(t("sphere.why_drag"), formula=FORMULA, live=_live(setup, now))
    with page.challenge():
        _collapse(setup, now)
        _polygon(setup, now)
    with page.details():
        st.markdown(prose("sphere", "details"))


def _live(setup: Setup, now: Numbers) -> str:
    p = now.parts
    return rf"L={p.pull:.3f}+{p.spread:.3f}={p.loss:.3f},\quad L-\log {setup.pairs}={p.per_candidate:.3f}"


def code(setup: Setup) -> str:
    """The lines that compute the numbers of the figure."""
    degrees = np.reshape(setup.degrees, (2, setup.pairs)).tolist()
    return CODE.format(degrees=degrees, tau=f"{setup.temperature:g}")


def _table(setup: Setup) -> dict[str, Sequence[Any]]:
    anchor, positive = setup.views
    cosines = anchor @ positive.T
    pull = -cosines.diagonal() / setup.temperature
    spread = np.logaddexp.reduce(cosines / setup.temperature, axis=1)
    return {
        t("sphere.column.pair"): list(range(1, setup.pairs + 1)),
        t("sphere.column.anchor"): list(setup.degrees[: setup.pairs]),
        t("sphere.column.positive"): list(setup.degrees[setup.pairs :]),
        t("sphere.column.cosine"): cosines.diagonal().tolist(),
        t("sphere.column.pull"): pull.tolist(),
        t("sphere.column.spread"): spread.tolist(),
        t("sphere.column.loss"): (pull + spread).tolist(),
    }


def _collapse(setup: Setup, now: Numbers) -> None:
    """Perfect alignment with the worst uniformity, built by hand."""
    goal(
        "sphere.collapse",
        t("sphere.collapse.task"),
        reached=setup.scene != "collapse" and now.alignment <= TOGETHER and now.uniformity >= HEAPED,
        status=_stand(now),
        praise=t("sphere.collapse.praise", log=f"{math.log(setup.pairs):.3f}"),
    )


def _polygon(setup: Setup, now: Numbers) -> None:
    """Beat the regular polygon: as near as a hand comes, which is all that is possible."""
    above = now.uniformity - now.floor
    goal(
        "sphere.polygon",
        t("sphere.polygon.task", count=setup.pairs, floor=signed(now.floor, 3)),
        reached=setup.scene != "ring" and above <= NEAR and now.alignment <= TOGETHER,
        status=_stand(now) + " " + t("sphere.polygon.status", above=f"{max(above, 0.0):.3f}"),
        praise=t("sphere.polygon.praise", floor=signed(now.floor, 3)),
    )


def _stand(now: Numbers) -> str:
    return t("sphere.stand", alignment=signed(now.alignment, 3), uniformity=signed(now.uniformity, 3))
