"""The log-sum-exp as a smooth maximum: from a list of numbers to InfoNCE, CoSENT and a hinge."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.frame import Frame, open_body
from pages.ui.state import choice
from pages.ui.text import prose, t
from pages.ui.theme import current_theme
from simcse_core.figures.smooth_maximum import smooth_maximum_panels
from simcse_core.theory.smooth_maximum import (
    STAGES,
    Floats,
    SmoothMaximum,
    over_scales,
    smooth_maximum,
    terms_of,
)

COSINES = tuple(round(0.05 * k, 2) for k in range(-20, 21))
POSITIVES, NEGATIVES = (0.8, 0.55), (0.6, 0.3, 0.1)
SCALES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
DRAWN = np.logspace(0, 3, 121)
TIGHT = 1e-3
LIMITS = ((-1.15, 1.15), (-2.1, 2.1))  # of cosines, and of differences of two
FORMULAS = {
    "max": r"\max_i x_i\;\le\;\frac1\lambda\log\sum_{i=1}^n e^{\lambda x_i}"
    r"\;\le\;\max_i x_i+\frac{\log n}\lambda",
    "softmax": r"-\log\frac{e^{\lambda s^+}}{e^{\lambda s^+}+\sum_j e^{\lambda s_j^-}}"
    r"=\log\Big(1+\sum_j e^{\lambda(s_j^--s^+)}\Big)",
    "cosent": r"\log\Big(1+\sum_{i,j}e^{\lambda(s_j^--s_i^+)}\Big)\;\xrightarrow{\;\lambda\to\infty\;}\;"
    r"\lambda\max\big(0,\ \max_{i,j}(s_j^--s_i^+)\big)",
}
CODE = {
    "max": "terms = [*positives, *negatives]",
    "softmax": "terms = [0, *(n - positives[0] for n in negatives)]",
    "cosent": "terms = [0, *(n - p for p in positives for n in negatives)]",
}
FRAME = """import numpy as np

positives, negatives, scale = {positives}, {negatives}, {scale}
{terms}
smooth = np.log(np.exp(scale * np.array(terms)).sum()) / scale
print(smooth, max(terms), np.log(len(terms)) / scale)"""


@dataclass(frozen=True)
class Settings:
    """One view of the tab: cosines of the pairs, λ, and which terms are made of them."""

    stage: str
    positives: tuple[float, ...]
    negatives: tuple[float, ...]
    scale: float


def render() -> None:
    """Draw the tab under the page's header."""
    body = open_body("objectives", "ls")
    with body.controls:
        st.markdown(t("objectives.logsumexp.look"))
        settings = _read()
    names, terms = terms_of(settings.stage, settings.positives, settings.negatives)
    found = smooth_maximum(terms, settings.scale)
    with body.figure:
        _figure(settings, names, terms, found)
    _why(body, settings, len(names), found)
    with body.challenge():
        _tries(settings, len(names), found)
    with body.details():
        st.markdown(prose("losses", "logsumexp"))


def _read() -> Settings:
    stage = choice(
        t("objectives.logsumexp.stage"), STAGES, "max", key="ls_l_stage",
        format_func=lambda name: t(f"objectives.logsumexp.stages.{name}"),
    )  # fmt: skip
    scale = choice(
        t("objectives.logsumexp.scale"), SCALES, 5.0, key="ls_l_scale", kind="ladder",
        format_func=lambda value: f"{value:g}", help=t("objectives.logsumexp.scale_help"),
    )  # fmt: skip
    st.caption(t("objectives.logsumexp.pull"))
    plus = tuple(_cosine("p", k, value) for k, value in enumerate(POSITIVES, start=1))
    minus = tuple(_cosine("n", k, value) for k, value in enumerate(NEGATIVES, start=1))
    return Settings(stage, plus, minus, scale)


def _cosine(side: str, number: int, default: float) -> float:
    label = t("objectives.logsumexp.positive" if side == "p" else "objectives.logsumexp.negative", n=number)
    return choice(label, COSINES, default, key=f"ls_l_{side}{number}", kind="ladder", format_func=_signed)


def _signed(value: float, digits: int = 2) -> str:
    return f"{value + 0.0:.{digits}f}".replace("-", "−")


def _figure(settings: Settings, names: list[str], terms: Floats, found: SmoothMaximum) -> None:
    values = over_scales(terms, DRAWN)
    words = {
        "title": t(f"objectives.logsumexp.figure.{settings.stage}"),
        "terms": t(f"objectives.logsumexp.terms.{settings.stage}"),
        "weight": t("objectives.logsumexp.weight"),
        "scale": t("objectives.logsumexp.axis"),
        "largest": t("objectives.logsumexp.largest"),
        "smooth": t("objectives.logsumexp.smooth"),
        "bound": t("objectives.logsumexp.bound"),
    }
    figure = smooth_maximum_panels(
        names,
        terms,
        found.weights,
        DRAWN,
        values,
        current_theme(),
        scale=settings.scale,
        limits=LIMITS[settings.stage != "max"],
        words=words,
    )
    numbers = {
        "smooth": _signed(found.value, 3), "largest": _signed(found.largest, 3), "gap": _signed(found.gap, 3),
        "bound": _signed(found.bound, 3), "n": len(names), "scale": f"{settings.scale:g}",
    }  # fmt: skip
    plotly(figure, key="ls_l_figure", alt=t("objectives.logsumexp.alt", **numbers))
    st.caption(t("objectives.logsumexp.caption", **numbers))
    columns = {
        t("objectives.logsumexp.term"): names,
        t("objectives.logsumexp.number"): np.round(terms, 4).tolist(),
        t("objectives.logsumexp.weight"): np.round(found.weights, 5).tolist(),
    }
    show_data(columns, "log-sum-exp", key="ls_l_data", alt=t("objectives.logsumexp.table"))
    code_panel(code_of(settings))


def code_of(settings: Settings) -> str:
    """The lines that compute the numbers under the figure."""
    return FRAME.format(
        positives=list(settings.positives), negatives=list(settings.negatives), scale=settings.scale,
        terms=CODE[settings.stage],
    )  # fmt: skip


def _why(body: Frame, settings: Settings, terms: int, found: SmoothMaximum) -> None:
    scale, value, top = settings.scale, found.value, found.largest
    if settings.stage == "max":
        live = rf"{top:.3f}\le {value:.3f}\le {top:.3f}+\frac{{\log {terms}}}{{{scale:g}}}"
    else:
        live = (
            rf"L={scale * value:.3f},\qquad \frac{{L}}{{\lambda}}={value:.3f},\qquad\text{{hinge}}={top:.3f}"
        )
    body.why(t(f"objectives.logsumexp.why.{settings.stage}"), formula=FORMULAS[settings.stage], live=live)


def _tries(settings: Settings, terms: int, found: SmoothMaximum) -> None:
    answers = ("0", "0.69", "2.30", "4.62")
    right = f"{math.log(1 + 10 * 10):.2f}"
    guess(
        "losses.equal",
        t("objectives.logsumexp.guess"),
        answers,
        is_right=lambda answer: answer == right,
        reveal=t("objectives.logsumexp.reveal", value=right),
    )
    goal(
        "losses.bound",
        t("objectives.logsumexp.task"),
        reached=abs(found.gap - found.bound) < TIGHT * found.bound,
        status=t("objectives.logsumexp.status", share=f"{100 * found.gap / found.bound:.0f}"),
        praise=t("objectives.logsumexp.praise", terms=terms),
    )
