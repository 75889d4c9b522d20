"""Loss and slope of objectives against the cosine of one pair, one above the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray
from plotly.subplots import make_subplots

from simcse_core.figures.layout import axis, styled
from simcse_core.figures.race import LOOKS
from simcse_core.figures.theme import Theme, plotly_text

HEIGHT, LEGEND_ROW = 560, 24  # pixels
FLAT = 1e-12  # a largest slope below this is none at all


@dataclass(frozen=True)
class Drawn:
    """One objective.

    Attributes:
        name: In the legend.
        loss: (n,).
        slope: (n,) ∂L/∂s.
        place: Which look it has, whatever else is drawn.
    """

    name: str
    loss: NDArray[np.float64]
    slope: NDArray[np.float64]
    place: int

    @property
    def strength(self) -> float:
        """Largest |slope|; 1 where the objective is flat everywhere."""
        found = float(np.abs(self.slope).max())
        return found if found > FLAT else 1.0


def pair_curves(
    cosines: ArrayLike,
    drawn: Sequence[Drawn],
    theme: Theme,
    *,
    at: float,
    marks: Mapping[str, float],
    relative: bool,
    words: Mapping[str, str],
) -> go.Figure:
    """Losses above their slopes over one axis of cosines.

    Args:
        cosines: (n,) rising.
        drawn: One or a few objectives.
        theme: Palette.
        at: Cosine that an upright line marks.
        marks: What else is on the axis: a word and its cosine, such as the other positives.
        relative: Divide loss and slope of each objective by its largest |slope|; the loss starts at 0.
        words: `title`, `cosine`, `loss`, `slope`, `pair`.
    """
    x = np.asarray(cosines, dtype=np.float64)
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.07, row_heights=[0.45, 0.55])
    for one in drawn:
        _add(figure, x, one, theme, at=at, scale=one.strength if relative else 1.0)
    figure.add_hline(y=0, line={"color": theme.muted, "width": 1}, row=2, col=1)
    figure.add_vline(x=at, line={"color": theme.text, "width": 1.5})
    _name(figure, at, f"<b>{words['pair']}</b>", theme, 1.0)
    for word, cosine in marks.items():
        figure.add_vline(x=cosine, line={"color": theme.muted, "width": 1, "dash": "dot"})
        _name(figure, cosine, plotly_text(word), theme, 0.4)
    limits = (-1.0, 1.0)
    figure.update_xaxes(axis(theme, "", limits), row=1, col=1)
    figure.update_xaxes(axis(theme, words["cosine"], limits), row=2, col=1)
    figure.update_yaxes(axis(theme, words["loss"]), row=1, col=1)
    figure.update_yaxes(axis(theme, words["slope"], (-1.08, 1.08) if relative else None), row=2, col=1)
    rows = max(1, len(drawn) - 1)  # of the legend on a phone
    margin = {"l": 64, "r": 12, "t": 44 + LEGEND_ROW * rows, "b": 48}
    return styled(figure, theme, words["title"], height=HEIGHT + LEGEND_ROW * rows, margin=margin)


def _add(
    figure: go.Figure, x: NDArray[np.float64], one: Drawn, theme: Theme, *, at: float, scale: float
) -> None:
    """Loss and slope of one objective, and a mark on the slope at the pair's cosine."""
    look = LOOKS[one.place % len(LOOKS)]
    colour, name = getattr(theme, look.role), plotly_text(one.name)
    values = (one.loss - one.loss.min()) / scale, one.slope / scale
    for row, y in enumerate(values, start=1):
        figure.add_scatter(
            x=x.astype(np.float32), y=y.astype(np.float32), mode="lines", row=row, col=1, name=name,
            line={"color": colour, "dash": look.dash, "width": 2.5}, legendgroup=one.name,
            showlegend=row == 1, hovertemplate=f"%{{x:.2f}}: %{{y:.3g}}<extra>{name}</extra>",
        )  # fmt: skip
    near = int(np.abs(x - at).argmin())
    figure.add_scatter(
        x=[x[near]], y=[values[1][near]], mode="markers", row=2, col=1, showlegend=False,
        hoverinfo="skip", marker={"symbol": look.symbol, "size": 11, "color": colour},
    )  # fmt: skip


def _name(figure: go.Figure, x: float, text: str, theme: Theme, height: float) -> None:
    """A word at the foot of an upright line, on the side with more room."""
    figure.add_annotation(
        x=x, y=height, xref="x", yref="y2 domain" if height < 1 else "y domain", text=text, showarrow=False,
        xanchor="left" if x < -0.4 else "right", yanchor="top", font={"size": 12, "color": theme.muted},
    )  # fmt: skip
