"""The view of all layers by all read-outs: one number as a heat map, and the tokens over the layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.cone import controls
from pages.cone.recorded import recorded_geometry, story
from pages.cone.sentences import pick
from pages.cone.shared import Side, brief, markdown_table, number, origins, sides
from pages.cone.tokens_by_layer import draw_tokens
from pages.ui import messages
from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.cone import PROMPT
from simcse_core.evaluation.geometry import MEASURES
from simcse_core.figures.geometry import Grid, Scale, layer_grid
from simcse_core.metrics import metrics

SHOWN = (*MEASURES, "spearman")
DIGITS = {"participation_ratio": 0, "effective_rank": 0, "hubness": 1, "spearman": 1}
HUBS, TOP = 6.0, 60.0  # ends of the colours for hubness and rank correlation
GUESSED = ("mean", "cls_before_pooler", "first_last", "max", "mask")
TOP_SHARE = r"\frac{{\sum_{{i\le {k}}}\sigma_i^2}}{{\sum_i\sigma_i^2}}"
CODE = """from simcse_core import load_encoder
from simcse_core.evaluation.anisotropy import anisotropy_suite
from simcse_core.evaluation.cone import sample_sentences

texts = [text for text, subject in sample_sentences({rows})]
encoder = load_encoder("{name}", pooling="{pooling}", precision="fp32"{more})
suite = anisotropy_suite(encoder, texts, poolings=["{pooling}"])
print(suite.states[{layer}, "{pooling}"]["{measure}"], suite.isotropic["{measure}"])"""


def draw(page: Frame) -> None:
    """Fill the page with the view."""
    with page.controls, messages.boundary():
        st.markdown(t("cone_views.grid.look"))
        measure = choice(
            t("cone_views.grid.measure"), SHOWN, SHOWN[0], key="cn_measure", kind="select", format_func=_title
        )
        first, second = controls.pick_checkpoints()
        pooling, layer = controls.pick_pooling(), controls.pick_layer(first, second)
        sentences = pick()
        found = sides(page, first, second, sentences)
        if found:
            _fill(page, found, measure, pooling, layer)
    with page.details():
        st.markdown(prose("cone", "grid"))


def _title(measure: str) -> str:
    return t(f"cone_views.measures.{measure}")


def _fill(page: Frame, found: Sequence[Side], measure: str, pooling: str, layer: int | None) -> None:
    names = [name for name in poolers if any(name in side.geometry.poolings for side in found)]
    with page.figure:
        st.markdown(f"**{_title(measure)}.** " + t(f"cone_views.meaning.{measure}"))
        for column, side in zip(st.columns(len(found)), found, strict=True):
            with column:
                _heat(side, measure, names, pooling, layer)
        _cell(found, pooling, layer)
        origins(found)
        _table(found, measure, names)
        code_panel(_code(found[0], measure, pooling, layer))
    page.why(t("cone_views.grid.why"), formula=_formula(measure), live=_live(found, measure, pooling, layer))
    with page.challenge():
        _guess()
        if found[0].letter == "A":
            _goal(found[0], pooling, layer)
    with page.below, messages.boundary():
        draw_tokens(found)


def _value(side: Side, layer: int, pooling: str, measure: str) -> float | None:
    state = side.geometry.states.get((layer, pooling))
    return None if state is None else state.numbers[measure]


def _values(side: Side, measure: str, names: Sequence[str]) -> list[list[float | None]]:
    return [[_value(side, row, name, measure) for name in names] for row in range(side.geometry.layers + 1)]


def _scale(measure: str, even: Any) -> Scale:
    """Fixed ends: the range of the number, or from nothing to what evenly spread directions give."""
    digits = DIGITS.get(measure, 2)
    if measure == "mean_cosine":
        return Scale(-1, 1, cosine=True, digits=digits)
    ends = {"hubness": HUBS, "spearman": TOP}
    ends |= {name: float(even[name]) for name in ("participation_ratio", "effective_rank")}
    return Scale(0, ends.get(measure, 1.0), digits=digits)


def _heat(side: Side, measure: str, names: Sequence[str], pooling: str, layer: int | None) -> None:
    at = side.layer(layer)
    chosen = (at, names.index(pooling)) if pooling in names else None
    values = np.array(_values(side, measure, names), dtype=np.float64)
    grid = Grid(side.title, values, [brief(name) for name in names], chosen)
    even = side.geometry.isotropic
    low, high = (number(float(end), 2) for end in (np.nanmin(values), np.nanmax(values)))
    plotly(
        layer_grid(grid, current_theme(), _scale(measure, even)),
        key=f"cn_grid_{side.letter}",
        alt=t("cone_views.grid.alt", measure=_title(measure), name=side.title, low=low, high=high),
    )
    if measure in even:
        st.caption(t("cone_views.grid.even", value=number(even[measure], DIGITS.get(measure, 3))))


def _cell(found: Sequence[Side], pooling: str, layer: int | None) -> None:
    """All numbers of the outlined cell beside those of evenly spread directions."""
    even = found[0].geometry.isotropic
    rows = [
        [
            _title(measure),
            *(
                number(_value(side, side.layer(layer), pooling, measure), DIGITS.get(measure, 3))
                for side in found
            ),
            number(even.get(measure), DIGITS.get(measure, 3)),
        ]
        for measure in SHOWN
    ]
    where = t("cone.last_layer") if layer is None else t("cone.at_layer", layer=layer)
    st.markdown(t("cone_views.grid.cell", pooling=brief(pooling), where=where))
    markdown_table([t("cone.number.name"), *(plain(side.title) for side in found), t("cone.even")], rows)


def _table(found: Sequence[Side], measure: str, names: Sequence[str]) -> None:
    deepest = max(side.geometry.layers for side in found)
    table: dict[str, Sequence[Any]] = {t("cone.layer"): list(range(deepest + 1))}
    for side in found:
        rows = _values(side, measure, names)
        rows += [[None] * len(names)] * (deepest - side.geometry.layers)
        table |= {f"{side.title}: {brief(name)}": [row[i] for row in rows] for i, name in enumerate(names)}
    show_data(table, f"cone-{measure}", key="cn_grid_data", alt=t("cone_views.grid.table"))


def _formula(measure: str) -> str:
    if measure.startswith("top_"):
        return TOP_SHARE.format(k=measure.removeprefix("top_"))
    return metrics.info(measure).equation


def _live(found: Sequence[Side], measure: str, pooling: str, layer: int | None) -> str:
    told = []
    for side in found:
        value = _value(side, side.layer(layer), pooling, measure)
        if value is not None:
            told.append(rf"\text{{{side.letter}}}: {number(value, 3)}")
    even = found[0].geometry.isotropic.get(measure)
    return r",\quad ".join(told + ([rf"\text{{even}}: {number(even, 3)}"] if even is not None else []))


def _code(side: Side, measure: str, pooling: str, layer: int | None) -> str:
    more = f",\n                       template='{PROMPT}'" if pooling == "mask" else ""
    asked = "mean_cosine" if measure == "spearman" else measure
    at = side.layer(layer)
    return CODE.format(
        rows=side.geometry.sentences, name=side.name, pooling=pooling, more=more, layer=at, measure=asked
    )


def _guess() -> None:
    """Which read-out of the opening's A makes all sentences look most alike."""
    name = story()[0]
    geometry = recorded_geometry(name)
    if geometry is None:
        return
    known = {
        brief(pooling): geometry.states[geometry.layers, pooling].numbers["mean_cosine"]
        for pooling in GUESSED
        if (geometry.layers, pooling) in geometry.states
    }
    most = max(known, key=lambda pooling: known[pooling])
    told = ", ".join(f"{label} {number(value, 3)}" for label, value in known.items())
    guess(
        "cone.readout",
        t("cone_views.grid.guess", name=plain(name)),
        tuple(known),
        is_right=lambda answer: answer == most,
        reveal=t("cone_views.grid.reveal", told=told),
    )


def _goal(side: Side, pooling: str, layer: int | None) -> None:
    states = {key: state.numbers for key, state in side.geometry.states.items()}
    best = max(numbers["effective_rank"] for numbers in states.values())
    scored = {key: n["spearman"] for key, n in states.items() if n["spearman"] is not None}
    now = states.get((side.layer(layer), pooling))
    if now is None or not scored:
        return
    (top, reading), score = max(scored.items(), key=lambda item: item[1])
    goal(
        "cone.cell",
        t("cone_views.grid.task"),
        reached=now["effective_rank"] >= best - 1e-6,
        status=t("cone_views.grid.status", value=number(now["effective_rank"], 0)),
        praise=t(
            "cone_views.grid.praise",
            rank=number(now["effective_rank"], 0),
            even=number(side.geometry.isotropic["effective_rank"], 0),
            score=number(now["spearman"], 1),
            layer=top,
            pooling=brief(reading),
            best=number(score, 1),
        ),
    )
