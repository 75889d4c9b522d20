"""Figures of the objectives: what is drawn is what was measured, at every step."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from simcse_core.evaluation.compare import places
from simcse_core.figures.histograms import density
from simcse_core.figures.losses import GROUPS, LOOKS, TOP, Trained, lowest, merged, tiles
from simcse_core.figures.losses_panels import bars, paths, plane
from simcse_core.figures.theme import DARK, LIGHT

EDGES = np.round(np.linspace(-1, 1, 81), 3)
STEPS, SEEDS, PAIRS = (0, 5, 10), (42, 43), 30
TILES = ("title", "cosine", "density", "positive", "negative", "random", "pair", "auc", "mean")
PANEL = ("title", "score", "start", "seed", "alignment", "uniformity", "better")


def trained(place: int, shift: float = 0.0, name: str = "One") -> Trained:
    rng = np.random.default_rng(place)
    shapes = {
        group: np.stack([density(np.tanh(rng.normal(shift, 0.2, 400)), EDGES) for _ in STEPS])
        for group in GROUPS
    }
    table = {
        m: rng.uniform(0.1, 0.9, (2, 3))
        for m in ("spearman", "alignment", "uniformity", "mean_cosine", "auc")
    }
    return Trained(name, LOOKS[place], STEPS, SEEDS, table, shapes, rng.uniform(-1, 1, (2, 3, PAIRS)))


def drawn(figure: go.Figure, words: dict[str, str]) -> dict[str, list[Any]]:
    return {group: [t for t in figure.data if t.name == words[group]] for group in (*GROUPS, "pair")}


@pytest.mark.parametrize("count", [1, 2, 3, 4])
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_tiles_show_densities_numbers_and_the_pair(count: int, theme: Any) -> None:
    words = {word: word for word in TILES}
    shown = [trained(i, 0.1 * i, f"<b>{i}") for i in range(count)]
    figure = tiles(shown, EDGES, theme, words=words, at=5, pair=3)
    found = drawn(figure, words)
    for place, one in enumerate(shown):
        for group in GROUPS:
            line = found[group][place]
            assert line.y[1:-1] == pytest.approx(merged(one.densities[group][1]), abs=1e-5)
            assert (line.y[0], line.y[-1]) == (0, 0) and (line.x[0], line.x[-1]) == (-1, 1)
        assert found["pair"][place].x == pytest.approx([one.tracked(3)[:, 1].mean()] * 2)
    assert sum(t.showlegend for t in figure.data) == 4
    texts = [t.text[0] for t in figure.data if t.mode == "text"]
    assert texts[0] == f"auc {shown[0].mean('auc', 5):.2f}<br>mean {shown[0].mean('mean_cosine', 5):.2f}"
    assert {note.text for note in figure.layout.annotations} == {f"&lt;b&gt;{i}" for i in range(count)}
    assert len(figure.to_json()) < 1_000_000


def test_every_frame_holds_every_trace_of_its_step() -> None:
    words = {word: word for word in TILES}
    shown = [trained(0), trained(1, 0.4)]
    figure = tiles(shown, EDGES, LIGHT, words=words, at=10, pair=None)
    assert [frame.name for frame in figure.frames] == ["0", "5", "10"]
    for at, frame in enumerate(figure.frames):
        assert len(frame.data) == len(figure.data)
        assert frame.data[0].y[1:-1] == pytest.approx(merged(shown[0].densities["random"][at]), abs=1e-5)
    assert figure.layout.sliders[0].active == 2
    assert all(len(t.x) == 0 for t in figure.data if t.name == "pair")


def test_merged_bins_keep_their_area() -> None:
    shape = density(np.linspace(-0.9, 0.7, 333), EDGES)
    assert merged(shape).sum() * 0.05 == pytest.approx(1)
    assert merged(np.stack([shape] * 3)).shape == (3, 40)


def test_a_collapsed_objective_does_not_flatten_the_others() -> None:
    words = {word: word for word in TILES}
    flat = trained(0)
    spike = {group: np.tile(density([0.99] * 9, EDGES), (3, 1)) for group in GROUPS}
    collapsed = Trained("c", LOOKS[1], STEPS, SEEDS, flat.measures, spike)
    figure = tiles([flat, collapsed], EDGES, LIGHT, words=words, at=10)
    assert figure.layout.yaxis.range[1] == TOP == figure.layout.yaxis2.range[1]


@pytest.mark.parametrize(("cosines", "left"), [([0.4, 0.9], 0.0), ([-0.05, 0.9], -0.2), ([-0.93, 0.2], -1.0)])
def test_the_axis_begins_where_something_is_seen(cosines: list[float], left: float) -> None:
    shapes = {group: np.tile(density(cosines, EDGES), (3, 1)) for group in GROUPS}
    one = Trained("a", LOOKS[0], STEPS, SEEDS, {}, shapes)
    assert lowest([one], EDGES) == pytest.approx(left)


def test_steps_between_measurements_show_the_last_one() -> None:
    one = trained(0)
    assert [one.index(step) for step in (-1, 0, 4, 5, 9, 10, 99)] == [0, 0, 0, 1, 1, 2, 2]


def test_a_pair_stands_where_it_does_among_all() -> None:
    one = trained(2)
    assert one.cosines is not None
    assert one.standing(4)[1, 2] == pytest.approx(places(one.cosines[1, 2])[4])
    assert np.isnan(Trained("a", LOOKS[0], STEPS, SEEDS, {}, {}).standing(4)).all()


def test_bars_are_means_with_a_mark_a_seed() -> None:
    words = {word: word for word in PANEL}
    shown = [trained(0, name="a"), trained(1, name="b")]
    figure = bars(shown, LIGHT, words=words, at=10, start=0.3, limits=(0, 1))
    found = [t for t in figure.data if t.type == "bar"]
    assert [t.x[0] for t in found] == pytest.approx([one.mean("spearman", 10) for one in shown])
    marks = [t for t in figure.data if t.type == "scatter"]
    assert (
        marks[1].x == pytest.approx(shown[1].values("spearman", 10)) and tuple(marks[1].customdata) == SEEDS
    )
    assert figure.layout.shapes[0].x0 == 0.3


def test_the_plane_leads_from_the_start_to_the_mean() -> None:
    words = {word: word for word in PANEL}
    one = trained(0)
    figure = plane([one], LIGHT, words=words, at=5, start=(0.2, -1.5))
    path = figure.data[0]
    assert path.x == pytest.approx([0.2, one.mean("alignment", 5)])
    assert path.y == pytest.approx([-1.5, one.mean("uniformity", 5)])
    assert figure.data[1].x == pytest.approx(one.values("alignment", 5))


def test_paths_are_means_in_bands() -> None:
    one = trained(1)
    (line,) = paths([one], [one.tracked(7)])
    assert line.y == pytest.approx(one.tracked(7).mean(axis=0))
    assert line.band is not None and line.band[1] == pytest.approx(one.tracked(7).max(axis=0))
