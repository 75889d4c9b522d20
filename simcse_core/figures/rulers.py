"""A cosine beside its background: what is ordinary under one model is rare under another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from simcse_core.figures.histograms import EDGES, density
from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded, plotly_text

SYMBOLS = {
    "positive": "circle",
    "hard": "diamond",
    "negative": "triangle-up",
    "false": "cross",
    "text": "star",
}


@dataclass(frozen=True)
class Mark:
    """One pair on the ruler: its name, its cosine, and its role (attribute of `Theme`)."""

    name: str
    value: float
    role: str


def percentile(background: ArrayLike, value: float) -> float:
    """Share of background cosines at or below `value`, times 100; in [0, 100]."""
    return 100.0 * float(np.mean(np.asarray(background, dtype=np.float64) <= value))


def percentile_ruler(background: ArrayLike, marks: Sequence[Mark], theme: Theme, *, title: str) -> go.Figure:
    """Marks over the distribution of random pairs, each with its percentile.

    Args:
        background: (p,) cosines of random pairs under the same model.
        marks: The pairs in question.
        theme: Palette.
        title: Which model, and how many random pairs.
    """
    edges = np.round(np.arange(-1.0, 1.0001, 0.02), 2) if float(np.min(background)) < EDGES[0] else EDGES
    heights = density(background, edges)
    top = float(heights.max())
    figure = go.Figure()
    figure.add_scatter(
        x=(edges[:-1] + edges[1:]) / 2, y=heights.astype(np.float32), mode="lines", fill="tozeroy",
        name="random pairs", line={"color": theme.before, "width": 1.5}, fillcolor=faded(theme.before, 0.2),
        hovertemplate="cosine %{x:.2f}<extra>random pairs</extra>",
    )  # fmt: skip
    for level, mark in enumerate(marks):
        height = top * (1.18 + 0.24 * level)
        colour = getattr(theme, mark.role)
        label = (
            f"{plotly_text(mark.name)}: {mark.value:.2f}, above {percentile(background, mark.value):.0f} %"
        )
        figure.add_scatter(
            x=[mark.value, mark.value], y=[0, height], mode="lines+markers", name=plotly_text(mark.name),
            line={"color": colour, "width": 2}, hovertemplate=label + " of random pairs<extra></extra>",
            marker={"size": [0, 12], "color": colour, "symbol": SYMBOLS.get(mark.role, "circle"),
                    "line": {"color": theme.outline, "width": 1}},
        )  # fmt: skip
        left = mark.value > (edges[0] + edges[-1]) / 2
        figure.add_annotation(
            x=mark.value, y=height, text=label, showarrow=False, xanchor="right" if left else "left",
            xshift=-10 if left else 10, font={"size": 12, "color": theme.text},
        )  # fmt: skip
    return styled(
        figure, theme, title, height=200 + 26 * len(marks), showlegend=False,
        xaxis=axis(theme, "cosine", (float(edges[0]), 1.02)),
        yaxis=axis(theme, "", (0, top * (1.3 + 0.24 * len(marks))), visible=False),
    )  # fmt: skip
