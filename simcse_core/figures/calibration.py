"""Cosines of scored pairs by what people said of them, beside those of random pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from simcse_core.evaluation.calibration import QUANTILES, Calibration
from simcse_core.figures.layout import axis, styled
from simcse_core.figures.theme import Theme, faded, plotly_text

LIMITS = (-0.3, 1.05)
HEIGHT = 470


@dataclass(frozen=True, eq=False)
class Shown:
    """One checkpoint of the figure.

    Attributes:
        name: For the legend; a user's text.
        calibration: Its cosines.
        role: Colour, a field of the theme.
    """

    name: str
    calibration: Calibration
    role: str


def boxes(calibration: Calibration, random: str) -> dict[str, tuple[float, ...]]:
    """Row of the figure → the cosines at `QUANTILES`; `random` names the row of random pairs."""
    found = {random: tuple(np.quantile(calibration.random, QUANTILES).tolist())}
    for bucket in calibration.buckets:
        if bucket.quantiles:
            found[f"{bucket.low:g}–{bucket.high:g}"] = bucket.quantiles
    return found


def cosine_by_score(
    shown: Sequence[Shown], theme: Theme, *, cosine: float, words: Mapping[str, str]
) -> go.Figure:
    """A box a score and checkpoint: middle half, median, and whiskers over nine tenths of the pairs.

    Args:
        shown: Up to three; the threshold of the first is drawn as a band over its interval.
        theme: Palette.
        cosine: Marked by an upright line.
        words: `title`, `cosine`, `score`, `random`, `asked` and `threshold`, the name of the band.
    """
    figure = go.Figure()
    for one in reversed(shown):  # Plotly stacks horizontal groups from below
        rows = boxes(one.calibration, words["random"])
        low, first, middle, third, high = zip(*rows.values(), strict=True)
        figure.add_box(
            y=list(rows), orientation="h", lowerfence=low, q1=first, median=middle, q3=third, upperfence=high,
            name=plotly_text(one.name), line={"color": getattr(theme, one.role), "width": 2},
            fillcolor=faded(getattr(theme, one.role), 0.25), whiskerwidth=0.5,
        )  # fmt: skip
    _mark_threshold(figure, shown[0], theme, words["threshold"])
    figure.add_vline(
        x=cosine, line={"color": theme.text, "width": 2, "dash": "dot"},
        annotation={"text": words["asked"], "font": {"color": theme.text}, "yanchor": "bottom"},
        annotation_position="top",
    )  # fmt: skip
    figure.update_xaxes(axis(theme, words["cosine"], LIMITS))
    figure.update_yaxes(axis(theme, words["score"], type="category"))
    return styled(
        figure, theme, words["title"], height=HEIGHT, boxmode="group",
        legend={"orientation": "h", "x": 0, "y": 1.06, "yanchor": "bottom", "traceorder": "reversed"},
        margin={"l": 90, "r": 16, "t": 104, "b": 48},
    )  # fmt: skip


def _mark_threshold(figure: go.Figure, shown: Shown, theme: Theme, words: str) -> None:
    """A band over the interval of the threshold, named in the legend."""
    found = shown.calibration.threshold
    if found is None:
        return
    colour = faded(getattr(theme, shown.role), 0.3)
    figure.add_vrect(
        x0=found.low, x1=max(found.high, found.low + 0.004), line_width=0, fillcolor=colour, layer="below"
    )
    mark = {"symbol": "square", "size": 14, "color": colour}
    figure.add_scatter(x=[None], y=[None], mode="markers", marker=mark, name=words)
