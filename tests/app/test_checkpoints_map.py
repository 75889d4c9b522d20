"""The map of the checkpoints page, on a small made-up recording, a run, and two tiny checkpoints."""

from __future__ import annotations

import base64
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from unit.encoder_factory import make_checkpoint

from pages.checkpoints import map_controls, map_live, map_panels, map_tries
from pages.ui.text import t
from simcse_core.data.vector_reading import read_vectors
from simcse_core.evaluation.neighbours import overlap_with_previous, same_group
from simcse_core.figures.maps_churn import churn, weight_stops
from simcse_core.figures.theme import LIGHT
from simcse_core.presets import preset
from simcse_core.projection import alignments
from simcse_core.runs.store import RunStore
from tests.app.apptest import (
    OpenPage,
    assets_with_broken,
    captions,
    code_with,
    frame,
    heavy_libraries_of,
    mounted,
    printed,
    said,
)  # fmt: skip
from tests.app.maps_factory import COUNT, LOST, STEPS, made_atlas, made_run

BOARD = "cp-atlas"
KEYS = "[one.key for one in at.get('bidi_component')]"


def points(told: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(told["points"]), "<i2").reshape(len(told["steps"]), -1, 2)


def test_it_opens_on_the_last_step_with_true_neighbours(open_map: OpenPage) -> None:
    at, atlas = open_map(), made_atlas()
    told = mounted(at, BOARD)
    assert told["state"] == "30|0" and told["scrub"] and told["beside"] is None
    lists = np.frombuffer(base64.b64decode(told["neighbours"]), "<u2").reshape(len(STEPS), COUNT, -1)
    assert lists.tolist() == atlas.neighbours.tolist()
    drawn = atlas.layouts["pca"].points
    assert points(told) / 32767 * np.abs(drawn).max() == pytest.approx(drawn, abs=1e-3 * float(np.ptp(drawn)))
    assert told["names"] == ["recipes", "sport"] and told["groups"][:4] == [0, 1, -1, 0]
    assert f"{COUNT} sentences" in captions(at) and "seed 42" in captions(at)
    assert len(at.get("echarts_chart")) == 1


def test_lists_are_of_both_steps_and_say_what_they_share(open_map: OpenPage) -> None:
    at, atlas = open_map(cp_pin="7", cp_step="20", cp_with="10", cp_k="5"), made_atlas()
    tables = [one.value for one in at.dataframe if "sentence" in one.value.columns]
    for table, number in zip(tables, (1, 2), strict=True):
        rows = atlas.neighbours[number, 7, :5]
        assert table["sentence"].tolist() == [atlas.texts[row] for row in rows]
        assert table["cosine"].tolist() == pytest.approx(atlas.cosines[number, 7, :5], abs=1e-4)
    both = set(atlas.neighbours[1, 7, :5]) & set(atlas.neighbours[2, 7, :5])
    assert (tables[0]["both"] == t("checkpoints.yes")).sum() == len(both)
    assert t("checkpoints.same", same=len(both), k=5) in captions(at)


def test_the_change_of_the_lists_is_a_table_too(open_map: OpenPage) -> None:
    table = frame(open_map(), "overlap_with_previous")
    near = made_atlas().neighbours
    assert table["overlap_with_previous"].tolist()[1:] == pytest.approx(overlap_with_previous(near), abs=1e-4)
    assert table["pairs"].tolist() == [60.0] * len(STEPS)


def test_what_the_map_tells_is_kept_and_nonsense_is_not(open_map: OpenPage) -> None:
    at = open_map(cp_step="10", cp_pin="5")
    assert mounted(at, BOARD)["state"] == "10|5" and at.selectbox(key="cp-pin-pick").value == 5
    at.selectbox(key="cp-pin-pick").set_value(9).run()
    assert mounted(at, BOARD)["state"] == "10|9"
    at.button(key="cp-reset").click().run()
    assert mounted(at, BOARD)["state"] == "30|0"


@pytest.mark.parametrize("value", ["whatever", "", "-1", "9" * 30, "<script>", "1.5"])
def test_nonsense_in_the_address_falls_back(open_map: OpenPage, value: str) -> None:
    keys = ("tab", "of", "proj", "step", "pin", "k", "by", "subjects", "with", "beside", "first", "second")
    at = open_map(**{f"cp_{key}": value for key in keys})
    assert mounted(at, BOARD)["state"] == "30|0"


def test_every_setting_changes_what_is_drawn(open_map: OpenPage) -> None:
    at = open_map()
    first = mounted(at, BOARD)
    at.selectbox(key="cp_proj").set_value("pca_rotated").run()
    rotated = mounted(at, BOARD)
    assert rotated["id"] != first["id"] and not np.array_equal(points(rotated), points(first))
    at.toggle(key="cp_beside").set_value(True).run()
    assert mounted(at, BOARD)["beside"] == 0
    at.segmented_control(key="cp_k").set_value(3).run()
    assert mounted(at, BOARD)["k"] == 3
    at.pills(key="cp_by").set_value("changed").run()
    coloured = mounted(at, BOARD)
    assert coloured["stops"] == weight_stops() and set(coloured["groups"]) == {-1}
    assert min(coloured["values"]) == 0 and max(coloured["values"]) == 255
    at.pills(key="cp_by").set_value("length").run()
    assert "words" in mounted(at, BOARD)["low"]


def test_a_sentence_that_lost_its_subject_solves_the_task(open_map: OpenPage) -> None:
    shares = same_group(made_atlas().neighbours, made_atlas().subjects)
    assert shares[-1, 0] >= shares[0, 0] and shares[-2, LOST] - shares[-1, LOST] >= map_tries.WORSE
    assert not open_map(cp_with="20").success
    at = open_map(cp_pin=str(LOST), cp_with="20")
    assert "checkpoints.worse" in at.session_state["solved"]
    before, after = (round(10 * shares[step, LOST]) for step in (-2, -1))
    assert at.success[0].value == t("checkpoints.praise", before=before, after=after, k=10)


def test_the_guess_is_judged_against_the_recording(open_map: OpenPage) -> None:
    at = open_map()
    at.pills(key="guess_checkpoints.freeze").set_value("30").run()
    overlaps = overlap_with_previous(made_atlas().neighbours)
    assert f"{overlaps[0]:.2f}" in at.info[0].value


def test_the_code_prints_what_the_page_shows(open_map: OpenPage) -> None:
    at, atlas = open_map(cp_pin="4", cp_step="10"), made_atlas()
    told = printed(code_with(at, "Atlas.from_dict")).splitlines()
    assert told[0] == str([atlas.texts[row] for row in atlas.neighbours[1, 4]])


def test_without_a_recording_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("maps", tmp_path)))
    at = open_page("checkpoints")
    assert any("record maps" in box.value for box in at.error)


def test_opening_it_loads_no_heavy_library() -> None:
    assert heavy_libraries_of("checkpoints", f"assert {BOARD!r} in {KEYS}") == "[]"


def test_a_run_of_the_lab_is_mapped_from_what_it_kept(open_map: OpenPage, tmp_path: Path) -> None:
    name = made_run(tmp_path)
    at, atlas = open_map(cp_of=name), made_atlas()
    told = mounted(at, BOARD)
    assert told["steps"] == list(STEPS) and name in captions(at).replace("\\", "")
    lists = np.frombuffer(base64.b64decode(told["neighbours"]), "<u2").reshape(atlas.neighbours.shape)
    assert (lists == atlas.neighbours).mean() > 0.99  # kept in float16
    assert set(at.selectbox(key="cp_proj").options) == {alignments.info(name).title for name in alignments}
    names: dict[str, Any] = {}
    printed(code_with(at, "RunStore"), names)
    assert names["atlas"].neighbours.tolist() == lists.tolist()


def test_what_leaves_the_map_is_what_it_shows(open_map: OpenPage, tmp_path: Path) -> None:
    view = map_live.run_view(made_run(tmp_path))
    settings = map_controls.Settings("pca", 5, "subject", (), 2, 0, False, 7)
    plain = map_panels.shown(view, settings)
    assert [one["text"] for one in plain["neighbours"]] == [
        view.atlas.texts[row] for row in view.atlas.neighbours[2, 7, :5]
    ]
    assert plain["points"]["x"] == pytest.approx(view.atlas.layouts["pca"].points[2, :, 0], rel=1e-4)
    (tmp_path / "v.zip").write_bytes(map_panels.projector_files(view, settings, "v"))
    with zipfile.ZipFile(tmp_path / "v.zip") as archive:
        archive.extractall(tmp_path)
    again = read_vectors(tmp_path / "v.tsv")
    assert again.texts == view.atlas.texts and again.labels["subject"] == view.atlas.subjects
    assert again.embeddings == pytest.approx(view.clouds[20], rel=1e-5)


def test_a_slow_map_waits_for_its_button(
    open_map: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def quick(clouds: Any, method: str) -> Any:
        made.append(method)
        return (
            made_atlas().layouts["pca"].__class__(**{**vars(made_atlas().layouts["pca"]), "method": method})
        )

    monkeypatch.setattr(map_live, "layout_of", quick)
    at = open_map(cp_of=made_run(tmp_path), cp_proj=alignments.info("tsne").title)
    assert at.selectbox(key="cp_proj").value == "tsne" and not made
    assert alignments.info("pca").title in captions(at)
    at.button(key="cp-layout-go").click().run()
    assert made == ["tsne"] and alignments.info("tsne").title in captions(at)
    assert not [one for one in at.button if one.key == "cp-layout-go"]


def test_a_run_that_kept_nothing_is_not_offered(open_map: OpenPage, tmp_path: Path) -> None:
    run = RunStore(tmp_path / "runs").create(preset("live").config)
    at = open_map(cp_of=run.id)
    assert at.selectbox(key="cp_of").value == "recorded"


@pytest.mark.slow
def test_two_checkpoints_are_mapped_side_by_side(
    open_map: OpenPage, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_checkpoint(tmp_path / "other", seed=5, hidden_size=48)
    monkeypatch.setattr("pages.checkpoints.map_tab.SENTENCES", 60)
    monkeypatch.setattr("pages.checkpoints.map_tab.names", lambda first: (str(tiny_checkpoint), str(other)))
    at = open_map(cp_of=t("checkpoints.source_name.two"))
    at.selectbox(key="cp_second").set_value(str(other)).run()
    assert BOARD not in [one.key for one in at.get("bidi_component")]
    at.button(key="cp-two-go").click().run()
    told = mounted(at, BOARD)
    assert told["beside"] == 1 and not told["scrub"] and len(told["texts"]) == 60
    assert [tiny_checkpoint.name, "other"] == list(told["labels"])
    assert t("checkpoints.two_overlap", overlap="", k=10, own="", other="")[:30] in said(at)
    at.selectbox(key="cp_second").set_value(str(tiny_checkpoint)).run()
    assert any(t("checkpoints.live.same") in box.value.replace("\\", "") for box in at.error)


def test_the_curve_has_fixed_axes_and_marks_the_steps() -> None:
    words = {name: name for name in ("title", "step", "share", "previous", "last", "own")}
    option = churn([0, 10, 20], [0.5, 0.8], [0.3, 0.8, 1.0], [0.2, 0.4, 0.6], LIGHT, words=words, at=(0, 20))
    assert [len(line["data"]) for line in option["series"]] == [2, 3, 3]
    assert (option["yAxis"]["min"], option["yAxis"]["max"]) == (0.0, 1.0)
    assert [mark["xAxis"] for mark in option["series"][0]["markLine"]["data"]] == [0, 20]


def test_the_opening_sentence_is_on_the_recorded_map() -> None:
    from simcse_core.evaluation.cone import sample_sentences
    from simcse_core.recording.maps import SENTENCES

    assert map_controls.OPENING in {text for text, _ in sample_sentences(SENTENCES)}
