"""The view downhill: the points follow the gradient, on the circle or on the sphere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.sphere import circle
from pages.sphere.state import PAIRS, Setup, controls, ladder, signed
from pages.ui.challenge import guess
from pages.ui.exports import code_panel, echarts, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice, switch
from pages.ui.text import prose, section, t
from pages.ui.theme import current_theme
from simcse_core.figures.curves import Line, live_curve
from simcse_core.figures.sphere import sphere_flow
from simcse_core.theory import scenes
from simcse_core.theory.references import floor
from simcse_core.theory.simulator import CLOSED, Flow, simulate, steady_step

STEPS = 300
FRAMES = 61
NOISE = 0.01
ANSWERS = ("0.02", "0.05", "0.1", "0.5")
FORMULA = (
    r"h\leftarrow\mathrm{unit}(h-\eta\,g_\parallel),\quad "
    r"g_\parallel=g-(g^\top h)\,h,\quad g=\tfrac{\partial L}{\partial h}"
)
CODE = """from simcse_core.theory.scenes import {maker}
from simcse_core.theory.simulator import simulate

views = {views}
flow = simulate(views, objective="{objective}", steps={steps}, noise={noise}{parameters})
print(flow.loss[[0, -1]], flow.alignment[[0, -1]], flow.uniformity[[0, -1]])"""


@dataclass(frozen=True)
class Course:
    """What is followed: the start, the dimension and the objective."""

    setup: Setup
    dimension: int
    objective: str
    title: str

    @property
    def parameters(self) -> dict[str, float]:
        """Settings of the objective; those of others than InfoNCE keep their defaults but for τ."""
        return {"temperature": self.setup.temperature} if self.heats else {}

    @property
    def heats(self) -> bool:
        """Whether the objective has a temperature."""
        if self.objective == CLOSED:
            return True
        from simcse_core.losses import losses
        from simcse_core.registry import params_of

        return "temperature" in params_of(losses[self.objective])


@st.cache_data(max_entries=32, show_spinner=False)
def followed(
    degrees: Sequence[float], name: str, dimension: int, objective: str, parameters: dict[str, float]
) -> Flow:
    """The path from points on the circle (degrees), or from a scene in three dimensions."""
    pairs = len(degrees) // 2
    if dimension == 2:
        views = scene_views(degrees)
    else:
        views = scenes.scene(name, pairs, dimension=dimension).views
    return simulate(views, objective=objective, steps=STEPS, noise=NOISE, **parameters)


def scene_views(degrees: Sequence[float]) -> Any:
    """(2, N, 2) unit vectors of 2N angles."""
    return scenes.circle(np.reshape(degrees, (2, -1)))


def draw(page: Frame) -> None:
    """Fill the page with the path."""
    with page.controls:
        course = _controls()
    setup = course.setup
    flow = followed(setup.degrees, setup.scene, course.dimension, course.objective, course.parameters)
    with page.figure:
        if course.dimension == 2:
            _circle(course, flow)
        else:
            _globe(course, flow)
        title = t("sphere.path_table", objective=course.title)
        show_data(_table(flow), f"path-{setup.scene}", key="sp_path", alt=title)
        code_panel(code(course))
    page.why(t("sphere.why_flow"), formula=FORMULA, live=_live(course))
    with page.challenge():
        _guess()
    with page.details():
        st.markdown(prose("sphere", "details"))


def _controls() -> Course:
    setup = controls()
    dimension = choice(
        t("sphere.dimension"), (2, 3), 2, key="sp_d", format_func=lambda d: t(f"sphere.dimensions.{d}")
    )
    if dimension == 3:
        setup = ladder(setup)
    elif setup.moved:
        st.caption(t("sphere.from_points"))
    objective, title = _objective()
    return Course(setup, dimension, objective, title)


def _objective() -> tuple[str, str]:
    """InfoNCE, or another objective on similarities; the list is made when it is asked for."""
    if not switch(t("sphere.other"), key="sp_other", help=t("sphere.other_help")):
        return CLOSED, t("sphere.figure.loss")
    from simcse_core.losses import losses
    from simcse_core.theory.simulator import objectives

    name = choice(
        t("sphere.objective"), objectives(), "info_nce_interleaved", key="sp_loss", kind="select",
        format_func=lambda key: losses.info(key).title,
    )  # fmt: skip
    st.caption(t("sphere.other_note"))
    return name, losses.info(name).title


def _circle(course: Course, flow: Flow) -> None:
    setup = course.setup
    key = f"{course.objective} {setup.owner} {setup.text()}"
    other = "" if course.objective == CLOSED else course.title
    circle.draw(setup, mode="flow", path=circle.path_of(flow, key), other=other)
    st.caption(_outcome(course, flow))


def _globe(course: Course, flow: Flow) -> None:
    theme, setup = current_theme(), course.setup
    chosen = np.linspace(0, STEPS, FRAMES).round().astype(int)
    title = t("sphere.globe_title", objective=course.title, tau=f"{setup.temperature:g}")
    figure = sphere_flow(
        flow.views[chosen], chosen.tolist(), theme, title=title, words=section("sphere.globe")
    )
    plotly(figure, key="sp_globe", alt=_outcome(course, flow))
    steps = list(range(STEPS + 1))
    lines = [
        Line(t("sphere.column.loss"), steps, flow.loss.tolist(), "after", "solid"),
        Line(t("sphere.column.alignment"), steps, flow.alignment.tolist(), "positive", "dashed"),
        Line(t("sphere.column.uniformity"), steps, flow.uniformity.tolist(), "hard", "dotted"),
    ]
    option = live_curve(
        lines, theme, title=t("sphere.path_title"), x_label=t("sphere.column.step"),
        y_label=t("sphere.path_axis"), x_limits=(0, STEPS),
    )  # fmt: skip
    for line in option["series"]:
        line["showSymbol"] = False
    echarts(option, key="sp_path_curves", alt=_outcome(course, flow), height=260)
    st.caption(_outcome(course, flow))


def _outcome(course: Course, flow: Flow) -> str:
    """What the path reached, one sentence with the floor."""
    lowest = floor(course.setup.pairs, course.dimension)
    return t(
        "sphere.outcome",
        steps=STEPS,
        start=signed(flow.uniformity[0]),
        end=signed(flow.uniformity[-1]),
        alignment=signed(flow.alignment[-1], 3),
        floor=signed(lowest.value),
        kind=t(f"sphere.arrangement.{lowest.arrangement.replace('-', '_')}"),
    )


def _live(course: Course) -> str:
    if course.objective != CLOSED:
        return ""
    tau, n = course.setup.temperature, course.setup.pairs
    return rf"\eta={steady_step(n, tau):.4g}\quad(N={n},\ \tau={tau:g})"


def code(course: Course) -> str:
    """The lines that compute the path."""
    setup = course.setup
    flat = course.dimension == 2
    degrees = np.reshape(setup.degrees, (2, setup.pairs)).tolist()
    given = f"circle({degrees})" if flat else f'scene("{setup.scene}", {setup.pairs}, dimension=3).views'
    return CODE.format(
        maker="circle" if flat else "scene",
        views=given,
        objective=course.objective,
        steps=STEPS,
        noise=NOISE,
        parameters="".join(f", {name}={value:g}" for name, value in course.parameters.items()),
    )


def _table(flow: Flow) -> dict[str, Sequence[Any]]:
    return {
        t("sphere.column.step"): list(range(len(flow.loss))),
        t("sphere.column.loss"): flow.loss.tolist(),
        t("sphere.column.alignment"): flow.alignment.tolist(),
        t("sphere.column.uniformity"): flow.uniformity.tolist(),
    }


@st.cache_data(max_entries=1, show_spinner=False)
def ends() -> dict[str, float]:
    """Uniformity of the cone of eight pairs after `STEPS` steps, for every temperature on offer."""
    start = Setup("cone", PAIRS[3])
    return {
        answer: float(
            followed(start.degrees, "cone", 2, CLOSED, {"temperature": float(answer)}).uniformity[-1]
        )
        for answer in ANSWERS
    }


def _guess() -> None:
    name = "sphere.flow"
    asked = st.session_state.get(f"guess_{name}") is not None
    found = ends() if asked else {}
    best = min(found, key=lambda answer: found[answer]) if found else ""
    reveal = t(
        "sphere.guess_reveal",
        values=", ".join(f"τ = {answer}: {signed(value)}" for answer, value in found.items()),
        floor=signed(floor(PAIRS[3], 2).value),
    )
    guess(name, t("sphere.guess"), ANSWERS, is_right=lambda answer: answer == best, reveal=reveal)
