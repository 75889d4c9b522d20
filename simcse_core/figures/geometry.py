"""The geometry of an encoder: layers by read-outs as a heat map, and what single dimensions add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.colors import get_colorscale, sample_colorscale

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import WEIGHTS, Theme, plotly_text

CELL = 40  # px, height of a row
NAMED = 3  # dimensions whose number is written


@dataclass(frozen=True)
class Grid:
    """One number of an encoder at every layer by every read-out.

    Attributes:
        name: Above the heat map.
        values: (layers + 1, read-outs), layer 0 first; NaN where there is none.
        columns: Names of the read-outs.
        chosen: (layer, column) of the outlined cell; None for none.
    """

    name: str
    values: ArrayLike
    columns: Sequence[str]
    chosen: tuple[int, int] | None = None


@dataclass(frozen=True)
class Scale:
    """How values become colours.

    Attributes:
        low: Value of the first colour.
        high: Value of the last.
        cosine: Whether it is a cosine, which has a palette of its own.
        digits: After the point, in the cells.
    """

    low: float
    high: float
    cosine: bool = False
    digits: int = 2


def layer_grid(grid: Grid, theme: Theme, scale: Scale) -> go.Figure:
    """Heat map with the numbers written in, the last layer on top as in drawings of the network.

    Args:
        grid: The values.
        theme: Palette.
        scale: Fixed ends, so that two encoders are read by one scale.
    """
    values = np.asarray(grid.values, dtype=np.float64)
    colours = [list(stop) for stop in theme.diverging] if scale.cosine else get_colorscale(WEIGHTS)
    figure = go.Figure(
        go.Heatmap(
            z=values,
            zmin=scale.low,
            zmax=scale.high,
            colorscale=colours,
            text=[[_written(value, scale.digits) for value in row] for row in values],
            customdata=[[plotly_text(name) for name in grid.columns] for _ in values],
            hovertemplate="layer %{y}, %{customdata}: %{text}<extra></extra>",
            hoverongaps=False,
            xgap=1,
            ygap=1,
            showscale=False,
        )
    )
    _add_numbers(figure, values, scale, colours)
    if grid.chosen is not None:
        layer, column = grid.chosen
        figure.add_shape(
            type="rect", x0=column - 0.5, x1=column + 0.5, y0=layer - 0.5, y1=layer + 0.5,
            line={"color": theme.text, "width": 3}, layer="above",
        )  # fmt: skip
    rows, columns = values.shape
    marks = {"tickmode": "array", "showgrid": False, "fixedrange": True}
    return styled(
        figure,
        theme,
        f"<b>{plotly_text(grid.name)}</b>",
        height=120 + CELL * rows,
        margin={"l": 36, "r": 4, "t": 36, "b": 84},
        xaxis=axis(
            theme, "", (-0.5, columns - 0.5), tickvals=list(range(columns)), tickangle=-40,
            ticktext=[plotly_text(name) for name in grid.columns], **marks,
        ),
        yaxis=axis(theme, "layer", (-0.5, rows - 0.5), tickvals=list(range(rows)), **marks),
    )  # fmt: skip


def _add_numbers(
    figure: go.Figure, values: NDArray[np.float64], scale: Scale, colours: Sequence[Sequence[Any]]
) -> None:
    """The number of every cell, black or white, whichever stands out more on its colour."""
    rows, columns = np.nonzero(~np.isnan(values))
    known = values[rows, columns]
    places = np.clip((known - scale.low) / (scale.high - scale.low), 0.0, 1.0)
    cells = sample_colorscale(colours, places.tolist(), colortype="tuple")
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="text",
        text=[_written(value, scale.digits) for value in known],
        textfont={"size": 13, "color": [_ink(cell) for cell in cells]},
        hoverinfo="skip",
        showlegend=False,
    )


def _ink(colour: tuple[float, float, float]) -> str:
    """Black or white on a colour of parts in [0, 1], by the contrast ratio of WCAG 2."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if (light + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def _written(value: float, digits: int) -> str:
    return "" if np.isnan(value) else f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def dimension_bars(
    name: str, contributions: ArrayLike, removed: int, theme: Theme, *, role: str, limits: tuple[float, float]
) -> go.Figure:
    """What every dimension adds to the mean cosine; those left out have a colour, the largest are numbered.

    Args:
        name: Above the figure.
        contributions: (d,).
        removed: How many of the largest are left out.
        theme: Palette.
        role: Attribute of `Theme`, for the bars that stay.
        limits: Ends of the value axis, shared by the encoders that are compared.
    """
    added = np.asarray(contributions, dtype=np.float64)
    order = np.argsort(-added, kind="stable")
    out = np.isin(np.arange(len(added)), order[:removed])
    colour = getattr(theme, role)
    figure = go.Figure()
    for rows, fill, label in ((~out, colour, "kept"), (out, theme.hard, "left out")):
        figure.add_bar(
            x=np.flatnonzero(rows),
            y=added[rows],
            width=1.6,
            name=label,
            showlegend=False,
            marker={"color": fill, "line": {"color": fill, "width": 1}},
            hovertemplate="dimension %{x} adds %{y:.4f}<extra>" + label + "</extra>",
        )
    figure.update_layout(annotations=[_numbered(int(d), float(added[d]), theme) for d in order[:NAMED]])
    return styled(
        figure,
        theme,
        f"<b>{plotly_text(name)}</b>",
        height=280,
        margin={"l": 52, "r": 8, "t": 36, "b": 44},
        barmode="overlay",
        bargap=0,
        xaxis=axis(theme, "dimension", (-2, len(added) + 1), showgrid=False),
        yaxis=axis(theme, "added to the mean cosine", limits),
    )


def _numbered(dimension: int, value: float, theme: Theme) -> dict[str, Any]:
    return {"x": dimension, "y": value, "text": str(dimension), "showarrow": False, "yanchor": "bottom",
            "font": {"size": 12, "color": theme.text}}  # fmt: skip
