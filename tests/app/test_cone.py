from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.cone import toy
from pages.cone.controls import PRESETS
from pages.cone.live import name_at
from pages.cone.page import CONE
from pages.cone.prompt import AS_RECORDED, Prompt
from pages.cone.recorded import (
    STORIES,
    recorded,
    recorded_layer,
    recorded_names,
    recorded_space,
    recorded_spread,
    story,
)
from pages.ui.text import plain, t
from simcse_core.encoders.poolers import poolers
from simcse_core.postprocess import postprocessors
from simcse_core.presets import preset
from simcse_core.runs.store import RunStore
from tests.app.apptest import OpenPage, assets_with_broken, captions, heavy_libraries_of


def table(at: Any) -> list[list[str]]:
    """Cells of the table of numbers, header first."""
    block = next(m.value for m in at.markdown if m.value.startswith("| Number"))
    lines = [line for line in block.splitlines() if not line.startswith("|:")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def opening(repair: str | None = None) -> list[Any]:
    """The recorded states of A, repaired where asked for, and of B."""
    first, second = story()
    found = [
        recorded_spread(first, None, "mean", repair, {}),
        recorded_spread(second, None, "mean", None, {}),
    ]
    assert None not in found
    return found


def shown(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def raw() -> str:
    """The mean cosine of A in the table."""
    return shown(opening()[0].mean_cosine, 3)


def test_it_opens_on_recorded_numbers(open_page: OpenPage) -> None:
    at = open_page("cone")
    rows = table(at)
    assert rows[1][1:] == [*(shown(one.mean_cosine, 3) for one in opening()), "0.000"]
    assert rows[-1][1:] == [*(shown(one.spearman, 1) for one in opening()), "–"]
    assert len(at.get("plotly_chart")) == 2  # the two globes: no more WebGL than that
    for said in ("1,600", "seed 0", "fp32", "A and B recorded"):
        assert said in captions(at)


def test_the_story_is_the_first_that_every_view_has_recorded() -> None:
    known = set(recorded()["encoders"]) & set(recorded_space()[1])
    told = [pair for pair in STORIES if all(name.partition(":")[0] in known for name in pair)]
    assert story() == told[0] and set(story()) <= set(recorded_names())
    before, after = opening()
    assert before.mean_cosine > CONE  # the challenge can be solved, and is not at the start
    assert before.mean_cosine > after.mean_cosine and before.spearman < after.spearman


def test_opening_it_loads_no_heavy_library() -> None:
    then = "assert len(at.get('plotly_chart')) == 2"
    assert heavy_libraries_of("cone", then) == "[]"


def test_centring_opens_the_cone_and_solves_the_challenge(open_page: OpenPage) -> None:
    at = open_page("cone")
    assert not at.success
    at.selectbox(key="cn_fix").set_value("centering").run()
    rows, centred = table(at), opening("centering")[0]
    assert [cell.lstrip("−") for cell in rows[1][1:3]] == [raw(), "0.000"]
    assert "cone.flat" in at.session_state["solved"]
    assert shown(opening()[0].spearman, 1) in at.success[0].value
    assert shown(centred.spearman, 1) in at.success[0].value
    at.selectbox(key="cn_fix").set_value("none").run()
    assert at.success[0].value == t("cone.praise_before")


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_recorded(open_page: OpenPage, name: str) -> None:
    at = open_page("cone", cn_fix="Standardising")
    at.button(key=f"cn-preset-{name}").click().run()
    assert not at.exception and not at.error
    assert "A and B recorded" in captions(at)


@pytest.mark.parametrize("name", list(poolers))
def test_every_read_out_is_recorded(open_page: OpenPage, name: str) -> None:
    if any(recorded_spread(one, None, name, None, {}) is None for one in story()):
        assert name == "cls"  # an encoder without a trained head has none
        return
    at = open_page("cone", cn_pool=poolers.info(name).title)
    assert at.selectbox(key="cn_pool").value == name
    assert "A and B recorded" in captions(at)


def test_every_registered_repair_can_be_chosen(open_page: OpenPage) -> None:
    assert len(open_page("cone").selectbox(key="cn_fix").options) == 1 + len(postprocessors)


@pytest.mark.parametrize("value", ["whatever", "", "-1", "9" * 30, "<script>", "last"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("a", "b", "pool", "layer", "fix", "ds", "colour", "subjects", "metric", "view", "whitening_k")
    at = open_page("cone", **{f"cn_{key}": value for key in keys})
    assert table(at)[1][1] == raw()


def test_colours_say_what_they_mean(open_page: OpenPage) -> None:
    at = open_page("cone", cn_colour="Length")
    assert "words in the sentence" in captions(at)
    at.pills(key="cn_colour").set_value("subject").run()
    assert at.multiselect(key="cn_subjects").value == ["recipes", "physics-and-space", "sport"]
    at.multiselect(key="cn_subjects").set_value([]).run()
    assert not at.exception and not at.error


def test_the_guess_is_judged_against_the_recorded_number(open_page: OpenPage) -> None:
    token = recorded_spread(story()[0], None, "cls_before_pooler", None, {})
    assert token is not None
    wrong = "0.20" if token.mean_cosine > 0.5 else "1.00"
    at = open_page("cone")
    at.pills(key="guess_cone.guess").set_value(wrong).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_wrong')}**")
    assert f"{token.mean_cosine:.4f}" in at.info[0].value


def test_layers_of_a_metric_have_a_table(open_page: OpenPage) -> None:
    at = open_page("cone", cn_metric="Uniformity", cn_a="minilm:4", cn_b="minilm")
    frames = [frame.value for frame in at.dataframe]
    layers = next(frame for frame in frames if frame.columns[0] == t("cone.layer"))
    curve = recorded()["encoders"]["minilm"]["curves"]["mean"]
    assert len(layers) == 7 and layers["Mean"][6] == pytest.approx(curve["6"]["uniformity"])


@pytest.mark.slow
def test_what_is_not_recorded_is_computed(open_page: OpenPage, tiny_checkpoint: Path) -> None:
    at = open_page("cone")
    at.text_input(key="cn-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="cn-add").click().run()
    assert at.selectbox(key="cn_a").value == str(tiny_checkpoint)
    assert "A computed now" in captions(at) and "B recorded" in captions(at)
    assert 0 < float(table(at)[1][1]) <= 1
    at.segmented_control(key="cn_of").set_value("A").run()
    at.button(key="cn-layers-go").click().run()
    assert not at.exception and not at.error
    at.segmented_control(key="cn_ds").set_value("chinese").run()
    assert "192" in captions(at) and not at.exception
    at.selectbox(key="cn_fix").set_value("whitening").run()
    at.select_slider(key="cn_whitening_k").set_value(384).run()
    assert any("whitening" in box.value for box in at.error)  # 32 dimensions have no 384 directions


@pytest.mark.slow
def test_the_newest_checkpoint_of_a_run_can_be_looked_at(
    open_page: OpenPage, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    run = RunStore(tmp_path / "runs").create(preset("live").config)
    for step in (2, 10):
        folder = run.folder / "checkpoints" / f"step-{step:06d}"
        shutil.copytree(tiny_checkpoint, folder)
        (folder / "state.json").write_text("{}", encoding="utf-8")
    at = open_page("cone")
    at.selectbox(key="cn_b").set_value(f"{run.folder}@10").run()
    assert plain(f"B · {run.id}@10") in table(at)[0]
    assert "B computed now" in captions(at) and not at.error


def test_an_upload_is_awaited_with_the_shipped_sentences(open_page: OpenPage) -> None:
    at = open_page("cone", cn_ds="Upload")
    assert t("cone.upload_wait") in captions(at)
    assert table(at)[1][1] == raw()


def test_a_checkpoint_that_is_not_there_is_refused_in_place(open_page: OpenPage) -> None:
    at = open_page("cone")
    at.text_input(key="cn-name").set_value("/no/such/folder").run()
    at.button(key="cn-add").click().run()
    assert "folder" in at.error[0].value
    assert table(at)[1][1] == raw()


def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("cone", tmp_path)))
    at = open_page("cone")
    assert any("record cone" in box.value for box in at.error)


def test_a_cut_of_the_recorded_encoder_is_one_of_its_layers() -> None:
    assert recorded_layer("minilm", None) == 6 and recorded_layer("minilm:4", None) == 4
    assert recorded_layer("minilm:4", 6) == 4 and recorded_layer("minilm", 0) == 0
    assert recorded_layer("other", None) is None
    found = recorded_spread("minilm:4", None, "mean", "component_removal", {"k": 1})
    assert found is not None and abs(found.mean_cosine) < 0.01


def test_reading_a_layer_is_loading_a_shorter_encoder() -> None:
    assert name_at("x", None) == ("x", None) and name_at("x", 3) == ("x:3", None)
    assert name_at("x:4", 6) == ("x:4", None) and name_at("x:4", 0) == ("x:1", 0)


def test_a_template_is_asked_for_where_the_mask_is_read(open_page: OpenPage) -> None:
    at = open_page("cone")
    assert "cn_template" not in {field.key for field in at.text_input}
    at.selectbox(key="cn_pool").set_value("mask").run()
    assert at.text_input(key="cn_template").value == AS_RECORDED.text
    assert "A and B recorded" in captions(at)
    at.text_input(key="cn_template").set_value("no place").run()
    assert any(plain("[X]") in box.value for box in at.error)
    assert "A and B recorded" in captions(at)  # the figure stays at the last template that works
    assert not Prompt(AS_RECORDED.text, denoise=True).recorded


@pytest.mark.slow
def test_a_template_of_ones_own_is_read_now(open_page: OpenPage, tiny_checkpoint: Path) -> None:
    at = open_page("cone")
    at.text_input(key="cn-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="cn-add").click().run()
    at.segmented_control(key="cn_ds").set_value("chinese").run()
    at.selectbox(key="cn_b").set_value(str(tiny_checkpoint)).run()
    at.selectbox(key="cn_pool").set_value("mask").run()
    first = table(at)[1][1]
    at.text_input(key="cn_template").set_value('In short, "[X]" says [MASK].').run()
    second = table(at)[1][1]
    at.toggle(key="cn_denoise").set_value(True).run()
    assert len({first, second, table(at)[1][1]}) == 3 and not at.error
    at.select_slider(key="cn_layer").set_value(0).run()
    assert plain(t("cone_views.prompt.empty")) in at.error[0].value


def test_the_axes_toy_computes_the_drawn_angle(open_page: OpenPage) -> None:
    at = open_page("cone", cn_view="Axes toy")
    assert "0.80" in captions(at) and "0.95" in captions(at)
    (a, b), frame = toy.SCENES["alike"], toy.arrows(toy.NARROW)
    assert toy.cosine(a, b) == pytest.approx(0.8)
    assert toy.cosine(a @ frame, b @ frame) == pytest.approx(0.95, abs=0.005)
    square = toy.arrows({"first": {"length": 1, "angle": 0}, "second": {"length": 1, "angle": 90}})
    assert square == pytest.approx(np.eye(2), abs=1e-12)
