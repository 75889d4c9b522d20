"""What training at many temperatures gives: one panel a measure, seeds as points, their spread as a band."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded, plotly_text


@dataclass(frozen=True)
class Panel:
    """One measure at every temperature.

    Attributes:
        name: What is measured, with unit and which way is better.
        values: Temperature → seed → value.
        before: The untrained encoder's value, drawn as a dashed line; None without one.
        own: (temperature, value, name) of the visitor's runs.
    """

    name: str
    values: Mapping[float, Mapping[int, float]]
    before: float | None = None
    own: Sequence[tuple[float, float, str]] = ()


def sweep_figure(
    panels: Sequence[Panel],
    theme: Theme,
    *,
    title: str,
    names: Mapping[str, str],
    marked: float | None = None,
) -> go.Figure:
    """Panels over a common logarithmic temperature axis.

    Args:
        panels: Top to bottom; the first one carries the legend.
        theme: Palette.
        title: Which model, how many steps.
        names: Legend texts of `mean`, `band`, `seed`, `before` and `own`.
        marked: A temperature to mark by a vertical line, such as the paper's choice.
    """
    figure = make_subplots(
        rows=len(panels), cols=1, shared_xaxes=True, vertical_spacing=0.085,
        subplot_titles=[plotly_text(panel.name) for panel in panels],
    )  # fmt: skip
    for place, panel in enumerate(panels, 1):
        for trace in _traces(panel, theme, names, first=place == 1):
            figure.add_trace(trace, row=place, col=1)
        figure.update_yaxes(row=place, col=1, **axis(theme, ""))
    every = sorted({tau for panel in panels for tau in panel.values})
    ticks = {"type": "log", "tickvals": every, "ticktext": [f"{tau:g}" for tau in every]}
    figure.update_xaxes(**axis(theme, ""), **ticks)
    figure.update_xaxes(title=axis(theme, "temperature τ (log)")["title"], row=len(panels), col=1)
    if marked is not None:
        figure.add_vline(x=marked, line={"color": theme.muted, "width": 1, "dash": "dot"})
    for note in figure.layout.annotations:
        note.update(x=0, xanchor="left", font={"size": 13, "color": theme.muted})
    return styled(
        figure, theme, title, height=230 * len(panels) + 60, margin={"l": 48, "r": 12, "t": 116, "b": 48},
        legend={"orientation": "h", "x": 0, "y": 1.045, "yanchor": "bottom", "itemsizing": "constant"},
    )  # fmt: skip


def _traces(panel: Panel, theme: Theme, names: Mapping[str, str], *, first: bool) -> list[go.Scatter]:
    taus = sorted(panel.values)
    rows = [np.asarray([*panel.values[tau].values()], dtype=np.float64) for tau in taus]
    low, high = [float(r.min()) for r in rows], [float(r.max()) for r in rows]
    colour = theme.after
    band = go.Scatter(
        x=[*taus, *reversed(taus)], y=[*high, *reversed(low)], fill="toself", fillcolor=faded(colour, 0.2),
        line={"width": 0}, mode="lines", hoverinfo="skip", name=names["band"], showlegend=first,
        legendgroup="band",
    )  # fmt: skip
    mean = go.Scatter(
        x=taus, y=[float(r.mean()) for r in rows], mode="lines", line={"color": colour, "width": 2.5},
        name=names["mean"], showlegend=first, legendgroup="mean",
        hovertemplate="τ = %{x:g}: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    points = [(tau, value, seed) for tau in taus for seed, value in panel.values[tau].items()]
    dots = go.Scatter(
        x=[p[0] for p in points], y=[p[1] for p in points], mode="markers", name=names["seed"],
        marker={"color": colour, "size": 7, "line": {"color": theme.background, "width": 1}},
        customdata=[p[2] for p in points], showlegend=first, legendgroup="seed",
        hovertemplate="τ = %{x:g}, seed %{customdata}: %{y:.3f}<extra></extra>",
    )  # fmt: skip
    found = [band, mean, dots]
    if panel.before is not None:
        found.append(go.Scatter(
            x=[taus[0], taus[-1]], y=[panel.before, panel.before], mode="lines", name=names["before"],
            line={"color": theme.before, "width": 2, "dash": "dash"}, showlegend=first, legendgroup="before",
            hovertemplate="%{y:.3f}<extra></extra>",
        ))  # fmt: skip
    if panel.own:
        found.append(go.Scatter(
            x=[o[0] for o in panel.own], y=[o[1] for o in panel.own], mode="markers", name=names["own"],
            text=[plotly_text(o[2]) for o in panel.own], showlegend=first, legendgroup="own",
            marker={"color": theme.positive, "size": 10, "symbol": "diamond",
                    "line": {"color": theme.text, "width": 1}},
            hovertemplate="%{text}<br>τ = %{x:g}: %{y:.3f}<extra></extra>",
        ))  # fmt: skip
    return found
