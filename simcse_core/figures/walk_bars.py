"""Bars of the step-by-step walk, as ECharts options: they are updated in place when the temperature moves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.figures.layout import FONT
from simcse_core.figures.theme import Theme, faded

Option = dict[str, Any]


@dataclass(frozen=True)
class Candidate:
    """One bar: the name under it, its height in [0, 1], and its role (positive, negative or hard)."""

    name: str
    probability: float
    role: str


def softmax_bars(candidates: Sequence[Candidate], theme: Theme, *, names: dict[str, str]) -> Option:
    """Probability of every candidate of one row; one colour a role.

    Args:
        candidates: In the order of the columns; a masked one is left out.
        theme: Palette.
        names: Role → name in the legend.
    """
    roles = dict.fromkeys(candidate.role for candidate in candidates)
    series = [
        {
            "type": "bar",
            "id": role,
            "name": names[role],
            "stack": "row",
            "data": [_bar(c) if c.role == role else "-" for c in candidates],
            "color": getattr(theme, role),
            "itemStyle": {"borderColor": theme.outline if role == "negative" else getattr(theme, role)},
            "label": {"show": True, "position": "top", "fontSize": 11, "color": theme.text},
        }
        for role in roles
    ]
    option = _axes([c.name for c in candidates], theme, top=1.0)
    return {**option, "series": series, "legend": {"top": 0, "left": 0, "textStyle": {"color": theme.text}}}


def _bar(candidate: Candidate) -> Option:
    text = percent(candidate.probability)
    return {"value": round(candidate.probability, 6), "label": {"formatter": text}}


def percent(share: float) -> str:
    """A share as %: 99.8 %, 0.11 %, below 0.01 %."""
    if 0 < share < 1e-4:
        return "< 0.01 %"
    return f"{100 * share:.3g} %" if share < 0.9995 else f"{100 * share:.5g} %"


def length_bars(
    before: ArrayLike, after: ArrayLike, names: Sequence[str], theme: Theme, *, words: tuple[str, str]
) -> Option:
    """Lengths of the rows before and after normalising.

    Args:
        before: (R,) lengths.
        after: (R,) lengths, all 1.
        names: R names of the rows.
        theme: Palette.
        words: Names of the two series.
    """
    series = [
        {
            "type": "bar",
            "id": role,
            "name": word,
            "data": [
                {"value": round(float(v), 4), "label": {"formatter": f"{v:.2f}"}}
                for v in np.asarray(lengths, dtype=np.float64)
            ],
            "color": getattr(theme, role),
            "label": {"show": True, "position": "top", "fontSize": 10, "color": theme.text},
        }
        for role, word, lengths in zip(("before", "after"), words, (before, after), strict=True)
    ]
    top = float(np.ceil(1.15 * max(np.max(before), 1.0)))
    option = _axes(list(names), theme, top=top)
    return {**option, "series": series, "legend": {"top": 0, "left": 0, "textStyle": {"color": theme.text}}}


def loss_bars(losses: ArrayLike, names: Sequence[str], theme: Theme, *, row: int) -> Option:
    """Loss of every row, the picked one in full colour, and their mean as a line.

    Args:
        losses: (R,) nats.
        names: R names of the rows.
        theme: Palette.
        row: The picked row.
    """
    values = np.asarray(losses, dtype=np.float64)
    average = float(values.mean())
    bars = [
        {
            "value": float(f"{value:.6g}"),
            "itemStyle": {"color": theme.after if i == row else faded(theme.after, 0.4)},
            "label": {"formatter": f"{value:.3g}"},
        }
        for i, value in enumerate(values)
    ]
    line = {"z": 1,  # behind the bars, so that it strikes no number through
            "symbol": "none", "silent": True, "animation": False,
            "lineStyle": {"color": theme.text, "type": "dashed"},
            "label": {"show": False},
            "data": [{"yAxis": average}]}  # fmt: skip
    series = {"type": "bar", "id": "loss", "data": bars, "markLine": line,
              "label": {"show": True, "position": "top", "fontSize": 11, "color": theme.text,
                        "backgroundColor": theme.background, "padding": [1, 2]}}  # fmt: skip
    return {**_axes(list(names), theme, top=None), "series": [series]}


def _axes(names: list[str], theme: Theme, *, top: float | None) -> Option:
    small = {"color": theme.muted, "fontSize": 12}
    return {
        "animation": True,
        "animationDuration": 0,
        "animationDurationUpdate": 300,
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "grid": {"left": 8, "right": 12, "top": 44, "bottom": 8, "containLabel": True},
        "xAxis": {"type": "category", "data": names, "axisLabel": {**small, "interval": 0},
                  "axisTick": {"show": False}, "axisLine": {"lineStyle": {"color": theme.grid}}},
        "yAxis": {"type": "value", "min": 0, **({} if top is None else {"max": top}), "axisLabel": small,
                  "splitLine": {"lineStyle": {"color": theme.grid}}},
        "tooltip": {"backgroundColor": theme.background, "borderColor": theme.grid,
                    "textStyle": {"color": theme.text}},
    }  # fmt: skip
