from __future__ import annotations

import json

import numpy as np
import pytest

from simcse_core.errors import DataError
from simcse_core.evaluation.cone import (
    EDGES,
    Scored,
    Spread,
    fitted,
    isotropic,
    layer_numbers,
    measure,
    sample_sentences,
    state_key,
    word_commonness,
    words_per_sentence,
)
from simcse_core.figures import cone, cone_curves, layer_curves
from simcse_core.figures.theme import DARK, LIGHT
from simcse_core.postprocess import postprocessors


def cloud(n: int = 300, d: int = 16, *, shift: float = 1.0, seed: int = 0) -> np.ndarray:
    """Normal vectors with a common part of length `shift` per dimension."""
    return np.random.default_rng(seed).standard_normal((n, d)) + shift


def scored(d: int = 16) -> Scored:
    rows = cloud(80, d, seed=1)
    return Scored(rows[:40], rows[40:], np.random.default_rng(2).random(40))


def test_numbers_agree_with_loops_over_all_pairs() -> None:
    x = cloud(40)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    pairs = [float(unit[i] @ unit[j]) for i in range(40) for j in range(i)]
    found = measure(x, shown=10)
    assert found.mean_cosine == pytest.approx(np.mean(pairs), abs=1e-12)
    assert found.counts.sum() == len(pairs) == 780
    assert np.array_equal(found.counts, np.histogram(pairs, EDGES)[0])
    assert found.globe.shape == (10, 3)
    assert np.linalg.norm(found.globe, axis=1) == pytest.approx(np.ones(10), abs=1e-6)
    assert found.energy.sum() == pytest.approx(1.0)
    assert found.energy[0] == pytest.approx(found.top_share)
    assert found.energy[:3].sum() == pytest.approx(found.globe_share)
    assert np.square(found.spectrum).sum() == pytest.approx(1.0)  # unit rows


def test_subtracting_the_mean_opens_the_cone() -> None:
    x = cloud()
    raw, centred = measure(x), measure(x, repair=fitted("centering", x))
    assert raw.mean_cosine > 0.4 and abs(centred.mean_cosine) < 0.01
    assert centred.effective_rank > raw.effective_rank
    assert centred.uniformity < raw.uniformity


@pytest.mark.parametrize("name", list(postprocessors))
def test_every_registered_repair_is_measured_on_rows_and_pairs(name: str) -> None:
    x = cloud()
    found = measure(x, repair=fitted(name, x), scored=scored())
    assert abs(found.mean_cosine) < 0.05
    assert found.scored == 40 and found.spearman is not None


def test_without_an_order_there_is_no_correlation() -> None:
    same = np.ones((40, 16))
    assert measure(cloud(), scored=Scored(same, same, np.arange(40.0))).spearman is None


def test_a_state_survives_json() -> None:
    state = measure(cloud(), scored=scored())
    again = Spread.from_dict(json.loads(json.dumps(state.to_dict(), allow_nan=False)))
    assert np.array_equal(again.counts, state.counts)
    assert again.spectrum == pytest.approx(state.spectrum, rel=5e-3)
    assert again.globe == pytest.approx(state.globe, abs=0.01)
    assert (again.rows, again.scored) == (300, 40)
    assert again.mean_cosine == pytest.approx(state.mean_cosine, abs=1e-5)


def test_evenly_spread_directions_use_nearly_every_dimension() -> None:
    even = isotropic(400, 16)
    assert even.mean_cosine == 0.0
    assert even.uniformity == pytest.approx(measure(cloud(4000, shift=0.0)).uniformity, abs=0.01)
    assert 15.5 < even.effective_rank <= 16
    assert not len(even.globe)


def test_rows_without_a_direction_are_refused() -> None:
    with pytest.raises(DataError):
        measure(np.zeros((5, 4)))
    with pytest.raises(DataError):
        layer_numbers(np.full((5, 4), np.nan))


def test_the_sample_is_balanced_from_its_beginning() -> None:
    rows = sample_sentences(200)
    subjects = [subject for _, subject in rows]
    assert len({text for text, _ in rows}) == 200
    assert {subjects.count(name) for name in set(subjects)} == {10}
    assert len(set(subjects[:20])) == 20
    assert sample_sentences(200) == rows != sample_sentences(200, seed=1)
    with pytest.raises(DataError, match="10000"):
        sample_sentences(10_000)


def test_texts_are_described_by_length_and_by_common_words() -> None:
    texts = ["The cat sat.", "The dog", "", "猫坐着"]
    assert words_per_sentence(texts).tolist() == [3, 2, 0, 3]
    common = word_commonness(texts)
    assert common[0] == pytest.approx(np.log10(2) / 3) and common[1] == pytest.approx(np.log10(2) / 2)
    assert common[2] == common[3] == 0


def test_names_of_states_tell_settings_apart() -> None:
    assert state_key(4, "mean") == "4/mean/none"
    assert state_key(4, "mean", "whitening", k=64) == "4/mean/whitening k=64"


def test_a_cap_is_measured_from_the_mean() -> None:
    ring = np.radians(np.full(100, 30.0))
    turn = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    points = np.stack([np.cos(ring), np.sin(ring) * np.cos(turn), np.sin(ring) * np.sin(turn)], axis=1)
    degrees, direction = cone.cap_angle(points)
    assert degrees == pytest.approx(30, abs=0.1)
    assert direction == pytest.approx([1, 0, 0], abs=1e-9)
    assert cone.has_direction(points) and not cone.has_direction(np.array([[1.0, 0, 0], [-1.0, 0, 0]]))


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(
    "colouring",
    [
        cone.Colouring(),
        cone.Colouring(groups=["a-b", "c"] * 20, shown=["a-b"]),
        cone.Colouring(values=list(range(40))),
    ],
    ids=["plain", "groups", "values"],
)
def test_a_globe_shows_every_point_once_and_disarms_labels(theme: object, colouring: cone.Colouring) -> None:
    points = measure(cloud(40)).globe
    panel = cone.Globe("A · <b>x</b>", "mean 0.5", points, ["<i>%{x}"] * 40, "before")
    figure = cone.globe(panel, theme, colouring=colouring)  # type: ignore[arg-type]
    marks = [trace for trace in figure.data if trace.type == "scatter3d" and trace.mode == "markers"]
    assert sum(len(trace.x) for trace in marks) == 40
    drawn = figure.to_json()
    assert "<i>" not in drawn and "<b>x" not in drawn and len(drawn) < 150_000
    assert {trace.type for trace in figure.data} == {"surface", "scatter3d", "cone"}


def test_the_mean_is_written_on_the_histogram() -> None:
    state = measure(cloud())
    humps = [
        cone_curves.Hump("A", state.counts, 0.99992, "before", "dashed"),
        cone_curves.Hump("B", state.counts, -0.001, "after"),
        cone_curves.Hump("even", state.counts, None, "noise", "dotted"),
    ]
    option = cone_curves.cosine_humps(EDGES, humps, LIGHT, title="Cosines")
    labels = [line["markLine"]["label"]["formatter"] for line in option["series"] if "markLine" in line]
    assert labels == ["mean 0.9999", "mean 0.00"]
    assert (option["xAxis"]["min"], option["xAxis"]["max"]) == (-1, 1)
    assert max(y for _, y in option["series"][0]["data"]) == 1.0
    json.dumps(option, allow_nan=False)


def test_the_spectrum_has_shares_above_their_sum() -> None:
    state = measure(cloud())
    option = cone_curves.spectra([cone_curves.Spectrum("A", state.energy, "before")], LIGHT, title="Spectrum")
    shares, sums = (series["data"] for series in option["series"])
    assert sums[-1] == [16, 1.0] and shares[0][1] == pytest.approx(state.top_share, abs=1e-3)
    assert option["yAxis"][0]["type"] == "log" and option["yAxis"][1]["max"] == 1


def test_the_chosen_read_out_is_drawn_strong() -> None:
    curves = [
        layer_curves.Layers("Mean", {0: 0.4, 1: 0.5}, 2, chosen=True),
        layer_curves.Layers("Max", {1: 0.9}, 5),
    ]
    option = layer_curves.layer_curves(
        curves,
        LIGHT,
        title="Layers",
        y_label="cosine",
        limits=(0, 1),
        marks={"A": 1},
        reference=("even", 0.0),
    )
    widths = [series["lineStyle"]["width"] for series in option["series"]]
    assert widths[0] > widths[1]
    assert option["series"][0]["data"] == [[0, 0.4], [1, 0.5]]
    assert len(option["series"][0]["markLine"]["data"]) == 2
