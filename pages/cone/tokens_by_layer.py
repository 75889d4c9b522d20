"""How contextual the tokens are, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.cone.shared import Side
from pages.ui.exports import echarts, show_data
from pages.ui.state import choice, switch
from pages.ui.text import t
from pages.ui.theme import current_theme
from simcse_core.evaluation.geometry import TOKEN_MEASURES
from simcse_core.figures.geometry_curves import Line, curves

ADJUSTED, BASELINE = "_adjusted", "baseline"


def draw_tokens(found: Sequence[Side]) -> None:
    """One number of the tokens over the layers, A, B and evenly spread directions."""
    offered = [m for m in TOKEN_MEASURES if all(m in side.geometry.tokens[0] for side in found)]
    measure = choice(
        t("cone_views.contextual.measure"),
        offered,
        offered[0],
        key="cn_token_measure",
        format_func=lambda m: t(f"cone_views.contextual.{m}"),
    )
    can = all(measure + ADJUSTED in side.geometry.tokens[0] for side in found)
    less = can and switch(
        t("cone_views.contextual.less"),
        key="cn_less",
        default=True,
        help=t("cone_views.contextual.less_help"),
    )
    key = measure + ADJUSTED if less else measure
    lines = [Line(side.title, _points(side, key), side.role, side.dash) for side in found]
    lines += _beside(found, measure, baselines=can and not less)
    option = curves(
        lines,
        current_theme(),
        title=t(f"cone_views.contextual.{measure}"),
        x_label=t("cone_views.contextual.layer"),
        y_label=t(f"cone_views.contextual.unit.{measure}"),
        limits=(-1, 1) if measure == "norm_frequency" else (None, None),
    )
    echarts(option, key="cn_tokens_by_layer", alt=_alt(found, key, measure), height=340)
    st.caption(t(f"cone_views.contextual.meaning.{measure}"))
    _table(found, lines)


def _beside(found: Sequence[Side], measure: str, *, baselines: bool) -> list[Line]:
    """The baselines, where they were not subtracted, and the level of evenly spread directions."""
    known = found[0].geometry.tokens[0]
    own = f"{measure}_{BASELINE}"  # the others share one
    lines = [
        Line(
            t("cone_views.contextual.baseline", letter=side.letter),
            _points(side, own if own in known else BASELINE),
            side.role,
            "dotted",
            marked=False,
        )
        for side in (found if baselines else ())
    ]
    even = found[0].geometry.isotropic_tokens.get(measure)
    if own in known and not baselines:
        even = 0.0  # its own baseline is subtracted too
    if even is not None:
        deepest = max(side.geometry.layers for side in found)
        level = [(0.0, even), (float(deepest), even)]
        lines.append(Line(t("cone.even"), level, "noise", "dotted", marked=False))
    return lines


def _points(side: Side, key: str) -> list[tuple[float, float | None]]:
    return [(float(layer), numbers[key]) for layer, numbers in enumerate(side.geometry.tokens)]


def _alt(found: Sequence[Side], key: str, measure: str) -> str:
    told = [
        f"{side.title}: {values[0][1]:.2f} – {values[-1][1]:.2f}"
        for side in found
        if None not in ((values := _points(side, key))[0][1], values[-1][1])
    ]
    return t("cone_views.contextual.alt", measure=t(f"cone_views.contextual.{measure}"), told=", ".join(told))


def _table(found: Sequence[Side], lines: Sequence[Line]) -> None:
    layers = range(max(side.geometry.layers for side in found) + 1)
    table: dict[str, Sequence[Any]] = {t("cone.layer"): list(layers)}
    for line in lines:
        known = dict(line.points)
        level = line.points[0][1] if len(line.points) == 2 and not line.marked else None
        table[line.name] = [known.get(float(layer), level) for layer in layers]
    show_data(table, "cone-tokens", key="cn_tokens_data", alt=t("cone_views.contextual.table"))
