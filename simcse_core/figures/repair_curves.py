"""Curves over what a repair can be set to: k, sentences, directions, epochs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded, plotly_text

HEIGHT = 308  # of title, plot and axis
LEGEND_ROW = 20  # pixels


@dataclass(frozen=True)
class Curve:
    """One line: its name, points, role and dash in Plotly's words; a `chosen` one is drawn strong."""

    name: str
    x: ArrayLike
    y: Sequence[float | None]
    role: str
    dash: str = "solid"
    symbol: str = "circle"
    chosen: bool = True


def curves(
    lines: Sequence[Curve],
    theme: Theme,
    *,
    title: str,
    x_label: str,
    y_label: str,
    log: tuple[bool, bool] = (False, False),
    ticks: Sequence[float] | None = None,
    level: tuple[str, float] | None = None,
    uprights: Mapping[str, float] | None = None,
) -> go.Figure:
    """A few lines over k, sentences, directions or epochs.

    Args:
        lines: What is drawn.
        theme: Palette.
        title: What was measured.
        x_label: Of the horizontal axis.
        y_label: Of the vertical axis.
        log: Whether each axis is logarithmic.
        ticks: Labelled places of the horizontal axis, where the usual ones say little.
        level: Name and height of a dashed level line: the encoder as it is.
        uprights: Name → place of dotted upright lines, such as where the page stands.
    """
    figure = go.Figure([_drawn(line, theme) for line in lines])
    if level is not None:
        ends = [at for line in lines for at in np.asarray(line.x, dtype=np.float64).tolist()]
        figure.add_scatter(
            x=[min(ends), max(ends)], y=[level[1]] * 2, name=level[0], mode="lines",
            line={"color": theme.before, "dash": "dash", "width": 2},
            hovertemplate="%{y:.4~g}<extra>" + plotly_text(level[0]) + "</extra>",
        )  # fmt: skip
    for name, place in (uprights or {}).items():
        _mark(figure, name, place, theme, log=log[0])
    kinds: list[dict[str, Any]] = [
        {"type": "log", "dtick": 1, "exponentformat": "power"} if on else {} for on in log
    ]
    if ticks is not None:
        kinds[0] |= {"tickmode": "array", "tickvals": list(ticks), "ticktext": [f"{at:g}" for at in ticks]}
    named = LEGEND_ROW * (len(lines) + (level is not None))  # a narrow column has one name a row
    return styled(
        figure, theme, plotly_text(title), showlegend=True, height=HEIGHT + named,
        xaxis=axis(theme, x_label, **kinds[0]), yaxis=axis(theme, y_label, **kinds[1]),
        margin={"l": 56, "r": 12, "t": 52, "b": 52 + named},
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
                "itemsizing": "constant"},
    )  # fmt: skip


def _drawn(line: Curve, theme: Theme) -> go.Scatter:
    colour = getattr(theme, line.role)
    return go.Scatter(
        x=np.asarray(line.x), y=list(line.y), name=plotly_text(line.name), mode="lines+markers",
        line={"color": colour if line.chosen else faded(colour, 0.6), "dash": line.dash,
              "width": 3 if line.chosen else 1.5},
        marker={"symbol": line.symbol, "size": 8 if line.chosen else 5, "color": colour},
        hovertemplate="%{x}: %{y:.4~g}<extra>" + plotly_text(line.name) + "</extra>",
    )  # fmt: skip


def _mark(figure: go.Figure, name: str, place: float, theme: Theme, *, log: bool) -> None:
    """A dotted upright line with its name on top."""
    figure.add_vline(x=place, line={"color": theme.muted, "dash": "dot", "width": 1.5})
    figure.add_annotation(
        x=float(np.log10(place)) if log else place, y=1, yref="paper", yanchor="bottom", showarrow=False,
        text=plotly_text(name), font={"color": theme.muted, "size": 12},
    )  # fmt: skip
