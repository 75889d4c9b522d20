"""The five curves of a run, with other runs beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.lab.model import RECORDED, RunView, set_name
from pages.ui.exports import echarts, show_data
from pages.ui.text import t
from pages.ui.theme import current_theme
from simcse_core.figures.lab import RunCurve, nice_axis, run_panel

HERO_HEIGHT, PANEL_HEIGHT = 250, 190
MEASURES = ("uniformity", "mean_cosine", "alignment", "loss")
SCALES: dict[str, tuple[float, float]] = {  # steps of the axis and its least span
    "spearman": (5.0, 10.0),
    "uniformity": (0.5, 2.0),
    "mean_cosine": (0.2, 0.8),
    "alignment": (0.1, 0.4),
    "loss": (0.05, 0.1),
}


def place_of(view: RunView, position: int) -> int:
    """Which look a run has: the recorded one is the reference wherever it stands behind another."""
    return -1 if view.key == RECORDED and position > 0 else position


def draw(views: Sequence[RunView], *, steps: int) -> None:
    """Rank correlation above, geometry and loss below; `views[0]` is in front."""
    theme = current_theme()
    hero = _score_curves(views)
    echarts(
        run_panel(hero, theme, title=t("lab.measure.spearman"), subtitle=t("lab.better.spearman"),
                  steps=steps, y_axis=_axis("spearman", hero), legend=True, digits=1),
        key="lb-chart-spearman", alt=_alt("spearman", hero), height=HERO_HEIGHT,
    )  # fmt: skip
    columns = st.columns(2)
    for index, measure in enumerate(MEASURES):
        curves = [_curve(view, measure, place_of(view, i)) for i, view in enumerate(views)]
        option = run_panel(
            curves, theme, title=t(f"lab.measure.{measure}"), subtitle=t(f"lab.better.{measure}"),
            steps=steps, y_axis=_axis(measure, curves), digits=3 if measure == "loss" else 2,
        )  # fmt: skip
        with columns[index % 2]:
            echarts(option, key=f"lb-chart-{measure}", alt=_alt(measure, curves), height=PANEL_HEIGHT)


def _score_curves(views: Sequence[RunView]) -> list[RunCurve]:
    curves = []
    for i, view in enumerate(views):
        names = list(view.evaluations[0]["sets"]) if view.evaluations else [view.lead]
        for rank, name in enumerate(names if i == 0 else [n for n in names if n == views[0].lead][:1]):
            curves.append(
                RunCurve(
                    f"{view.name} · {set_name(name)}", view.at(), view.scores(name),
                    place_of(view, i), "dotted" if rank else None,
                )
            )  # fmt: skip
    return curves


def _curve(view: RunView, measure: str, place: int) -> RunCurve:
    if measure == "loss":
        return RunCurve(view.name, [s["step"] for s in view.steps], [s["loss"] for s in view.steps], place)
    return RunCurve(view.name, view.at(), view.measured(measure), place)


def _axis(measure: str, curves: Sequence[RunCurve]) -> tuple[float, float, float]:
    step, least = SCALES[measure]
    values = [v for curve in curves for v in curve.y]
    if measure in {"alignment", "loss", "mean_cosine"}:
        values.append(0.0)
    return nice_axis(values, step=step, least=least)


def _alt(measure: str, curves: Sequence[RunCurve]) -> str:
    known = [v for v in curves[0].y if v is not None] if curves else []
    if not known:
        return t("lab.alt_empty", measure=t(f"lab.measure.{measure}"))
    return t("lab.alt", measure=t(f"lab.measure.{measure}"), first=f"{known[0]:.3g}", last=f"{known[-1]:.3g}")


def table(view: RunView) -> dict[str, list[Any]]:
    """Every evaluation as columns, with the loss of the step before it."""
    losses = {s["step"]: s["loss"] for s in view.steps}
    names = list(view.evaluations[0]["sets"]) if view.evaluations else []
    return {
        "step": view.at(),
        "loss": [losses.get(e["step"]) for e in view.evaluations],
        **{f"spearman {set_name(name)}": view.scores(name) for name in names},
        **{m: view.measured(m) for m in ("alignment", "uniformity", "mean_cosine", "effective_rank")},
    }


def numbers(view: RunView) -> None:
    """The line of numbers under the curves, and their table."""
    if not view.evaluations:
        return
    first, last = view.evaluations[0], view.evaluations[-1]
    scores = "; ".join(
        t(
            "lab.score_line",
            name=set_name(name),
            first=_score(first["sets"][name]),
            last=_score(last["sets"][name]),
        )
        for name in first["sets"]
    )
    st.caption(
        t(
            "lab.caption",
            scores=scores,
            cosine0=f"{first['mean_cosine']:.2f}",
            cosine1=f"{last['mean_cosine']:.2f}",
            uniformity0=f"{first['uniformity']:.2f}",
            uniformity1=f"{last['uniformity']:.2f}",
            step=last["step"],
            seed=view.config.seed,
            device=view.device,
        )
    )
    show_data(table(view), f"lab-{view.key}", key="lb-data", alt=t("lab.data_alt"))


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"
