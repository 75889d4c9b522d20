"""Matrices of cosines, with the cells that matter outlined."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, plotly_text

NUMBERS_UP_TO = 12
LABEL_LENGTH = 28


def _short(text: str) -> str:
    return plotly_text(text if len(text) <= LABEL_LENGTH else text[: LABEL_LENGTH - 1] + "…")


def _outline(cell: tuple[int, int], colour: str) -> dict[str, Any]:
    row, column = cell
    return {"type": "rect", "x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5,
            "line": {"color": colour, "width": 2.5}, "layer": "above"}  # fmt: skip


def _hatch(cell: tuple[int, int], colour: str) -> list[dict[str, Any]]:
    """A cross over a masked cell."""
    row, column = cell
    return [
        {"type": "line", "x0": column - 0.5, "x1": column + 0.5, "y0": row - slope, "y1": row + slope,
         "line": {"color": colour, "width": 1.2}, "layer": "above"}
        for slope in (0.5, -0.5)
    ]  # fmt: skip


def similarity(
    values: ArrayLike,
    theme: Theme,
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    title: str,
    outlined: Sequence[tuple[int, int]] = (),
    hatched: Sequence[tuple[int, int]] = (),
) -> go.Figure:
    """Cosines (n, m) on the fixed range -1 … 1; numbers in the cells up to 12 by 12.

    Args:
        values: (n, m) cosines.
        theme: Palette.
        rows: n texts; shortened on the axis, whole on hover.
        columns: m texts.
        title: What is compared, by which model.
        outlined: (row, column) of cells to outline, such as positives.
        hatched: (row, column) of masked cells, crossed out.
    """
    cosines = np.asarray(values, dtype=np.float32)
    figure = go.Figure(_cosine_heat(cosines, rows, columns, theme))
    figure.update_layout(
        shapes=[_outline(cell, theme.text) for cell in outlined]
        + [stroke for cell in hatched for stroke in _hatch(cell, theme.muted)]
    )
    n, m = cosines.shape
    marks = {"tickmode": "array", "showgrid": False, "automargin": True}
    return styled(
        figure,
        theme,
        title,
        height=max(320, min(720, 120 + 30 * n)),
        xaxis=axis(
            theme,
            "",
            (-0.5, m - 0.5),
            tickvals=list(range(m)),
            ticktext=[_short(c) for c in columns],
            **marks,
        ),
        yaxis=axis(
            theme, "", (n - 0.5, -0.5), tickvals=list(range(n)), ticktext=[_short(r) for r in rows], **marks
        ),
    )


def _cosine_heat(
    cosines: NDArray[np.float32], rows: Sequence[str], columns: Sequence[str], theme: Theme
) -> go.Heatmap:
    return go.Heatmap(
        z=cosines,
        zmin=-1,
        zmax=1,
        colorscale=[list(stop) for stop in theme.diverging],
        text=[[f"{plotly_text(a)}<br>{plotly_text(b)}" for b in columns] for a in rows],
        texttemplate="%{z:.2f}" if max(cosines.shape) <= NUMBERS_UP_TO else None,
        hovertemplate="%{text}<br>cosine %{z:.3f}<extra></extra>",
        xgap=1,
        ygap=1,
        colorbar={
            "title": {"text": "cosine"},
            "thickness": 12,
            "outlinewidth": 0,
            "tickfont": {"color": theme.muted},
        },
    )
