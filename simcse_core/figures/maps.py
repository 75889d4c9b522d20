"""Where embeddings lie: the alignment–uniformity plane and the sphere of three principal directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, plotly_text

PLANE = ((0.0, 1.2), (-4.0, 0.0))
"""Limits of the plane: alignment from perfect to poor, uniformity from even to collapsed."""
GROUP_ROLES = ("positive", "after", "negative", "hard", "false", "noise")
GROUP_SYMBOLS = ("circle", "diamond", "square", "cross", "x", "circle-open")


@dataclass(frozen=True)
class Path:
    """One training run in the plane.

    Attributes:
        name: Shown in the legend.
        alignment: (s,) mean squared distance of positives; lower is better.
        uniformity: (s,) log mean Gaussian potential; lower is more even.
        steps: (s,) optimiser steps.
        role: Attribute of `Theme`.
        dash: Plotly dash, so that runs differ by more than colour.
    """

    name: str
    alignment: Sequence[float]
    uniformity: Sequence[float]
    steps: Sequence[int]
    role: str = "after"
    dash: str = "solid"


def _add_path(figure: go.Figure, path: Path, theme: Theme) -> None:
    colour = getattr(theme, path.role)
    symbols = (
        ["circle-open"] + ["circle"] * (len(path.steps) - 2) + ["star"] if len(path.steps) > 1 else ["circle"]
    )
    sizes = [11.0] + [6.0] * (len(path.steps) - 2) + [13.0] if len(path.steps) > 1 else [9.0]
    figure.add_scatter(
        x=list(path.alignment),
        y=list(path.uniformity),
        customdata=list(path.steps),
        name=path.name,
        mode="lines+markers",
        line={"color": colour, "width": 2.5, "dash": path.dash},
        marker={"color": colour, "symbol": symbols, "size": sizes, "line": {"color": colour, "width": 2}},
        hovertemplate="step %{customdata}<br>alignment %{x:.3f}<br>uniformity %{y:.3f}<extra>"
        + plotly_text(path.name)
        + "</extra>",
    )


def _arrow(path: Path, at: int, colour: str) -> dict[str, Any]:
    """An arrow head in the middle of the segment that ends at point `at`."""
    x0, y0, x1, y1 = path.alignment[at - 1], path.uniformity[at - 1], path.alignment[at], path.uniformity[at]
    return {
        "x": (x0 + x1) / 2, "y": (y0 + y1) / 2, "ax": x0, "ay": y0, "xref": "x", "yref": "y", "axref": "x",
        "ayref": "y", "showarrow": True, "arrowhead": 2, "arrowsize": 1.3, "arrowwidth": 2,
        "arrowcolor": colour, "text": "",
    }  # fmt: skip


def alignment_uniformity(
    paths: Sequence[Path],
    theme: Theme,
    *,
    title: str,
    limits: tuple[tuple[float, float], tuple[float, float]] | None = None,
) -> go.Figure:
    """Runs in the plane, from the open circle (start) to the star (end); an arrow head on the longest step.

    Args:
        paths: One or a few runs.
        theme: Palette.
        title: Which positives and which texts were measured.
        limits: (alignment, uniformity) limits; `PLANE` if absent.
    """
    figure = go.Figure()
    horizontal, vertical = limits or PLANE
    for path in paths:
        _add_path(figure, path, theme)
        if len(path.steps) > 1:
            moves = np.hypot(np.diff(path.alignment), np.diff(path.uniformity))
            figure.add_annotation(_arrow(path, int(np.argmax(moves)) + 1, getattr(theme, path.role)))
    figure.add_annotation(
        x=horizontal[0],
        y=vertical[0],
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        text="↙ better",
        font={"color": theme.muted, "size": 12},
    )
    return styled(
        figure,
        theme,
        title,
        xaxis=axis(theme, "alignment (squared distance of positives)", horizontal),
        yaxis=axis(theme, "uniformity (log mean potential)", vertical),
        showlegend=len(paths) > 1,
    )


def _marker_groups(n: int, groups: Sequence[str] | None) -> dict[str, list[int]]:
    if groups is None:
        return {"": list(range(n))}
    found: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        found.setdefault(group, []).append(index)
    return found


def _cloud(
    points: NDArray[np.float32], theme: Theme, labels: Sequence[str] | None, groups: Sequence[str] | None
) -> list[go.Scatter3d]:
    traces = []
    for position, (group, rows) in enumerate(_marker_groups(len(points), groups).items()):
        role = GROUP_ROLES[position % len(GROUP_ROLES)]
        traces.append(
            go.Scatter3d(
                x=points[rows, 0],
                y=points[rows, 1],
                z=points[rows, 2],
                mode="markers",
                name=plotly_text(group),
                showlegend=bool(group),
                text=None if labels is None else [plotly_text(labels[row]) for row in rows],
                hovertemplate=("%{text}" if labels is not None else "") + "<extra></extra>",
                marker={"size": 3.5, "color": getattr(theme, role), "opacity": 0.9,
                        "symbol": GROUP_SYMBOLS[position % len(GROUP_SYMBOLS)]},
            )
        )  # fmt: skip
    return traces


def _globe(theme: Theme) -> go.Scatter3d:
    """Three great circles and four parallels: enough to read a sphere, without a second WebGL surface."""
    turn = np.append(np.linspace(0, 2 * np.pi, 73), np.nan)
    flat, cos, sin = np.zeros_like(turn), np.cos(turn), np.sin(turn)
    rings = [(cos, sin, flat), (cos, flat, sin), (flat, cos, sin)]
    for height in (-0.75, -0.4, 0.4, 0.75):
        radius = np.sqrt(1 - height**2)
        rings.append((radius * cos, radius * sin, np.where(np.isnan(turn), np.nan, height)))
    x, y, z = (np.concatenate([ring[axis] for ring in rings]).astype(np.float32) for axis in range(3))
    return go.Scatter3d(
        x=x,
        y=y,
        z=z,
        mode="lines",
        line={"color": theme.grid, "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )


def _scene(theme: Theme) -> dict[str, Any]:
    hidden = {"visible": False, "range": [-1.05, 1.05]}
    eye = {"x": 1.15, "y": 1.15, "z": 0.75}
    return {
        "xaxis": hidden, "yaxis": hidden, "zaxis": hidden, "aspectmode": "cube", "bgcolor": "rgba(0,0,0,0)",
        "camera": {"eye": eye}, "dragmode": "orbit",
    }  # fmt: skip


def sphere(
    points: ArrayLike,
    theme: Theme,
    *,
    title: str,
    labels: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
) -> go.Figure:
    """Unit points (n, 3) on a wire globe; hover shows the text, colour and mark the group."""
    cloud = np.asarray(points, dtype=np.float32)
    figure = go.Figure([_globe(theme), *_cloud(cloud, theme, labels, groups)])
    return styled(
        figure, theme, title, height=460, scene=_scene(theme), margin={"l": 0, "r": 0, "t": 56, "b": 0},
        uirevision="sphere",
    )  # fmt: skip


def sphere_frames(
    points: ArrayLike,
    steps: Sequence[int],
    theme: Theme,
    *,
    title: str,
    labels: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    start: int = 0,
) -> go.Figure:
    """The sphere over training: points (s, n, 3), one frame a step, scrubbed in the browser by a slider."""
    clouds = np.asarray(points, dtype=np.float32)
    figure = sphere(clouds[start], theme, title=title, labels=labels, groups=groups)
    moving = list(range(1, len(figure.data)))
    figure.frames = [
        go.Frame(
            name=str(step),
            traces=moving,
            data=[
                go.Scatter3d(x=cloud[rows, 0], y=cloud[rows, 1], z=cloud[rows, 2])
                for rows in _marker_groups(clouds.shape[1], groups).values()
            ],
        )
        for step, cloud in zip(steps, clouds, strict=True)
    ]
    return figure.update_layout(sliders=[step_slider(steps, theme, start)], margin={"b": 72})


def step_slider(steps: Sequence[int], theme: Theme, start: int) -> dict[str, Any]:
    """A Plotly slider over frames named by their step; `start` is the index of the one shown first."""
    jump = {"mode": "immediate", "frame": {"duration": 0, "redraw": True}, "transition": {"duration": 0}}
    return {
        "active": start, "x": 0, "len": 1, "y": 0, "pad": {"t": 8, "b": 8}, "bgcolor": theme.grid,
        "bordercolor": theme.grid, "activebgcolor": theme.after, "tickcolor": theme.muted,
        "font": {"color": theme.muted, "size": 11},
        "currentvalue": {"prefix": "step ", "font": {"color": theme.text}},
        "steps": [{"label": str(s), "method": "animate", "args": [[str(s)], jump]} for s in steps],
    }  # fmt: skip
