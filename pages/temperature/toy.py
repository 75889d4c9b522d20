"""The circle's view: figure, controls, the formula with live numbers, the challenge, the tables, the code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.temperature import circle, others
from pages.temperature.scenes import HIGHEST, LOWEST, SCENES, State, taken_apart
from pages.ui import messages
from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import prose, t
from simcse_core.theory.anatomy import Anatomy
from simcse_core.theory.temperatures import limits, over_temperatures

VIEWS = ("share", "gradient", "push")
ANSWERS = ("1.2 ×", "3 ×", "30 ×", "300 ×")
GAP, COLD, WARM, HOT = 0.92 - 0.75, 0.05, 0.5, 10.0
NEAR_HALF = 0.02
HEAVY, FAINT = 0.9, 0.1
FORMULAS = {
    "share": r"r_j=\frac{e^{s_j/\tau}}{\sum_{k\neq +}e^{s_k/\tau}}",
    "gradient": r"\frac{\partial\ell}{\partial s_j}=\frac{p_j-[j=+]}{\tau}",
    "push": r"\Big\lVert\frac{\partial\ell}{\partial s_j}\frac{\partial s_j}{\partial h}\Big\rVert"
    r"=\Big|\frac{\partial\ell}{\partial s_j}\Big|\frac{\sqrt{1-s_j^2}}{\lVert h\rVert}",
}
CODE = """import numpy as np
from simcse_core.theory.anatomy import anatomy

angles = np.array({angles})  # degrees: anchor, positive, negatives
cosines = np.cos(np.radians(angles[1:] - angles[0]))
row = anatomy([cosines], [0], temperature={tau})
print(row.shares[0, 1:].round(4))                    # who takes the push
print(row.gradient[0].round(4))                      # slope by each cosine, the positive first
print((abs(row.gradient[0]) * np.sqrt(1 - cosines**2)).round(4))  # real push
print(row.effective[0].round(4), row.loss[0].round(4))"""


def draw(page: Frame) -> None:
    """Fill the page with the circle."""
    with page.controls:
        scene, view = _controls()
    with page.figure:
        state = circle.draw(scene, view)
        row = taken_apart(state.angles(SCENES[scene]), state.temperature)
        st.caption(_ends(row))
        code_panel(_code(scene, state))
    page.why(t(f"temperature.why.{view}"), formula=FORMULAS[view], live=_live(view, state, row))
    with page.challenge():
        _challenge(scene, view, state, row)
        _guess()
    with page.details():
        st.markdown(prose("temperature", "details"))
    with page.below:
        _tables(scene, state, row)
        with messages.boundary():
            others.draw(row.similarities[0], state.temperature)


def _controls() -> tuple[str, str]:
    scene = choice(
        t("temperature.scene"),
        tuple(SCENES),
        "hard",
        key="tp_scene",
        kind="pills",
        format_func=lambda name: t(f"temperature.scenes.{name}"),
    )
    view = choice(
        t("temperature.shown"),
        VIEWS,
        "share",
        key="tp_view",
        format_func=lambda name: t(f"temperature.shows.{name}"),
    )
    st.caption(t("temperature.how"))
    return scene, view


def _real_push(row: Anatomy) -> np.ndarray[Any, np.dtype[np.float64]]:
    """|g ∂s/∂h| of every candidate on the unit circle, (C,)."""
    size: np.ndarray[Any, np.dtype[np.float64]] = np.abs(row.gradient[0]) * np.sqrt(
        np.maximum(1 - row.similarities[0] ** 2, 0.0)
    )
    return size


def _live(view: str, state: State, row: Anatomy) -> str:
    """The formula of a view with the numbers of the hardest negative, LaTeX."""
    j = int(row.shares[0].argmax())
    s, g, tau = row.similarities[0, j], row.gradient[0, j], state.temperature
    if view == "share":
        return rf"r=\frac{{e^{{{s:.2f}/{tau:g}}}}}{{\sum_k e^{{s_k/{tau:g}}}}}={row.shares[0, j]:.3f}"
    if view == "gradient":
        probability = 0.0 if row.probabilities is None else row.probabilities[0, j]
        return rf"\frac{{{probability:.3f}-0}}{{{tau:g}}}={g:.3g}"
    return rf"{g:.3g}\cdot\sqrt{{1-{abs(s):.2f}^2}}={_real_push(row)[j]:.3g}"


def _ends(row: Anatomy) -> str:
    """What the scene tends to at both ends of the temperature, one sentence each."""
    ends = limits(row.similarities[0], 0)
    ties = int((ends.cold_shares > 0).sum())
    one = t("temperature.hardest_one")
    count = row.similarities.shape[1] - 1
    return t(
        "temperature.ends_behind" if ends.cold_push else "temperature.ends_ahead",
        hardest=one if ties == 1 else t("temperature.hardest_ties", count=ties),
        margin=f"{ends.cold_loss:.2f}",
        count=count,
        even=f"{100 / count:.1f}\u00a0%",
        candidates=count + 1,
        loss=f"{ends.hot_loss:.2f}",
    )


def _tables(name: str, state: State, row: Anatomy) -> None:
    """Every candidate now, beside the scene over the temperatures."""
    left, right = st.columns(2, gap="large")
    with left:
        title = t("temperature.table_row", tau=f"{state.temperature:g}")
        st.caption(title)
        show_data(_candidates(name, state, row), f"temperature-{name}", key="tp_row", alt=title)
    with right:
        title = t("temperature.table_curves")
        st.caption(title)
        curves = over_temperatures(row.similarities[0], 0, np.geomspace(LOWEST, HIGHEST, 34))
        columns = {
            t("temperature.tau"): curves.temperatures.tolist(),
            t("temperature.loss"): curves.loss.tolist(),
            t("temperature.top_share"): curves.top_share.tolist(),
            t("temperature.effective"): curves.effective.tolist(),
            t("temperature.total_push"): curves.total_push.tolist(),
        }
        show_data(columns, f"temperature-{name}-curves", key="tp_curves", alt=title)


def _candidates(name: str, state: State, row: Anatomy) -> dict[str, Sequence[Any]]:
    scene = SCENES[name]
    assert row.probabilities is not None  # the closed form gives them
    return {
        t("temperature.index"): list(range(1, len(scene.roles))),
        t("temperature.role"): [t(f"temperature.roles.{role}") for role in scene.roles[1:]],
        t("temperature.angle"): [round(angle, 3) for angle in state.angles(scene)[1:]],
        t("temperature.cosine"): row.similarities[0].tolist(),
        t("temperature.probability"): row.probabilities[0].tolist(),
        t("temperature.share"): row.shares[0].tolist(),
        t("temperature.gradient"): row.gradient[0].tolist(),
        t("temperature.push"): _real_push(row).tolist(),
    }


def _code(name: str, state: State) -> str:
    angles = [round(angle, 4) for angle in state.angles(SCENES[name])]
    return CODE.format(angles=angles, tau=f"{state.temperature:g}")


def _challenge(scene: str, view: str, state: State, row: Anatomy) -> None:
    if view == "push":
        _fade(row)
    else:
        _half(scene, state, row)


def _half(scene: str, state: State, row: Anatomy) -> None:
    """A false negative that takes half of the push."""
    done = t("temperature.half.praise_before")
    if scene != "false":
        goal(
            "temperature.half",
            t("temperature.half.task"),
            reached=False,
            status=t("temperature.half.elsewhere"),
            praise=done,
        )
        return
    s, share = row.similarities[0], float(row.shares[0, -1])
    near = bool(s[-1] > s[0])
    reached = near and abs(share - 0.5) <= NEAR_HALF
    goal(
        "temperature.half",
        t("temperature.half.task"),
        reached=reached,
        status=t("temperature.half.status", share=f"{100 * share:.0f}\u00a0%")
        if near
        else t("temperature.half.status_far", cosine=_signed(s[-1]), positive=_signed(s[0])),
        praise=t("temperature.half.praise", tau=f"{state.temperature:.2g}") if reached else done,
    )


def _fade(row: Anatomy) -> None:
    """A negative with nearly all of the weight and hardly any push."""
    j = int(row.shares[0].argmax())
    share = float(row.shares[0, j])
    part = math.sqrt(max(1 - float(row.similarities[0, j]) ** 2, 0.0))
    goal(
        "temperature.fade",
        t("temperature.fade.task"),
        reached=share >= HEAVY and part < FAINT,
        status=t(
            "temperature.fade.status", share=f"{100 * share:.0f}\u00a0%", part=f"{100 * part:.0f}\u00a0%"
        ),
        praise=t("temperature.fade.praise"),
    )


def _guess() -> None:
    ratio, warm, hot = (math.exp(GAP / tau) for tau in (COLD, WARM, HOT))
    guess(
        "temperature.ratio",
        t("temperature.guess"),
        ANSWERS,
        is_right=lambda answer: abs(float(answer.split()[0]) / ratio - 1) < 0.5,
        reveal=t("temperature.guess_reveal", ratio=f"{ratio:.0f}", warm=f"{warm:.1f}", hot=f"{hot:.2f}"),
    )


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
