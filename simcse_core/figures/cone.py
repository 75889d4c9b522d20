"""The cone in three dimensions: a globe with its points, their mean direction and their cap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import styled
from simcse_core.figures.theme import WEIGHTS, Theme, faded, plotly_text

CAP = 0.9  # share of the points inside the ring on a globe
GLOBE_HEIGHT = 312
LEAN = 0.25  # shorter means than this are no direction
EYE = {"x": 0.9, "y": 0.76, "z": 0.66}
GROUPS = (("positive", "circle"), ("hard", "diamond"), ("false", "square"), ("negative", "cross"))
"""Role and symbol of highlighted groups, in order; everything else is small and grey."""


@dataclass(frozen=True)
class Colouring:
    """What the colour of a point on the globe says.

    Attributes:
        groups: One name a point; only `shown` ones are coloured. None: no groups.
        shown: Groups to highlight, at most four.
        values: One number a point, dark to bright from their 2nd to their 98th percentile. None: no scale.
    """

    groups: Sequence[str] | None = None
    shown: Sequence[str] = ()
    values: Sequence[float] | None = None


@dataclass(frozen=True)
class Globe:
    """One globe.

    Attributes:
        name: Above the globe.
        note: Under the name.
        points: (m, 3) of length 1; the first axis is drawn upwards.
        labels: (m,) sentences, for the pointer.
        role: Attribute of `Theme`, for plain points, ring and arrow.
    """

    name: str
    note: str
    points: NDArray[np.floating]
    labels: Sequence[str]
    role: str


def cap_angle(points: ArrayLike, share: float = CAP) -> tuple[float, NDArray[np.float64]]:
    """Degrees around their mean direction that hold `share` of the points (m, 3), and that direction (3,)."""
    x = np.asarray(points, dtype=np.float64)
    mean = x.mean(axis=0)
    length = float(np.linalg.norm(mean))
    direction = mean / length if length > 1e-9 else np.array([1.0, 0.0, 0.0])
    angles = np.degrees(np.arccos(np.clip(x @ direction, -1.0, 1.0)))
    return float(np.quantile(angles, share)), direction


def globe(panel: Globe, theme: Theme, *, colouring: Colouring | None = None) -> go.Figure:
    """One globe: points, an arrow along their mean and a ring around their cap; all globes are seen alike.

    Arrow and ring are left out where the points have no common direction to speak of.

    Args:
        panel: The points and what they are called.
        theme: Palette.
        colouring: What colours say; plain in the role of the globe if absent.
    """
    figure = go.Figure()
    colouring = colouring or Colouring()
    _add_ball(figure, theme)
    _add_points(figure, panel, theme, colouring)
    if has_direction(panel.points):
        _add_cap(figure, panel, theme)
    note = f"<span style='color:{theme.muted}'>{plotly_text(panel.note)}</span>"
    hidden = {"visible": False, "range": [-1.12, 1.12], "showspikes": False}
    scene = {
        "xaxis": hidden,
        "yaxis": hidden,
        "zaxis": hidden,
        "aspectmode": "cube",
        "camera": {"eye": EYE, "center": {"x": 0, "y": 0, "z": -0.03}},
        "dragmode": "orbit",
        "bgcolor": "rgba(0,0,0,0)",
    }
    head = {
        "text": f"<b>{plotly_text(panel.name)}</b><br>{note}",
        "font": {"size": 14, "color": theme.text},
        "x": 0.5,
        "xanchor": "center",
        "y": 1,
        "yanchor": "bottom",
        "xref": "paper",
        "yref": "paper",
        "showarrow": False,
    }
    legend = {"orientation": "h", "x": 0.5, "xanchor": "center", "y": 0, "yanchor": "top"}
    return styled(
        figure,
        theme,
        "",
        height=GLOBE_HEIGHT,
        annotations=[head],
        scene=scene,
        margin={"l": 0, "r": 0, "t": 44, "b": 44 if colouring.groups else 0},
        showlegend=bool(colouring.groups),
        legend=legend,
    )


def has_direction(points: ArrayLike) -> bool:
    """Whether (m, 3) points of length 1 lean one way: their mean is longer than `LEAN`."""
    return float(np.linalg.norm(np.asarray(points, dtype=np.float64).mean(axis=0))) > LEAN


def _xyz(points: NDArray[np.floating]) -> dict[str, NDArray[np.float32]]:
    p = np.asarray(points, dtype=np.float32)
    return {"x": p[:, 1], "y": p[:, 2], "z": p[:, 0]}


def _add_ball(figure: go.Figure, theme: Theme) -> None:
    """A faint ball and its net of circles of latitude and longitude."""
    along = np.linspace(0, 2 * np.pi, 49, dtype=np.float32)
    down = np.linspace(0, np.pi, 25, dtype=np.float32)
    figure.add_surface(
        x=np.outer(np.cos(along), np.sin(down)),
        y=np.outer(np.sin(along), np.sin(down)),
        z=np.outer(np.ones_like(along), np.cos(down)),
        surfacecolor=np.zeros((49, 25), dtype=np.float32),
        colorscale=[[0, theme.grid], [1, theme.grid]],
        showscale=False,
        opacity=0.3,
        hoverinfo="skip",
        lighting={"ambient": 1, "diffuse": 0, "specular": 0},
        contours={a: {"highlight": False} for a in "xyz"},
    )
    lines = [
        np.c_[np.cos(h) * np.ones(49), np.sin(h) * np.cos(along), np.sin(h) * np.sin(along)]
        for h in np.pi * np.array([1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6])
    ]
    lines += [
        np.c_[np.cos(along), np.sin(along) * np.cos(m), np.sin(along) * np.sin(m)]
        for m in np.pi * np.arange(6) / 6
    ]
    gap = np.full((1, 3), np.nan)
    net = np.concatenate([part for line in lines for part in (line, gap)])
    figure.add_scatter3d(
        **_xyz(net),
        mode="lines",
        line={"color": faded(theme.muted, 0.5), "width": 1},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_points(figure: go.Figure, panel: Globe, theme: Theme, colouring: Colouring) -> None:
    texts = np.array([plotly_text(label) for label in panel.labels], dtype=object)

    def add(rows: Any, name: str, marker: dict[str, Any], *, legend: bool = False) -> None:
        figure.add_scatter3d(
            **_xyz(panel.points[rows]),
            mode="markers",
            text=texts[rows],
            hovertemplate="%{text}<extra></extra>",
            marker=marker,
            name=plotly_text(name),
            legendgroup=name,
            showlegend=legend,
        )

    if colouring.values is not None:
        low, high = np.quantile(np.asarray(colouring.values, dtype=np.float64), (0.02, 0.98))
        marker = {
            "size": 4,
            "color": np.asarray(colouring.values, dtype=np.float32),
            "colorscale": WEIGHTS,
            "cmin": float(low),
            "cmax": float(high),
            "line": {"color": theme.muted, "width": 0.5},
        }
        add(slice(None), panel.name, marker)
    elif colouring.groups is not None:
        groups = np.array(colouring.groups, dtype=object)
        add(~np.isin(groups, list(colouring.shown)), "", {"size": 2.5, "color": theme.noise, "opacity": 0.35})
        for name, (role, symbol) in zip(colouring.shown, GROUPS, strict=False):
            edge = {"color": theme.outline if role == "negative" else theme.background, "width": 0.5}
            mark = {"size": 5, "color": getattr(theme, role), "symbol": symbol, "line": edge}
            add(groups == name, name.replace("-", " "), mark, legend=True)
    else:
        add(slice(None), panel.name, {"size": 3, "color": getattr(theme, panel.role), "opacity": 0.75})


def _add_cap(figure: go.Figure, panel: Globe, theme: Theme) -> None:
    """The ring that holds most of the points, and an arrow along their mean."""
    degrees, mean = cap_angle(panel.points)
    helper = np.eye(3)[int(np.argmin(np.abs(mean)))]
    first = np.cross(mean, helper)
    first /= np.linalg.norm(first)
    second = np.cross(mean, first)
    turn = np.linspace(0, 2 * np.pi, 73)[:, None]
    angle = np.radians(degrees)
    ring = 1.006 * (np.cos(angle) * mean + np.sin(angle) * (np.cos(turn) * first + np.sin(turn) * second))
    colour = getattr(theme, panel.role)
    common = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    figure.add_scatter3d(**_xyz(ring), line={"color": colour, "width": 6}, **common)
    shaft = np.stack([np.zeros(3), 1.12 * mean])
    figure.add_scatter3d(**_xyz(shaft), line={"color": theme.text, "width": 4}, **common)
    tip, way = _xyz(1.16 * mean[None]), _xyz(mean[None])
    figure.add_cone(
        **tip,
        u=way["x"],
        v=way["y"],
        w=way["z"],
        anchor="tip",
        sizemode="absolute",
        sizeref=0.16,
        showscale=False,
        colorscale=[[0, theme.text], [1, theme.text]],
        hoverinfo="skip",
        lighting={"ambient": 1, "diffuse": 0, "specular": 0},
    )
