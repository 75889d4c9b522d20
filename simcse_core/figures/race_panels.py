"""Beside the race: rank correlation over the steps, and the cosines of random sentences before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from simcse_core.figures.curves import Line, live_curve
from simcse_core.figures.layout import axis, styled
from simcse_core.figures.race import Look, Runner
from simcse_core.figures.theme import Theme, faded, plotly_text

ECHARTS_DASHES = {"solid": "solid", "dash": "dashed", "dot": "dotted", "dashdot": "dashed"}
ECHARTS_SYMBOLS = {
    "circle": "circle",
    "diamond": "diamond",
    "triangle-up": "triangle",
    "square": "rect",
    "square-open": "emptyRect",
    "triangle-down": "arrow",
    "pentagon": "pin",
    "diamond-open": "emptyDiamond",
    "circle-open": "emptyCircle",
    "star": "roundRect",
    "star-open": "emptyRoundRect",
}
"""Plotly name of a dash or a mark → the one of ECharts that comes nearest."""


def score_curves(
    runners: Sequence[Runner],
    theme: Theme,
    *,
    words: Mapping[str, str],
    limits: tuple[float, float],
    at: int | None = None,
) -> dict[str, Any]:
    """Rank correlation against the step: the mean over the seeds in a band from the lowest to the highest.

    Args:
        runners: One or a few.
        theme: Palette.
        words: `title`, `step`, `score`.
        limits: Ends of the vertical axis.
        at: A step to mark by an upright line.
    """
    lines = [
        Line(
            one.name, list(one.steps), one.mean("spearman").tolist(), one.look.role,
            ECHARTS_DASHES[one.look.dash],
            (one.spearman.min(axis=0).tolist(), one.spearman.max(axis=0).tolist()),
        )
        for one in runners
    ]  # fmt: skip
    last = max(one.steps[-1] for one in runners)
    option = live_curve(
        lines, theme, title=words["title"], x_label=words["step"], y_label=words["score"],
        x_limits=(0, last), y_limits=(float(np.floor(limits[0])), float(np.ceil(limits[1]))),
    )  # fmt: skip
    marks = {one.name: one.look for one in runners}
    named = [series for series in option["series"] if series.get("name") in marks]
    for series in named:
        series |= {"symbol": ECHARTS_SYMBOLS[marks[series["name"]].symbol], "symbolSize": 7}
    option["legend"] |= {"type": "plain", "top": 28}
    option["grid"] |= {"top": 40 + 26 * -(-len(runners) // 3)}
    if at is not None:
        named[0]["markLine"] = _upright(at, theme)
    return option


def _upright(step: int, theme: Theme) -> dict[str, Any]:
    """A dotted line at a step."""
    return {
        "silent": True, "symbol": "none", "data": [{"xAxis": step}], "label": {"show": False},
        "lineStyle": {"color": theme.muted, "type": "dotted", "width": 1},
    }  # fmt: skip


def cosine_multiples(
    edges: ArrayLike,
    before: ArrayLike,
    after: Mapping[str, tuple[ArrayLike, Look]],
    theme: Theme,
    *,
    words: Mapping[str, str],
    columns: int = 2,
) -> go.Figure:
    """Small multiples: cosines of random sentences before and after training, one panel a runner.

    Args:
        edges: (b + 1,) bin edges.
        before: (b,) densities of the shared start.
        after: Name → (b,) densities at the end, mean over the seeds, and the runner's look.
        theme: Palette.
        words: `title`, `cosine`, `before`, `after`.
        columns: Panels a row.
    """
    bounds, start = np.asarray(edges, dtype=np.float64), np.asarray(before, dtype=np.float64)
    middles = (bounds[:-1] + bounds[1:]) / 2
    rows = -(-len(after) // columns)
    figure = make_subplots(
        rows=rows, cols=columns, horizontal_spacing=0.06, vertical_spacing=min(0.16, 0.5 / rows),
        subplot_titles=[plotly_text(name) for name in after],
    )  # fmt: skip
    top = 1.08 * max(float(start.max()), *(float(np.max(np.asarray(d))) for d, _ in after.values()))
    for index, (density, look) in enumerate(after.values()):
        place = {"row": index // columns + 1, "col": index % columns + 1}
        figure.add_trace(_outline(middles, start, theme.before, "dash", words["before"], words), **place)
        colour = getattr(theme, look.role)
        figure.add_trace(_outline(middles, density, colour, "solid", words["after"], words), **place)
        figure.update_xaxes(axis(theme, "", (float(bounds[0]), 1.0), nticks=7), **place)
        figure.update_yaxes(axis(theme, "", (0.0, top), showticklabels=False), **place)
    for note in figure.layout.annotations:
        note.update(font={"size": 13, "color": theme.text})
    margin = {"l": 8, "r": 8, "t": 74, "b": 32}
    return styled(figure, theme, plotly_text(words["title"]), height=150 * rows + 90, margin=margin)


def _outline(
    middles: ArrayLike, density: ArrayLike, colour: str, dash: str, name: str, words: Mapping[str, str]
) -> go.Scatter:
    """One distribution, filled down to zero."""
    return go.Scatter(
        x=middles, y=np.asarray(density, dtype=np.float32), mode="lines", name=name, showlegend=False,
        fill="tozeroy", fillcolor=faded(colour, 0.16), line={"color": colour, "width": 2, "dash": dash},
        hovertemplate=f"{words['cosine']} %{{x:.2f}}: %{{y:.2f}}<extra>{name}</extra>",
    )  # fmt: skip
