"""The panels of the training lab: one measure over the steps, for the run in front and those beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simcse_core.figures.curves import Line, live_curve
from simcse_core.figures.theme import Theme

RUN_ROLES = ("after", "positive", "hard", "false", "negative")
RUN_DASHES = ("solid", "dashed", "dotted", "dashed", "dotted")
RUN_SYMBOLS = ("circle", "rect", "triangle", "diamond", "arrow")
"""Colour, dash and mark of the run in front and of up to four beside it; the recorded one is `REFERENCE`."""
REFERENCE = ("before", "dashed", "circle")
END_LABEL_ROOM = 58  # pixels
MOST_TICKS = 5


@dataclass(frozen=True)
class RunCurve:
    """One measure of one run.

    Attributes:
        name: Of the run, and of the set where there are several.
        x: (n,) steps.
        y: (n,) values; None leaves a gap.
        place: 0 for the run in front, 1, 2, … for those beside it, -1 for the recorded reference.
        dash: Overrides the dash of the place: a second set of the same run.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float | None]
    place: int = 0
    dash: str | None = None


def look_of(place: int) -> tuple[str, str, str]:
    """Role, dash and mark of a place."""
    if place < 0:
        return REFERENCE
    index = place % len(RUN_ROLES)
    return RUN_ROLES[index], RUN_DASHES[index], RUN_SYMBOLS[index]


def nice_axis(values: Sequence[float | None], *, step: float, least: float) -> tuple[float, float, float]:
    """Ends and tick distance of an axis that holds all values and seldom moves while a curve grows.

    Args:
        values: All that is shown; None and NaN are passed over.
        step: Smallest tick distance.
        least: Smallest span.

    Returns:
        Low end, high end, tick distance; both ends are multiples of it.
    """
    known = [v for v in values if v is not None and math.isfinite(v)] or [0.0]
    for factor in (1, 2, 4, 10, 20, 40, 100, 200, 400, 1000):
        tick = step * factor
        low, high = math.floor(min(known) / tick) * tick, math.ceil(max(known) / tick) * tick
        while high - low < least - 1e-9:
            high += tick
        if (high - low) / tick <= MOST_TICKS + 1e-9:
            break
    return round(low, 6), round(high, 6), tick


def run_panel(
    curves: Sequence[RunCurve],
    theme: Theme,
    *,
    title: str,
    subtitle: str,
    steps: int,
    y_axis: tuple[float, float, float],
    legend: bool = False,
    digits: int = 2,
) -> dict[str, Any]:
    """One measure over the steps as an ECharts option; the last value of the run in front is written out.

    Args:
        curves: The run in front first; none draws the axes only.
        theme: Palette.
        title: What is measured.
        subtitle: Which way is better, and where.
        steps: Right end of the axis.
        y_axis: Ends and tick distance of the vertical axis, as from `nice_axis`.
        legend: Whether to name the curves; the panels beside it share its colours.
        digits: Decimals of the value at the end.
    """
    lines = [Line(c.name, c.x, c.y, look_of(c.place)[0], c.dash or look_of(c.place)[1]) for c in curves]
    option = live_curve(
        lines, theme, title=title, x_label="", y_label="", x_limits=(0, steps), y_limits=y_axis[:2]
    )
    option["title"] |= {
        "subtext": subtitle,
        "itemGap": 4,
        "subtextStyle": {"color": theme.muted, "fontSize": 12},
    }
    option["legend"] |= {"show": legend, "top": 44, "type": "scroll", "pageTextStyle": {"color": theme.muted},
                         "pageIconColor": theme.muted}  # fmt: skip
    option["grid"] |= {"top": 78 if legend else 52, "bottom": 8, "right": END_LABEL_ROOM, "left": 4}
    option["tooltip"]["valueFormatter"] = f"%.{digits}f"
    option["xAxis"] |= {"minInterval": 1, "axisPointer": {"label": {"precision": 0}}}
    option["yAxis"] |= {"interval": y_axis[2]}
    for line, curve in zip(option["series"], curves, strict=True):
        line |= {"symbol": look_of(curve.place)[2], "z": 3 - curve.place if curve.place >= 0 else 0}
        line["lineStyle"]["width"] = 2.5 if curve.place == 0 else 1.8
        last = next((v for v in reversed(curve.y) if v is not None), None)
        if curve.place == 0 and last is not None:
            line["endLabel"] = {"show": True, "formatter": f"{last:.{digits}f}", "color": theme.text,
                                "fontSize": 13, "fontWeight": 600, "distance": 6}  # fmt: skip
    return option
