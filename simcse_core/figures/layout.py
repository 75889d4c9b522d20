"""What all Plotly figures share: type, margins, axes, transparency."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from simcse_core.figures.theme import Theme

FONT = '"Source Sans", "Source Sans Pro", system-ui, sans-serif'
HEIGHT = 380


def axis(theme: Theme, title: str, limits: tuple[float, float] | None = None, **more: Any) -> dict[str, Any]:
    """A quiet axis: title with unit, fixed limits where given, thin grid, no zero line."""
    return {
        "title": {"text": title, "font": {"size": 13, "color": theme.muted}},
        "range": None if limits is None else list(limits),
        "gridcolor": theme.grid,
        "linecolor": theme.grid,
        "tickcolor": theme.grid,
        "tickfont": {"size": 12, "color": theme.muted},
        "zeroline": False,
        "fixedrange": False,
        **more,
    }


def styled(figure: go.Figure, theme: Theme, title: str, *, height: int = HEIGHT, **more: Any) -> go.Figure:
    """Give a figure its title (sentence case, with what was measured) and the shared look; returns it."""
    shared = {
        "title": {"text": title, "font": {"size": 15, "color": theme.text}, "x": 0, "xanchor": "left", "y": 1,
                  "yanchor": "top", "pad": {"t": 8}},
        "font": {"family": FONT, "color": theme.text, "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 56, "r": 16, "t": 64, "b": 48},
        "height": height,
        "hoverlabel": {"bgcolor": theme.background, "bordercolor": theme.grid, "font": {"color": theme.text}},
        "legend": {"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "itemsizing": "constant"},
        "hovermode": "closest",
    }  # fmt: skip
    return with_layout(figure, _merged(shared, more))


def with_layout(figure: go.Figure, wanted: Mapping[str, Any]) -> go.Figure:
    """What `figure.update_layout(**wanted)` does, in less time (`python -m benchmarks.layout`)."""
    have = figure.layout.to_plotly_json()
    known = {key: have[key] for key in wanted if isinstance(have.get(key), dict)}
    return figure.update_layout(_merged(known, wanted), overwrite=True)


def _merged(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Both, dictionaries within dictionaries too; where both have a value, the second one's."""
    both = dict(first)
    for key, value in second.items():
        inner = both.get(key)
        both[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return both
