"""Beside the tiles of the objectives: rank correlation, end points in the plane, one pair over the steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from simcse_core.figures.curves import Line
from simcse_core.figures.layout import axis, styled
from simcse_core.figures.losses import Trained
from simcse_core.figures.race_panels import ECHARTS_DASHES
from simcse_core.figures.theme import Theme, faded, plotly_text

Words = Mapping[str, str]


def bars(
    objectives: Sequence[Trained],
    theme: Theme,
    *,
    words: Words,
    at: int,
    start: float,
    limits: tuple[float, float],
) -> go.Figure:
    """Rank correlation at a step: the mean over the seeds as a bar, every seed as a mark on it.

    Args:
        objectives: One to four.
        theme: Palette.
        words: `title`, `score`, `start`, `seed`.
        at: Step.
        start: Of the untrained encoder, a dashed line.
        limits: Ends of the axis.
    """
    figure = go.Figure()
    for one in objectives:
        _add_bar(figure, one, theme, words, at)
    figure.add_vline(
        x=start, line={"color": theme.before, "dash": "dash", "width": 1.5},
        annotation={"text": words["start"], "font": {"color": theme.muted, "size": 12}, "yanchor": "bottom"},
        annotation_position="top",
    )  # fmt: skip
    return styled(
        figure, theme, plotly_text(words["title"]), height=120 + 52 * len(objectives), bargap=0.3,
        margin={"l": 8, "r": 16, "t": 64, "b": 44},
        xaxis=axis(theme, words["score"], limits),
        yaxis=axis(theme, "", autorange="reversed", automargin=True, showgrid=False),
    )  # fmt: skip


def _add_bar(figure: go.Figure, one: Trained, theme: Theme, words: Words, at: int) -> None:
    """The mean of an objective as a bar, and a mark a seed."""
    colour, name = getattr(theme, one.look.role), plotly_text(one.name)
    values = one.values("spearman", at)
    figure.add_bar(
        y=[name], x=[float(np.mean(values))], orientation="h", marker_color=faded(colour, 0.45),
        marker_line={"color": colour, "width": 1.5}, showlegend=False, width=0.56,
        text=[f"{float(np.mean(values)):.1f}"], textposition="inside", insidetextanchor="start",
        textfont={"color": theme.text}, hovertemplate=f"%{{x:.1f}}<extra>{name}</extra>",
    )  # fmt: skip
    figure.add_scatter(
        y=[name] * len(values),
        x=values,
        mode="markers",
        showlegend=False,
        customdata=list(one.seeds),
        marker={"color": theme.text, "symbol": "line-ns-open", "size": 16, "line": {"width": 2}},
        hovertemplate=f"{words['seed']} %{{customdata}}: %{{x:.1f}}<extra>{name}</extra>",
    )


def plane(
    objectives: Sequence[Trained], theme: Theme, *, words: Words, at: int, start: tuple[float, float]
) -> go.Figure:
    """Where every objective stands in the alignment–uniformity plane: the mean large, every seed small.

    Args:
        objectives: One to four.
        theme: Palette.
        words: `title`, `alignment`, `uniformity`, `start`, `better`, `seed`.
        at: Step.
        start: Alignment and uniformity of the untrained encoder.
    """
    figure = go.Figure()
    for one in objectives:
        _add_end(figure, one, theme, words, at, start)
    figure.add_scatter(
        x=[start[0]], y=[start[1]], mode="markers+text", showlegend=False, hoverinfo="skip",
        marker={"color": theme.before, "symbol": "circle-open", "size": 14, "line": {"width": 2.5}},
        text=[words["start"]], textposition="top center",
        textfont={"color": theme.muted, "size": 12},
    )  # fmt: skip
    figure.add_annotation(
        x=0.005, y=0.02, xref="x domain", yref="y domain", xanchor="left", yanchor="bottom", showarrow=False,
        text=f"↙ {words['better']}", font={"color": theme.muted, "size": 12},
    )  # fmt: skip
    return styled(
        figure, theme, plotly_text(words["title"]), height=340 + 22 * len(objectives),
        margin={"l": 56, "r": 16, "t": 48 + 22 * len(objectives), "b": 48},
        xaxis=axis(theme, words["alignment"], rangemode="tozero"), yaxis=axis(theme, words["uniformity"]),
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom", "font": {"size": 12}},
    )  # fmt: skip


def _add_end(
    figure: go.Figure, one: Trained, theme: Theme, words: Words, at: int, start: tuple[float, float]
) -> None:
    """A line from the start to the mean of an objective, and a mark a seed."""
    colour, name = getattr(theme, one.look.role), plotly_text(one.name)
    x, y = one.values("alignment", at), one.values("uniformity", at)
    path = {"color": faded(colour, 0.6), "dash": one.look.dash, "width": 1.5}
    figure.add_scatter(
        x=[start[0], float(np.mean(x))], y=[start[1], float(np.mean(y))], mode="lines+markers", name=name,
        line=path, marker={"symbol": one.look.symbol, "size": [0, 13], "color": colour, "opacity": 1},
        hovertemplate=f"%{{x:.3f}}, %{{y:.2f}}<extra>{name}</extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        showlegend=False,
        customdata=list(one.seeds),
        marker={"symbol": one.look.symbol, "size": 5, "color": colour},
        hovertemplate=f"{words['seed']} %{{customdata}}: %{{x:.3f}}, %{{y:.2f}}<extra>{name}</extra>",
    )


def paths(objectives: Sequence[Trained], rows: Sequence[NDArray[np.float64]]) -> list[Line]:
    """(seeds, s) of every objective as a mean in a band from the lowest to the highest seed."""
    return [
        Line(
            one.name, list(one.steps), np.mean(table, axis=0).tolist(), one.look.role,
            ECHARTS_DASHES[one.look.dash], (np.min(table, axis=0).tolist(), np.max(table, axis=0).tolist()),
        )
        for one, table in zip(objectives, rows, strict=True)
    ]  # fmt: skip
