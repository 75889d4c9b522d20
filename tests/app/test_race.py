from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.race import own, standing
from pages.race.controls import set_title, title
from pages.race.recorded import FOUR, recorded, runner, sets, variants
from pages.ui.text import catalogue, t
from simcse_core.data.published import published
from simcse_core.presets import preset
from simcse_core.recording import race
from simcse_core.runs.store import Run, RunStore
from simcse_core.training.events import Evaluated, Lifecycle
from simcse_core.views import views
from tests.app.apptest import (
    OpenPage,
    assets_with,
    captions,
    charts,
    code_with,
    frame,
    heavy_libraries_of,
    link,
    printed,
    said,
)

SHIPPED = set_title("pairs")


def paths(at: Any) -> dict[str, dict[str, Any]]:
    """Traces of the legend of the main figure, by name."""
    return {trace["name"]: trace for trace in charts(at)[0]["data"] if trace.get("showlegend")}


def every(measured_on: str) -> dict[str, Any]:
    return {name: runner(name, measured_on, title(name)) for name in variants()}


def test_it_opens_on_the_four_of_the_papers_figure(open_page: OpenPage) -> None:
    at = open_page("race")
    assert list(paths(at)) == [title(name) for name in FOUR]
    rows = frame(at, "step")
    seeds = {run["seed"] for run in recorded()["runs"]}
    assert len(rows) == 4 * len(seeds) * 11 and set(rows["seed"]) == seeds
    run = next(r for r in recorded()["runs"] if (r["variant"], r["seed"]) == ("same_mask", 42))
    shown = rows[(rows["run"] == title("same_mask")) & (rows["seed"] == 42)]
    assert shown["alignment"].tolist() == pytest.approx(run["sets"][sets()[0]]["alignment"])
    assert shown["step"].tolist() == list(range(0, 21, 2))
    made = recorded()["made"]
    assert made["date"] in captions(at) and f"{made['sample'][sets()[0]]['pairs']:,} pairs" in captions(at)


def test_opening_it_loads_no_heavy_library() -> None:
    assert heavy_libraries_of("race", "assert at.get('plotly_chart')") == "[]"


def test_every_recorded_runner_has_a_name_that_its_settings_bear_out() -> None:
    for name, changed in recorded()["made"]["variants"].items():
        assert f"race.runner.{name}" in catalogue()
        config = preset("live").config.with_settings(changed).check()
        if name.startswith("dropout"):
            assert title(name) == f"Dropout {config.encoder.dropout:g}"
        if "rate" in config.view.parameters and config.view.name != "repetition":
            assert f"{100 * config.view.parameters['rate']:.0f} %" in title(name)
    assert preset("live").config.check().encoder.dropout == 0.1  # as the words of a sentence's fate say
    assert len(variants()) == 9 and "nine" in t("race.try.goal")


@pytest.mark.parametrize("measured_on", [race.LEAD, race.SHIPPED])
def test_the_sentences_under_the_figure_are_computed(open_page: OpenPage, measured_on: str) -> None:
    at = open_page("race", rc_set=set_title(measured_on))
    runners = every(measured_on)
    ends = {name: float(one.alignment[:, -1].mean()) for name, one in runners.items()}
    far, near = max(ends, key=ends.__getitem__), min(ends, key=ends.__getitem__)
    assert f"highest for {title(far)} ({ends[far]:.3f})" in said(at)
    assert f"lowest for {title(near)} ({ends[near]:.3f})" in said(at)
    fresh = runners["dropout"].alignment[:, -1].max()
    repeats = all(runners[n].alignment[:, -1].min() > fresh for n in ("no_dropout", "same_mask"))
    assert ("As in the paper" in said(at)) == repeats
    assert ("not repeated here" in said(at)) != repeats


def test_steps_and_sets_of_the_address_decide_what_is_drawn(open_page: OpenPage) -> None:
    at = open_page("race", rc_step="6")
    assert all(len(one["customdata"]["bdata"]) for one in paths(at).values())
    assert charts(at)[0]["layout"]["sliders"][0]["active"] == 3
    at = open_page("race", rc_set=SHIPPED, rc_step="10")
    slider = charts(at)[0]["layout"]["sliders"][0]
    assert [step["label"] for step in slider["steps"]] == ["0", "5", "10", "15", "20"]
    assert slider["active"] == 2
    assert f"{recorded()['made']['sample']['pairs']['sentences']:,} sentences" in captions(at)


def test_runners_are_chosen_and_may_all_be_taken_away(open_page: OpenPage) -> None:
    at = open_page("race", rc_runs=title("crop"))
    assert list(paths(at)) == [title("crop")]
    at.pills(key="rc_runs").set_value([title("synonym"), title("dropout")]).run()
    assert list(paths(at)) == [title("dropout"), title("synonym")]  # in the order of the recording
    at.pills(key="rc_runs").set_value([]).run()
    assert not at.exception and t("race.none") in [box.value for box in at.info]
    assert not at.get("plotly_chart")


@pytest.mark.parametrize("value", ["whatever", "", "-1", "nan", "inf", "9" * 30, "<script>", "٣"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("set", "step", "colour", "sentence", "draw", "add", "own", "scores")
    at = open_page("race", **{f"rc_{key}": value for key in keys if value})
    assert list(paths(at)) == [title(name) for name in FOUR]
    assert charts(at)[0]["layout"]["sliders"][0]["active"] == 10
    at = open_page("race", rc_runs=value or "none")
    assert not at.exception and not at.error


def test_reset_brings_back_runners_and_step(open_page: OpenPage) -> None:
    at = open_page("race", rc_runs=title("crop"), rc_step="4", rc_set=SHIPPED)
    at.button(key="rc-reset").click().run()
    assert list(paths(at)) == [title(name) for name in FOUR]
    assert charts(at)[0]["layout"]["sliders"][0]["active"] == 10


def test_colours_by_rank_correlation_share_one_scale(open_page: OpenPage) -> None:
    at = open_page("race", rc_colour=t("race.coloured.score"))
    assert {one["marker"]["coloraxis"] for one in paths(at).values()} == {"coloraxis"}
    assert "coloraxis" in charts(at)[0]["layout"]


def test_scores_and_tables_wait_for_the_guess(open_page: OpenPage) -> None:
    at = open_page("race")
    assert not at.get("echarts_chart") and "82.5" not in said(at)
    four = {name: runner(name, sets()[0], title(name)) for name in FOUR}
    best, near, _ = standing.top(four, "spearman")
    at.pills(key="guess_race.score").set_value(title(best)).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    score = four[best].spearman[:, -1].mean()
    assert f"{title(best)} {score:.1f}" in at.info[0].value
    assert ("Too close" in at.info[0].value) == bool(near)
    assert "race.score" in at.session_state["solved"] and at.get("echarts_chart")
    open_one = open_page("race", rc_scores="true")
    assert open_one.get("echarts_chart") and not open_one.info


def test_a_worse_answer_is_told_so_unless_the_seeds_cannot_tell(open_page: OpenPage) -> None:
    at = open_page("race")
    four = {name: runner(name, "pairs", title(name)) for name in FOUR}
    far, near, _ = standing.top(four, "alignment")
    least = min(FOUR, key=lambda name: four[name].alignment[:, -1].mean())
    at.pills(key="guess_race.drift").set_value(title(least)).run()
    right = least in {far, *near}
    assert at.info[0].value.startswith(f"**{t('shell.guess_right' if right else 'shell.guess_wrong')}**")


def test_our_table_and_the_published_ones_stand_apart(open_page: OpenPage) -> None:
    at = open_page("race", rc_scores="true")
    ours = next(m.value for m in at.markdown if t("race.table.runner") in m.value and "|" in m.value)
    assert len(ours.splitlines()) == 2 + len(variants())
    one = runner("crop", sets()[0], "")
    end = one.spearman[:, -1]
    cell = f"{end.mean():.1f}\u00a0±\u00a0{(end.max() - end.min()) / 2:.1f}"
    assert cell in next(line for line in ours.splitlines() if title("crop") in line)
    for name in ("augmentation", "dropout"):
        quoted = published(name)
        theirs = next(m.value for m in at.markdown if m.value.startswith(f"| {t(f'race.published.{name}')}"))
        assert len(theirs.splitlines()) == 2 + len(quoted["rows"])
        assert "**82.5**" in theirs
    assert t("race.published.apart") in captions(at)


def test_the_challenge_is_solved_by_the_runner_that_drifts_most(open_page: OpenPage) -> None:
    target = standing.drifter(every(sets()[0]))
    assert target is not None
    other = next(name for name in variants() if name != target)
    at = open_page("race", rc_runs=title(other))
    assert not at.success and "Another one loses more" in captions(at)
    at = open_page("race", rc_runs=title(target))
    assert "race.apart" in at.session_state["solved"]
    one = runner(target, sets()[0], "")
    assert f"{one.mean('alignment')[0]:.3f} → {one.mean('alignment')[-1]:.3f}" in at.success[0].value


def test_a_sentence_is_shown_with_what_a_view_took_and_gave(open_page: OpenPage) -> None:
    at = open_page("race", rc_runs=title("delete_word"), rc_draw="2")
    one = recorded()["examples"][0]
    before, after = one["made"]["delete_word"][1]
    gone = next(w for i, w in enumerate(before.split()) if i >= len(after.split()) or after.split()[i] != w)
    line = next(m.value for m in at.markdown if m.value.startswith(f"**{title('delete_word')}**"))
    assert f":red[− ~~{gone.rstrip('.')}" in line.replace("\\", "")
    for name in ("dropout", "no_dropout", "same_mask", "dropout_more"):
        at = open_page("race", rc_runs=title(name))
        assert any(t(f"race.words.{name}") in m.value for m in at.markdown)
    at = open_page("race", rc_runs=title("repetition"))
    line = next(m.value for m in at.markdown if m.value.startswith(f"**{title('repetition')}**"))
    assert ":green[**+" in line or t("race.words.unchanged") in line


def own_run(root: Path, **settings: Any) -> Run:
    changed = {key.replace("__", "."): value for key, value in settings.items()}
    run = RunStore(root).create(preset("live").config.with_settings(changed).check())
    for step, alignment in ((0, 0.2), (5, 0.25), (20, 0.3)):
        told = {"alignment": alignment, "uniformity": -2.0 - alignment, "spearman": 41.5}
        run.record(
            Evaluated(
                step=step, mean_cosine=0.3, effective_rank=200.0, sets={"pairs": 41.5}, probe="", **told
            )
        )
    run.record(Lifecycle(step=20, state="finished"))
    return run


def test_own_runs_with_another_view_are_drawn_beside_the_recorded_ones(
    open_page: OpenPage, tmp_path: Path
) -> None:
    open_page("race")  # the fixture points the store at the folder of the test
    root = tmp_path / "runs"
    mine = own_run(root, view__name="crop", view__rate=0.5, seed=7, encoder__dropout=0.2)
    own_run(root, view__name="crop", optim__learning_rate=3e-4)  # not comparable
    own_run(root, view__name="crop", evaluation__sets="stsb-test")  # measured on something else first
    found = own.own_runners("pairs")
    assert [one.seeds for one in found] == [[7]] and mine.id.rpartition("-")[2] in found[0].name
    assert found[0].alignment.tolist() == [[0.2, 0.25, 0.3]] and found[0].steps == [0, 5, 20]
    at = open_page("race", rc_set=SHIPPED)
    assert found[0].name in paths(at) and set(frame(at, "step")["run"]) >= {found[0].name}
    at.toggle(key="rc_own").set_value(False).run()
    assert found[0].name not in paths(at)
    assert found[0].name not in paths(open_page("race"))  # another set, another sample


def test_the_link_to_the_lab_sets_the_view_there(open_page: OpenPage) -> None:
    at = open_page("race", rc_add=title("dropout_more"))
    label = t("race.go", name=title("dropout_more"))
    there = link(at, label)
    assert "lab" in str(there.page) and "lb_dropout=0.3" in str(there.query_string)
    lab = open_page("lab", lb_view=views.info("same_mask").title, lb_dropout="0.3", lb_seed=str(own.NEW_SEED))
    assert lab.selectbox(key="lb_view").value == "same_mask"
    assert lab.select_slider(key="lb_dropout").value == 0.3
    assert lab.number_input(key="lb_seed").value == own.NEW_SEED not in race.SEEDS
    offered = {views.info(changed["view.name"]).title for changed in race.VARIANTS.values()}
    assert offered <= set(lab.selectbox(key="lb_view").options)


@pytest.mark.slow
def test_the_code_shown_gives_the_numbers_shown(
    open_page: OpenPage, sts_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_STS_DIR", str(sts_folder))
    at = open_page("race", rc_step="2", rc_runs=title("no_dropout"))
    code = code_with(at, "Trainer(")
    told = list(map(float, printed(code).split()))
    run = next(r for r in recorded()["runs"] if (r["variant"], r["seed"]) == ("no_dropout", 42))
    columns = run["sets"][race.LEAD]
    assert told == pytest.approx(
        [columns[m][1] for m in ("alignment", "uniformity", "spearman")], rel=0.03, abs=0.01
    )
    assert abs(told[0] - columns["alignment"][1]) < abs(columns["alignment"][1] - columns["alignment"][0])


def test_means_of_the_histograms_are_those_of_the_sample() -> None:
    plain = recorded()
    edges = np.array(plain["bins"])
    mean = np.average((edges[1:] + edges[:-1]) / 2, weights=plain["cosines"])
    assert mean == pytest.approx(plain["runs"][0]["sets"][sets()[0]]["mean_cosine"][0], abs=0.01)


@pytest.mark.parametrize("content", [None, "{", '{"runs": []}'])
def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with("race", content, tmp_path)))
    at = open_page("race")
    assert any("record race" in box.value for box in at.error)
