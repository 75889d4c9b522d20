"""The argument from the loss to the flat spectrum, in five steps with the numbers of the circle's points."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.sphere import flow, lines
from pages.sphere.state import Setup, controls, ladder, signed
from pages.ui.challenge import guess
from pages.ui.exports import code_panel, echarts, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import formula, prose, section, t
from pages.ui.theme import current_theme
from simcse_core.figures import sphere
from simcse_core.figures.curves import Line, live_curve
from simcse_core.theory.decomposition import Batches, drawn_batches, split_pairs
from simcse_core.theory.jensen import Eigenvalue, eigenvalue, jensen_gap
from simcse_core.theory.simulator import CLOSED

Columns = Mapping[str, Sequence[Any]]

STEPS = ("split", "many", "jensen", "eigen", "flat")
SIZES = tuple(2**k for k in range(1, 10))
DRAWS = 1000
EVERY = 10  # of the path's steps are drawn
ANSWERS = ("0", "1", "2")
FORMULAS = {
    "split": r"L=-\tfrac1N\textstyle\sum_i\log\frac{e^{s_{ii}/\tau}}{\sum_j e^{s_{ij}/\tau}}"
    r"=-\tfrac1\tau\mathbb E\,s^++\mathbb E\log\sum_j e^{s_j/\tau}",
    "many": r"L_M-\log M\;\xrightarrow{M\to\infty}\;"
    r"-\tfrac1\tau\mathbb E\,s^++\mathbb E_x\log\mathbb E_y\,e^{x^\top y/\tau}",
    "jensen": r"\mathbb E_x\log\mathbb E_y\,e^{x^\top y/\tau}\;\ge\;"
    r"\tfrac1\tau\mathbb E_x\mathbb E_y\,x^\top y=\frac{\mathrm{Sum}(WW^\top)}{\tau m^2}",
    "eigen": r"\frac{\mathrm{Sum}(WW^\top)}m\le\lambda_{\max}\;\overset{\text{if all }s\,\ge\,0}{\le}\;"
    r"\mathrm{Sum}(WW^\top)",
    "flat": r"\textstyle\sum_k\lambda_k=\mathrm{tr}(WW^\top)=m",
}


def draw(page: Frame) -> None:
    """Fill the page with one step of the proof."""
    with page.controls:
        setup = ladder(controls())
        st.caption(t("sphere.from_points") if setup.moved else t("sphere.proof_how"))
    with page.figure:
        step = choice(
            t("sphere.proof_step"), STEPS, "split", key="sp_step", kind="pills",
            label_visibility="collapsed", format_func=lambda name: t(f"sphere.proof.{name}.name"),
        )  # fmt: skip
        st.markdown(t(f"sphere.proof.{step}.says"))
        formula(FORMULAS[step])
        columns = _DRAWN[step](setup)
        st.code(lines.LINES[step], language="python", wrap_lines=True)
        show_data(columns, f"proof-{step}", key=f"sp_data_{step}", alt=t("sphere.proof_table"))
        code_panel(lines.script(setup.degrees, setup.temperature))
    first, second = _chain(setup)
    page.why(t("sphere.why_proof"), formula=first, live=second)
    with page.challenge():
        _guess()
    with page.details():
        st.markdown(prose("sphere", "proof"))


def _chain(setup: Setup) -> tuple[str, str]:
    """The whole chain with the numbers of now, in two lines of LaTeX."""
    anchor, positive = setup.views
    parts = split_pairs(anchor, positive, temperature=setup.temperature)
    gap = jensen_gap(_all(setup), temperature=setup.temperature)
    found = eigenvalue(_all(setup))
    upper = rf"\le{found.total:.2f}" if found.applies else ""
    return (
        rf"L={parts.pull:.3f}+{parts.spread:.3f},\quad {gap.spread:.3f}\ge{max(gap.linear, 0.0):.3f}",
        rf"{found.mean:.2f}\le\lambda_{{\max}}={found.largest:.2f}{upper}",
    )


def _all(setup: Setup) -> Any:
    """W: all 2N points as rows."""
    return setup.views.reshape(-1, 2)


def _split(setup: Setup) -> Columns:
    anchor, positive = setup.views
    logits = anchor @ positive.T / setup.temperature
    pull, spread = -logits.diagonal(), np.logaddexp.reduce(logits, axis=1)
    parts = split_pairs(anchor, positive, temperature=setup.temperature)
    said = {"pull": signed(parts.pull, 3), "spread": signed(parts.spread, 3), "loss": signed(parts.loss, 3)}
    option = sphere.row_parts(pull, spread, current_theme(), words=section("sphere.proof.split.figure"))
    echarts(option, key="sp_proof_split", alt=t("sphere.proof.split.live", **said))
    st.markdown(t("sphere.proof.split.live", **said))
    columns = {
        t("sphere.column.pair"): list(range(1, setup.pairs + 1)),
        t("sphere.column.pull"): pull.tolist(),
        t("sphere.column.spread"): spread.tolist(),
        t("sphere.column.loss"): (pull + spread).tolist(),
    }
    return columns


@st.cache_data(max_entries=64, show_spinner=False)
def batches(degrees: Sequence[float], temperature: float) -> Batches:
    """Random batches of the points on the circle, for every size of `SIZES`."""
    anchor, positive = flow.scene_views(degrees)
    return drawn_batches(anchor, positive, temperature=temperature, sizes=SIZES, draws=DRAWS)


def _many(setup: Setup) -> Columns:
    found = batches(setup.degrees, setup.temperature)
    powers = [float(p) for p in np.log2(found.sizes)]
    band = ((found.value - 2 * found.error).tolist(), (found.value + 2 * found.error).tolist())
    curve = Line(t("sphere.proof.many.curve"), powers, found.value.tolist(), "after", "solid", band)
    limit = Line(t("sphere.proof.many.limit"), powers, [found.limit] * len(powers), "before", "dashed")
    option = live_curve(
        [curve, limit], current_theme(), title=t("sphere.proof.many.title"), x_label=t("sphere.proof.many.x"),
        y_label=t("sphere.proof.many.y"), x_limits=(powers[0], powers[-1]),
    )  # fmt: skip
    said = t(
        "sphere.proof.many.live",
        few=SIZES[1],
        first=signed(found.value[1] - found.limit, 3),
        most=SIZES[-1],
        last=signed(found.value[-1] - found.limit, 3),
        limit=signed(found.limit, 3),
    )
    echarts(option, key="sp_proof_many", alt=said)
    st.markdown(said)
    columns = {
        "M": found.sizes.tolist(),
        t("sphere.proof.many.curve"): found.value.tolist(),
        t("sphere.proof.many.error"): found.error.tolist(),
        t("sphere.proof.many.limit"): [found.limit] * len(SIZES),
    }
    return columns


def _jensen(setup: Setup) -> Columns:
    w = _all(setup)
    found = jensen_gap(w, temperature=setup.temperature)
    exponents = (w[0] @ w.T - 1) / setup.temperature
    said = t(
        "sphere.proof.jensen.live",
        spread=signed(found.spread, 3),
        linear=signed(found.linear, 3),
        gap=signed(found.gap, 3),
    )
    option = sphere.jensen(exponents, current_theme(), words=section("sphere.proof.jensen.figure"))
    echarts(option, key="sp_proof_jensen", alt=said, height=360)
    st.markdown(said)
    return {"s": (w[0] @ w.T).tolist(), "(s-1)/τ": exponents.tolist(), "exp": np.exp(exponents).tolist()}


def _eigen(setup: Setup) -> Columns:
    found = eigenvalue(_all(setup))
    said = _bound(found)
    option = sphere.bounds(found, current_theme(), words=section("sphere.proof.eigen.figure"))
    echarts(option, key="sp_proof_eigen", alt=said)
    st.markdown(said)
    words = section("sphere.proof.eigen.figure")
    names = ("mean", "largest", "row_sum", "total")
    columns = {
        t("sphere.column.what"): [words[name] for name in names],
        t("sphere.column.value"): [getattr(found, name) for name in names],
    }
    return columns


def _bound(found: Eigenvalue) -> str:
    share = f"{100 * found.negative_share:.0f}\u00a0%"
    largest, total = f"{found.largest:.2f}", signed(found.total)
    if found.applies:
        return t("sphere.proof.eigen.holds", largest=largest, total=total, rows=found.rows)
    return t("sphere.proof.eigen.fails", share=share, largest=largest, total=total)


def _flat(setup: Setup) -> Columns:
    path = flow.followed(setup.degrees, setup.scene, 2, CLOSED, {"temperature": setup.temperature})
    steps = list(range(0, len(path.loss), EVERY))
    found = [eigenvalue(path.views[step].reshape(-1, 2)) for step in steps]
    curves = {
        "largest": [one.largest / one.rows for one in found],
        "sum": [one.total / one.rows**2 for one in found],
        "negative": [one.negative_share for one in found],
    }
    roles = (("largest", "after", "solid"), ("sum", "positive", "dashed"), ("negative", "hard", "dotted"))
    drawn = [Line(t(f"sphere.proof.flat.{n}"), steps, curves[n], role, dash) for n, role, dash in roles]
    option = live_curve(
        drawn, current_theme(), title=t("sphere.proof.flat.title"), x_label=t("sphere.column.step"),
        y_label=t("sphere.proof.flat.y"), x_limits=(0, steps[-1]), y_limits=(0, 1),
    )  # fmt: skip
    said = t(
        "sphere.proof.flat.live",
        start=f"{curves['largest'][0]:.2f}",
        end=f"{curves['largest'][-1]:.2f}",
        condition=_condition(steps, found),
    )
    echarts(option, key="sp_proof_flat", alt=said)
    st.markdown(said)
    return {t("sphere.column.step"): steps, **{line.name: list(line.y) for line in drawn}}


def _condition(steps: Sequence[int], found: Sequence[Eigenvalue]) -> str:
    """Where along the path the bound ceases to apply."""
    for step, one in zip(steps, found, strict=True):
        if not one.applies:
            return t("sphere.proof.flat.fails", step=step, share=f"{one.largest / one.rows:.2f}")
    return t("sphere.proof.flat.holds")


_DRAWN: Mapping[str, Callable[[Setup], Columns]] = {
    "split": _split,
    "many": _many,
    "jensen": _jensen,
    "eigen": _eigen,
    "flat": _flat,
}


def _guess() -> None:
    found = eigenvalue([[1.0, 0.0], [-1.0, 0.0]])
    guess(
        "sphere.proof",
        t("sphere.eigen_guess"),
        ANSWERS,
        is_right=lambda answer: float(answer) == round(found.largest, 9),
        reveal=t("sphere.eigen_reveal", largest=f"{found.largest:.0f}", total=f"{found.total:.0f}"),
    )
