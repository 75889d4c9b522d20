from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pages.pairs import recorded, sharing
from simcse_core.config import RunConfig
from simcse_core.runs.store import RunStore
from tests.app.apptest import OpenPage, faults

STRANGE = [
    "",
    "   ",
    "😀😀😀",
    "مرحبا بالعالم",
    "<b>bold</b> & $x$ **y** [a](b)",
    "\x00\u2028\u200f half",
    "word " * 9_000,
]


def text_of(at: Any) -> str:
    kinds = ("markdown", "caption", "info", "warning", "error", "success")
    return " ".join(element.value for kind in kinds for element in at.get(kind))


def type_texts(at: Any, original: str, same: str, different: str) -> Any:
    at.text_input(key="pr_original").set_value(original)
    at.text_input(key="pr_same").set_value(same)
    at.text_input(key="pr_different").set_value(different).run()
    assert not faults(at)
    return at


def test_it_opens_on_the_recorded_figure_with_its_checkpoints(open_page: OpenPage) -> None:
    at = open_page("pairs")
    first = recorded.examples()["negation"]
    assert at.text_input(key="pr_original").value == first.original
    text = text_of(at)
    assert f"{first.scores[recorded.OPENING[0]]['same']:.2f}, higher than 9" in text
    assert "higher than all 20,000 random pairs" in text


@pytest.mark.parametrize("name", list(recorded.examples()))
def test_every_example_opens_by_its_address(open_page: OpenPage, name: str) -> None:
    from pages.ui.text import t

    at = open_page("pairs", pr_ex=t(f"pairs.example.{name}"))
    assert at.text_input(key="pr_original").value == recorded.examples()[name].original


def test_a_chinese_pair_comes_with_a_warning_and_its_background(open_page: OpenPage) -> None:
    at = open_page("pairs", pr_ex="Chinese")
    assert len(at.warning) == len(recorded.OPENING)
    assert "Two random Chinese sentences score 0.61" in at.warning[recorded.OPENING.index("minilm")].value


@pytest.mark.parametrize("mode", ["A list", "Search"])
def test_lists_and_searches_open_on_recorded_results(open_page: OpenPage, mode: str) -> None:
    at = open_page("pairs", pr_mode=mode)
    assert at.get("arrow_data_frame") or at.dataframe


def test_nonsense_in_the_address_falls_back(open_page: OpenPage) -> None:
    at = open_page("pairs", pr_mode="x", pr_pool="y", pr_top="-1", pr_ex="z", pr_where="0")
    assert at.text_input(key="pr_original").value


def test_texts_of_a_link_are_shown_and_leave_the_address(open_page: OpenPage) -> None:
    first = recorded.examples()["roles"]
    at = open_page("pairs", original=first.original, same=first.same, different=first.different)
    assert at.text_input(key="pr_different").value == first.different
    assert not set(sharing.NAMES) & set(at.query_params)


def test_an_unknown_checkpoint_is_told_and_can_be_dropped(open_page: OpenPage) -> None:
    at = open_page("pairs", ck="./no-such-folder")
    assert any("no folder" in box.value for box in at.error)
    next(button for button in at.button if "pr-drop" in (button.key or "")).click().run()
    assert not at.error and not faults(at)


@pytest.mark.parametrize("broken", ["pickle", "corrupt", "empty"])
def test_a_checkpoint_that_cannot_be_trusted_is_told(
    open_page: OpenPage, tmp_path: Path, broken: str
) -> None:
    folder = tmp_path / broken
    folder.mkdir()
    if broken != "empty":
        (folder / "config.json").write_text('{"model_type": "bert"}' if broken == "pickle" else "{oops")
    if broken == "pickle":
        (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    at = open_page("pairs", ck=str(folder))
    assert len(at.error) == 1 and not faults(at)
    assert "higher than" in text_of(at)  # the other checkpoint is shown all the same


@pytest.mark.slow
def test_what_is_typed_is_scored(open_page: OpenPage) -> None:
    at = open_page("pairs")
    at = type_texts(at, "The cat sat on the mat.", "The cat sat on the mat.", "Bonds fell.")
    assert "1.00, higher than all 20,000 random pairs" in text_of(at)
    assert "Every checkpoint here" in text_of(at)


@pytest.mark.slow
def test_a_missed_negation_ticks_the_challenge(open_page: OpenPage) -> None:
    at = type_texts(open_page("pairs"), "The shop is open today.", "", "The shop is not open today.")
    assert "pairs.negation" in at.session_state["solved"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", STRANGE, ids=["empty", "blank", "emoji", "arabic", "markup", "control", "long"]
)
def test_strange_texts_are_kind(open_page: OpenPage, text: str) -> None:
    type_texts(open_page("pairs"), text, text, "A dog barks.")
    listed = open_page("pairs", pr_mode="A list")
    listed.text_area(key="pr_lines").set_value(f"{text}\nA dog barks.\nA cat sleeps.").run()
    assert not faults(listed)
    searched = open_page("pairs", pr_mode="Search")
    searched.text_input(key="pr_query").set_value(text[:200]).run()
    assert not faults(searched)


@pytest.mark.slow
def test_a_folder_and_its_layers_stand_side_by_side(open_page: OpenPage, tiny_checkpoint: Path) -> None:
    at = open_page("pairs", ck=f"{tiny_checkpoint}:1")
    assert len(at.error) == 0
    assert "higher than" in text_of(at) or "lower than" in text_of(at)


@pytest.mark.slow
def test_a_finished_run_stands_beside_what_it_was_trained_from(
    open_page: OpenPage, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    config = RunConfig().with_settings({"encoder.name": str(tiny_checkpoint)})
    run = RunStore(tmp_path / "runs").create(config)
    saved = run.folder / "checkpoints" / "step-000005"
    shutil.copytree(tiny_checkpoint, saved)
    (saved / "state.json").write_text("{}")
    at = open_page("pairs", ck=run.id)
    assert not at.error
    assert at.session_state["pr_models"] == [str(tiny_checkpoint), run.id]
    assert f"{run.id}, step 5" in text_of(at).replace("\\", "")


def test_no_checkpoint_and_no_text_say_what_to_do(open_page: OpenPage) -> None:
    at = open_page("pairs")
    at.get("button_group")
    at.session_state["pr_models"] = []
    at.run()
    assert not faults(at)
    at = type_texts(open_page("pairs"), "", "", "")
    assert any("Write an original" in box.value for box in at.info)
