"""Figures of the bench: checkpoints in the alignment–uniformity plane, and numbers with intervals in rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import WEIGHTS, Theme, plotly_text

PLANE_HEIGHT, ROW, ROWS_MARGIN = 470, 26, 132  # pixels
RIGHT = 0.6  # end of the alignment axis unless a checkpoint lies further
FLOOR = -4.0  # no uniformity of many directions lies below it (t = 2)
NEAR = (0.2, 0.3)  # alignment and uniformity within which names would cover each other
SCORES = (0.0, 90.0)
"""Ends of the colour scale of rank correlations: the same whatever is drawn."""
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "pentagon", "star")
BELOW = {"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
         "itemsizing": "constant"}  # fmt: skip
"""Legend under the axis: on a phone it takes several rows, and the title keeps its place."""


@dataclass(frozen=True)
class Placed:
    """A checkpoint in the plane.

    Attributes:
        name: Written beside its mark.
        alignment: Of the pairs scored above 4, lower is better.
        uniformity: Of the sentences, lower is better.
        score: Spearman x 100, or None; decides the colour.
    """

    name: str
    alignment: float
    uniformity: float
    score: float | None


@dataclass(frozen=True)
class Row:
    """What one checkpoint has in every row of a figure.

    Attributes:
        name: Shown in the legend.
        role: Colour, an attribute of `Theme`.
        symbol: Mark.
        values: One a row; None leaves it empty.
        low: Lower ends of the intervals, or None.
        high: Upper ends.
    """

    name: str
    role: str
    symbol: str
    values: Sequence[float | None]
    low: Sequence[float | None]
    high: Sequence[float | None]


def plane(points: Sequence[Placed], theme: Theme, *, words: Mapping[str, str]) -> go.Figure:
    """Checkpoints by alignment and uniformity, coloured by rank correlation (Gao et al. 2021, figure 3).

    The axes do not depend on what is drawn, but for a checkpoint outside them.

    Args:
        points: One to six.
        theme: Palette.
        words: `title`, `alignment`, `uniformity`, `score`, `better`, `collapsed`, `even`.
    """
    figure = go.Figure()
    right = max([RIGHT, *(1.4 * one.alignment for one in points)])
    figure.add_hline(y=FLOOR, line={"color": theme.muted, "dash": "dot", "width": 1})
    for number, one in enumerate(points):
        beside = _beside(one, points)
        _add_placed(figure, one, (SYMBOLS[number % len(SYMBOLS)], beside), theme, words)
    corners = (("collapsed", 0.0, 0.0, "left", "bottom"), ("even", right, FLOOR, "right", "top"))
    for word, x, y, across, down in corners:
        figure.add_annotation(
            x=x, y=y, xanchor=across, yanchor=down, showarrow=False, text=plotly_text(words[word]),
            font={"color": theme.muted, "size": 12},
        )  # fmt: skip
    figure.add_annotation(
        x=0.01, y=0.1, xref="x domain", yref="y domain", xanchor="left", yanchor="bottom", showarrow=False,
        text=f"↙ {plotly_text(words['better'])}", font={"color": theme.muted, "size": 12},
    )  # fmt: skip
    return styled(
        figure, theme, plotly_text(words["title"]), height=PLANE_HEIGHT, showlegend=False,
        margin={"l": 56, "r": 12, "t": 48, "b": 48},
        xaxis=axis(theme, words["alignment"], (-0.04 * right, right)),
        yaxis=axis(theme, words["uniformity"], (FLOOR - 0.35, 0.35)),
        coloraxis=_scale(theme, words["score"]),
    )  # fmt: skip


def _beside(one: Placed, points: Sequence[Placed]) -> str:
    """Where a name is written: to the right, and above or below where another mark is near."""
    near = [p.uniformity for p in points if p is not one and _close(p, one)]
    if not near:
        return "middle right"
    return "top right" if one.uniformity >= max(near) else "bottom right"


def _close(one: Placed, other: Placed) -> bool:
    return abs(one.alignment - other.alignment) < NEAR[0] and abs(one.uniformity - other.uniformity) < NEAR[1]


def _add_placed(
    figure: go.Figure, one: Placed, look: tuple[str, str], theme: Theme, words: Mapping[str, str]
) -> None:
    """A mark of a symbol with its name at a place; hollow where it has no score."""
    symbol, beside = look
    mark: dict[str, Any] = {"symbol": symbol, "size": 16, "line": {"color": theme.text, "width": 1.2}}
    if one.score is None:
        mark |= {"color": theme.background}
    else:
        mark |= {"color": [one.score], "coloraxis": "coloraxis"}
    told = "–" if one.score is None else f"{one.score:.1f}"
    figure.add_scatter(
        x=[one.alignment], y=[one.uniformity], mode="markers+text", marker=mark,
        text=[f"  {plotly_text(one.name)} {told}"], textposition=beside,
        textfont={"color": theme.text, "size": 12}, name=plotly_text(one.name), cliponaxis=False,
        hovertemplate=f"{plotly_text(words['alignment'])} %{{x:.3f}}<br>{plotly_text(words['uniformity'])} "
        f"%{{y:.3f}}<br>{plotly_text(words['score'])} {told}<extra>{plotly_text(one.name)}</extra>",
    )  # fmt: skip


def _scale(theme: Theme, title: str) -> dict[str, Any]:
    """The colours of rank correlations, with their bar beside the plane."""
    return {
        "colorscale": WEIGHTS, "cmin": SCORES[0], "cmax": SCORES[1],
        "colorbar": {
            "title": {"text": plotly_text(title), "side": "right", "font": {"color": theme.muted}},
            "thickness": 10, "len": 0.9, "nticks": 4, "tickfont": {"color": theme.muted},
        },
    }  # fmt: skip


def interval_rows(
    rows: Sequence[str],
    series: Sequence[Row],
    theme: Theme,
    *,
    words: Mapping[str, str],
    limits: tuple[float, float],
    apart: Collection[int] = (),
) -> go.Figure:
    """A row for each task or kind, a mark with its interval for each checkpoint in it.

    Args:
        rows: Names, from top to bottom.
        series: One a checkpoint.
        theme: Palette.
        words: `title`, `x`.
        limits: Ends of the horizontal axis.
        apart: Rows in which the checkpoints differ beyond noise; their names are bold.
    """
    figure = go.Figure()
    step = 0.64 / max(len(series), 1)
    for number, one in enumerate(series):
        at = np.arange(len(rows), dtype=np.float64) + (number - (len(series) - 1) / 2) * step
        figure.add_trace(_marks(one, at, rows, theme))
    names = [f"<b>{plotly_text(n)}</b>" if i in apart else plotly_text(n) for i, n in enumerate(rows)]
    height = ROWS_MARGIN + max(ROW, 13 * len(series)) * len(rows)
    if limits[0] < 0 < limits[1]:
        figure.add_vline(x=0.0, line={"color": theme.muted, "width": 1})
    vertical = axis(theme, "", (len(rows) - 0.5, -0.5), tickvals=list(range(len(rows))), ticktext=names)
    return styled(
        figure, theme, plotly_text(words["title"]), height=height, legend=BELOW,
        margin={"l": 118, "r": 12, "t": 40, "b": 92},
        xaxis=axis(theme, words["x"], limits), yaxis={**vertical, "showgrid": False},
    )  # fmt: skip


def _marks(one: Row, at: NDArray[np.float64], rows: Sequence[str], theme: Theme) -> go.Scatter:
    """The marks of a checkpoint with their intervals."""
    colour = getattr(theme, one.role)
    value, low, high = (
        np.array([np.nan if v is None else v for v in side], dtype=np.float64)
        for side in (one.values, one.low, one.high)
    )
    return go.Scatter(
        x=value, y=at, mode="markers", name=plotly_text(one.name),
        marker={"color": colour, "symbol": one.symbol, "size": 9, "line": {"color": colour, "width": 1.5}},
        error_x={"type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low,
                 "color": colour, "thickness": 1.5, "width": 3},
        customdata=np.stack([low, high], axis=1), text=[plotly_text(row) for row in rows],
        hovertemplate="%{text}: %{x:.1f} (%{customdata[0]:.1f} – %{customdata[1]:.1f})"
        f"<extra>{plotly_text(one.name)}</extra>",
    )  # fmt: skip
