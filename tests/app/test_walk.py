from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from pages.ui.text import t
from pages.walk.controls import DROPOUTS, stage_title
from pages.walk.live import LONGEST
from pages.walk.recorded import recorded_batch
from pages.walk.words import number
from simcse_core.theory.walk import STAGES, walk_of
from simcse_core.theory.walk_arrays import LAYOUTS
from simcse_core.theory.walk_batch import TEMPERATURES
from tests.app.apptest import OpenPage, assets_with, heavy_libraries_of

OWN = "A man plays the guitar.\nA dog eats bread.\nThe city sleeps."


def words(at: Any) -> str:
    """Everything that is written on the page."""
    boxes = (*at.markdown, *at.caption, *at.warning, *at.subheader)
    return " ".join(box.value for box in boxes)


def go_to(at: Any, stage: str) -> Any:
    return at.pills(key="wk_stage").set_value(stage).run()


def test_opening_it_loads_no_heavy_library() -> None:
    then = (
        "for stage in ('dropout', 'loss'):\n"
        "    at.pills(key='wk_stage').set_value(stage).run()\n"
        "at.select_slider(key='wk_tau').set_value(0.5).run()\n"
        "assert len(at.warning) == 1"
    )
    assert heavy_libraries_of("walk", then) == "[]"


def test_the_buttons_walk_through_every_stage_and_back(open_page: OpenPage) -> None:
    at = open_page("walk")
    assert at.button(key="wk-back").disabled
    for place, stage in enumerate(STAGES, start=1):
        assert at.subheader[0].value == f"{place} · {stage_title(stage)}"
        assert not at.exception and not at.error
        found = walk_of(recorded_batch(2, 0.1, False), "two_view", 0.05).stages[stage]
        shown = str(found.shape) if len(found.shape) > 1 else f"({found.shape[0]},)"
        assert f"`{shown} {found.dtype}`" in words(at)
        assert found.code in at.code[1].value  # 0 is the address to share
        if stage != STAGES[-1]:
            at.button(key="wk-next").click().run()
    assert at.button(key="wk-next").disabled
    at.button(key="wk-back").click().run()
    assert at.subheader[0].value.endswith(stage_title("labels"))


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_stage_of_every_layout_stands(open_page: OpenPage, layout: str) -> None:
    at = open_page("walk", wk_layout=t(f"walk.layout_name.{layout}"), wk_p="0.3", wk_row="b")
    assert at.segmented_control(key="wk_layout").value == layout
    for stage in STAGES:
        go_to(at, stage)
        assert at.subheader[0].value.endswith(stage_title(stage)) and at.pills(key="wk_row").value == "b"
        assert not at.exception and not at.error and len(at.warning) == 1
        assert "recorded" in words(at)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_temperature_gives_the_registered_loss(open_page: OpenPage, layout: str) -> None:
    at = open_page("walk", wk_stage="Loss", wk_layout=t(f"walk.layout_name.{layout}"))
    batch = recorded_batch(LAYOUTS[layout].parts, 0.1, False)
    for temperature in (TEMPERATURES[0], 0.2, TEMPERATURES[-1]):
        at.select_slider(key="wk_tau").set_value(temperature).run()
        found = walk_of(batch, layout, temperature)
        stated = batch.objectives[LAYOUTS[layout].objective][f"{temperature:g}"]
        assert f"**{number(found.loss, 4)}**" in words(at)
        assert f"gives {number(stated, 4)}" in words(at)


def test_dropout_and_masks_change_what_is_said(open_page: OpenPage) -> None:
    at = open_page("walk", wk_stage="Dropout")
    for dropout in DROPOUTS:
        at.segmented_control(key="wk_p").set_value(dropout).run()
        share = 100 * float(recorded_batch(2, dropout, False).zeroed[0])
        chart = at.get("plotly_chart")[0].proto.spec
        assert t("walk.dropout_panel", name="a", share=f"{share:.1f}") in chart
    assert not at.exception
    at.segmented_control(key="wk_mask").set_value("same").run()
    assert t("walk.does.dropout.same") in words(at)
    assert t("walk.does.hidden.same") in words(go_to(at, "hidden"))
    go_to(at, "similarities")
    assert t("walk.trap.similarities_equal") in at.warning[0].value
    at.segmented_control(key="wk_p").set_value(0.0).run()
    assert t("walk.no_mask") in words(at) and t("walk.trap.similarities_equal") in at.warning[0].value


def test_a_kept_number_is_shown_before_and_after(open_page: OpenPage) -> None:
    at = open_page("walk", wk_stage="Dropout", wk_p="0.3")
    live = next(m.value for m in at.markdown if "{1-0.3}" in m.value)
    before, after = re.search(r"\\frac\{(-?[\d.]+)\}\{1-0.3\}=(-?[\d.]+)", live).groups()  # type: ignore[union-attr]
    assert float(after) == pytest.approx(float(before) / 0.7, abs=0.003) and float(after) != 0


def test_half_precision_is_shown_with_its_numbers(open_page: OpenPage) -> None:
    at = open_page("walk", wk_stage="Masked", wk_layout="Interleaved")
    table = next(m.value for m in at.markdown if t("walk.half_head") in m.value)
    assert table.count("NaN") == 2 and "∞" in table
    at.segmented_control(key="wk_layout").set_value("two_view").run()
    assert not [m for m in at.markdown if t("walk.half_head") in m.value]


def test_the_count_is_checked_against_the_matrices(open_page: OpenPage) -> None:
    at = open_page("walk")
    right = {
        name: walk_of(recorded_batch(x.parts, 0.1, False), name, 0.05).negatives
        for name, x in LAYOUTS.items()
    }
    assert right == {"two_view": 3, "interleaved": 6, "triples": 7}
    for name in LAYOUTS:
        at.pills(key=f"wk-count-{name}").set_value(7).run()
    assert "solved" not in at.session_state
    assert t("walk.status", answered=3, correct=1, total=3) in words(at)
    for name, count in right.items():
        at.pills(key=f"wk-count-{name}").set_value(count).run()
    assert "walk.count" in at.session_state["solved"]
    assert at.success[0].value == t("walk.praise")


def test_the_guess_is_judged_against_the_recording(open_page: OpenPage) -> None:
    at = open_page("walk")
    at.pills(key="guess_walk.guess").set_value("0.50").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_wrong')}**") and "0.96" in at.info[0].value
    at.pills(key="guess_walk.guess").set_value("0.96").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")


@pytest.mark.parametrize("value", ["whatever", "", "-1", "9" * 30, "<script>", "a′′"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    at = open_page(
        "walk", **{f"wk_{key}": value for key in ("stage", "layout", "p", "mask", "tau", "row", "ck")}
    )
    assert at.subheader[0].value.startswith("1 ·") and not at.exception and not at.error
    assert at.selectbox(key="wk_ck").value == "minilm:4"


def test_reset_brings_everything_back(open_page: OpenPage) -> None:
    at = open_page("walk", wk_stage="Loss", wk_layout="Triples", wk_tau="0.5")
    at.text_area(key="wk-text").set_value(OWN).run()
    at.button(key="wk-reset").click().run()
    assert at.pills(key="wk_stage").value == "tokens"
    assert at.segmented_control(key="wk_layout").value == "two_view"
    assert at.select_slider(key="wk_tau").value == 0.05


def test_data_of_a_stage_is_its_tensor(open_page: OpenPage) -> None:
    at = open_page("walk", wk_stage="Masked", wk_layout="Interleaved")
    frame = at.dataframe[0].value
    assert frame["a"][0] == "-inf" and float(frame["a′"][0]) == pytest.approx(0.96, abs=0.02)
    assert list(frame.columns) == [t("walk.row"), "a", "a′", "b", "b′", "c", "c′", "d", "d′"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Only one.", "2 to 4"),
        ("a\nb\nc\nd\ne", "given: 5"),
        ("a\x1cb", "given: 1"),  # a control character parts no sentences
        ("x" * (LONGEST + 1) + "\nb", "301"),
        ("", "0"),
    ],
)
def test_sentences_that_cannot_be_walked_are_refused(open_page: OpenPage, text: str, said: str) -> None:
    at = open_page("walk")
    at.text_area(key="wk-text").set_value(text).run()
    at.button(key="wk-go").click().run()
    assert said in at.error[0].value.replace("\\", "") and "recorded" in words(at)


@pytest.mark.slow
def test_own_sentences_and_another_checkpoint_are_computed(
    open_page: OpenPage, tiny_checkpoint: Path
) -> None:
    at = open_page("walk", wk_stage="Loss")
    at.text_area(key="wk-text").set_value(OWN + "\n\n").run()
    at.text_input(key="wk-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="wk-go").click().run()
    assert not at.exception and not at.error
    assert at.selectbox(key="wk_ck").value == str(tiny_checkpoint)
    assert t("walk.computed", device="cpu") in words(at) and "(3, 3)" in words(at)
    assert at.pills(key="wk_row").options == ["a", "b", "c"]
    at.segmented_control(key="wk_layout").set_value("triples").run()
    assert t("walk.own_triples") in words(at) and "(4, 8)" in words(at)
    assert t("walk.does.hidden.texts") in words(go_to(at, "hidden"))
    at.button(key="wk-end").click().run()
    at.segmented_control(key="wk_layout").set_value("interleaved").run()
    assert "(8, 8)" in words(at) and not at.exception and not at.error
    at.selectbox(key="wk_ck").set_value("minilm:4").run()
    assert "recorded" in words(at)


def test_a_checkpoint_that_is_not_there_is_refused_in_place(open_page: OpenPage) -> None:
    at = open_page("walk")
    at.text_input(key="wk-name").set_value("/no/such/folder").run()
    at.button(key="wk-go").click().run()
    assert "folder" in at.error[0].value and "recorded" in words(at)


def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with("walk", '{"made": {}}', tmp_path)))
    at = open_page("walk")
    assert any("record walk" in box.value for box in at.error)
