"""The cone's views of layers, dimensions and tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.cone.dimensions import BUCKETS
from pages.cone.grid import SHOWN
from pages.cone.recorded import recorded_geometry, recorded_space, story
from pages.ui.text import t
from simcse_core.evaluation.geometry import Geometry
from simcse_core.evaluation.static_bias import PROPERTIES, REMOVALS
from tests.app.apptest import (
    OpenPage,
    assets_with_broken,
    captions,
    charts,
    code_with,
    frame,
    heavy_libraries_of,
    numbers,
    printed,
)

VIEWS = {name: t(f"cone.view_name.{name}") for name in ("layers", "dimensions", "tokens")}


def first() -> Geometry:
    found = recorded_geometry(story()[0])
    assert found is not None
    return found


def cells(at: Any, head: str) -> list[list[str]]:
    """Cells of the table whose header starts with `head`, header first."""
    block = next(m.value for m in at.markdown if m.value.startswith(f"| {head}"))
    lines = [line for line in block.splitlines() if not line.startswith("|:")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize("view", list(VIEWS))
def test_a_view_opens_on_recorded_numbers_without_a_heavy_library(view: str) -> None:
    assert heavy_libraries_of("cone", "assert at.get('plotly_chart')", cn_view=VIEWS[view]) == "[]"


@pytest.mark.parametrize("view", list(VIEWS))
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, view: str) -> None:
    keys = ("a", "b", "pool", "layer", "measure", "out", "kind", "removal", "token_measure", "less", "ds")
    at = open_page("cone", cn_view=VIEWS[view], **{f"cn_{key}": "<script>" for key in keys})
    assert not at.error and at.get("plotly_chart")


@pytest.mark.parametrize("view", list(VIEWS))
def test_without_recorded_results_a_view_says_what_to_do(
    open_page: OpenPage, view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = assets_with_broken("geometry", tmp_path)
    repository = Path(__file__).resolve().parents[2]
    (assets / "recorded" / "cone.json").symlink_to(repository / "assets" / "recorded" / "cone.json")
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets))
    at = open_page("cone", cn_view=VIEWS[view])
    assert any("record geometry" in box.value for box in at.error)


def test_the_heat_map_holds_what_was_measured(open_page: OpenPage) -> None:
    at = open_page("cone", cn_view=VIEWS["layers"])
    geometry = first()
    for measure in SHOWN:
        at.selectbox(key="cn_measure").set_value(measure).run()
        heat = next(trace for chart in charts(at) for trace in chart["data"] if trace["type"] == "heatmap")
        drawn = numbers(heat["z"])
        drawn = np.array(drawn, dtype=np.float64).reshape(geometry.layers + 1, -1)
        column = frame(at, t("cone.layer"))[f"A · {story()[0]}: Mean"]
        expected = [geometry.states[layer, "mean"].numbers[measure] for layer in range(geometry.layers + 1)]
        assert any(np.allclose(one, expected) for one in drawn.T), measure
        assert list(column)[: len(expected)] == pytest.approx(expected)
    assert not at.error


def test_the_outlined_cell_stands_beside_evenly_spread_directions(open_page: OpenPage) -> None:
    at = open_page("cone", cn_view=VIEWS["layers"])
    at.select_slider(key="cn_layer").set_value(1).run()
    geometry = first()
    rows = {row[0]: row[1:] for row in cells(at, t("cone.number.name"))}
    told = rows[t("cone_views.measures.effective_rank")]
    assert told[0] == f"{geometry.states[1, 'mean'].numbers['effective_rank']:.0f}"
    assert told[-1] == f"{geometry.isotropic['effective_rank']:.0f}"
    assert rows[t("cone_views.measures.spearman")][-1] == "–"


def test_the_cell_with_most_directions_solves_the_challenge(open_page: OpenPage) -> None:
    states = first().states
    best = max(states, key=lambda key: states[key].numbers["effective_rank"])
    worst = min(states, key=lambda key: states[key].numbers["effective_rank"])
    at = open_page("cone", cn_view=VIEWS["layers"])
    for (layer, pooling), solved in ((worst, False), (best, True)):
        at.selectbox(key="cn_pool").set_value(pooling)
        at.select_slider(key="cn_layer").set_value(layer).run()
        assert (
            "cone.cell" in at.session_state["solved"] if "solved" in at.session_state else False
        ) is solved


def test_guesses_are_judged_by_the_recording(open_page: OpenPage) -> None:
    geometry = first()
    at = open_page("cone", cn_view=VIEWS["dimensions"])
    dimensions = geometry.states[geometry.layers, "mean"].dimensions
    share = dimensions.contributions[dimensions.order[:3]].sum() / dimensions.contributions.sum()
    right = next(label for limit, label in BUCKETS if share < limit)
    at.pills(key="guess_cone.rogue").set_value(right).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    at = open_page("cone", cn_view=VIEWS["tokens"])
    rank = geometry.vocabulary.norm_frequency
    assert rank is not None
    answer = "neither" if abs(rank) < 0.1 else "longer" if rank > 0 else "shorter"
    at.pills(key="guess_cone.norms").set_value(t(f"cone_views.vocabulary.answer.{answer}")).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    at = open_page("cone", cn_view=VIEWS["layers"])
    at.pills(key="guess_cone.readout").set_value("Mean").run()
    assert f"{geometry.states[geometry.layers, 'mean'].numbers['mean_cosine']:.3f}" in at.info[0].value


def test_the_fewest_dimensions_that_halve_the_cosine_solve_the_challenge(open_page: OpenPage) -> None:
    geometry = first()
    largest = geometry.states[geometry.layers, "mean"].dimensions.largest
    enough = [k for k, one in largest.items() if one.mean_cosine < largest[0].mean_cosine / 2]
    at = open_page("cone", cn_view=VIEWS["dimensions"])
    assert not at.success
    at.select_slider(key="cn_out").set_value(max(largest)).run()
    assert not at.success or max(largest) == min(enough)
    at.select_slider(key="cn_out").set_value(min(enough)).run()
    assert "cone.dimensions" in at.session_state["solved"]
    rows = cells(at, t("cone_views.dimensions.done"))
    assert rows[2][1] == f"{largest[min(enough)].mean_cosine:.3f}".replace("-", "−")
    assert len(rows) == 5


def test_the_removal_that_helps_most_solves_the_challenge(open_page: OpenPage) -> None:
    scored = {one.name: one.spearman for one in first().removals}
    best = max(scored, key=lambda name: scored[name])
    at = open_page("cone", cn_view=VIEWS["tokens"])
    assert not at.success
    at.selectbox(key="cn_removal").set_value(best).run()
    assert bool(at.success) is (scored[best] > scored["none"])
    assert len(cells(at, t("cone_views.vocabulary.out"))) == 1 + len(REMOVALS)
    for kind in PROPERTIES:
        at.pills(key="cn_kind").set_value(kind).run()
        assert f"{100 * first().vocabulary.explained_by(kind):.0f} %" in captions(at)
    assert not at.error


def test_tokens_by_layer_have_a_baseline_to_subtract(open_page: OpenPage) -> None:
    at = open_page("cone", cn_view=VIEWS["layers"])
    less = frame(at, t("cone.even"))[f"A · {story()[0]}"]
    at.toggle(key="cn_less").set_value(False).run()
    plain = frame(at, t("cone.even"))[f"A · {story()[0]}"]
    base = [one["baseline"] for one in first().tokens]
    assert list(plain[: len(base)] - less[: len(base)]) == pytest.approx(base, abs=2e-5)
    at.toggle(key="cn_less").set_value(True)
    at.segmented_control(key="cn_token_measure").set_value("norm_frequency").run()
    assert not at.error and "cn_less" not in {one.key for one in at.toggle}


@pytest.mark.slow
def test_the_code_of_every_view_gives_its_numbers(open_page: OpenPage) -> None:
    """On a cut of one layer, which is read quickly; its numbers are those of the whole encoder there."""
    made, _ = recorded_space()
    geometry = recorded_geometry("minilm:1")
    assert geometry is not None and made["config"]["sentences"] == geometry.sentences
    common = {"cn_a": "minilm:1", "cn_b": "minilm"}
    at = open_page("cone", cn_view=VIEWS["layers"], **common)
    told = [float(word) for word in printed(code_with(at, "anisotropy_suite")).split()]
    state = geometry.states[1, "mean"]
    assert told == pytest.approx([state.numbers["mean_cosine"], geometry.isotropic["mean_cosine"]], abs=1e-3)
    at = open_page("cone", cn_view=VIEWS["dimensions"], cn_out="8", **common)
    names: dict[str, Any] = {}
    said = printed(code_with(at, "cosine_contributions"), names)
    assert list(names["order"][:3]) == list(state.dimensions.order[:3])
    cosines = [float(word) for word in said.replace("]", " ").split()[-2:]]
    assert cosines == pytest.approx([state.dimensions.largest[k].mean_cosine for k in (0, 8)], abs=1e-3)
    at = open_page("cone", cn_view=VIEWS["tokens"], **common)
    lines = printed(code_with(at, "static_removals")).splitlines()
    told = [float(word) for word in lines[0].split()]
    tokens = geometry.vocabulary
    assert told == pytest.approx([tokens.explained_by("frequency"), tokens.norm_frequency], abs=0.02)
    assert {line.split()[0]: float(line.split()[1]) for line in lines[1:]} == pytest.approx(
        {one.name: one.spearman for one in geometry.removals}, abs=0.05
    )


@pytest.mark.slow
def test_what_is_not_recorded_is_measured_on_request(open_page: OpenPage, tiny_checkpoint: Path) -> None:
    at = open_page("cone", cn_view=VIEWS["layers"])
    at.text_input(key="cn-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="cn-add").click().run()
    assert len(at.get("plotly_chart")) == 1  # B, which is recorded
    at.button(key="cn-space-A").click().run()
    assert len(at.get("plotly_chart")) == 2 and not at.error
    assert "measured now" in captions(at)
    for view in ("dimensions", "tokens"):
        at.segmented_control(key="cn_view").set_value(view).run()
        assert not at.error and at.get("plotly_chart")
        assert at.selectbox(key="cn_a").value == str(tiny_checkpoint)
