"""The bench's figures: what they draw is what they were given."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simcse_core.figures.bench import FLOOR, SCORES, Placed, Row, interval_rows, plane
from simcse_core.figures.bench_pairs import FEW, RIGHT, pair_errors
from simcse_core.figures.theme import DARK, LIGHT

WORDS = {
    name: name
    for name in ("title", "alignment", "uniformity", "score", "better", "collapsed", "even", "x", "y",
                 "others", "marked", "chosen", "high", "low")
}  # fmt: skip
POINTS = [Placed("raw<b>", 0.1, -0.4, 45.04), Placed("tuned", 0.3, -2.9, None)]


def test_checkpoints_stand_where_they_were_measured() -> None:
    figure = plane(POINTS, LIGHT, words=WORDS)
    first, second = figure.data
    assert (first.x[0], first.y[0], first.marker.color[0]) == (0.1, -0.4, 45.04)
    assert first.text[0].strip() == "raw&lt;b&gt; 45.0" and second.text[0].strip() == "tuned –"
    assert first.marker.symbol != second.marker.symbol  # told apart without colour
    assert second.marker.color == LIGHT.background and second.marker.coloraxis is None
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == SCORES


def test_names_of_near_marks_are_written_apart() -> None:
    high, low, far = (
        Placed("high", 0.1, -1.0, 1.0),
        Placed("low", 0.07, -1.1, 2.0),
        Placed("far", 0.1, -3.0, 3.0),
    )
    figure = plane([low, high, far], LIGHT, words=WORDS)
    assert [one.textposition for one in figure.data] == ["bottom right", "top right", "middle right"]


def test_the_plane_stays_put_unless_a_checkpoint_lies_outside() -> None:
    usual = plane(POINTS, DARK, words=WORDS).layout
    assert usual.xaxis.range == plane(POINTS[:1], DARK, words=WORDS).layout.xaxis.range
    assert usual.yaxis.range[0] < FLOOR < 0 < usual.yaxis.range[1]
    far = plane([Placed("far", 1.7, -1.0, 1.0)], DARK, words=WORDS).layout
    assert far.xaxis.range[1] > 1.7 and far.yaxis.range == usual.yaxis.range


def test_rows_hold_values_with_their_intervals() -> None:
    series = [
        Row("A", "before", "circle", [10.0, None], [8.0, None], [13.0, None]),
        Row("B", "after", "diamond", [20.0, 30.0], [19.0, 29.0], [22.0, 31.0]),
    ]
    figure = interval_rows(["first", "se<c"], series, LIGHT, words=WORDS, limits=(0, 40), apart={1})
    a, b = figure.data
    assert a.x[0] == 10 and np.isnan(a.x[1])
    assert (a.error_x.array[0], a.error_x.arrayminus[0]) == (3.0, 2.0)
    assert list(figure.layout.yaxis.ticktext) == ["first", "<b>se&lt;c</b>"]
    assert list(a.y) == pytest.approx([-0.16, 0.84]) and list(b.y) == pytest.approx([0.16, 1.16])
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # the first row on top
    assert not figure.layout.shapes
    signed = interval_rows(["one"], series[:1], LIGHT, words=WORDS, limits=(-5, 40))
    assert len(signed.layout.shapes) == 1  # a line at 0


def test_every_pair_is_drawn_once_and_the_chosen_one_again() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.uniform(-100, 100, (2, 50))
    marked = np.arange(50) % 5 == 0
    texts = [f"text {i} <i>" for i in range(50)]
    figure = pair_errors(first, second, DARK, words=WORDS, marked=marked, chosen=7, texts=texts)
    plain, kind, chosen = figure.data
    numbers = [int(n) for trace in (plain, kind) for n in np.ravel(trace.customdata)]
    assert sorted(numbers) == list(range(50)) and len(plain.x) == 40
    assert np.ravel(kind.customdata).tolist() == np.flatnonzero(marked).tolist()
    assert kind.x == pytest.approx(first[marked], rel=1e-6) and kind.y == pytest.approx(
        second[marked], rel=1e-6
    )
    assert chosen.x[0] == pytest.approx(first[7], rel=1e-6) and chosen.text[0] == "text 7 &lt;i&gt;"
    assert len({t.marker.symbol for t in figure.data}) == 3
    bands = [s for s in figure.layout.shapes if s.type == "rect"]
    assert {(s.y0, s.y1) for s in bands} & {(-RIGHT, RIGHT)} and {(s.x0, s.x1) for s in bands} & {
        (-RIGHT, RIGHT)
    }
    alone = pair_errors(first, second, DARK, words=WORDS)
    assert len(alone.data) == 2 and not len(alone.data[1].x) and alone.data[1].showlegend is False


def test_many_pairs_stay_small_and_carry_no_texts() -> None:
    count = 4927
    rng = np.random.default_rng(1)
    first, second = rng.uniform(-100, 100, (2, count))
    figure = pair_errors(first, second, LIGHT, words=WORDS, texts=["x" * 200] * count, chosen=3)
    assert count > FEW and {trace.type for trace in figure.data} == {"scattergl"}
    assert len(json.dumps(figure.to_plotly_json(), default=lambda v: v.tolist())) < 1_000_000
    assert figure.data[0].text is None
