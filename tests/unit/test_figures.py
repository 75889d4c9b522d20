from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import plotly.io
import pytest
from plotly.subplots import make_subplots

from simcse_core.figures.curves import Line, live_curve, spectrum
from simcse_core.figures.histograms import EDGES, Series, cosine_histogram, density
from simcse_core.figures.layout import axis, with_layout
from simcse_core.figures.maps import PLANE, Path, alignment_uniformity, sphere, sphere_frames
from simcse_core.figures.matrices import NUMBERS_UP_TO, similarity
from simcse_core.figures.rulers import Mark, percentile, percentile_ruler
from simcse_core.figures.theme import DARK, LIGHT, Theme

NASTY = "<b>50 %</b> & %{x}"


@pytest.fixture(params=[LIGHT, DARK], ids=lambda theme: theme.name)
def theme(request: pytest.FixtureRequest) -> Theme:
    return request.param  # type: ignore[no-any-return]


def cloud(*shape: int) -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(*shape, 3))
    return (points / np.linalg.norm(points, axis=-1, keepdims=True)).astype(np.float32)


def test_a_look_is_merged_as_plotly_merges_it(theme: Theme) -> None:
    def figure() -> go.Figure:
        made = make_subplots(rows=1, cols=2, subplot_titles=["a", "b"])
        made.add_trace(go.Scatter(x=[1, 2], y=[3, 4]), row=1, col=2)
        made.update_layout(margin={"l": 7, "b": 9}, title={"text": "old", "x": 0.5}, xaxis={"range": [0, 1]})
        return made

    wanted = {
        "title": {"text": "new", "font": {"size": 15}}, "margin": {"b": 80}, "xaxis": axis(theme, "x"),
        "yaxis2": axis(theme, "y", (0, 1)), "height": 300, "legend": {"x": 0},
    }  # fmt: skip
    assert with_layout(figure(), wanted) == figure().update_layout(**wanted) != figure()


def test_a_density_integrates_to_one_and_keeps_what_lies_beyond_the_edges() -> None:
    cosines = np.array([-0.9, -0.19, 0.0, 0.5, 1.0])
    heights = density(cosines)
    assert (heights * np.diff(EDGES)).sum() == pytest.approx(1)
    assert heights[0] * (EDGES[1] - EDGES[0]) == pytest.approx(0.4)
    assert len(EDGES) == 61 and EDGES[0] == -0.2 and EDGES[-1] == 1.0


def test_the_histogram_shows_every_series_on_fixed_axes_with_units(theme: Theme) -> None:
    heights = density(np.linspace(0, 0.9, 100))
    figure = cosine_histogram(
        EDGES,
        [Series("raw", heights, "before", 0.5), Series("now", heights, "after")],
        theme,
        title="T",
        top=9,
    )
    before, after = figure.data
    assert (before.line.dash, after.line.dash) == ("dash", "solid")
    assert (before.line.color, after.line.color) == (theme.before, theme.after)
    assert tuple(figure.layout.xaxis.range) == (-0.2, 1.0) and tuple(figure.layout.yaxis.range) == (0, 9)
    assert "cosine" in figure.layout.xaxis.title.text and figure.layout.yaxis.title.text == "density"
    assert len(figure.layout.shapes) == 1  # the mean of the one series that has it
    assert figure.layout.paper_bgcolor == "rgba(0,0,0,0)"


def test_a_path_runs_from_an_open_circle_to_a_star_with_an_arrow_on_its_longest_move(theme: Theme) -> None:
    path = Path("run", [0.2, 0.25, 0.3], [-1.0, -1.1, -2.5], [0, 10, 20])
    figure = alignment_uniformity([path], theme, title="T")
    trace = figure.data[0]
    assert trace.marker.symbol == ("circle-open", "circle", "star") and trace.customdata == (0, 10, 20)
    arrow = next(note for note in figure.layout.annotations if note.showarrow)
    assert (arrow.ax, arrow.ay) == (0.25, -1.1)
    assert tuple(figure.layout.xaxis.range) == PLANE[0] and tuple(figure.layout.yaxis.range) == PLANE[1]


def test_a_path_of_one_step_is_one_mark(theme: Theme) -> None:
    figure = alignment_uniformity(
        [Path("run", [0.2], [-1.0], [0])], theme, title="T", limits=((0, 1), (-2, 0))
    )
    assert len(figure.data[0].marker.symbol) == 1 and tuple(figure.layout.yaxis.range) == (-2, 0)


def test_the_sphere_has_a_cloud_a_group_and_disarmed_labels(theme: Theme) -> None:
    labels = [NASTY] * 4
    figure = sphere(cloud(4), theme, title="T", labels=labels, groups=["a", "b", "a", "b"])
    globe, *clouds = figure.data
    assert globe.mode == "lines" and [len(trace.x) for trace in clouds] == [2, 2]
    assert "<b>" not in clouds[0].text[0] and "%{" not in clouds[0].text[0]
    assert clouds[0].marker.symbol != clouds[1].marker.symbol
    assert figure.layout.scene.xaxis.range == (-1.05, 1.05)


def test_frames_move_the_clouds_and_redraw_and_stay_small(theme: Theme) -> None:
    points = cloud(40, 300)
    figure = sphere_frames(points, list(range(40)), theme, title="T", start=39)
    assert len(figure.frames) == 40 == len(figure.layout.sliders[0].steps)
    assert figure.layout.sliders[0].active == 39
    assert all(tuple(frame.traces) == (1,) for frame in figure.frames)
    assert figure.layout.sliders[0].steps[0].args[1]["frame"]["redraw"] is True
    np.testing.assert_array_equal(figure.frames[7].data[0].x, points[7, :, 0])
    assert len(plotly.io.to_json(figure)) < 1_000_000


def test_a_live_curve_is_plain_json_without_animation_and_with_gaps(theme: Theme) -> None:
    line = Line("loss", [0, 1, 2], [1.0, float("nan"), None])
    option = live_curve([line], theme, title="T", x_label="step", y_label="loss (nats)", y_limits=(0, 3))
    decoded = json.loads(json.dumps(option, allow_nan=False))
    assert decoded["series"][0]["data"] == [[0, 1.0], [1, None], [2, None]]
    assert decoded["animation"] is False and decoded["legend"]["show"] is False
    assert (decoded["yAxis"]["min"], decoded["yAxis"]["max"], decoded["yAxis"]["name"]) == (
        0,
        3,
        "loss (nats)",
    )


def test_a_band_lies_between_its_low_and_high_ends(theme: Theme) -> None:
    line = Line("score", [0, 1], [2.0, 3.0], band=([1.0, 2.5], [3.0, 4.0]))
    low, height, curve = live_curve([line], theme, title="T", x_label="step", y_label="y")["series"]
    assert [y for _, y in low["data"]] == [1.0, 2.5] and [y for _, y in height["data"]] == [2.0, 1.5]
    assert low["stack"] == height["stack"] and "stack" not in curve


def test_an_empty_live_curve_draws_its_axes(theme: Theme) -> None:
    option = live_curve(
        [Line("loss", [], [])], theme, title="T", x_label="step", y_label="y", x_limits=(0, 20)
    )
    assert option["series"][0]["data"] == [] and option["xAxis"]["max"] == 20


def test_a_spectrum_is_relative_to_its_largest_value_and_logarithmic(theme: Theme) -> None:
    option = spectrum({"raw": [4.0, 2.0, 0.0], "now": [1.0, 1.0]}, theme, title="T")
    raw, now = option["series"]
    assert raw["data"][:2] == [[1.0, 1.0], [2.0, 0.5]] and raw["data"][2][1] > 0
    assert raw["lineStyle"]["type"] == "dashed" and now["lineStyle"]["type"] == "solid"
    assert option["yAxis"]["type"] == "log" and option["xAxis"]["max"] == 3


def test_a_matrix_has_the_fixed_range_outlines_crosses_and_disarmed_texts(theme: Theme) -> None:
    figure = similarity(
        np.eye(3), theme, rows=[NASTY, "b" * 80, "c"], columns=["a", "b", "c"], title="T",
        outlined=[(0, 1)], hatched=[(2, 2)],
    )  # fmt: skip
    heat = figure.data[0]
    assert (heat.zmin, heat.zmax) == (-1, 1) and heat.texttemplate == "%{z:.2f}"
    outline, *cross = figure.layout.shapes
    assert (outline.type, outline.x0, outline.y0) == ("rect", 0.5, -0.5) and len(cross) == 2
    assert {(stroke.x0, stroke.x1) for stroke in cross} == {(1.5, 2.5)}
    assert "<b>" not in heat.text[0][0] and len(figure.layout.yaxis.ticktext[1]) < 40
    assert figure.layout.yaxis.range[0] > figure.layout.yaxis.range[1]  # first row on top


def test_a_large_matrix_prints_no_numbers(theme: Theme) -> None:
    size = NUMBERS_UP_TO + 1
    names = [str(i) for i in range(size)]
    assert similarity(np.eye(size), theme, rows=names, columns=names, title="T").data[0].texttemplate is None


def test_a_percentile_is_the_share_at_or_below() -> None:
    background = np.array([0.1, 0.2, 0.3, 0.4])
    assert [percentile(background, value) for value in (0.0, 0.1, 0.25, 0.9)] == [0, 25, 50, 100]


def test_a_ruler_states_every_mark_and_its_percentile(theme: Theme) -> None:
    background = np.linspace(0, 1, 1001)
    marks = [Mark(NASTY, 0.25, "positive"), Mark("negation", 0.9, "hard")]
    figure = percentile_ruler(background, marks, theme, title="T")
    first, second = (note.text for note in figure.layout.annotations)
    assert "0.25, above 25 %" in first and "<b>" not in first and "0.90, above 90 %" in second
    assert figure.data[1].marker.symbol != figure.data[2].marker.symbol
    assert figure.layout.xaxis.range[0] == -0.2
    assert percentile_ruler(background - 0.6, marks, theme, title="T").layout.xaxis.range[0] == -1
