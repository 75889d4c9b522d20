"""The race's figures: what they draw is what they were given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from pages.race import standing
from simcse_core.figures.race import FILLED, LOOKS, OWN, Runner, limits_of, race
from simcse_core.figures.race_panels import (
    ECHARTS_DASHES,
    ECHARTS_SYMBOLS,
    cosine_multiples,
    score_curves,
)
from simcse_core.figures.theme import DARK, LIGHT

WORDS = {
    name: name
    for name in ("title", "alignment", "uniformity", "step", "score", "start", "better", "seed", "cosine",
                 "before", "after")
}  # fmt: skip


def runner(name: str, place: int, *, far: float, wide: float = 0.01, score: float = 70.0) -> Runner:
    """Two seeds, `wide` apart at the end, in three measurements."""
    grow = np.array([0.0, 0.5, 1.0])
    sides = np.array([[-0.5], [0.5]])
    return Runner(
        name, LOOKS[place], [0, 5, 10],
        0.1 + far * grow + wide * sides * grow,
        -1.5 - 0.4 * grow + wide * sides * grow,
        60 + (score - 60) * grow + 100 * wide * sides * grow,
        [1, 2],
    )  # fmt: skip


TWO = [runner("a<b>", 0, far=0.05), runner("c", 1, far=0.2, score=65)]


def test_paths_are_means_over_the_seeds_and_end_in_an_arrow() -> None:
    figure = race(TWO, LIGHT, words=WORDS, limits=limits_of(TWO), at=10)
    paths = [trace for trace in figure.data if trace.showlegend]
    assert [path.name for path in paths] == ["a&lt;b&gt;", "c"]
    assert list(paths[1].x) == pytest.approx([0.1, 0.2, 0.3])
    assert list(paths[1].y) == pytest.approx([-1.5, -1.7, -1.9])
    for path, look in zip(paths, LOOKS, strict=False):
        assert list(path.marker.symbol) == [look.symbol, look.symbol, "arrow"]
        assert path.marker.angleref == "previous" and path.line.dash == look.dash
    singles = [t for t in figure.data if t.mode == "lines" and t.x is not None and len(t.x) == 3]
    assert any(list(t.x) == pytest.approx(TWO[1].alignment[0]) for t in singles)


def test_a_frame_shows_one_step_in_all_three_panels() -> None:
    figure = race(TWO, LIGHT, words=WORDS, limits=limits_of(TWO), at=5)
    assert [frame.name for frame in figure.frames] == ["0", "5", "10"]
    moving = [figure.data[i] for i in figure.frames[1].traces]
    for shown, framed in zip(moving, figure.frames[1].data, strict=True):  # the figure opens on that frame
        assert np.allclose(shown.x, framed.x) and np.allclose(shown.y, framed.y)
    for frame, count in zip(figure.frames, (1, 2, 3), strict=True):
        path, alignment, uniformity = frame.data[:3]
        assert len(path.x) == count
        assert alignment.y[0] == pytest.approx(path.x[-1]) and uniformity.y[0] == pytest.approx(path.y[-1])
        assert alignment.x[0] == uniformity.x[0] == int(frame.name)
    assert figure.layout.sliders[0].active == 1
    assert {step.method for step in figure.layout.sliders[0].steps} == {"animate"}
    assert all(step.args[1]["transition"]["duration"] == 0 for step in figure.layout.sliders[0].steps)


def test_axes_hold_every_run_and_do_not_move_with_the_choice() -> None:
    limits = limits_of(TWO)
    for some in (TWO, TWO[:1]):
        figure = race(some, LIGHT, words=WORDS, limits=limits, at=10)
        assert list(figure.layout.xaxis.range) == list(limits["alignment"])
        assert list(figure.layout.yaxis.range) == list(limits["uniformity"])
    low, high = limits["alignment"]
    assert low < 0.1 and high > max(one.alignment.max() for one in TWO)


def test_runners_measured_at_other_steps_wait_for_theirs() -> None:
    other = Runner("own", OWN[0], [0, 10], TWO[0].alignment[:1, ::2], TWO[0].uniformity[:1, ::2],
                   TWO[0].spearman[:1, ::2], [9])  # fmt: skip
    figure = race([TWO[0], other], LIGHT, words=WORDS, limits=limits_of([TWO[0], other]), at=5)
    assert [len(frame.data[3].x) for frame in figure.frames] == [1, 1, 2]


def test_coloured_by_score_all_share_one_scale_and_keep_their_shapes() -> None:
    limits = limits_of(TWO)
    figure = race(TWO, DARK, words=WORDS, limits=limits, at=10, by_score=True)
    paths = [trace for trace in figure.data if trace.showlegend]
    assert [list(path.marker.color) for path in paths] == [
        pytest.approx([60, 65, 70]), pytest.approx([60, 62.5, 65]),
    ]  # fmt: skip
    assert {path.marker.coloraxis for path in paths} == {"coloraxis"}
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == limits["spearman"]
    assert len({path.marker.symbol for path in paths}) == 2


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_no_two_runners_look_alike(theme: object) -> None:
    shapes = [(look.role, look.dash, look.symbol) for look in (*LOOKS, *OWN)]
    assert len(set(shapes)) == len(shapes)
    filled = [FILLED.get(look.symbol, look.symbol) for look in LOOKS]
    assert len(set(filled)) == len(filled) and not any("open" in one for one in filled)
    for look in (*LOOKS, *OWN):
        assert getattr(theme, look.role).startswith("#")
        assert look.dash in ECHARTS_DASHES and look.symbol in ECHARTS_SYMBOLS


def test_nine_runners_stay_within_the_budget_of_a_figure() -> None:
    steps = list(range(0, 21, 2))
    rows = np.random.default_rng(0).uniform(0.1, 0.3, (3, len(steps)))
    nine = [Runner(f"r{k}", LOOKS[k], steps, rows, -rows, 60 + rows, [1, 2, 3]) for k in range(9)]
    figure = race(nine, LIGHT, words=WORDS, limits=limits_of(nine), at=20)
    assert len(figure.to_json()) < 400_000


def test_score_curves_have_a_band_from_the_lowest_to_the_highest_seed() -> None:
    option = score_curves(TWO, LIGHT, words=WORDS, limits=(58.5, 71.2), at=5)
    named = {s["name"]: s for s in option["series"] if "name" in s}
    assert [p[1] for p in named["c"]["data"]] == pytest.approx([60, 62.5, 65])
    low, width = (s["data"] for s in option["series"][:2])
    assert [p[1] for p in low] == pytest.approx(TWO[0].spearman.min(axis=0).tolist())
    assert [p[1] for p in width] == pytest.approx([0, 0.5, 1.0])
    assert (option["yAxis"]["min"], option["yAxis"]["max"]) == (58, 72)
    assert named["a<b>"]["markLine"]["data"] == [{"xAxis": 5}]
    json.dumps(option)


def test_undefined_scores_leave_a_gap_and_no_error() -> None:
    torn = Runner("t", LOOKS[2], [0, 5, 10], TWO[0].alignment, TWO[0].uniformity,
                  np.array([[60, np.nan, 62], [60, np.nan, 63]]), [1, 2])  # fmt: skip
    option = score_curves([torn], LIGHT, words=WORDS, limits=limits_of([torn])["spearman"])
    curve = next(s for s in option["series"] if s.get("name") == "t")
    assert [p[1] for p in curve["data"]] == [60, None, 62.5]


def test_small_multiples_share_their_axis_and_show_the_start_dashed() -> None:
    edges, before = np.linspace(0, 1, 5), np.array([0.0, 1.0, 2.0, 1.0])
    after = {f"r{k}": (before[::-1] * (k + 1), LOOKS[k]) for k in range(3)}
    figure = cosine_multiples(edges, before, after, LIGHT, words=WORDS)
    assert len(figure.data) == 6
    for k in range(3):
        start, end = figure.data[2 * k : 2 * k + 2]
        assert np.allclose(start.y, before) and start.line.dash == "dash"
        assert np.allclose(end.y, before[::-1] * (k + 1))
    tops = {figure.layout[name].range[1] for name in ("yaxis", "yaxis2", "yaxis3")}
    assert len(tops) == 1 and tops.pop() > 6


def test_ends_and_order() -> None:
    runners = {"near": runner("n", 0, far=0.05, score=70), "mid": runner("m", 1, far=0.2, score=69.5),
               "last": runner("l", 2, far=0.1, score=60)}  # fmt: skip
    assert standing.end(runners["near"], "alignment") == pytest.approx((0.15, 0.145, 0.155))
    best, near, spread = standing.top(runners, "spearman")
    assert (best, near) == ("near", ["mid"]) and spread == pytest.approx(1.0)
    assert standing.top(runners, "alignment")[:2] == ("mid", [])
    assert standing.drifter(runners) == "mid"
    assert standing.change(runners["last"], "uniformity") == pytest.approx(-0.4)


def test_a_runner_that_does_not_spread_out_is_no_drifter() -> None:
    stuck = runner("s", 0, far=0.5)
    stuck = Runner("s", LOOKS[0], stuck.steps, stuck.alignment, -stuck.uniformity - 3, stuck.spearman, [1, 2])
    assert standing.change(stuck, "uniformity") > 0
    assert standing.drifter({"s": stuck, "c": TWO[1]}) == "c"
    assert standing.drifter({"s": stuck}) is None


@pytest.mark.parametrize(("identical", "holds"), [(0.2, True), (0.051, False), (0.01, False)])
def test_the_papers_finding_needs_every_identical_view_beyond_every_seed(
    identical: float, holds: bool
) -> None:
    runners = {
        "dropout": runner("d", 0, far=0.05),
        "no_dropout": runner("n", 1, far=identical),
        "same_mask": runner("s", 2, far=0.2),
    }
    assert standing.identical_drift_more(runners) is holds
    assert standing.identical_drift_more({"dropout": runners["dropout"]}) is None
