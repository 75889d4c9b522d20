"""Figures of pull and spread: what is drawn is what was computed, in both appearances."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simcse_core.figures import sphere
from simcse_core.figures.theme import DARK, LIGHT, Theme
from simcse_core.theory.jensen import eigenvalue, jensen_gap
from simcse_core.theory.scenes import circle, scene
from simcse_core.theory.simulator import simulate

PARTS = {name: name for name in ("title", "pull", "spread", "loss", "x", "y")}
GAP = {name: name for name in ("title", "curve", "points", "gap", "x", "y")}
BARS = {name: name for name in ("title", "mean", "largest", "row_sum", "total", "void", "x")}


@pytest.fixture(params=[LIGHT, DARK], ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    return request.param  # type: ignore[no-any-return]


def test_the_loss_of_a_row_is_the_sum_of_its_bars(theme: Theme) -> None:
    option = sphere.row_parts([-2.0, -1.5], [3.0, 2.25], theme, words=PARTS)
    pull, spread, loss = (series["data"] for series in option["series"])
    assert (pull, spread, loss) == ([-2.0, -1.5], [3.0, 2.25], [1.0, 0.75])
    assert len({series["color"] for series in option["series"]}) == 3
    json.dumps(option, allow_nan=False)


def test_the_gap_stands_between_the_chord_and_the_curve(theme: Theme) -> None:
    w = circle([0, 40, 170])
    exponents = (w[0] @ w.T - 1) / 0.5
    option = sphere.jensen(exponents, theme, words=GAP)
    curve, points, gap = option["series"]
    for x, y in [*curve["data"], *points["data"]]:
        assert y == pytest.approx(np.log(x), abs=1e-4)
    (x1, below), (x2, above) = (end["value"] for end in gap["data"])
    assert x1 == x2 == pytest.approx(np.exp(exponents).mean()) and above == pytest.approx(np.log(x1))
    assert below == pytest.approx(exponents.mean()) and below < above
    assert option["yAxis"]["min"] <= exponents.min() and option["yAxis"]["max"] == 0


def test_the_mean_of_the_rows_gaps_is_the_gap() -> None:
    w = circle([0, 40, 170, 200])
    rows = []
    for x in w:
        option = sphere.jensen((x @ w.T - 1) / 0.5, LIGHT, words=GAP)
        (_, below), (_, above) = (end["value"] for end in option["series"][2]["data"])
        rows.append(above - below)
    assert np.mean(rows) == pytest.approx(jensen_gap(w, temperature=0.5).gap)


def test_a_bound_that_does_not_apply_is_hatched_and_says_so(theme: Theme) -> None:
    narrow, wide = (
        sphere.bounds(eigenvalue(circle(angles)), theme, words=BARS) for angles in ([0, 30, 60], [0, 180])
    )
    assert narrow["yAxis"]["data"] == ["mean", "largest", "row_sum", "total"]
    assert wide["yAxis"]["data"] == ["mean", "largest", "row_sum\nvoid", "total\nvoid"]
    values = [bar["value"] for bar in narrow["series"][0]["data"]]
    assert values == sorted(values)
    bars = wide["series"][0]["data"]
    assert [bar["value"] for bar in bars] == [0, 2, 0, 0]
    assert [bar["itemStyle"]["decal"]["symbol"] for bar in bars] == ["none", "none", "rect", "rect"]


def test_the_sphere_has_a_frame_for_every_state_and_joins_pairs(theme: Theme) -> None:
    flow = simulate(scene("random", 5, dimension=3).views, steps=4, temperature=0.5)
    words = {"anchor": "a", "positive": "p", "play": "go", "pause": "halt"}
    figure = sphere.sphere_flow(flow.views, range(5), theme, title="T", words=words)
    assert [frame.name for frame in figure.frames] == ["0", "1", "2", "3", "4"]
    anchors, positives = figure.data[-3:-1]
    assert (anchors.marker.color, positives.marker.color) == (theme.text, theme.positive)
    for frame, state in zip(figure.frames, flow.views, strict=True):
        moved = dict(zip(frame.traces, frame.data, strict=True))
        first, second, lines = (moved[len(figure.data) - k] for k in (3, 2, 1))
        assert first.x == pytest.approx(state[0, :, 0], abs=1e-6)
        assert second.z == pytest.approx(state[1, :, 2], abs=1e-6)
        assert lines.y[0::3] == pytest.approx(state[0, :, 1], abs=1e-6)
        assert lines.y[1::3] == pytest.approx(state[1, :, 1], abs=1e-6) and np.isnan(lines.y[2::3]).all()
    labels = [button.label for button in figure.layout.updatemenus[0].buttons]
    assert labels == ["go", "halt"] and len(figure.to_json()) < 200_000
