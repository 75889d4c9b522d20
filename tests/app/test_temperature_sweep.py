"""The sweep over temperatures of the page "Temperature"."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pages.temperature import sweep_runs
from pages.temperature.recorded import recorded
from pages.ui.text import t
from simcse_core.presets import preset
from simcse_core.recording import temperature
from simcse_core.runs.store import Run, RunStore
from simcse_core.training.events import Evaluated, Lifecycle
from tests.app.apptest import OpenPage, captions, frame, link


def sweep(open_page: OpenPage, **query: str) -> Any:
    return open_page("temperature", tp_on=t("temperature.on.sweep"), **query)


def test_the_sweep_opens_on_every_recorded_run(open_page: OpenPage) -> None:
    at = sweep(open_page)
    runs = recorded()["runs"]
    assert f"{len(runs)} recorded runs" in captions(at)
    rows = frame(at, "τ")
    assert len(rows) == len(runs) and "after stsb-test spearman" in rows.columns
    ours = next(m.value for m in at.markdown if t("temperature.sweep.column.effective") in m.value)
    assert len(ours.splitlines()) == 2 + len(sweep_runs.temperatures(runs))
    theirs = next(m.value for m in at.markdown if f"{t('temperature.sweep.column.published')} |" in m.value)
    assert "**86.2**" in theirs and "Table D" in captions(at) and "Not comparable" in captions(at)


def test_the_sweep_can_be_seen_on_the_shipped_pairs(open_page: OpenPage) -> None:
    at = sweep(open_page, tp_w_set=t("temperature.sweep.set.pairs"))
    best, mean, _ = sweep_runs.best(recorded()["runs"], "pairs")
    ours = next(m.value for m in at.markdown if t("temperature.sweep.column.effective") in m.value)
    line = next(row for row in ours.splitlines() if f"**{best:g}**" in row)
    assert f"{mean:.1f}" in line


def test_the_guess_of_the_sweep_takes_ties_within_the_seeds_for_right(open_page: OpenPage) -> None:
    at = sweep(open_page)
    runs = recorded()["runs"]
    best, mean, _ = sweep_runs.best(runs, "pairs")
    offered = at.pills(key="guess_temperature.best").options
    scores = sweep_runs.mean_scores(runs, "pairs")
    worst = min(offered, key=lambda o: scores[float(o)])
    at.pills(key="guess_temperature.best").set_value(worst).run()
    said = at.info[0].value
    every = sweep_runs.by_temperature(runs, "pairs", "spearman")
    right = max(every[float(worst)].values()) >= min(every[best].values())
    assert said.startswith(f"**{t('shell.guess_right' if right else 'shell.guess_wrong')}**")
    assert f"τ = {best:g}: {mean:.1f}" in said


def test_best_names_mean_and_spread() -> None:
    def run(tau: float, seed: int, score: float) -> dict[str, Any]:
        return {"temperature": tau, "seed": seed, "after": {"sets": {"x": {"spearman": score}}}}

    runs = [run(0.1, 1, 5.0), run(0.1, 2, 6.0), run(1.0, 1, 4.0), run(1.0, 2, 7.5)]
    assert sweep_runs.best(runs, "x") == (1.0, 5.75, 3.5)
    assert sweep_runs.seeds(runs) == [1, 2] and sweep_runs.temperatures(runs) == [0.1, 1.0]


def own_run(root: Path, **settings: Any) -> Run:
    changed = {key.replace("__", "."): value for key, value in settings.items()}
    run = RunStore(root).create(preset("live").config.with_settings(changed).check())
    sets = {"pairs": 41.5, "stsb-test": 65.5}
    run.record(Evaluated(step=20, alignment=0.3, uniformity=-2.2, mean_cosine=0.3, effective_rank=200.0,
                         spearman=41.5, sets=sets, probe=""))  # fmt: skip
    run.record(Lifecycle(step=20, state="finished"))
    return run


def test_own_runs_stand_beside_the_recorded_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_RUNS", str(tmp_path))
    mine = own_run(tmp_path, loss__temperature=0.3, seed=7)
    own_run(tmp_path, loss__temperature=0.3, optim__weight_decay=0.01)  # not comparable
    base = recorded()["made"]["config"]
    assert sweep_runs.own(base, "pairs") == {
        "spearman": [(0.3, 41.5, mine.id)], "alignment": [(0.3, 0.3, mine.id)],
        "uniformity": [(0.3, -2.2, mine.id)],
    }  # fmt: skip
    other = sweep_runs.own(base, "stsb-test")
    assert other["spearman"] == [(0.3, 65.5, mine.id)] and not other["alignment"]  # measured on its first set


def test_the_link_to_the_lab_sets_the_temperature_there(open_page: OpenPage) -> None:
    at = sweep(open_page, tp_w_tau="0.05")
    label = t("temperature.sweep.go", tau="0.05")
    there = link(at, label)
    assert "lab" in str(there.page)
    assert "lb_info_nce_temperature=0.05" in str(there.query_string)
    lab = open_page("lab", lb_info_nce_temperature="0.2", lb_seed=str(sweep_runs.NEW_SEED))
    assert lab.select_slider(key="lb_info_nce_temperature").value == 0.2
    assert lab.number_input(key="lb_seed").value == sweep_runs.NEW_SEED not in temperature.SEEDS
    assert {*temperature.TEMPERATURES, *sweep_runs.BETWEEN} <= {
        float(o) for o in lab.select_slider(key="lb_info_nce_temperature").options
    }
