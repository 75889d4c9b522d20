"""Curves that change while a visitor looks: ECharts options, updated in place by their key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.figures.layout import FONT
from simcse_core.figures.theme import Theme, faded

MARKERS_UP_TO = 40


@dataclass(frozen=True)
class Line:
    """One curve.

    Attributes:
        name: Shown in the legend and the tooltip.
        x: (n,) rising.
        y: (n,); None or NaN leaves a gap.
        role: Attribute of `Theme`.
        dash: `solid`, `dashed` or `dotted`.
        band: (low, high), each (n,): a band around the curve, such as the spread over seeds.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    role: str = "after"
    dash: str = "solid"
    band: tuple[Sequence[float], Sequence[float]] | None = None


def _points(x: Sequence[float], y: Sequence[float | None]) -> list[list[float | None]]:
    return [
        [float(a), None if b is None or not np.isfinite(b) else float(f"{b:.6g}")]
        for a, b in zip(x, y, strict=True)
    ]


def _line(line: Line, theme: Theme) -> dict[str, Any]:
    colour = getattr(theme, line.role)
    return {
        "type": "line", "name": line.name, "data": _points(line.x, line.y), "color": colour,
        "lineStyle": {"width": 2.5, "type": line.dash, "color": colour},
        "showSymbol": len(line.x) <= MARKERS_UP_TO, "symbolSize": 5, "connectNulls": True,
    }  # fmt: skip


def _band(line: Line, theme: Theme) -> list[dict[str, Any]]:
    """Two stacked invisible curves, the upper one filled; nothing where there is no band."""
    if line.band is None:
        return []
    low, high = (np.asarray(part, dtype=np.float64) for part in line.band)
    common = {"type": "line", "stack": f"band {line.name}", "symbol": "none", "silent": True,
              "lineStyle": {"opacity": 0}, "tooltip": {"show": False}}  # fmt: skip
    fill = {"color": faded(getattr(theme, line.role), 0.2)}
    return [
        {**common, "data": _points(line.x, low.tolist()), "stackStrategy": "all"},
        {**common, "data": _points(line.x, (high - low).tolist()), "areaStyle": fill, "stackStrategy": "all"},
    ]


def _axis(
    theme: Theme, label: str, limits: tuple[float, float] | None, *, log: bool, gap: int
) -> dict[str, Any]:
    ends = {} if limits is None else {"min": limits[0], "max": limits[1]}
    return {
        "type": "log" if log else "value", "name": label, "nameLocation": "middle", "nameGap": gap,
        "nameTextStyle": {"color": theme.muted, "fontSize": 12},
        "axisLabel": {"color": theme.muted, "fontSize": 11},
        "axisLine": {"show": True, "lineStyle": {"color": theme.grid}},
        "splitLine": {"lineStyle": {"color": theme.grid}}, "scale": limits is None, **ends,
    }  # fmt: skip


def live_curve(
    lines: Sequence[Line],
    theme: Theme,
    *,
    title: str,
    x_label: str,
    y_label: str,
    x_limits: tuple[float, float] | None = None,
    y_limits: tuple[float, float] | None = None,
    log: bool = False,
) -> dict[str, Any]:
    """Curves on fixed axes, without animation; an empty curve draws the axes only.

    Args:
        lines: One or a few curves; the legend appears from two on.
        theme: Palette.
        title: What is measured.
        x_label: With unit.
        y_label: With unit and, where it is not obvious, which way is better.
        x_limits: Fixed ends; fitted to the data if absent.
        y_limits: Likewise.
        log: Logarithmic y axis; say so in `y_label`.
    """
    several = len(lines) > 1
    heading = {"color": theme.text, "fontSize": 15, "fontWeight": 400, "fontFamily": FONT}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "title": {"text": title, "left": 0, "textStyle": heading},
        "grid": {"left": 40, "right": 18, "top": 64 if several else 44, "bottom": 28, "containLabel": True},
        "legend": {"show": several, "top": 26, "left": 0, "data": [line.name for line in lines],
                   "textStyle": {"color": theme.text}},
        "tooltip": {"trigger": "axis", "backgroundColor": theme.background, "borderColor": theme.grid,
                    "textStyle": {"color": theme.text}},
        "xAxis": _axis(theme, x_label, x_limits, log=False, gap=26),
        "yAxis": _axis(theme, y_label, y_limits, log=log, gap=44),
        "series": [part for line in lines for part in (*_band(line, theme), _line(line, theme))],
    }  # fmt: skip


def spectrum(values: Mapping[str, ArrayLike], theme: Theme, *, title: str) -> dict[str, Any]:
    """Singular values, largest first, each divided by the largest of its own set; log axis.

    Args:
        values: Name → (k,) singular values in falling order; of several, the first is drawn as `before`.
        theme: Palette.
        title: Whose spectrum, centred or not.
    """
    roles = ("after",) if len(values) == 1 else ("before", "after", "positive", "hard", "false")
    dashes = ("solid",) if len(values) == 1 else ("dashed", "solid", "dotted", "dashed", "dotted")
    lines = []
    for position, (name, singular) in enumerate(values.items()):
        array = np.asarray(singular, dtype=np.float64)
        share = np.maximum(array / max(float(array[0]), np.finfo(np.float64).tiny), 1e-6)
        ranks = list(range(1, len(array) + 1))
        pick = position % len(roles)
        lines.append(Line(name, ranks, share.tolist(), roles[pick], dashes[pick]))
    longest = max(len(line.x) for line in lines)
    return live_curve(
        lines,
        theme,
        title=title,
        x_label="rank of the singular value",
        y_label="share of the largest (log)",
        x_limits=(1, longest),
        y_limits=(1e-4, 1),
        log=True,
    )
