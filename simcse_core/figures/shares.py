"""A batch at one temperature: the matrix of probabilities or shares, and one row over all temperatures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from simcse_core.figures.layout import FONT, axis, styled
from simcse_core.figures.theme import WEIGHTS, Theme, plotly_text

NUMBERS_UP_TO = 12
HOVER_LENGTH = 44
POSITIVE, FRAME = "#56b4e9", "#ffffff"
"""Outline of a positive (the pale blue of the palette) and of the row in front: both show on the dark end of
the scale, where nearly all cells of a row are, in either appearance."""


def _short(text: str) -> str:
    return plotly_text(text if len(text) <= HOVER_LENGTH else text[: HOVER_LENGTH - 1] + "…")


def _box(x: tuple[float, float], y: tuple[float, float], colour: str, width: float) -> dict[str, Any]:
    return {"type": "rect", "x0": x[0], "x1": x[1], "y0": y[0], "y1": y[1], "layer": "above",
            "line": {"color": colour, "width": width}}  # fmt: skip


def share_matrix(
    values: ArrayLike,
    texts: Sequence[str],
    theme: Theme,
    *,
    title: str,
    unit: str,
    row: int | None = None,
    blank_diagonal: bool = False,
) -> go.Figure:
    """Every anchor against every candidate on the fixed range 0 to 1; positives outlined on the diagonal.

    Args:
        values: (n, n) probabilities or shares; rows are anchors.
        texts: n sentences, on hover; the axes show their numbers from 1.
        theme: Palette.
        title: What is shown, at which temperature.
        unit: Of the colour, such as "p".
        row: The anchor in front; its row is framed.
        blank_diagonal: Leave the positives empty, where they take no part.
    """
    shown = np.array(values, dtype=np.float32)
    n = len(texts)
    if blank_diagonal:
        np.fill_diagonal(shown, np.nan)
    figure = go.Figure(_share_heat(shown, texts, theme, unit))
    boxes = [_box((i - 0.5, i + 0.5), (i - 0.5, i + 0.5), POSITIVE, 1.5) for i in range(n)]
    if row is not None:
        boxes.append(_box((-0.5, n - 0.5), (row - 0.5, row + 0.5), FRAME, 2))
    step = 1 if n <= 16 else 4 if n <= 40 else 8
    places = [i for i in range(n) if i == 0 or (i + 1) % step == 0]
    ticks = {"tickvals": places, "ticktext": [str(i + 1) for i in places], "showgrid": False}
    return styled(
        figure,
        theme,
        title,
        height=500,
        shapes=boxes,
        margin={"l": 52, "r": 8, "t": 44, "b": 120},
        xaxis=axis(theme, "second view of sentence", (-0.5, n - 0.5), constrain="domain", **ticks),
        yaxis=axis(
            theme,
            "anchor: first view",
            (n - 0.5, -0.5),
            scaleanchor="x",
            constrain="domain",
            constraintoward="bottom",
            **ticks,
        ),
    )


def _share_heat(shown: NDArray[np.float32], texts: Sequence[str], theme: Theme, unit: str) -> go.Heatmap:
    names = [f"{i + 1} {_short(text)}" for i, text in enumerate(texts)]
    return go.Heatmap(
        z=shown,
        zmin=0,
        zmax=1,
        colorscale=WEIGHTS,
        text=[[f"{a}<br>{b}" for b in names] for a in names],
        texttemplate="%{z:.2f}" if len(texts) <= NUMBERS_UP_TO else None,
        hovertemplate=f"%{{text}}<br>{plotly_text(unit)} %{{z:.4f}}<extra></extra>",
        hoverongaps=False,
        colorbar={"title": {"text": unit, "side": "top"}, "orientation": "h", "thickness": 10, "y": -0.16,
                  "yanchor": "top", "outlinewidth": 0, "tickfont": {"color": theme.muted}},
    )  # fmt: skip


def share_curves(
    temperatures: ArrayLike,
    top_share: Sequence[tuple[str, ArrayLike]],
    effective: Sequence[tuple[str, ArrayLike]],
    theme: Theme,
    *,
    title: str,
    at: float,
    most: int,
) -> dict[str, Any]:
    """Share of the hardest negative over effective negatives, both against τ on a log axis.

    Args:
        temperatures: (T,) rising.
        top_share: Name and (T,) values of each curve, the anchor first, the batch second.
        effective: Likewise.
        theme: Palette.
        title: Whose curves these are.
        at: The chosen temperature, marked by a line.
        most: Number of negatives, one less than the upper end of the second panel.
    """
    taus = np.asarray(temperatures, dtype=np.float64)
    looks = (("negative", "solid", 2.5), ("before", "dashed", 2.0))
    series = []
    for panel, curves in enumerate((top_share, effective)):
        for (name, values), look in zip(curves, looks, strict=True):
            series.append(_curve(name, panel, taus, values, look, theme))
        series[-2]["markLine"] = {
            "symbol": "none",
            "silent": True,
            "label": {"show": panel == 0, "formatter": f"τ = {at:g}", "color": theme.text, "fontSize": 12},
            "lineStyle": {"color": theme.text, "width": 1.2, "type": "solid"},
            "data": [{"xAxis": at}],
        }
    heads = ("share of the hardest negative", f"effective negatives of {most}")
    return {
        "animation": False,
        "textStyle": {"fontFamily": FONT, "color": theme.text},
        "title": [
            {"text": title, "left": 0, "top": 0,
             "textStyle": {"color": theme.text, "fontSize": 15, "fontWeight": 400, "fontFamily": FONT}},
            *({"text": head, "left": 0, "top": top,
               "textStyle": {"color": theme.muted, "fontSize": 12, "fontWeight": 400, "fontFamily": FONT}}
              for head, top in zip(heads, (60, 262), strict=True)),
        ],
        "legend": {"top": 26, "left": 0, "data": [name for name, _ in top_share],
                   "textStyle": {"color": theme.text}},
        "tooltip": {"trigger": "axis", "renderMode": "richText", "backgroundColor": theme.background,
                    "borderColor": theme.grid, "textStyle": {"color": theme.text}, "confine": True},
        "grid": [{"left": 44, "right": 24, "top": 90, "height": 130},
                 {"left": 44, "right": 24, "top": 290, "height": 130}],
        "xAxis": [_tau_axis(theme, panel, taus) for panel in (0, 1)],
        "yAxis": [_value_axis(theme, 0, 1), _value_axis(theme, 1, most + 1)],
        "series": series,
    }  # fmt: skip


def _curve(
    name: str, panel: int, taus: Any, values: ArrayLike, look: tuple[str, str, float], theme: Theme
) -> dict[str, Any]:
    role, dash, width = look
    heights = np.asarray(values, dtype=np.float64)
    return {
        "type": "line", "id": f"{name} {panel}", "name": name, "xAxisIndex": panel, "yAxisIndex": panel,
        "data": [[float(f"{x:.4g}"), float(f"{y:.5g}")] for x, y in zip(taus, heights, strict=True)],
        "symbol": "none", "color": getattr(theme, role),
        "lineStyle": {"color": getattr(theme, role), "type": dash, "width": width},
    }  # fmt: skip


def _tau_axis(theme: Theme, panel: int, taus: Any) -> dict[str, Any]:
    last = panel == 1
    return {
        "type": "log", "gridIndex": panel, "min": float(taus[0]), "max": float(taus[-1]),
        "name": "temperature τ (log)" if last else "", "nameLocation": "middle", "nameGap": 26,
        "nameTextStyle": {"color": theme.muted, "fontSize": 12},
        "axisLabel": {"color": theme.muted, "fontSize": 11, "show": last},
        "axisLine": {"lineStyle": {"color": theme.grid}}, "splitLine": {"lineStyle": {"color": theme.grid}},
    }  # fmt: skip


def _value_axis(theme: Theme, panel: int, high: int) -> dict[str, Any]:
    quarters = {"interval": high / 4} if high == 1 or high % 4 == 0 else {"minInterval": 1}
    return {
        "type": "value", "gridIndex": panel, "min": 0, "max": high, **quarters,
        "axisLabel": {"color": theme.muted, "fontSize": 11},
        "axisLine": {"show": True, "lineStyle": {"color": theme.grid}},
        "splitLine": {"lineStyle": {"color": theme.grid}},
    }  # fmt: skip
