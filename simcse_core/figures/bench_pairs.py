"""Two checkpoints pair by pair: the error of one against the error of the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from simcse_core.figures.bench import BELOW
from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded, plotly_text

HEIGHT = 560  # pixels
FEW = 1000  # pairs up to which each carries its texts and is drawn as SVG
RIGHT = 10.0
"""Places of a hundred up to which a pair counts as placed right."""


def pair_errors(
    first: NDArray[np.float64],
    second: NDArray[np.float64],
    theme: Theme,
    *,
    words: Mapping[str, str],
    marked: NDArray[np.bool_] | None = None,
    chosen: int | None = None,
    texts: Sequence[str] = (),
) -> go.Figure:
    """Every pair by the error of one checkpoint and of another, in places of a hundred.

    Trace 0 holds the plain pairs, trace 1 the marked ones, and the last the chosen one; `customdata` of each
    point is the number of its pair.

    Args:
        first: (n,) errors of the first, from -100 to 100.
        second: (n,) of the second.
        theme: Palette.
        words: `title`, `x`, `y`, `others`, `marked`, `chosen`, `high`, `low`.
        marked: (n,) pairs to set off; None for none.
        chosen: The pair in question.
        texts: n texts for the hover; shown up to `FEW` pairs.
    """
    figure = go.Figure()
    band = {"fillcolor": faded(theme.after, 0.1), "line_width": 0, "layer": "below"}
    figure.add_hrect(y0=-RIGHT, y1=RIGHT, **band)
    figure.add_vrect(x0=-RIGHT, x1=RIGHT, **band)
    line = {"color": theme.muted, "dash": "dot", "width": 1}
    figure.add_shape(type="line", x0=-100, y0=-100, x1=100, y1=100, line=line)
    kind = np.zeros(len(first), dtype=np.bool_) if marked is None else marked
    looks = (
        (words["others"], ~kind, {"color": faded(theme.before, 0.85), "symbol": "circle", "size": 6}),
        (words["marked"], kind, {"color": theme.hard, "symbol": "diamond", "size": 8}),
    )
    for name, mask, look in looks:
        _add_pairs(figure, np.flatnonzero(mask), (first, second), name, look, texts, theme)
    if chosen is not None:
        look = {"color": theme.text, "symbol": "star", "size": 15}
        _add_pairs(figure, np.array([chosen]), (first, second), words["chosen"], look, texts, theme)
    for word, side, across, down in (("high", 100, "right", "top"), ("low", -100, "left", "bottom")):
        figure.add_annotation(
            x=side, y=side, xanchor=across, yanchor=down, showarrow=False, text=plotly_text(words[word]),
            font={"color": theme.muted, "size": 12},
        )  # fmt: skip
    ends = (-104.0, 104.0)
    return styled(
        figure, theme, plotly_text(words["title"]), height=HEIGHT, legend=BELOW, dragmode=False,
        margin={"l": 60, "r": 12, "t": 40, "b": 92},
        xaxis=axis(theme, words["x"], ends, tickvals=[-100, -50, 0, 50, 100]),
        yaxis=axis(theme, words["y"], ends, tickvals=[-100, -50, 0, 50, 100]),
    )  # fmt: skip


def _add_pairs(
    figure: go.Figure,
    rows: NDArray[np.intp],
    sides: tuple[NDArray[np.float64], NDArray[np.float64]],
    name: str,
    look: Mapping[str, Any],
    texts: Sequence[str],
    theme: Theme,
) -> None:
    """Some pairs as marks of one look; drawn by WebGL where there are many."""
    few = len(sides[0]) <= FEW
    kind = go.Scatter if few else go.Scattergl
    told = [plotly_text(texts[row]) for row in rows] if texts and few else None
    figure.add_trace(
        kind(
            x=sides[0][rows].astype(np.float32), y=sides[1][rows].astype(np.float32), mode="markers",
            name=plotly_text(name), customdata=rows.tolist(), text=told,
            showlegend=bool(len(rows)), marker={**look, "line": {"color": theme.background, "width": 0.5}},
            selected={"marker": {"opacity": 1}}, unselected={"marker": {"opacity": 1}},
            hovertemplate=("%{text}<br>" if told else "") + "%{x:.0f}, %{y:.0f}<extra></extra>",
        )
    )  # fmt: skip
