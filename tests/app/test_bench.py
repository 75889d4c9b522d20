"""The bench as a visitor meets it: recorded scores, errors pair by pair, guesses, a measurement."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.bench import kinds, live, pairs_view, published, scores
from pages.bench.controls import Scores
from pages.bench.entries import Entry, entries, errors_of, opening, paired
from pages.bench.recorded import recorded
from pages.bench.words import ends, number
from pages.ui.text import plain, t
from simcse_core.bench import SHIPPED, published_rows, shipped_pairs
from simcse_core.bench.compare import AVERAGE
from simcse_core.bench.results import column
from simcse_core.data.sts_sets import TASKS, load_task
from simcse_core.evaluation.compare import beyond_noise
from simcse_core.evaluation.errors import one_sided
from tests.app.apptest import (
    OpenPage,
    assets_with,
    captions,
    charts,
    code_with,
    frame,
    heavy_libraries_of,
    numbers,
    printed,
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


def test_every_pair_is_drawn_by_its_two_errors(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS)
    first, second = (errors_of(entries()[name], SHIPPED) for name in opening())
    plain_pairs = charts(at)[0]["data"][0]
    rows = numbers(plain_pairs["customdata"]).astype(int).ravel()
    assert sorted(rows.tolist()) == list(range(len(shipped_pairs())))
    assert numbers(plain_pairs["x"]) == pytest.approx(100 * first[rows], abs=1e-3)
    assert numbers(plain_pairs["y"]) == pytest.approx(100 * second[rows], abs=1e-3)


def test_a_kind_can_be_set_off_and_the_worst_pairs_are_then_of_that_kind(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS, bn_kind=t("bench.kind.negation"), bn_sort=t("bench.worst.by.second"))
    labels = shipped_pairs().labels or ()
    marked = numbers(charts(at)[0]["data"][1]["customdata"]).astype(int).ravel()
    assert marked.tolist() == [row for row, label in enumerate(labels) if label == "negation"]
    shown = frame(at, t("bench.worst.pair"))
    assert {labels[row - 1] for row in shown[t("bench.worst.pair")]} == {"negation"}
    sizes = [abs(value) for value in shown["B"]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("by", ["length", "overlap"])
def test_kinds_by_length_and_overlap_hold_every_pair_once(open_page: OpenPage, by: str) -> None:
    at = open_page("bench", **ERRORS, bn_by=t(f"bench.by.{by}"))
    table = frame(at, t("bench.kinds.pairs"))
    assert table[t("bench.kinds.pairs")].sum() == len(shipped_pairs())
    found = kinds.kinds_of(SHIPPED, by)
    assert table[t("bench.kinds.kind")].tolist() == [kinds.title(name) for name in found.names]
    errors = np.abs(errors_of(entries()[opening()[1]], SHIPPED))
    of = np.array(found.of)
    expected = [round(100 * float(errors[of == name].mean()), 1) for name in found.names]
    assert table[t("bench.kinds.column_size", letter="B")].tolist() == expected


def test_the_sentence_on_kinds_says_what_the_differences_say(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS)
    table = frame(at, t("bench.kinds.pairs"))
    a, b = (entries()[name].result.pairs.spearman["all"] or 0 for name in opening())
    sign = 1 if a > b else -1
    worse = table[table[t("bench.kinds.beyond")] & (sign * table[t("bench.kinds.difference")] > 0)]
    close = table[~table[t("bench.kinds.beyond")]]
    if len(worse):
        row = worse.iloc[int(np.argmax(worse[t("bench.kinds.difference")].abs()))]
        assert f"on **{row[t('bench.kinds.kind')]}** it is further off" in said(at)
    elif len(close):
        assert t("bench.aha.no_better", kinds=", ".join(close[t("bench.kinds.kind")])) in said(at)
    else:
        assert t("bench.aha.all_better") in said(at)


def test_the_pair_of_the_address_is_read_and_the_challenge_checks_itself(open_page: OpenPage) -> None:
    first, second = (errors_of(entries()[name], SHIPPED) for name in opening())
    target = one_sided(first, second)
    assert target is not None
    other = 0 if target else 1
    at = open_page("bench", **ERRORS, bn_pair=str(other + 1))
    assert shipped_pairs().first[other] in [one.value for one in at.text] and not at.success
    at.selectbox(key="bn_pair").set_value(target + 1).run()
    assert shipped_pairs().second[target] in [one.value for one in at.text]
    assert "bench.one_sided" in at.session_state["solved"] and at.success
    assert number(100 * float(first[target]), 0, sign=True) in at.success[0].value


def test_the_hardest_kind_is_revealed_after_a_guess(open_page: OpenPage) -> None:
    at = open_page("bench")
    errors = errors_of(entries()[opening()[1]], SHIPPED)
    worst, near = kinds.hardest_of(errors, shipped_pairs().labels or ())
    assert not [box for box in at.info if kinds.title(worst) in box.value]
    at.pills(key="guess_bench.hardest").set_value(kinds.title(worst)).run()
    told = next(box.value for box in at.info if kinds.title(worst) in box.value)
    assert told.startswith(f"**{t('shell.guess_right')}**")
    right = {kinds.title(name) for name in (worst, *near)}
    wrong = next(one for one in at.pills(key="guess_bench.hardest").options if one not in right)
    at.pills(key="guess_bench.hardest").set_value(wrong).run()
    assert any(box.value.startswith(f"**{t('shell.guess_wrong')}**") for box in at.info)


def test_reports_are_made_from_what_is_shown(open_page: OpenPage) -> None:
    open_page("bench")
    results = [one.result for one in entries().values()]
    made = {ending: published._maker(results, ending, "all")().decode() for ending in published.FILES}
    assert all(results[0].model in text for text in made.values())
    assert made["html"].startswith("<!doctype html>") and "http" not in made["html"].partition("<body>")[0]


@pytest.mark.slow
def test_the_code_shown_gives_the_errors_shown(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS, bn_a="minilm:4", bn_b="minilm:4", bn_pair="5")
    told = printed(code_with(at, "rank_residuals")).split()
    assert told[0] == "minilm:4"
    entry = entries()["minilm:4"]
    assert float(told[1]) == pytest.approx(float(entry.result.pairs.cosine[4]), abs=2e-3)
    assert float(told[2]) == pytest.approx(100 * errors_of(entry, SHIPPED)[4], abs=1.0)


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


@pytest.mark.sts
def test_public_pairs_are_read_and_compared_where_they_and_their_columns_are(
    open_page: OpenPage, sts_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two finished measurements with made-up cosines of STS13, which has three subsets."""
    monkeypatch.setenv("SIMCSE_STS_DIR", str(sts_folder))
    known = live.Jobs()
    monkeypatch.setattr(live, "jobs", lambda: known)
    task = load_task(sts_folder, "STS13")
    gold = column(task.pairs().score)
    base = next(iter(recorded().results.values()))
    asked = {}
    for name, noise in (("near", 0.5), ("far", 3.0)):
        cosine = column(gold + np.random.default_rng(0).normal(0, noise, len(gold)))
        own = replace(base.tasks["STS13"], cosine=cosine, gold=gold)
        facts = replace(base.encoder, digest=f"made-up-{name}")
        result = replace(base, model=name, encoder=facts, tasks={"STS13": own})
        asked[name] = live.Asked(name, None, sts_folder)
        job = live.Job(asked[name], state="done", result=result)
        known._jobs[asked[name]] = job
    at = open_page("bench", **ERRORS)
    at.session_state[live.MINE] = list(asked.items())
    at.run()
    at.selectbox(key="bn_a").set_value("far").run()
    at.selectbox(key="bn_b").set_value("near").run()
    assert "STS13" in at.selectbox(key="bn_set").options
    at.selectbox(key="bn_set").set_value("STS13").run()
    assert not at.exception and not at.error
    assert task.pairs().first[0] in [one.value for one in at.text]
    rows = frame(at, t("bench.kinds.pairs"))
    told = dict(zip(rows[t("bench.kinds.kind")], rows[t("bench.kinds.pairs")], strict=True))
    assert told == {name: len(pairs) for name, pairs in task.subsets.items()}
    assert (rows[t("bench.kinds.difference")] > 0).all() and "data.datasets" not in "".join(
        code.value for code in at.code
    )
    found = paired(
        *(Entry(name, live.jobs().get(one).result, True, name) for name, one in asked.items()), "all", "STS13"
    )
    assert found is not None and found.low > 0


@pytest.mark.parametrize("content", [None, "{", '{"checkpoints": {}}'])
def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with("bench", content, tmp_path)))
    at = open_page("bench")
    assert any("record bench" in box.value for box in at.error)


def test_order_of_the_worst_pairs() -> None:
    """Against sorting one by one; `Case` is stood in for by what `order` reads."""

    class Some:
        errors = (np.array([0.5, -0.9, 0.1]), np.array([-0.2, 0.8, 0.3]))

        class settings:
            marked = "none"

    def rows(sort: str) -> list[int]:
        return pairs_view.order(Some(), sort).tolist()  # type: ignore[arg-type]

    assert rows("first") == [1, 0, 2] and rows("second") == [1, 2, 0]
    assert rows("first_alone") == [0, 1, 2] and rows("second_alone") == [2, 1, 0]
    assert rows("high")[0] == 2 and rows("low") == [2, 0, 1]
