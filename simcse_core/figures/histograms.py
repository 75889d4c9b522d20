"""Distributions of cosines: how alike random sentences look to a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded

EDGES: NDArray[np.float64] = np.round(np.arange(-0.2, 1.0001, 0.02), 2)
"""Bin edges of every cosine histogram (61 of them), unless a page says otherwise."""


@dataclass(frozen=True)
class Series:
    """One distribution.

    Attributes:
        name: Shown in the legend.
        density: Density per bin, as from `density`.
        role: Attribute of `Theme`: `before` is dashed, everything else solid.
        mean: Marked by a vertical line where given.
    """

    name: str
    density: ArrayLike
    role: str
    mean: float | None = None


def density(cosines: ArrayLike, edges: ArrayLike = EDGES) -> NDArray[np.float64]:
    """Density per bin of cosines in [-1, 1]; integrates to 1; what lies beyond joins the outer bins."""
    bounds = np.asarray(edges, dtype=np.float64)
    inside = np.clip(np.asarray(cosines, dtype=np.float64), bounds[0], bounds[-1])
    return np.histogram(inside, bounds, density=True)[0].astype(np.float64)


def cosine_histogram(
    edges: ArrayLike, series: Sequence[Series], theme: Theme, *, title: str, top: float | None = None
) -> go.Figure:
    """Outlines of cosine distributions on one axis.

    Args:
        edges: (b + 1,) bin edges shared by all series.
        series: One or a few distributions of (b,) densities.
        theme: Palette.
        title: What was measured, with the number of pairs.
        top: Upper end of the density axis; fix it so that it stays put while a learner compares.
    """
    bounds = np.asarray(edges, dtype=np.float64)
    middles = (bounds[:-1] + bounds[1:]) / 2
    figure = go.Figure()
    highest = max(float(np.max(np.asarray(one.density))) for one in series)
    for one in series:
        colour = getattr(theme, one.role)
        figure.add_scatter(
            x=middles,
            y=np.asarray(one.density, dtype=np.float32),
            name=one.name,
            mode="lines",
            line={"color": colour, "width": 2.5, "dash": "dash" if one.role == "before" else "solid"},
            fill="tozeroy",
            fillcolor=faded(colour, 0.16),
            hovertemplate="cosine %{x:.2f}<br>density %{y:.2f}<extra>" + one.name + "</extra>",
        )
        if one.mean is not None:
            figure.add_vline(x=one.mean, line={"color": colour, "width": 1.5, "dash": "dot"})
    return styled(
        figure,
        theme,
        title,
        xaxis=axis(theme, "cosine of a random pair", (float(bounds[0]), float(bounds[-1]))),
        yaxis=axis(theme, "density", (0.0, top or highest * 1.1)),
    )
