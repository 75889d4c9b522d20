"""The figures of the traps: what they draw is what they were given."""

from __future__ import annotations

import numpy as np
import pytest

from simcse_core.figures import traps
from simcse_core.figures.theme import DARK, LIGHT, Theme

WORDS = {
    name: name
    for name in ("title", "x", "y", "points", "mean", "before", "seed", "english", "chosen", *traps.WAYS)
}


@pytest.fixture(params=[LIGHT, DARK], ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    return request.param  # type: ignore[no-any-return]


def test_lines_pass_the_middle_with_their_slope_inside_their_band(theme: Theme) -> None:
    one = traps.Slope("a<b>", traps.OTHER, [50.0, None, 40.0], (2.0, 48.0), -1.0, -1.5, -0.5)
    figure = traps.lengths(
        [one], [0.0, None, 5.0], ([0, 3], [10.0, 90.0]), theme, words=WORDS, limits=(20, 80)
    )
    points, band, line, means = figure.data
    assert np.asarray(points.y).tolist() == [10, 90] and line.name == "a&lt;b&gt;"
    x, y = np.asarray(line.x), np.asarray(line.y)
    assert np.polyfit(x, y, 1) == pytest.approx([-1.0, 50.0])
    half = len(x)
    low, high = np.asarray(band.y)[half:][::-1], np.asarray(band.y)[:half]
    assert (low <= y + 1e-9).all() and (y <= high + 1e-9).all() and low[-1] < y[-1] < high[-1]
    assert list(means.x) == [0.0, 5.0] and list(means.y) == [50.0, 40.0]
    assert tuple(figure.layout.yaxis.range) == (20, 80)


def test_sizes_show_the_mean_in_the_band_of_the_seeds_on_a_log_axis(theme: Theme) -> None:
    scores = np.array([[60.0, 70.0], [64.0, 72.0]])
    figure = traps.sizes(
        [traps.Sized("InfoNCE", traps.PLAIN, [8, 64], scores)], 55.0, theme, words=WORDS, limits=(50, 80),
        at=64,
    )  # fmt: skip
    start, band, *seeds, mean = figure.data
    assert list(start.y) == [55, 55] and list(mean.y) == [62, 71]
    assert list(band.y) == [64, 72, 70, 60] and [list(s.y) for s in seeds] == scores.tolist()
    assert figure.layout.xaxis.type == "log" and list(figure.layout.xaxis.ticktext) == ["8", "64"]
    assert figure.layout.shapes[0].x0 == 64


def test_every_way_has_its_bars_and_a_pattern_of_its_own(theme: Theme) -> None:
    values = {way: [float(k), 2.0] for k, way in enumerate(traps.WAYS)}
    figure = traps.pushes(["1 → 2", "<b>"], values, theme, words=WORDS)
    assert [bar.name for bar in figure.data] == list(traps.WAYS)
    assert [list(bar.x) for bar in figure.data] == list(values.values())
    assert list(figure.data[0].y) == ["1 → 2", "&lt;b&gt;"]
    patterns = {bar.marker.pattern.shape for bar in figure.data}
    colours = {bar.marker.color for bar in figure.data}
    assert len(patterns) == len(colours) == len(traps.WAYS)


def test_the_chosen_pair_is_pointed_out(theme: Theme) -> None:
    gold, cosines = [0.0, 5.0], [0.9, 0.8]
    figure = traps.gold_against_cosine(gold, cosines, 0.3, 1, theme, words=WORDS)
    every, line, star = figure.data
    assert list(every.x) == gold and list(line.y) == [0.3, 0.3] and list(star.x) == [5.0]
    assert len(traps.gold_against_cosine(gold, cosines, 0.3, None, theme, words=WORDS).data) == 2
