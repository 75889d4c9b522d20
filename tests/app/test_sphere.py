from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.sphere import drag, flow, lines, proof, spectrum
from pages.sphere.recorded import recorded
from pages.sphere.state import PAIRS, TEMPERATURE, Setup, parsed
from pages.ui.text import t
from simcse_core.errors import DataError
from simcse_core.evaluation import cone
from simcse_core.theory.decomposition import large_batch_limit, split_pairs
from simcse_core.theory.jensen import eigenvalue, jensen_gap
from simcse_core.theory.references import floor
from simcse_core.theory.scenes import SCENES
from simcse_core.theory.simulator import simulate
from tests.app.apptest import OpenPage, assets_with_broken, captions, heavy_libraries_of, mounted, printed

CIRCLE = "sp-circle"
HEAP = "_".join(f"{index}:90" for index in range(6))


def lines_of(code: str) -> list[list[float]]:
    """Run a shown script; every printed line as its numbers."""
    plain = printed(code).translate(str.maketrans("[],", "   "))
    return [[float(word) for word in line.split()] for line in plain.splitlines()]


@pytest.mark.parametrize("view", ["Drag", "Downhill", "Proof", "Real spectrum"])
def test_every_view_opens(open_page: OpenPage, view: str) -> None:
    at = open_page("sphere", sp_view=view)
    assert not at.error and at.expander
    assert at.segmented_control(key="sp_view").value in {"drag", "flow", "proof", "spectrum"}


@pytest.mark.parametrize("view", ["Drag", "Downhill", "Proof", "Real spectrum"])
def test_opening_it_loads_no_heavy_library(view: str) -> None:
    assert heavy_libraries_of("sphere", sp_view=view) == "[]"


@pytest.mark.parametrize("value", ["whatever", "", "-1", "9" * 30, "<script>", "nan", "cone.8.at.99:5_x"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("scene", "n", "tau", "at", "joined", "view", "d", "other", "step", "after", "any", "loss")
    at = open_page("sphere", **{f"sp_{key}": value for key in keys})
    assert t("sphere.lesson.cone") in captions(at) and not at.error
    assert mounted(at, CIRCLE)["tau"] == TEMPERATURE


@pytest.mark.parametrize("scene", list(SCENES))
def test_the_circle_gets_what_the_core_computes(open_page: OpenPage, scene: str) -> None:
    at = open_page("sphere", sp_scene=t(f"sphere.scenes.{scene}"), sp_n="6")
    given, setup = mounted(at, CIRCLE), Setup(scene, 6)
    assert given["angles"] == list(setup.degrees) and given["state"] == f"{scene}.6 0.5"
    assert given["floor"] == floor(6, 2).value
    assert t(f"sphere.lesson.{scene}") in captions(at)


def test_points_and_temperature_come_from_the_address(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_n="3", sp_tau="0.1", sp_at=f"cone.3.at.{HEAP}")
    assert mounted(at, CIRCLE)["angles"] == [90] * 6 and mounted(at, CIRCLE)["tau"] == 0.1
    at = open_page("sphere", sp_n="3", sp_at=f"ring.3.at.{HEAP}")  # points of another scene
    assert mounted(at, CIRCLE)["moved"] == []


def test_a_heap_made_by_hand_solves_the_collapse_and_the_scene_does_not(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_n="3", sp_at=f"cone.3.at.{HEAP}")
    assert at.session_state["solved"] == ["sphere.collapse"]
    praise = at.success[0].value
    assert "1.099" in praise  # log 3
    at.query_params["sp_at"] = "cone.3.at.0:90_1:-150"
    assert at.run().success[0].value == praise and at.caption  # what is said of the heap stays true
    assert "solved" not in open_page("sphere", sp_scene="Collapse", sp_n="3").session_state


def test_the_polygon_is_reached_but_never_beaten(open_page: OpenPage) -> None:
    even = "0:90_1:-150_2:-30_3:90_4:-150_5:-30"
    at = open_page("sphere", sp_n="3", sp_at=f"cone.3.at.{even}")
    assert at.session_state["solved"] == ["sphere.polygon"] and "−6.000" in at.success[0].value
    assert "solved" not in open_page("sphere", sp_scene="Ring").session_state
    assert "above the line" in captions(open_page("sphere"))


def test_what_moves_is_parsed_strictly() -> None:
    plain = Setup("ring", 4)
    found = parsed(plain, "0.05 0:-12.3_7:180e-1")
    assert found == replace(plain, temperature=0.05, moved=((0, -12.3), (7, 18.0)))
    assert parsed(found, found.text()) == found
    for wrong in (
        "",
        "x",
        "0.001",
        "11",
        "0.05 8:1",
        "0.05 0:180",
        "0.05 0:nan",
        "0.05 0",
        "0.05 -1:3",
        "nan",
    ):
        assert parsed(plain, wrong) is None, wrong


def test_the_code_of_the_circle_prints_its_numbers() -> None:
    setup = Setup("random", 6, temperature=0.2)
    now = drag.numbers(setup)
    (pull, spread, loss), (close, even) = lines_of(drag.code(setup))
    assert (pull, spread, loss) == pytest.approx((now.parts.pull, now.parts.spread, now.parts.loss))
    assert (close, even) == pytest.approx((now.alignment, now.uniformity))


@pytest.mark.parametrize("dimension", [2, 3])
def test_the_code_of_the_path_prints_its_ends(dimension: int) -> None:
    setup = Setup("hard", 4, temperature=0.1)
    course = flow.Course(setup, dimension, "info_nce", "")
    path = flow.followed(setup.degrees, setup.scene, dimension, "info_nce", course.parameters)
    for shown, kept in zip(lines_of(flow.code(course))[0][:2], path.loss[[0, -1]], strict=True):
        assert shown == pytest.approx(kept, abs=1e-6)


@pytest.mark.parametrize("scene", ["cone", "random", "ring"])
@pytest.mark.parametrize("tau", [0.05, 0.5])
def test_the_lines_of_the_proof_compute_what_the_core_does(scene: str, tau: float) -> None:
    setup = Setup(scene, 5, temperature=tau)
    names: dict[str, Any] = {}
    printed(lines.script(setup.degrees, tau), names)
    anchor, positive = setup.views
    parts = split_pairs(anchor, positive, temperature=tau)
    assert (names["pull"], names["spread"]) == pytest.approx((parts.pull, parts.spread))
    assert names["limit"] == pytest.approx(large_batch_limit(anchor, positive, temperature=tau))
    gap = jensen_gap(names["W"], temperature=tau)
    assert (names["upper"], names["lower"]) == pytest.approx((gap.spread, gap.linear), abs=1e-9)
    found = eigenvalue(names["W"])
    assert (names["largest"], names["total"]) == pytest.approx((found.largest, found.total), abs=1e-9)
    assert (names["least"] >= -1e-12) == found.applies
    assert names["shares"][0] == pytest.approx(found.largest / found.rows) and sum(
        names["shares"]
    ) == pytest.approx(1)


def test_every_step_of_the_proof_has_its_line_and_its_numbers(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Proof")
    for step in proof.STEPS:
        at.pills(key="sp_step").set_value(step).run()
        assert not at.exception and not at.error
        assert at.code[0].value in {c.value for c in at.code} and lines.LINES[step] in [
            c.value for c in at.code
        ]
        assert t(f"sphere.proof.{step}.says") in [m.value for m in at.markdown]


def test_the_bound_is_grey_where_it_does_not_apply(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Proof", sp_step="4 Eigenvalue")
    assert any("the bound applies: " in m.value for m in at.markdown)
    at.pills(key="sp_scene").set_value("ring").run()
    assert any("does not apply" in m.value for m in at.markdown)


def test_one_temperature_for_all_views(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Proof", sp_tau="0.07")
    assert at.select_slider(key="sp-heat").value == 0.07
    at.select_slider(key="sp-heat").set_value(0.1).run()
    assert at.query_params["sp_tau"] == "0.1"
    at.segmented_control(key="sp_view").set_value("drag").run()
    assert mounted(at, CIRCLE)["tau"] == 0.1


def test_the_path_on_the_circle_is_that_of_the_core(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Downhill", sp_scene="Collapse", sp_n="4")
    path = mounted(at, CIRCLE)["path"]
    setup = Setup("collapse", 4)
    alone = simulate(setup.views, steps=flow.STEPS, noise=flow.NOISE, temperature=TEMPERATURE)
    assert path["loss"] == pytest.approx(alone.loss, abs=1e-6)
    turned = np.degrees(np.arctan2(alone.views[-1, ..., 1], alone.views[-1, ..., 0]))
    assert path["angles"][-1] == pytest.approx(turned.ravel(), abs=1e-4)
    assert len(path["angles"]) == flow.STEPS + 1
    assert len(json.dumps(mounted(at, CIRCLE))) < 200_000


def test_the_sphere_is_drawn_in_frames(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Downhill", sp_d="Sphere", sp_scene="Collapse", sp_n=str(PAIRS[-1]))
    figure = at.get("plotly_chart")[0].proto.spec
    assert len(figure) < 1_000_000
    assert len(json.loads(figure)["frames"]) == flow.FRAMES
    assert "300 steps" in captions(at)


@pytest.mark.slow
def test_another_objective_can_be_followed(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Downhill", sp_other="true")
    title = at.selectbox(key="sp_loss").value
    given = mounted(at, CIRCLE)
    assert (
        title == "info_nce_interleaved"
        and given["other"]
        and given["path"]["loss"][0] > given["path"]["loss"][-1]
    )


def test_the_guess_about_the_temperature_is_judged_by_simulation(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Downhill")
    at.pills(key="guess_sphere.flow").set_value("0.05").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_wrong')}**")
    at.pills(key="guess_sphere.flow").set_value("0.5").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**") and "−2.36" in at.info[0].value


def test_the_other_guesses_are_judged_by_the_core(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Proof")
    at.pills(key="guess_sphere.proof").set_value("2").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    at = open_page("sphere", sp_view="Real spectrum")
    at.pills(key="guess_sphere.spectrum").set_value(t("sphere.condition_answers.before")).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    share = 100 * recorded().published.flatness.bound.negative_share
    assert f"{share:.1f}\u00a0%" in at.info[0].value


def test_the_spectrum_is_the_recorded_one(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_view="Real spectrum")
    table = next(m.value for m in at.markdown if m.value.startswith("| Number"))
    known = recorded()
    ranks = {step: round(one.flatness.effective_rank) for step, one in known.steps.items()}
    third = round(known.published.flatness.effective_rank)
    bounds = [known.steps[0].flatness.bound, known.steps[20].flatness.bound, known.published.flatness.bound]
    assert f"| {ranks[0]} | {ranks[20]} | {third} |" in table
    assert f"| {' | '.join('holds' if bound.applies else 'fails' for bound in bounds)} |" in table
    at.select_slider(key="sp_after").set_value(5).run()
    table = next(m.value for m in at.markdown if m.value.startswith("| Number"))
    assert f"| {ranks[0]} | {ranks[5]} | {third} |" in table


@pytest.mark.slow
def test_any_checkpoint_is_measured_on_request(
    open_page: OpenPage, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = open_page("sphere", sp_view="Real spectrum", sp_any="true")
    at.text_input(key="ck-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="ck-add").click().run()
    assert "takes some seconds" in captions(at)
    at.button(key="sp-measure").click().run()
    assert not at.error and not at.exception
    table = next(m.value for m in at.markdown if m.value.startswith("| Number"))
    assert "| – |" in table  # no alignment was measured


def test_the_code_of_the_spectrum_prints_what_the_page_measures(
    tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = cone.sample_sentences(40)
    monkeypatch.setattr(cone, "sample_sentences", lambda: few)
    monkeypatch.setattr(spectrum, "sample_sentences", lambda: few)
    found = spectrum._measured_now(str(tiny_checkpoint)).flatness
    code = spectrum.CODE.format(name=tiny_checkpoint).rsplit("\n", 1)[0]  # without the words True and False
    ((*values, rank, even),) = lines_of(code)
    assert values == pytest.approx(found.spectrum[:5], abs=1e-3)
    assert (rank, even) == pytest.approx((found.effective_rank, found.uniformity), rel=1e-3)


def test_without_its_recording_the_view_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("sphere", tmp_path)))
    at = open_page("sphere", sp_view="Real spectrum")
    assert any("record sphere" in box.value for box in at.error)
    assert not open_page("sphere").error


def test_reset_restores_points_and_temperature(open_page: OpenPage) -> None:
    at = open_page("sphere", sp_n="3", sp_tau="0.1", sp_at=f"cone.3.at.{HEAP}")
    at.button(key="sp-reset").click().run()
    assert (
        mounted(at, CIRCLE)["tau"] == TEMPERATURE
        and mounted(at, CIRCLE)["pairs"] == 8
        and mounted(at, CIRCLE)["moved"] == []
    )


def test_a_scene_that_is_none_is_refused() -> None:
    with pytest.raises(DataError):
        _ = Setup("false", 2).degrees
