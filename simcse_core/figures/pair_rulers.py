"""Pairs on a ruler of random pairs, one ruler a checkpoint: an ECharts option, updated in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from simcse_core.figures.layout import FONT
from simcse_core.figures.theme import Theme, faded
from simcse_core.search.background import Background

LOW, HIGH = -0.4, 1.0
BIN = 0.02
TICKS = (0.01, 0.5, 0.99)
ROW = 148  # pixels of one ruler
HEAD = 26  # of these, its name
FOOT = 34  # below the last ruler: the axis
CEILING = 2.5  # of the axis; the hump reaches 1
HEIGHTS = (1.35, 1.95)  # of the marks above the hump, first and second
SYMBOLS = {"positive": "circle", "hard": "diamond", "text": "circle"}


@dataclass(frozen=True)
class Mark:
    """One pair: a short name, its cosine, the share of random pairs below it, its role in `Theme`."""

    name: str
    cosine: float
    label: str
    role: str


@dataclass(frozen=True)
class Ruler:
    """One checkpoint.

    Attributes:
        title: Its name.
        background: Random pairs; None while they are being measured.
        marks: At most two pairs.
        role: `before` for a raw model, `after` for a trained one.
    """

    title: str
    background: Background | None
    marks: Sequence[Mark]
    role: str = "before"


def height(rulers: int) -> int:
    """Pixels a figure of this many rulers needs."""
    return ROW * rulers + FOOT


def _low(rulers: Sequence[Ruler]) -> float:
    """Left end: fixed, and -1 only where a value needs it."""
    lowest = [mark.cosine for ruler in rulers for mark in ruler.marks]
    lowest += [ruler.background.quantile(TICKS[0]) for ruler in rulers if ruler.background]
    return LOW if min(lowest, default=0.0) >= LOW else -1.0


def _hump(background: Background, low: float) -> list[list[float]]:
    """Outline of the density, scaled to its peak."""
    edges = np.arange(low, HIGH + BIN / 2, BIN)
    density = background.density(edges)
    peak = max(float(density.max()), 1e-9)
    middles = (edges[:-1] + edges[1:]) / 2
    return [[round(float(x), 3), round(float(y) / peak, 4)] for x, y in zip(middles, density, strict=True)]


def _background(ruler: Ruler, place: int, low: float, theme: Theme) -> list[dict[str, Any]]:
    """The hump of random pairs and the ticks of the ruler under it."""
    if ruler.background is None:
        return []
    colour = getattr(theme, ruler.role)
    at = {"xAxisIndex": place, "yAxisIndex": place, "silent": True, "tooltip": {"show": False}}
    ticks = [
        {"value": [round(ruler.background.quantile(share), 4), 0],
         "label": {"formatter": f"{100 * share:.0f} %"}}
        for share in TICKS
    ]  # fmt: skip
    return [
        {**at, "type": "line", "id": f"hump-{place}", "data": _hump(ruler.background, low), "symbol": "none",
         "smooth": 0.3, "lineStyle": {"color": colour, "width": 1.5}, "z": 1,
         "areaStyle": {"color": faded(colour, 0.2)}},
        {**at, "type": "scatter", "id": f"ticks-{place}", "data": ticks, "symbol": "rect", "z": 2,
         "symbolSize": [1.5, 9], "itemStyle": {"color": theme.muted}, "labelLayout": {"hideOverlap": True},
         "label": {"show": True, "position": "bottom", "distance": 2, "color": theme.muted, "fontSize": 11}},
    ]  # fmt: skip


def _marks(ruler: Ruler, place: int, low: float, theme: Theme) -> list[dict[str, Any]]:
    """A stem, a symbol and a label for each pair."""
    found: list[dict[str, Any]] = []
    middle = (low + HIGH) / 2
    # labels point away from the nearer end; the outer mark is the taller, so that no stem crosses a label
    outwards = sorted(ruler.marks, key=lambda mark: mark.cosine)
    if all(mark.cosine <= middle for mark in ruler.marks):
        outwards.reverse()
    levels = {mark.role: level for mark, level in zip(outwards, HEIGHTS, strict=False)}
    for mark in ruler.marks:
        colour, x, level = getattr(theme, mark.role), round(mark.cosine, 4), levels[mark.role]
        at = {"xAxisIndex": place, "yAxisIndex": place, "tooltip": {"show": False}, "silent": True}
        found.append(
            {**at, "type": "line", "id": f"stem-{place}-{mark.role}", "data": [[x, 0], [x, level]],
             "symbol": "none", "lineStyle": {"color": colour, "width": 2}, "z": 3}
        )  # fmt: skip
        label = {"show": True, "position": "left" if x > middle else "right", "distance": 8,
                 "formatter": mark.label, "color": theme.text, "fontSize": 13,
                 "backgroundColor": theme.background, "padding": [1, 3]}  # fmt: skip
        found.append(
            {**at, "type": "scatter", "id": f"mark-{place}-{mark.role}", "name": mark.name, "z": 4,
             "data": [{"value": [x, level], "label": label}], "symbolSize": 14,
             "symbol": SYMBOLS.get(mark.role, "circle"),
             "itemStyle": {"color": colour, "borderColor": theme.background, "borderWidth": 1.5}}
        )  # fmt: skip
    return found


def _axes(place: int, last: bool, low: float, theme: Theme) -> tuple[dict[str, Any], dict[str, Any]]:
    x = {
        "type": "value", "gridIndex": place, "min": low, "max": HIGH, "interval": 0.2,
        "axisLine": {"onZero": False, "lineStyle": {"color": theme.grid}}, "axisTick": {"show": False},
        "axisLabel": {"show": last, "margin": 22, "color": theme.muted, "fontSize": 11, "hideOverlap": True},
        "splitLine": {"lineStyle": {"color": theme.grid}},
        "name": "cosine" if last else "", "nameLocation": "middle", "nameGap": 38,
        "nameTextStyle": {"color": theme.muted, "fontSize": 12},
    }  # fmt: skip
    return x, {"type": "value", "gridIndex": place, "min": 0, "max": CEILING, "show": False}


def pair_rulers(rulers: Sequence[Ruler], theme: Theme) -> dict[str, Any]:
    """Rulers under each other on one cosine axis.

    Each shows the random pairs of its checkpoint as a hump (scaled to its own peak) with their 1st, 50th and
    99th percentile as ticks, and the pairs in question as marks. Learners' texts are not drawn.

    Args:
        rulers: One to four checkpoints, drawn from top to bottom.
        theme: Palette.
    """
    low = _low(rulers)
    axes = [_axes(i, i == len(rulers) - 1, low, theme) for i in range(len(rulers))]
    return {
        "animationDuration": 250, "animationDurationUpdate": 350,
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "title": [
            {"text": ruler.title, "left": 6, "top": ROW * i,
             "textStyle": {"color": theme.text, "fontSize": 14, "fontWeight": 600, "fontFamily": FONT}}
            for i, ruler in enumerate(rulers)
        ],
        "grid": [
            {"left": 8, "right": 16, "top": ROW * i + HEAD, "height": ROW - HEAD - 26}
            for i in range(len(rulers))
        ],
        "xAxis": [x for x, _ in axes],
        "yAxis": [y for _, y in axes],
        "series": [
            part
            for i, ruler in enumerate(rulers)
            for part in (*_background(ruler, i, low, theme), *_marks(ruler, i, low, theme))
        ],
    }  # fmt: skip
