"""A map of sentences, as `project` made it; hover shows the text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from simcse_core.figures.layout import styled
from simcse_core.figures.theme import Theme, plotly_text

ROLES = ("positive", "negative", "after", "hard", "false", "noise")
SYMBOLS = ("circle", "diamond", "square", "cross", "x", "circle-open")  # drawn in 3-D too
MANY = 20_000  # points above which they are small
SHOWN = 160  # letters of a text on hover


def projection_map(
    points: ArrayLike,
    texts: Sequence[str],
    theme: Theme,
    *,
    title: str,
    groups: Sequence[str] | None = None,
    height: int = 640,
) -> go.Figure:
    """Points (n, 2) or (n, 3) at one scale, on axes without numbers: only closeness means something.

    Args:
        points: Places.
        texts: n texts.
        theme: Colours.
        title: What was drawn, by which method.
        groups: n names; each has a colour and a mark, which repeat after six.
        height: Pixels.
    """
    x = np.asarray(points, dtype=np.float32)
    named = list(groups) if groups is not None else [""] * len(x)
    figure = go.Figure()
    for position, group in enumerate(dict.fromkeys(named)):
        rows = [i for i, name in enumerate(named) if name == group]
        marker = {
            "color": getattr(theme, ROLES[position % len(ROLES)]),
            "symbol": SYMBOLS[position // len(ROLES) % len(SYMBOLS)] if group else "circle",
            "size": 3 if len(x) > MANY or x.shape[1] == 3 else 6,
            "opacity": 0.5 if len(x) > MANY else 0.8,
        }
        shared = {
            "mode": "markers",
            "name": plotly_text(group),
            "marker": marker,
            "text": [plotly_text(_short(texts[i])) for i in rows],
            "hovertemplate": "%{text}<extra></extra>",
        }
        if x.shape[1] == 3:
            figure.add_scatter3d(x=x[rows, 0], y=x[rows, 1], z=x[rows, 2], **shared)
        else:
            figure.add_scattergl(x=x[rows, 0], y=x[rows, 1], **shared)
    bare = {"visible": False, "showgrid": False, "zeroline": False}
    if x.shape[1] == 3:
        scene = {"aspectmode": "data", **{f"{name}axis": bare for name in "xyz"}}
        return styled(figure, theme, title, height=height, scene=scene, showlegend=groups is not None)
    return styled(
        figure, theme, title, height=height, showlegend=groups is not None,
        xaxis=bare, yaxis={**bare, "scaleanchor": "x"},
    )  # fmt: skip


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
