"""How neighbours change over training, and the colours of numbers on a map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from plotly.colors import sequential

from simcse_core.figures.curves import Line, live_curve
from simcse_core.figures.theme import WEIGHTS, Theme


def weight_stops() -> list[str]:
    """Evenly spaced colours `#rrggbb` of the scale for weights, low to high."""
    return list(getattr(sequential, WEIGHTS))


def churn(
    steps: Sequence[int],
    previous: Sequence[float],
    last: Sequence[float],
    own: Sequence[float],
    theme: Theme,
    *,
    words: Mapping[str, str],
    at: Sequence[int] = (),
) -> dict[str, Any]:
    """Overlap of neighbour lists over the steps, in [0, 1], as an ECharts option.

    Args:
        steps: (s,) optimiser steps.
        previous: (s - 1,) overlap with the step before, from the second step on.
        last: (s,) overlap with the last step.
        own: (s,) mean share of neighbours of the own subject.
        theme: Palette.
        words: `title`, `step`, `share`, `previous`, `last`, `own`.
        at: Steps to mark by upright lines.
    """
    lines = [
        Line(words["previous"], list(steps[1:]), list(previous), "after"),
        Line(words["last"], list(steps), list(last), "positive", "dashed"),
        Line(words["own"], list(steps), list(own), "hard", "dotted"),
    ]
    option = live_curve(
        lines, theme, title=words["title"], x_label=words["step"], y_label=words["share"],
        x_limits=(steps[0], steps[-1]), y_limits=(0.0, 1.0),
    )  # fmt: skip
    for series, symbol in zip(option["series"], ("circle", "rect", "triangle"), strict=True):
        series |= {"symbol": symbol, "symbolSize": 7}
    option["legend"] |= {"type": "plain", "top": 28}
    option["grid"] |= {"top": 104}
    option["series"][0]["markLine"] = {
        "silent": True, "symbol": "none", "data": [{"xAxis": step} for step in at],
        "label": {"show": False}, "lineStyle": {"color": theme.muted, "type": "dotted", "width": 1.5},
    }  # fmt: skip
    return option
