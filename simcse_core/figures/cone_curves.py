"""Curves of the cone, as ECharts options: cosines of random pairs, spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.figures.layout import FONT
from simcse_core.figures.theme import Theme, faded

Option = dict[str, Any]
EXACT = {"containLabel": False, "outerBoundsMode": "none"}  # the margins leave room for the labels


@dataclass(frozen=True)
class Hump:
    """One distribution of cosines: its name, counts per bin, mean (None: not marked), role and dash."""

    name: str
    counts: ArrayLike
    mean: float | None
    role: str
    dash: str = "solid"


def cosine_humps(edges: ArrayLike, humps: Sequence[Hump], theme: Theme, *, title: str) -> Option:
    """Cosines of random pairs from -1 to 1, each scaled to its own peak, the means written on them.

    Scaled, because one encoder may put every pair into a single bin: the place tells, not the height.

    Args:
        edges: (b + 1,) bin edges.
        humps: Distributions over them; one without a mean is a dotted reference.
        theme: Palette.
        title: What was measured.
    """
    bounds = np.asarray(edges, dtype=np.float64)
    middles = (bounds[:-1] + bounds[1:]) / 2
    series = []
    marked = 0
    for hump in humps:
        counts = np.asarray(hump.counts, dtype=np.float64)
        heights = counts / max(float(counts.max()), 1.0)
        colour = getattr(theme, hump.role)
        points = [[round(float(x), 3), round(float(y), 4)] for x, y in zip(middles, heights, strict=True)]
        line: Option = {
            "type": "line",
            "id": hump.name,
            "name": hump.name,
            "data": points,
            "symbol": "none",
            "color": colour,
            "lineStyle": {"width": 2.5 if hump.mean is not None else 1.5, "type": hump.dash, "color": colour},
            "areaStyle": {"color": faded(colour, 0.16 if hump.mean is not None else 0.0)},
        }
        if hump.mean is not None:
            line["markLine"] = _mean_mark(hump, 1.1 + 0.18 * marked, colour, theme)
            marked += 1
        series.append(line)
    option = plain_option(theme, title, [hump.name for hump in humps])
    tooltip = {**option["tooltip"], "valueFormatter": "%.2f of the peak"}
    return {
        **option,
        "animation": True,
        "animationDuration": 0,
        "animationDurationUpdate": 500,
        "tooltip": tooltip,
        "grid": {"left": 12, "right": 12, "top": 82, "bottom": 44, **EXACT},
        "xAxis": value_axis(theme, "cosine of a random pair of sentences", -1, 1, gap=26),
        "yAxis": {"type": "value", "min": 0, "max": 1.7, "show": False},
        "series": series,
    }


def _mean_mark(hump: Hump, height: float, colour: str, theme: Theme) -> Option:
    """A line at the mean, with the number at its top, on the side where there is room."""
    mean = float(hump.mean or 0.0)
    written = f"{mean if abs(mean) >= 0.005 else 0.0:.{2 if mean < 0.995 else 4}f}".replace("-", "−")
    label = {
        "show": True,
        "formatter": f"mean {written}",
        "color": theme.text,
        "fontSize": 14,
        "fontWeight": 600,
        "position": "end",
        "align": "right" if mean > 0.7 else "left",
        "verticalAlign": "top",
        "padding": [0, 6, 0, 6],
    }
    return {
        "symbol": ["none", "none"],
        "silent": True,
        "label": label,
        "animation": False,
        "lineStyle": {"color": colour, "width": 2, "type": hump.dash},
        "data": [[{"coord": [mean, 0]}, {"coord": [mean, height]}]],
    }


def plain_option(theme: Theme, title: str, names: Sequence[str], *, symbols: bool = False) -> Option:
    """What all options here share: title, legend, tooltip, a save button for the picture."""
    return {
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "title": {
            "text": title,
            "left": 0,
            "top": 0,
            "textStyle": {"color": theme.text, "fontSize": 15, "fontWeight": 400, "fontFamily": FONT},
        },
        "legend": {
            "top": 26,
            "left": 0,
            "data": list(names),
            "itemWidth": 24,
            "itemStyle": {} if symbols else {"opacity": 0},
            "textStyle": {"color": theme.text},
        },
        "tooltip": {
            "trigger": "axis",
            "backgroundColor": theme.background,
            "borderColor": theme.grid,
            "textStyle": {"color": theme.text},
            "confine": True,
        },
    }


def value_axis(
    theme: Theme, label: str, low: float | None, high: float | None, *, gap: int, log: bool = False
) -> Option:
    """A quiet axis of numbers; `low` and `high` None fit the data."""
    ends = {key: value for key, value in (("min", low), ("max", high)) if value is not None}
    return {
        "type": "log" if log else "value",
        "name": label,
        "nameLocation": "middle",
        "nameGap": gap,
        "nameTextStyle": {"color": theme.muted, "fontSize": 13},
        "axisLabel": {"color": theme.muted, "fontSize": 12},
        "axisLine": {"show": True, "lineStyle": {"color": theme.grid}},
        "axisTick": {"show": False},
        "splitLine": {"lineStyle": {"color": theme.grid}},
        "minorSplitLine": {"show": False},
        **ends,
    }


@dataclass(frozen=True)
class Spectrum:
    """Shares of the squared length, largest first, (k,), summing to 1; with a name, a role and a dash."""

    name: str
    energy: ArrayLike
    role: str
    dash: str = "solid"


def spectra(lines: Sequence[Spectrum], theme: Theme, *, title: str) -> Option:
    """Share of each direction (both axes logarithmic) above the cumulative share, on one axis of ranks."""
    series: list[Option] = []
    longest = max(len(np.asarray(line.energy)) for line in lines)
    for line in lines:
        energy = np.asarray(line.energy, dtype=np.float64)
        colour = getattr(theme, line.role)
        for panel, values in enumerate((np.maximum(energy, 1e-6), np.cumsum(energy))):
            points = [[rank, float(f"{value:.4g}")] for rank, value in enumerate(values, start=1)]
            series.append(
                {
                    "type": "line",
                    "id": f"{line.name} {panel}",
                    "name": line.name,
                    "data": points,
                    "symbol": "none",
                    "xAxisIndex": panel,
                    "yAxisIndex": panel,
                    "color": colour,
                    "lineStyle": {"width": 2.5, "type": line.dash, "color": colour},
                }
            )
    ranks: Option = {"log": True, "low": 1, "high": longest, "gap": 26}
    upper = {**value_axis(theme, "", **ranks), "gridIndex": 0, "axisLabel": {"show": False}}
    lower = {**value_axis(theme, "direction, strongest first (log)", **ranks), "gridIndex": 1}
    share = {**value_axis(theme, "share of squared length (log)", 1e-5, 1, gap=48, log=True), "gridIndex": 0}
    total = {**value_axis(theme, "cumulative", 0, 1, gap=48), "gridIndex": 1, "splitNumber": 2}
    return {
        **plain_option(theme, title, [line.name for line in lines]),
        "animation": False,
        "grid": [
            {"left": 70, "right": 14, "top": 62, "height": "46%", **EXACT},
            {"left": 70, "right": 14, "top": "71%", "bottom": 46, **EXACT},
        ],
        "axisPointer": {"link": [{"xAxisIndex": "all"}]},
        "xAxis": [upper, lower],
        "yAxis": [share, total],
        "series": series,
    }
