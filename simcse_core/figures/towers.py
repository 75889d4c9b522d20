"""Two towers against one: what they cost, how well they rank, and a classifier read by cosine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike
from plotly.subplots import make_subplots

from simcse_core.evaluation.towers import Latency, forward_passes
from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import WEIGHTS, Theme, plotly_text

SIDES = {
    "bi": ("positive", "dash", "circle"),
    "bi_again": ("after", "dot", "square"),
    "cross": ("hard", "solid", "diamond"),
}
"""Way of scoring → colour, dash and mark; `bi_again` is two towers with kept embeddings."""
COUNTS = np.logspace(0, 6, 49)
HEIGHT = 560  # pixels


def cost_panels(
    queries: int,
    candidates: int,
    measured: Sequence[Latency],
    theme: Theme,
    *,
    words: Mapping[str, str],
) -> go.Figure:
    """Above the forward passes for n candidates, below the measured milliseconds for one query.

    Args:
        queries: q.
        candidates: n, marked by an upright line.
        measured: Rows of one measurement.
        theme: Palette.
        words: `title`, `passes`, `latency`, `candidates`, and a name for each of `SIDES`.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
    times = {
        "bi": [row.embed + row.search for row in measured],
        "bi_again": [row.search for row in measured],
        "cross": [row.cross for row in measured],
    }
    for side, (role, dash, symbol) in SIDES.items():
        passes = [getattr(forward_passes(queries, round(float(n))), side) for n in COUNTS]
        line = {"color": getattr(theme, role), "dash": dash, "width": 2.5}
        common = {"name": words[side], "legendgroup": side, "line": line}
        figure.add_scatter(
            x=np.round(COUNTS), y=passes, mode="lines", row=1, col=1,
            hovertemplate="n = %{x:,}: %{y:,}<extra></extra>", **common,
        )  # fmt: skip
        figure.add_scatter(
            x=[row.candidates for row in measured], y=times[side], mode="lines+markers", showlegend=False,
            marker={"symbol": symbol, "size": 9}, row=2, col=1,
            hovertemplate="n = %{x:,}: %{y:.1f} ms<extra></extra>", **common,
        )  # fmt: skip
    figure.add_vline(x=candidates, line={"color": theme.text, "width": 1.5})
    log = {"type": "log", "dtick": 1, "exponentformat": "power"}
    figure.update_xaxes(axis(theme, "", (0, 6), **log), row=1, col=1)
    figure.update_xaxes(axis(theme, words["candidates"], (0, 6), **log), row=2, col=1)
    figure.update_yaxes(axis(theme, words["passes"], (-0.2, 9.2), **{**log, "dtick": 3}), row=1, col=1)
    figure.update_yaxes(axis(theme, words["latency"], (-0.2, 5.2), **log), row=2, col=1)
    return styled(figure, theme, words["title"], height=HEIGHT, margin={"l": 64, "r": 12, "t": 124, "b": 48})


def mismatch(
    cosines: ArrayLike,
    probabilities: ArrayLike,
    scores: ArrayLike,
    pairs: Sequence[tuple[str, str]],
    theme: Theme,
    *,
    words: Mapping[str, str],
) -> go.Figure:
    """What a pair classifier says of each pair against the cosine of its two embeddings.

    Args:
        cosines: (n,).
        probabilities: (n,) of the class "alike".
        scores: (n,) of people, 0 to 5.
        pairs: n pairs of texts, on hover.
        theme: Palette.
        words: `title`, `cosine`, `probability`, `score`.
    """
    told = [f"{plotly_text(a)}<br>{plotly_text(b)}" for a, b in pairs]
    figure = go.Figure(
        go.Scatter(
            x=np.asarray(cosines, dtype=np.float32), y=np.asarray(probabilities, dtype=np.float32),
            mode="markers", text=told, hovertemplate="%{text}<br>%{x:.2f}, %{y:.2f}<extra></extra>",
            marker={"color": np.asarray(scores, dtype=np.float32), "colorscale": WEIGHTS,
                    "cmin": 0, "cmax": 5, "size": 7, "line": {"color": theme.muted, "width": 0.5},
                    "colorbar": {"title": {"text": words["score"]}, "thickness": 12,
                                 "tickfont": {"color": theme.muted}}},
        )
    )  # fmt: skip
    figure.update_xaxes(axis(theme, words["cosine"], (-0.03, 1.03)))
    figure.update_yaxes(axis(theme, words["probability"], (-0.03, 1.03)))
    return styled(figure, theme, words["title"], height=400, margin={"l": 56, "r": 8, "t": 44, "b": 48})
