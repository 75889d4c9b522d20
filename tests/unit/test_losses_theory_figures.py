"""Figures of the tabs Curves, Log-sum-exp and Towers: what is drawn, where, in which unit."""

from __future__ import annotations

import numpy as np
import pytest

from simcse_core.evaluation.towers import Latency
from simcse_core.figures.pair_curves import Drawn, pair_curves
from simcse_core.figures.smooth_maximum import smooth_maximum_panels
from simcse_core.figures.theme import DARK, LIGHT, Theme
from simcse_core.figures.towers import SIDES, cost_panels, mismatch

X = np.linspace(-0.9, 0.9, 19)
WORDS = dict.fromkeys(
    ("title", "cosine", "loss", "slope", "pair", "terms", "weight", "scale", "largest", "smooth",
     "bound", "passes", "latency", "candidates", "probability", "score", *SIDES),
    "word",
)  # fmt: skip


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_shares_are_drawn_between_minus_one_and_one(theme: Theme) -> None:
    one = Drawn("<b>mine", 5 + X**2, 2 * X, 0)
    flat = Drawn("flat", np.ones_like(X), np.zeros_like(X), 1)
    figure = pair_curves(X, [one, flat], theme, at=0.5, marks={"others": 0.2}, relative=True, words=WORDS)
    loss, slope, mark = figure.data[:3]
    assert loss.name == "&lt;b&gt;mine" and slope.showlegend is False
    assert np.abs(slope.y).max() == pytest.approx(1) and np.min(loss.y) == 0
    assert loss.y == pytest.approx((X**2 - (X**2).min()) / 1.8, abs=1e-6)
    assert (mark.x[0], mark.y[0]) == pytest.approx((0.5, 0.5 / 0.9))
    assert np.abs(figure.data[4].y).max() == 0  # a flat one is no division by zero
    assert tuple(figure.layout.yaxis2.range) == (-1.08, 1.08)
    raw = pair_curves(X, [one], theme, at=0.5, marks={}, relative=False, words=WORDS)
    assert raw.data[1].y == pytest.approx(2 * X, abs=1e-6)


def test_the_band_of_the_smooth_maximum_holds_its_curve() -> None:
    scales = np.logspace(0, 3, 31)
    terms = np.array([0.2, 0.5, 0.5])
    values = np.log(np.exp(scales[:, None] * (terms - 0.5)).sum(axis=1)) / scales + 0.5
    weights = np.array([0.1, 0.45, 0.45])
    figure = smooth_maximum_panels(
        ["a", "b", "c"], terms, weights, scales, values, LIGHT, scale=10.0, limits=(-1, 1), words=WORDS
    )
    bars, band, _, curve, now = figure.data
    assert list(bars.text) == ["10 %", "45 %", "45 %"] and list(bars.y) == pytest.approx(terms)
    upper, lower = np.array(band.y[:31]), np.array(band.y[31:])[::-1]
    assert ((curve.y >= lower - 1e-12) & (curve.y <= upper + 1e-12)).all()
    at_ten = np.log(np.exp(10 * (terms - 0.5)).sum()) / 10 + 0.5
    assert now.y[0] == pytest.approx(at_ten, abs=2e-3)  # between two drawn points


def test_costs_are_counted_above_and_measured_below() -> None:
    rows = [Latency(10, 4.0, 1.0, 9.0), Latency(100, 40.0, 1.5, 90.0)]
    figure = cost_panels(7, 1000, rows, DARK, words=WORDS)
    above, below = figure.data[0::2], figure.data[1::2]
    n = np.array(above[0].x)
    for trace, passes in zip(above, (7 + n, 7 + 0 * n, 7 * n), strict=True):
        assert trace.y == pytest.approx(passes)
    assert [list(trace.y) for trace in below] == [[5.0, 41.5], [1.0, 1.5], [9.0, 90.0]]
    assert len({(trace.line.color, trace.line.dash) for trace in above}) == len(SIDES)


def test_a_pairs_texts_are_disarmed_on_hover() -> None:
    figure = mismatch([0.5], [0.2], [3.0], [("<i>a", "b %{x}")], LIGHT, words=WORDS)
    assert "<i>" not in figure.data[0].text[0] and "%{x}" not in figure.data[0].text[0]
    assert (figure.data[0].marker.cmin, figure.data[0].marker.cmax) == (0, 5)
