"""Tensors of the step-by-step walk as Plotly figures: maps of numbers, and the matrix with its marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, plotly_text

ROW = 21  # pixels of a token's line
BRIGHT = 0.179  # relative luminance at which black and white read equally well, both at 4.5:1 or better


@dataclass(frozen=True)
class Panel:
    """One map of numbers.

    Attributes:
        title: What it shows.
        values: (l, k) numbers.
        labels: l names of the lines, such as tokens.
        zeroed: (l, k) bool, drawn in the colour of text: what dropout set to zero; None for none.
    """

    title: str
    values: ArrayLike
    labels: Sequence[str]
    zeroed: ArrayLike | None = None


def number_maps(panels: Sequence[Panel], theme: Theme, *, limit: float, across: str) -> go.Figure:
    """Maps of numbers, one above the other, on one colour range.

    Args:
        panels: One or more, of the same width.
        theme: Palette.
        limit: The colours end at ±limit.
        across: Title of the horizontal axis.
    """
    figure = go.Figure()
    lines = [len(panel.labels) for panel in panels]
    gap = 34  # pixels between two panels, for a title
    height = ROW * sum(lines) + gap * len(panels) + 46
    top = 0
    layout: dict[str, Any] = {}
    notes = []
    inner = height - 46
    for number, panel in enumerate(panels, start=1):
        top += gap
        domain = [max(0.0, 1 - (top + ROW * len(panel.labels)) / inner), 1 - top / inner]
        _add_panel(figure, panel, number, theme, limit)
        layout |= _panel_axes(panel, number, domain, theme, across if number == len(panels) else "")
        notes.append(_panel_title(panel.title, domain[1], theme))
        top += ROW * len(panel.labels)
    margin = {"l": 8, "r": 8, "t": 0, "b": 46}
    return styled(figure, theme, "", height=height, margin=margin, annotations=notes, **layout)


def _add_panel(figure: go.Figure, panel: Panel, number: int, theme: Theme, limit: float) -> None:
    values = np.asarray(panel.values, dtype=np.float32)
    place = {"xaxis": f"x{number}", "yaxis": f"y{number}", "xgap": 1, "ygap": 1}
    figure.add_heatmap(
        z=values,
        zmin=-limit,
        zmax=limit,
        colorscale=[list(stop) for stop in theme.diverging],
        customdata=[[plotly_text(label)] * values.shape[1] for label in panel.labels],
        hovertemplate="%{customdata}, number %{x}: %{z:.3f}<extra></extra>",
        showscale=number == 1,
        colorbar={"thickness": 10, "outlinewidth": 0, "tickfont": {"color": theme.muted}, "len": 1.0},
        **place,
    )
    if panel.zeroed is not None:
        figure.add_heatmap(
            z=np.where(np.asarray(panel.zeroed), 1.0, np.nan).astype(np.float32),
            colorscale=[[0, theme.text], [1, theme.text]],
            showscale=False,
            hovertemplate="set to zero<extra></extra>",
            **place,
        )


def _panel_axes(
    panel: Panel, number: int, domain: Sequence[float], theme: Theme, across: str
) -> dict[str, Any]:
    count, width = np.asarray(panel.values).shape
    ticks = [_short(label) for label in panel.labels]
    marks = {"tickmode": "array", "tickvals": list(range(count)), "ticktext": ticks, "automargin": True}
    common = {"showgrid": False, "fixedrange": True}
    return {
        f"xaxis{number}": axis(
            theme, across, (-0.5, width - 0.5), anchor=f"y{number}", showticklabels=bool(across), **common
        ),
        f"yaxis{number}": axis(
            theme, "", (count - 0.5, -0.5), anchor=f"x{number}", domain=list(domain), **marks, **common
        ),
    }


def _panel_title(title: str, y: float, theme: Theme) -> dict[str, Any]:
    return {"text": plotly_text(title), "x": 0, "xref": "paper", "xanchor": "left", "y": y, "yref": "paper",
            "yanchor": "bottom", "showarrow": False, "align": "left",
            "font": {"size": 13, "color": theme.text}}  # fmt: skip


def _short(text: str) -> str:
    return plotly_text(text if len(text) <= 12 else text[:11] + "…")


@dataclass(frozen=True)
class Cells:
    """What is marked in a matrix (R, C).

    Attributes:
        positives: (R,) column of each row's positive, outlined; None while they are not told yet.
        arrows: Whether an arrow leads from the name of a row to its positive, and only it keeps its number.
        row: The row that is looked at.
    """

    positives: Sequence[int] | None = None
    arrows: bool = False
    row: int | None = None


def matrix(
    values: ArrayLike,
    theme: Theme,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    limit: float,
    unit: str,
    cells: Cells,
) -> go.Figure:
    """Rows of candidates with their numbers; -inf is crossed out.

    Args:
        values: (R, C), each finite or -inf.
        theme: Palette.
        rows: R short names.
        columns: C short names.
        limit: The colours end at ±limit.
        unit: What a number is, for the scale and the hover.
        cells: What is marked.
    """
    numbers = np.asarray(values, dtype=np.float64)
    masked = np.isneginf(numbers)
    figure = go.Figure(
        go.Heatmap(
            z=np.where(masked, np.nan, numbers).astype(np.float32),
            zmin=-limit,
            zmax=limit,
            colorscale=[list(stop) for stop in theme.diverging],
            hovertemplate=f"%{{y}} · %{{x}}<br>{unit} %{{z:.4g}}<extra></extra>",
            xgap=1,
            ygap=1,
            x=[plotly_text(name) for name in columns],
            y=[plotly_text(name) for name in rows],
            opacity=0.45 if cells.arrows else 1.0,
            colorbar={"title": {"text": unit}, "thickness": 10, "outlinewidth": 0,
                      "tickfont": {"color": theme.muted}},
        )
    )  # fmt: skip
    count, width = numbers.shape
    return styled(
        figure,
        theme,
        "",
        height=100 + 46 * count,
        margin={"l": 40, "r": 8, "t": 40, "b": 12},
        shapes=_shapes(masked, cells, theme),
        annotations=_written(numbers, masked, limit, cells, theme) + _arrows(cells, theme),
        xaxis=axis(theme, "", (-0.5, width - 0.5), side="top", showgrid=False, fixedrange=True),
        yaxis=axis(theme, "", (count - 0.5, -0.5), showgrid=False, fixedrange=True),
    )


def _shapes(masked: NDArray[np.bool_], cells: Cells, theme: Theme) -> list[dict[str, Any]]:
    """Crosses over masked cells, a frame around the picked row, boxes around the positives."""
    shapes = [stroke for row, at in np.argwhere(masked) for stroke in _cross(row, at, theme)]
    if cells.row is not None:
        dotted = {"color": theme.muted, "width": 2, "dash": "dot"}
        shapes.append(_frame(cells.row, -0.5, masked.shape[1] - 0.5, dotted))
    thick = {"color": theme.text, "width": 3}
    positives = enumerate(cells.positives or ())
    return shapes + [_frame(row, at - 0.47, at + 0.47, thick) for row, at in positives]


def _written(
    numbers: NDArray[np.float64], masked: NDArray[np.bool_], limit: float, cells: Cells, theme: Theme
) -> list[dict[str, Any]]:
    """The number of every cell; only those of the positives where arrows cross the others."""
    notes = []
    for row, at in np.ndindex(numbers.shape):
        if cells.arrows and cells.positives is not None and cells.positives[row] != at:
            continue
        value = float(numbers[row, at])
        plain = masked[row, at] or cells.arrows  # the page shines through
        text = "−∞" if masked[row, at] else short_number(value)
        colour = theme.text if plain else ink(value / limit, theme)
        note = {"x": at, "y": row, "text": text, "showarrow": False, "font": {"size": 12, "color": colour}}
        notes.append({**note, "bgcolor": theme.background} if masked[row, at] else note)
    return notes


def ink(share: float, theme: Theme) -> str:
    """Black or white, whichever reads better on the colour of a cosine in [-1, 1].

    Relative luminance as in WCAG 2.2, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance.
    """
    places = [2 * place - 1 for place, _ in theme.diverging]
    colours = [[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for _, colour in theme.diverging]
    mixed = np.array([np.interp(share, places, channel) for channel in zip(*colours, strict=True)]) / 255
    linear = np.where(mixed <= 0.04045, mixed / 12.92, ((mixed + 0.055) / 1.055) ** 2.4)
    return "#000000" if linear @ (0.2126, 0.7152, 0.0722) > BRIGHT else "#ffffff"


def _arrows(cells: Cells, theme: Theme) -> list[dict[str, Any]]:
    """From the edge at a row's name to the cell of its positive."""
    if not cells.arrows or cells.positives is None:
        return []
    arrow = {"xref": "x", "yref": "y", "axref": "x", "ayref": "y", "showarrow": True, "arrowhead": 2,
             "arrowwidth": 2, "arrowcolor": theme.positive, "text": ""}  # fmt: skip
    return [
        {**arrow, "x": at - 0.5, "y": row, "ax": -0.5, "ay": row}
        for row, at in enumerate(cells.positives)
        if at > 0
    ]


def _cross(row: int, column: int, theme: Theme) -> list[dict[str, Any]]:
    line = {"type": "line", "line": {"color": theme.muted, "width": 1}, "layer": "above"}
    x0, x1, y0, y1 = (float(v) for v in (column - 0.5, column + 0.5, row - 0.5, row + 0.5))
    return [{**line, "x0": x0, "x1": x1, "y0": a, "y1": b} for a, b in ((y0, y1), (y1, y0))]


def _frame(row: int, x0: float, x1: float, line: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rect", "x0": float(x0), "x1": float(x1), "y0": row - 0.47, "y1": row + 0.47,
            "line": line, "layer": "above"}  # fmt: skip


def short_number(value: float) -> str:
    """About three digits, with a real minus sign: 0.96, 19.2, −4, 958."""
    size = abs(value)
    text = f"{value:.2f}" if size < 9.995 else f"{value:.1f}" if size < 99.95 else f"{value:.0f}"
    return text.replace("-", "−") if float(text) else text.lstrip("-")
