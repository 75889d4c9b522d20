"""How objectives share the push among the same negatives, as an ECharts option."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import FONT
from simcse_core.figures.theme import Theme, faded

NAMED = 6
"""So many of the hardest negatives have a segment of their own; the others share one."""


@dataclass(frozen=True)
class PushShares:
    """One objective's push: its name, the shares of the negatives (N,), in any order, and a note on it."""

    name: str
    shares: ArrayLike
    note: str


def shared_push(
    rows: Sequence[PushShares], cosines: ArrayLike, theme: Theme, *, title: str, rest: str
) -> dict[str, Any]:
    """One bar an objective, from 0 to 1, cut into the shares of the negatives, the hardest first.

    Args:
        rows: Objectives, drawn from top to bottom; one that pushes nothing has an empty bar.
        cosines: (N,) of the negatives with the anchor, in the order of the shares.
        theme: Palette.
        title: What was taken apart.
        rest: Name of the segment that all but the hardest share.
    """
    names, parts = _hardest_first(rows, cosines, rest)
    series = [
        _segment(name, part, theme, 1.0 - 0.85 * k / max(len(names) - 1, 1))
        for k, (name, part) in enumerate(zip(names, parts, strict=True))
    ]
    return {
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "title": {
            "text": title,
            "left": 0,
            "top": 0,
            "textStyle": {"color": theme.text, "fontSize": 15, "fontWeight": 400, "fontFamily": FONT},
        },
        "legend": {"top": 26, "left": 0, "type": "scroll", "textStyle": {"color": theme.text}},
        "tooltip": {
            "trigger": "item",
            "backgroundColor": theme.background,
            "borderColor": theme.grid,
            "textStyle": {"color": theme.text},
            "valueFormatter": "%.4f",
            "confine": True,
        },
        "animation": False,
        "grid": {"left": 4, "right": 16, "top": 58, "bottom": 26, "containLabel": False},
        "xAxis": {
            "type": "value",
            "min": 0,
            "max": 1,
            "axisLabel": {"color": theme.muted, "fontSize": 12},
            "splitLine": {"lineStyle": {"color": theme.grid}},
        },
        "yAxis": _names_above([f"{row.name}: {row.note}" for row in rows], theme),
        "series": series,
    }


def _hardest_first(
    rows: Sequence[PushShares], cosines: ArrayLike, rest: str
) -> tuple[list[str], list[NDArray[np.float64]]]:
    """Names of the segments, and (objectives,) shares of each; all but the hardest are one."""
    values = np.asarray(cosines, dtype=np.float64)
    order = np.argsort(-values, kind="stable")
    table = np.array([np.asarray(row.shares, dtype=np.float64)[order] for row in rows])  # (objectives, N)
    named = NAMED if len(order) > NAMED + 1 else len(order)
    names = [f"{k}. {values[j]:.2f}".replace("-", "−") for k, j in enumerate(order[:named], start=1)]
    parts = [table[:, k] for k in range(named)]
    if len(order) > named:
        names.append(rest)
        parts.append(table[:, named:].sum(axis=1))
    return names, parts


def _segment(name: str, part: ArrayLike, theme: Theme, strength: float) -> dict[str, Any]:
    return {
        "type": "bar",
        "id": name,
        "name": name,
        "stack": "push",
        "barWidth": 14,
        "data": [round(float(value), 6) or None for value in np.asarray(part)],  # None: not even an outline
        "itemStyle": {
            "color": faded(theme.negative, strength),
            "borderColor": theme.outline,
            "borderWidth": 0.8,
        },
    }


def _names_above(names: list[str], theme: Theme) -> dict[str, Any]:
    """A category axis whose labels stand above the bars, so that long ones fit on a phone."""
    return {
        "type": "category",
        "inverse": True,
        "data": names,
        "axisLine": {"show": False},
        "axisTick": {"show": False},
        "axisLabel": {
            "inside": True,
            "margin": 0,
            "align": "left",
            "verticalAlign": "bottom",
            "padding": [0, 0, 10, 0],
            "color": theme.text,
            "fontSize": 12,
        },
        "z": 5,
    }
