"""Figures of pull and spread: parts of each row, Jensen's gap on the log curve, the eigenvalue's bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import FONT
from simcse_core.figures.maps import sphere_frames
from simcse_core.figures.theme import Theme, faded, plotly_text
from simcse_core.theory.jensen import Eigenvalue

Option = dict[str, Any]
HEIGHT = 520  # of the sphere, with its slider
_EXACT = {"containLabel": False, "outerBoundsMode": "none"}


def row_parts(pull: ArrayLike, spread: ArrayLike, theme: Theme, *, words: Mapping[str, str]) -> Option:
    """Pull, spread and loss of every anchor, side by side.

    Args:
        pull: (N,) -s⁺/τ.
        spread: (N,) log-sum-exp of the row.
        theme: Palette.
        words: `title`, `pull`, `spread`, `loss`, `x`, `y`.
    """
    a, b = (np.asarray(part, dtype=np.float64) for part in (pull, spread))
    kinds = (("pull", a, "positive"), ("spread", b, "negative"), ("loss", a + b, "after"))
    series = [
        {
            "type": "bar",
            "name": words[name],
            "data": _short(values),
            "itemStyle": {
                "color": getattr(theme, role),
                "borderColor": theme.outline if role == "negative" else getattr(theme, role),
                "borderWidth": 1,
            },
            "color": getattr(theme, role),
        }
        for name, values, role in kinds
    ]
    pairs = [str(i + 1) for i in range(len(a))]
    return {
        **_plain(theme, words["title"], [words[name] for name, _, _ in kinds]),
        "xAxis": {**_axis(theme, words["x"], gap=26), "type": "category", "data": pairs},
        "yAxis": _axis(theme, words["y"], gap=42),
        "series": series,
    }


def jensen(exponents: ArrayLike, theme: Theme, *, words: Mapping[str, str]) -> Option:
    """One row's e^{s/τ}, over the largest possible, on the log curve; the gap is the upright line.

    Args:
        exponents: (m,) (s - 1)/τ ≤ 0 of one x with all y.
        theme: Palette.
        words: `title`, `curve`, `points`, `gap`, `x`, `y`.
    """
    logs = np.asarray(exponents, dtype=np.float64)
    weights = np.exp(logs)
    low = float(np.floor(min(logs.min(), -1.0) * 1.05))
    grid = np.exp(np.linspace(low, 0.0, 160))
    curve = {
        "type": "line",
        "name": words["curve"],
        "data": _pairs(grid, np.log(grid)),
        "symbol": "none",
        "color": theme.muted,
        "lineStyle": {"width": 2, "color": theme.muted},
    }
    points = {
        "type": "scatter",
        "name": words["points"],
        "data": _pairs(weights, logs),
        "symbolSize": 11,
        "color": theme.negative,
        "itemStyle": {"color": theme.negative, "borderColor": theme.outline, "borderWidth": 1},
    }
    return {
        **_plain(theme, words["title"], [words["curve"], words["points"], words["gap"]]),
        "xAxis": _axis(theme, words["x"], gap=26, ends=(0.0, 1.0)),
        "yAxis": _axis(theme, words["y"], gap=42, ends=(low, 0.0)),
        "series": [curve, points, _gap(logs, theme, words["gap"])],
    }


def _gap(logs: NDArray[np.float64], theme: Theme, name: str) -> Option:
    """From the mean of the logarithms up to the logarithm of the mean."""
    mean = float(np.exp(logs).mean())
    ends = (("E log", float(logs.mean())), ("log E", float(np.log(mean))))
    halo = {"textBorderColor": theme.background, "textBorderWidth": 3}
    label = {"show": True, "position": "right", "color": theme.text, "fontSize": 13, "distance": 10, **halo}
    return {
        "type": "line",
        "name": name,
        "data": [
            {"value": [mean, value], "label": {**label, "formatter": f"{said} = {_signed(value)}"}}
            for said, value in ends
        ],
        "symbol": "circle",
        "symbolSize": 10,
        "color": theme.after,
        "lineStyle": {"width": 4, "color": theme.after},
        "z": 5,
    }


def bounds(found: Eigenvalue, theme: Theme, *, words: Mapping[str, str]) -> Option:
    """Sum/m ≤ λ_max ≤ largest row sum ≤ Sum as bars; what does not apply is grey and hatched.

    Args:
        found: The eigenvalue and its bounds.
        theme: Palette.
        words: `title`, `mean`, `largest`, `row_sum`, `total`, `void` (added to the names of grey bars), `x`.
    """
    rows = (
        ("mean", found.mean, theme.positive, True),
        ("largest", found.largest, theme.after, True),
        ("row_sum", found.row_sum, theme.negative, found.applies),
        ("total", found.total, theme.negative, found.applies),
    )
    hatch = {"symbol": "rect", "dashArrayX": [1, 0], "dashArrayY": [2, 4], "rotation": -0.785}
    data = [
        {
            "value": round(value, 3) + 0.0,  # a sum of cosines that cancels is 0, not 3e-31
            "itemStyle": {
                "color": colour if applies else faded(theme.noise, 0.35),
                "borderColor": theme.outline if applies and colour == theme.negative else theme.muted,
                "decal": {"symbol": "none"} if applies else {**hatch, "color": theme.muted},
            },
            "label": {"color": theme.text if applies else theme.muted},
        }
        for _, value, colour, applies in rows
    ]
    names = [words[name] + ("" if applies else f"\n{words['void']}") for name, _, _, applies in rows]
    option = _plain(theme, words["title"], [])
    bar = {"type": "bar", "data": data, "barWidth": "52%", "label": {"show": True, "position": "right"}}
    category = {"type": "category", "data": names, "inverse": True, "axisTick": {"show": False}}
    return {
        **option,
        "grid": {"left": 150, "right": 64, "top": 40, "bottom": 46, **_EXACT},
        "xAxis": _axis(theme, words["x"], gap=26),
        "yAxis": {**_axis(theme, "", gap=0), **category},
        "series": [bar],
    }


def sphere_flow(
    views: ArrayLike, steps: Sequence[int], theme: Theme, *, title: str, words: Mapping[str, str]
) -> go.Figure:
    """Pairs moving on the sphere, one frame a state, with play and pause; joined by a line in each pair.

    Args:
        views: (s, 2, N, 3) unit vectors.
        steps: (s,) number of each state.
        theme: Palette.
        title: Objective and temperature.
        words: `anchor`, `positive`, `play`, `pause`.
    """
    pairs = np.asarray(views, dtype=np.float32)
    n = pairs.shape[2]
    groups = [words["anchor"]] * n + [words["positive"]] * n
    figure = sphere_frames(pairs.reshape(len(pairs), 2 * n, 3), steps, theme, title=title, groups=groups)
    first, second = len(figure.data) - 2, len(figure.data) - 1
    figure.data[first].marker = {"size": 5, "color": theme.text, "symbol": "diamond"}
    figure.data[second].marker = {"size": 5, "color": theme.positive, "symbol": "circle"}
    line = {"color": theme.positive, "width": 4}
    figure.add_scatter3d(**_ties(pairs[0]), mode="lines", line=line, hoverinfo="skip", showlegend=False)
    for frame, state in zip(figure.frames, pairs, strict=True):
        frame.data = (*frame.data, go.Scatter3d(**_ties(state)))
        frame.traces = (*frame.traces, second + 1)
    legend = {"x": 1, "xanchor": "right", "y": 0.98, "yanchor": "top"}
    return figure.update_layout(
        updatemenus=[_player(theme, words)], margin={"t": 84}, height=HEIGHT, legend=legend
    )


def _ties(state: Any) -> dict[str, Any]:
    """The lines of (2, N, 3) pairs as one broken line."""
    gap = np.full_like(state[0], np.nan)
    points = np.stack([state[0], state[1], gap], axis=1).reshape(-1, 3)
    return {"x": points[:, 0], "y": points[:, 1], "z": points[:, 2]}


def _player(theme: Theme, words: Mapping[str, str]) -> dict[str, Any]:
    run = {"frame": {"duration": 60, "redraw": True}, "transition": {"duration": 0}, "fromcurrent": True}
    halt = {"frame": {"duration": 0, "redraw": False}, "mode": "immediate", "transition": {"duration": 0}}
    buttons = [
        {"label": plotly_text(words["play"]), "method": "animate", "args": [None, run]},
        {"label": plotly_text(words["pause"]), "method": "animate", "args": [[None], halt]},
    ]
    return {
        "type": "buttons", "direction": "left", "buttons": buttons, "x": 0, "y": 1, "xanchor": "left",
        "yanchor": "bottom", "bgcolor": theme.background, "bordercolor": theme.muted,
        "font": {"color": theme.text, "size": 13}, "pad": {"t": 4, "b": 4}, "showactive": False,
    }  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _short(values: Any) -> list[float]:
    return [float(f"{value:.6g}") for value in values]


def _pairs(x: Any, y: Any) -> list[list[float]]:
    return [list(pair) for pair in zip(_short(x), _short(y), strict=True)]


def _plain(theme: Theme, title: str, names: Sequence[str]) -> Option:
    heading = {"color": theme.text, "fontSize": 15, "fontWeight": 400, "fontFamily": FONT}
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "title": {"text": title, "left": 0, "top": 0, "textStyle": heading},
        "legend": {"show": bool(names), "top": 26, "left": 0, "data": list(names),
                   "textStyle": {"color": theme.text}},
        "tooltip": {"trigger": "item", "backgroundColor": theme.background, "borderColor": theme.grid,
                    "textStyle": {"color": theme.text}, "confine": True},
        "grid": {"left": 62, "right": 18, "top": 64, "bottom": 46, **_EXACT},
    }  # fmt: skip


def _axis(theme: Theme, label: str, *, gap: int, ends: tuple[float, float] | None = None) -> Option:
    limits = {} if ends is None else {"min": ends[0], "max": ends[1]}
    return {
        "type": "value", "name": label, "nameLocation": "middle", "nameGap": gap,
        "nameTextStyle": {"color": theme.muted, "fontSize": 13},
        "axisLabel": {"color": theme.muted, "fontSize": 12},
        "axisLine": {"show": True, "lineStyle": {"color": theme.grid}}, "axisTick": {"show": False},
        "splitLine": {"lineStyle": {"color": theme.grid}}, **limits,
    }  # fmt: skip
