"""One number over the layers of an encoder, a line for each read-out, as an ECharts option."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from simcse_core.figures.cone_curves import EXACT, Option, plain_option, value_axis
from simcse_core.figures.theme import Theme

LAYER_MARKS = (
    ("text", "circle", "solid"),
    ("positive", "rect", "dashed"),
    ("hard", "triangle", "dotted"),
    ("false", "diamond", "dashed"),
    ("negative", "roundRect", "dotted"),
    ("muted", "emptyCircle", "solid"),
    ("noise", "pin", "dashed"),
)
"""Role, symbol and dash of the read-outs, in their order."""


@dataclass(frozen=True)
class Layers:
    """One read-out over the layers: name, layer -> value, place among all read-outs, whether it is chosen."""

    name: str
    values: Mapping[int, float]
    place: int
    chosen: bool = False


def layer_curves(
    curves: Sequence[Layers],
    theme: Theme,
    *,
    title: str,
    y_label: str,
    limits: tuple[float | None, float | None],
    marks: Mapping[str, int],
    reference: tuple[str, float] | None = None,
) -> Option:
    """One number over the layers, one line a read-out; the chosen one is drawn strong.

    Args:
        curves: One a read-out.
        theme: Palette.
        title: Of what encoder.
        y_label: With unit and good direction.
        limits: Ends of the value axis; None fits the data.
        marks: Label -> layer, as upright lines: where the page reads.
        reference: Name and value of a level line.
    """
    deepest = max(max(curve.values) for curve in curves)
    series = [_layer_line(curve, theme) for curve in curves]
    series[0]["markLine"] = {
        "symbol": ["none", "none"],
        "silent": True,
        "animation": False,
        "data": _reading_lines(marks, reference, theme),
        "label": {"color": theme.text, "fontSize": 12},
    }
    bottom = {
        **value_axis(theme, "layer (0: word and position embeddings)", 0, deepest, gap=26),
        "interval": 1,
    }
    return {
        **plain_option(theme, title, [curve.name for curve in curves], symbols=True),
        "animation": False,
        "grid": {"left": 62, "right": 18, "top": 108, "bottom": 46, **EXACT},
        "xAxis": bottom,
        "yAxis": value_axis(theme, y_label, *limits, gap=44),
        "series": series,
    }


def _layer_line(curve: Layers, theme: Theme) -> Option:
    role, symbol, dash = LAYER_MARKS[curve.place % len(LAYER_MARKS)]
    colour = getattr(theme, role)
    return {
        "type": "line",
        "id": curve.name,
        "name": curve.name,
        "data": [[layer, curve.values[layer]] for layer in sorted(curve.values)],
        "symbol": symbol,
        "color": colour,
        "symbolSize": 9 if curve.chosen else 6,
        "lineStyle": {
            "width": 4 if curve.chosen else 1.75,
            "type": "solid" if curve.chosen else dash,
            "color": colour,
        },
        "z": 5 if curve.chosen else 2,
    }


def _reading_lines(
    marks: Mapping[str, int], reference: tuple[str, float] | None, theme: Theme
) -> list[Option]:
    """Uprights at the marked layers, and the level to compare with."""
    lines: list[Option] = [
        {
            "xAxis": layer,
            "label": {"formatter": name, "position": "insideEndTop", "rotate": 0},
            "lineStyle": {"color": theme.muted, "type": "dashed"},
        }
        for name, layer in marks.items()
    ]
    if reference is not None:
        label = {"formatter": f"{reference[0]} {reference[1]:.3g}", "position": "insideEndBottom"}
        dotted = {"color": theme.muted, "type": "dotted"}
        lines.append({"yAxis": reference[1], "label": label, "lineStyle": dotted})
    return lines
