"""The smooth maximum: its terms with their weights, and its value against λ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import WEIGHTS, Theme, faded

HEIGHT = 440  # pixels
Floats = NDArray[np.float64]


def smooth_maximum_panels(
    names: Sequence[str],
    terms: ArrayLike,
    weights: ArrayLike,
    scales: ArrayLike,
    values: ArrayLike,
    theme: Theme,
    *,
    scale: float,
    limits: tuple[float, float],
    words: Mapping[str, str],
) -> go.Figure:
    """Left the terms, coloured by their weight, with both maxima; right the smooth maximum against λ.

    Args:
        names: n short names of the terms.
        terms: (n,).
        weights: (n,) in [0, 1], summing to 1.
        scales: (s,) rising λ.
        values: (s,) smooth maximum at each.
        theme: Palette.
        scale: λ in force.
        limits: Ends of the axis of the terms, whatever they are now.
        words: `title`, `terms`, `weight`, `scale`, `largest`, `smooth`, `bound`.
    """
    x = np.asarray(terms, dtype=np.float64)
    at, curve = np.asarray(scales, dtype=np.float64), np.asarray(values, dtype=np.float64)
    now = float(np.interp(np.log(scale), np.log(at), curve))
    figure = make_subplots(rows=1, cols=2, column_widths=[0.5, 0.5], horizontal_spacing=0.14)
    _terms(figure, names, x, np.asarray(weights, dtype=np.float64), now, theme, words)
    _course(figure, x, at, curve, theme, words)
    figure.add_scatter(
        x=[scale], y=[now], mode="markers", showlegend=False, hoverinfo="skip", row=1, col=2,
        marker={"color": theme.after, "size": 12, "line": {"color": theme.text, "width": 1}},
    )  # fmt: skip
    slant = -60 if x.size > 5 else 0
    figure.update_xaxes(axis(theme, words["terms"], type="category", tickangle=slant), col=1)
    figure.update_yaxes(axis(theme, "", limits), col=1)
    ends = (float(np.log10(at[0])), float(np.log10(at[-1])))
    figure.update_xaxes(axis(theme, words["scale"], ends, type="log", dtick=1), col=2)
    largest = float(x.max())
    figure.update_yaxes(axis(theme, "", (largest - 0.25, largest + 2.0)), col=2)
    legend = {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}
    margin = {"l": 40, "r": 12, "t": 96, "b": 76}
    return styled(figure, theme, words["title"], height=HEIGHT, margin=margin, legend=legend)


def _terms(
    figure: go.Figure,
    names: Sequence[str],
    x: Floats,
    share: Floats,
    now: float,
    theme: Theme,
    words: Mapping[str, str],
) -> None:
    """Bars coloured by their weight, and both maxima as lines across them."""
    figure.add_bar(
        x=list(names), y=x.astype(np.float32), row=1, col=1, showlegend=False,
        marker={"color": share.astype(np.float32), "colorscale": WEIGHTS, "cmin": 0, "cmax": 1,
                "line": {"color": theme.muted, "width": 1}},
        text=[f"{100 * s:.0f} %" for s in share], textposition="outside", cliponaxis=False,
        textfont={"color": theme.text, "size": 12},
        hovertemplate=f"%{{x}}: %{{y:.2f}}<br>{words['weight']} %{{text}}<extra></extra>",
    )  # fmt: skip
    for height, colour, dash in ((float(x.max()), theme.before, "dash"), (now, theme.after, "solid")):
        figure.add_hline(y=height, line={"color": colour, "dash": dash, "width": 2}, row=1, col=1)


def _course(
    figure: go.Figure, x: Floats, at: Floats, curve: Floats, theme: Theme, words: Mapping[str, str]
) -> None:
    """The smooth maximum against λ, above the maximum and inside the room that the bound leaves."""
    largest = np.full(at.size, float(x.max()))
    band = np.concatenate([largest + np.log(x.size) / at, largest])
    figure.add_scatter(
        x=np.concatenate([at, at[::-1]]), y=band, fill="toself", fillcolor=faded(theme.after, 0.15),
        line={"width": 0}, hoverinfo="skip", name=words["bound"], row=1, col=2,
    )  # fmt: skip
    figure.add_scatter(
        x=at, y=largest, mode="lines", name=words["largest"], hoverinfo="skip",
        line={"color": theme.before, "dash": "dash", "width": 2}, row=1, col=2,
    )  # fmt: skip
    figure.add_scatter(
        x=at, y=curve, mode="lines", name=words["smooth"], line={"color": theme.after, "width": 2.5},
        hovertemplate="λ %{x:.3g}: %{y:.3f}<extra></extra>", row=1, col=2,
    )  # fmt: skip
