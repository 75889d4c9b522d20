"""Below the costs: how well both towers rank, and a classifier that is read by cosine."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from pages.losses.towers_data import recorded, spearmans, steps
from pages.ui.exports import echarts, plotly, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.data.datasets import load_scored_pairs
from simcse_core.figures.curves import Line, live_curve
from simcse_core.figures.towers import mismatch

LIMITS = (0.0, 90.0)


def signed(value: float, digits: int = 1) -> str:
    """A number with a real minus sign."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def set_title(name: str) -> str:
    """What a set of held-out pairs is called."""
    return t(f"objectives.towers.sets.{name.replace('-', '_')}")


def draw_scores(measured_on: str) -> None:
    """Spearman over the steps, mean in a band over the seeds."""
    at, made = steps(measured_on), recorded()["made"]
    rows = {tower: spearmans(tower, measured_on) for tower in ("bi", "cross")}
    names = {"bi": t("objectives.towers.bi_again"), "cross": t("objectives.towers.cross")}
    looks = {"bi": ("positive", "dashed"), "cross": ("hard", "solid")}
    lines = [
        Line(
            names[k], at, y.mean(axis=0).tolist(), *looks[k], (y.min(axis=0).tolist(), y.max(axis=0).tolist())
        )
        for k, y in rows.items()
    ]
    option = live_curve(
        lines, current_theme(), title=t("objectives.towers.scores"), x_label=t("objectives.towers.step"),
        y_label=t("objectives.towers.spearman"), x_limits=(0, at[-1]), y_limits=LIMITS,
    )  # fmt: skip
    ends = {k: signed(float(y[:, -1].mean())) for k, y in rows.items()}
    name = set_title(measured_on)
    echarts(option, key="ls_t_scores", alt=t("objectives.towers.scores_alt", name=name, **ends), height=380)
    count = len(recorded()["runs"])
    told = t("objectives.towers.one_seed") if count == 1 else t("objectives.towers.some_seeds", n=count)
    st.caption(
        t(
            "objectives.towers.scores_caption", name=name, steps=made["config"]["optim"]["steps"],
            batch=made["config"]["optim"]["batch_size"], seeds=told,
            encoder=plain(made["config"]["encoder"]["name"]), start=signed(float(rows["bi"][0, 0])), **ends,
        )
    )  # fmt: skip
    table: dict[str, Any] = {t("objectives.towers.step"): at}
    table |= {names[k]: np.round(y.mean(axis=0), 2).tolist() for k, y in rows.items()}
    show_data(table, "towers-scores", key="ls_t_scores_data", alt=t("objectives.towers.scores_table"))


def draw_mismatch(measured_on: str) -> None:
    """Probability of the classifier against the cosine, one point a shipped pair."""
    told, made, pairs = recorded()["mismatch"], recorded()["made"], load_scored_pairs("pairs")
    words = {
        "title": t("objectives.towers.mismatch"),
        "cosine": t("objectives.towers.cosine"),
        "probability": t("objectives.towers.probability"),
        "score": t("objectives.towers.people"),
    }
    texts = list(zip(pairs.first, pairs.second, strict=True))
    figure = mismatch(told["cosine"], told["probability"], pairs.score, texts, current_theme(), words=words)
    numbers = {name: signed(float(value)) for name, value in told["spearman"][measured_on].items()}
    agreement = numbers["agreement"]
    plotly(figure, key="ls_t_mismatch", alt=t("objectives.towers.mismatch_alt", agreement=agreement))
    st.caption(
        t(
            "objectives.towers.mismatch_caption", name=set_title(measured_on),
            seed=made["classifier"]["seed"], steps=made["classifier"]["optim"]["steps"], **numbers,
        )
    )  # fmt: skip
    table = {
        t("objectives.towers.first"): list(pairs.first),
        t("objectives.towers.second"): list(pairs.second),
        t("objectives.towers.cosine"): told["cosine"],
        t("objectives.towers.probability"): told["probability"],
        t("objectives.towers.people"): pairs.score.tolist(),
    }
    show_data(table, "towers-classifier", key="ls_t_mismatch_data", alt=t("objectives.towers.mismatch_table"))
