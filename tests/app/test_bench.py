"""The bench as a visitor meets it: recorded scores, published rows, a measurement."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.bench import live, published, scores
from pages.bench.controls import Scores
from pages.bench.entries import entries, paired
from pages.bench.recorded import recorded
from pages.bench.words import ends, number
from pages.ui.text import plain, t
from simcse_core.bench import SHIPPED, published_rows
from simcse_core.bench.compare import AVERAGE
from simcse_core.data.sts_sets import TASKS
from simcse_core.evaluation.compare import beyond_noise
from tests.app.apptest import (
    OpenPage,
    assets_with,
    captions,
    charts,
    heavy_libraries_of,
    numbers,
    said,
)

ERRORS = {"bn_view": t("bench.views.errors")}


def tables(at: Any) -> list[Any]:
    """The tables of tasks: ours, and the published rows where some match."""
    return [one.value for one in at.dataframe if "STS12" in one.value.columns]


def styles(at: Any) -> str:
    """Style of the cells of our table."""
    ours = next(one for one in at.dataframe if "STS12" in one.value.columns)
    return str(ours.proto.arrow_data.styler.styles)


def test_it_opens_on_every_recorded_checkpoint_with_scores_and_intervals(open_page: OpenPage) -> None:
    at = open_page("bench")
    results = recorded().results
    ours = tables(at)[0]
    assert ours[t("bench.checkpoint")].tolist() == list(results)
    for row, result in enumerate(results.values()):
        for name in TASKS:
            cell = ours[name].iloc[row]
            task = result.tasks[name]
            assert cell.startswith(number(task.spearman["all"])) and ends(*task.intervals["all"]) in cell
        average = ours[t("bench.table.average")].iloc[row]
        assert average.startswith(number(result.average()))
    marks = [one for one in charts(at)[0]["data"] if one.get("mode") == "markers+text"]
    assert len(marks) == len(results)
    for mark, result in zip(marks, results.values(), strict=True):
        assert numbers(mark["x"]) == pytest.approx([result.tasks["STS-B"].alignment])
        assert numbers(mark["y"]) == pytest.approx([result.tasks["STS-B"].uniformity])
    assert recorded().made["date"] in captions(at)


def test_opening_either_view_loads_no_heavy_library() -> None:
    assert heavy_libraries_of("bench", "assert at.get('plotly_chart')") == "[]"
    assert heavy_libraries_of("bench", "assert at.get('plotly_chart')", **ERRORS) == "[]"


def test_the_best_is_bold_only_where_it_leads_every_other_beyond_noise(open_page: OpenPage) -> None:
    at = open_page("bench")
    known = list(entries().values())
    _, bold = scores.table_of(Scores(known, "all", "STS-B"))
    assert (scores.BOLD in styles(at)) == any(any(marks) for marks in bold.values())
    for place, marks in enumerate(bold.values()):
        for row, marked in enumerate(marks):
            assert (f"row{row}_col{place}," in styles(at).replace(" {", ", {")) == marked
    for part, head in ((AVERAGE, t("bench.table.average")), ("STS-B", "STS-B"), ("SICK-R", "SICK-R")):
        values = [
            one.result.average() if part == AVERAGE else one.result.tasks[part].spearman["all"]
            for one in known
        ]
        first = int(np.argmax([value or 0 for value in values]))
        told = [paired(known[first], one, "all", part) for one in known if one is not known[first]]
        clear = all(one is not None and beyond_noise(one) for one in told)
        assert bold[head] == [clear and row == first for row in range(len(known))]


@pytest.mark.parametrize("how", ["mean", "wmean"])
def test_an_aggregation_never_mixes_with_another(open_page: OpenPage, how: str) -> None:
    at = open_page("bench", bn_agg=how)
    for row, result in enumerate(recorded().results.values()):
        cell = tables(at)[0]["STS12"].iloc[row]
        assert cell.startswith(number(result.tasks["STS12"].spearman[how]))
    assert t(f"bench.table.protocol.{how}") in captions(at)
    matching = {
        row.model for one in recorded().results.values() for row in published_rows(one, aggregation=how)
    }
    shown = {cell for table in tables(at)[1:] for cell in table[t("bench.published.model")]}
    assert {cell.rpartition(" [")[0] for cell in shown} == matching


def test_published_rows_match_in_reading_and_stand_apart(open_page: OpenPage) -> None:
    at = open_page("bench")
    readings = {result.encoder.pooling for result in recorded().results.values()}
    theirs = tables(at)[1]
    found = [row for r in recorded().results.values() for row in published_rows(r)]
    assert found and {row.pooling for row in found} <= readings
    assert len(theirs) == len({row.model for row in found})
    assert all(plain(row.source) in captions(at) for row in found)


def test_the_plane_and_the_sentence_follow_the_shipped_pairs(open_page: OpenPage) -> None:
    at = open_page("bench", bn_on=t("bench.set.pairs"))
    marks = [one for one in charts(at)[0]["data"] if one.get("mode") == "markers+text"]
    results = list(recorded().results.values())
    assert [numbers(m["x"])[0] for m in marks] == pytest.approx([r.pairs.alignment for r in results])
    top = max(results, key=lambda r: r.pairs.spearman["all"] or 0)
    assert f"**{plain(top.model)}**" in said(at)


@pytest.mark.parametrize("value", ["whatever", "-1", "nan", "9" * 30, "<script>", "٣"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("agg", "on", "a", "b", "set", "by", "kind", "signed", "sort", "pair", "new", "pool")
    for view in (value, ERRORS["bn_view"]):
        at = open_page("bench", bn_view=view, **{f"bn_{key}": value for key in keys})
        assert not at.exception and not at.error and charts(at)
    at = open_page("bench", bn_ck=value)
    assert not at.exception and not at.error


def test_all_checkpoints_may_be_taken_away_and_reset_brings_them_back(open_page: OpenPage) -> None:
    at = open_page("bench")
    at.pills(key="bn_ck").set_value([]).run()
    assert t("bench.none") in [box.value for box in at.info] and not charts(at)
    at.button(key="bn-reset").click().run()
    assert len(tables(at)[0]) == len(recorded().results)


def test_reports_are_made_from_what_is_shown(open_page: OpenPage) -> None:
    open_page("bench")
    results = [one.result for one in entries().values()]
    made = {ending: published._maker(results, ending, "all")().decode() for ending in published.FILES}
    assert all(results[0].model in text for text in made.values())
    assert made["html"].startswith("<!doctype html>") and "http" not in made["html"].partition("<body>")[0]


def finished(at: Any, title: str) -> None:
    """Wait until a measurement of this visitor has ended."""
    asked = dict(at.session_state[live.MINE])[title]
    job = live.jobs().get(asked)
    for _ in range(600):
        if job is None or not job.active:
            return
        job.look()
        time.sleep(0.1)


def test_another_checkpoint_is_measured_beside_the_page(
    open_page: OpenPage, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SIMCSE_STS_DIR", str(tmp_path / "nothing"))
    at = open_page("bench")
    at.text_input(key="bn_new-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="bn_new-add").click().run()
    assert at.selectbox(key="bn_new").value == str(tiny_checkpoint)
    at.button(key="bn-measure").click().run()
    finished(at, tiny_checkpoint.name)
    at.run()
    ours = tables(at)[0]
    row = ours[ours[t("bench.checkpoint")] == tiny_checkpoint.name]
    assert len(row) == 1 and row["STS-B"].iloc[0] == "–"
    assert t("bench.measured", names=plain(tiny_checkpoint.name)) in captions(at)
    told = [one.value for one in at.info]
    assert len(told) == 1 and tiny_checkpoint.name in told[0]  # not in the plane of a public set
    not_ranked = t("bench.found.without", names=plain(tiny_checkpoint.name))
    assert any(not_ranked in one.value for one in at.markdown)
    at.segmented_control(key="bn_on").set_value(SHIPPED).run()
    assert not at.info and not any(not_ranked in one.value for one in at.markdown)
    at.segmented_control(key="bn_view").set_value("errors").run()
    at.selectbox(key="bn_a").set_value(tiny_checkpoint.name).run()
    assert not at.exception and not at.error
    errors = errors_of_measured(at, tiny_checkpoint.name)
    assert numbers(charts(at)[0]["data"][0]["x"]) == pytest.approx(100 * errors, abs=1e-3)


def errors_of_measured(at: Any, title: str) -> Any:
    """Errors of what this visitor had measured, from its job."""
    from simcse_core.evaluation.errors import rank_residuals

    job = live.jobs().get(dict(at.session_state[live.MINE])[title])
    assert job is not None and job.result is not None
    return rank_residuals(job.result.pairs.cosine, job.result.pairs.gold)


def test_a_folder_that_is_not_there_is_refused_and_the_page_lives_on(
    open_page: OpenPage, tiny_checkpoint: Path, tmp_path: Path
) -> None:
    at = open_page("bench")
    at.text_input(key="bn_new-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="bn_new-add").click().run()
    at.text_input(key=live.FOLDER).set_value(str(tmp_path / "<none>")).run()
    at.button(key="bn-measure").click().run()
    finished(at, tiny_checkpoint.name)
    at.run()
    assert any("There is no folder" in box.value for box in at.error) and charts(at)


@pytest.mark.parametrize("content", [None, "{", '{"checkpoints": {}}'])
def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with("bench", content, tmp_path)))
    at = open_page("bench")
    assert any("record bench" in box.value for box in at.error)
