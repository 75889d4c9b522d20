"""The page "Losses side by side" on recorded results."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.losses import recorded, verdicts
from pages.losses.controls import set_title
from pages.ui.text import plain, t
from simcse_core.evaluation.compare import beyond_noise, places
from tests.app.apptest import (
    OpenPage,
    assets_with,
    assets_with_broken,
    captions,
    charts,
    code_with,
    faults,
    heavy_libraries_of,
    printed,
    said,
)
from tests.app.losses_driver import table, tiles

STS = set_title("stsb-test")


def four() -> list[str]:
    return [recorded.title(name) for name in recorded.FOUR]


def ruined() -> int:
    return int(verdicts.ruined_and_kept()[0])


def test_it_opens_on_four_recorded_objectives(open_page: OpenPage) -> None:
    at = open_page("losses")
    assert tiles(at) == four()
    made = recorded.recorded()["made"]
    assert made["date"] in captions(at) and f"{made['sample']['pairs']['pairs']:,} pairs" in captions(at)
    rows = at.dataframe[0].value
    assert set(rows["objective"]) == set(four()) and set(rows["seed"]) == set(recorded.seeds())
    run = next(r for r in recorded.recorded()["runs"] if r["loss"] == "cosent")
    shown = rows[(rows["objective"] == recorded.title("cosent")) & (rows["seed"] == run["seed"])]
    assert shown["spearman"].tolist()[1:] == pytest.approx(run["sets"]["pairs"]["spearman"])
    assert shown["step"].tolist() == recorded.steps()


def test_opening_it_loads_no_heavy_library() -> None:
    assert heavy_libraries_of("losses", "assert at.get('plotly_chart')") == "[]"


def test_the_sentence_under_the_tiles_is_computed(open_page: OpenPage) -> None:
    at = open_page("losses", ls_step="10")
    shown = [recorded.trained(name, "pairs") for name in recorded.FOUR]
    auc = {one.name: one.mean("auc", 10) for one in shown if one is not None}
    high, low = max(auc, key=auc.__getitem__), min(auc, key=auc.__getitem__)
    assert f"most often with {plain(high)} (AUC {auc[high]:.2f})" in said(at)
    assert f"least often with {plain(low)} ({auc[low]:.2f})" in said(at)
    end = open_page("losses")
    for one in shown:
        assert one is not None
        mean = one.mean("mean_cosine", recorded.steps()[-1])
        together = t("losses.found.collapsed", name=plain(one.name), mean=f"{mean:.2f}")
        assert (together in said(end)) == (mean > verdicts.COLLAPSED)


def test_step_set_and_choice_of_the_address_decide_what_is_drawn(open_page: OpenPage) -> None:
    at = open_page("losses", ls_step="5", ls_on=STS, ls_set=recorded.title("cosent"))
    assert tiles(at) == [recorded.title("cosent")]
    assert charts(at)[0]["layout"]["sliders"][0]["active"] == 1
    assert f"{recorded.recorded()['made']['sample']['stsb-test']['pairs']:,} pairs" in captions(at)
    assert t("losses.pair_elsewhere", name=set_title("pairs")) in captions(at)
    row = table(at, t("losses.table.objective"))[1]
    one = recorded.trained("cosent", "stsb-test")
    assert one is not None and row[1].startswith(f"{one.mean('spearman', 5):.1f}")


def test_objectives_are_chosen_up_to_four_and_may_all_go(open_page: OpenPage) -> None:
    at = open_page("losses")
    others = [n for n in recorded.names() if n not in recorded.FOUR]
    at.pills(key="ls_set").set_value([recorded.title(n) for n in (*others[:2], *recorded.FOUR)]).run()
    assert len(tiles(at)) == 4 and t("losses.objectives_many", most=4) in captions(at)
    at.pills(key="ls_set").set_value([]).run()
    assert not faults(at) and t("losses.none") in [box.value for box in at.info]
    assert not at.get("plotly_chart")


@pytest.mark.parametrize("value", ["whatever", "-1", "nan", "9" * 30, "<script>", "٣"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    at = open_page("losses", **{f"ls_{key}": value for key in ("tab", "from", "on", "step", "pair", "runs")})
    assert (
        tiles(at) == four() and charts(at)[0]["layout"]["sliders"][0]["active"] == len(recorded.steps()) - 1
    )
    at = open_page("losses", ls_set=value)
    assert not at.error


def test_reset_brings_back_the_first_view(open_page: OpenPage) -> None:
    at = open_page("losses", ls_set=recorded.title("cosent"), ls_step="5", ls_on=STS)
    at.button(key="ls-reset").click().run()
    assert tiles(at) == four() and at.select_slider(key="ls_step").value == recorded.steps()[-1]


def test_differences_are_told_in_words(open_page: OpenPage) -> None:
    at = open_page("losses")
    rows = table(at, t("losses.bootstrap.pair"))
    assert len(rows) == 6
    for row, (one, other) in zip(rows, itertools.combinations(recorded.FOUR, 2), strict=True):
        told = recorded.difference(one, other)
        assert told is not None
        names = [plain(recorded.title(n)) for n in (one, other)]
        assert row[0] == " − ".join(names)
        words = t("losses.bootstrap.better", name=names[0 if told.value > 0 else 1])
        assert row[2] == (words if beyond_noise(told) else t("losses.bootstrap.noise"))


def test_a_difference_within_noise_is_called_that(open_page: OpenPage) -> None:
    kept = recorded.recorded()["differences"]
    key = next(k for k, (_, low, high, _) in kept.items() if low <= 0 <= high)
    at = open_page("losses")
    at.pills(key="ls_set").set_value([recorded.title(name) for name in key.split("|")]).run()
    assert [row[2] for row in table(at, t("losses.bootstrap.pair"))] == [t("losses.bootstrap.noise")]


def test_the_turned_difference_has_the_other_sign() -> None:
    one, other = next(iter(recorded.recorded()["differences"])).split("|")
    told, turned = recorded.difference(one, other), recorded.difference(other, one)
    assert told is not None and turned is not None
    assert (turned.value, turned.low, turned.high) == (-told.value, -told.high, -told.low)


def test_the_challenge_is_solved_by_a_pair_that_one_ruins_and_the_other_keeps(open_page: OpenPage) -> None:
    pairs, row = recorded.scored(), ruined()
    gold = places(pairs.score)[row]
    ends = {n: [places(one)[row] for one in recorded.cosines(n)[:, -1]] for n in ("cosine_squared", "cosent")}
    assert abs(np.mean(ends["cosine_squared"]) - gold) > 0.30 > 0.15 > abs(np.mean(ends["cosent"]) - gold)
    at = open_page("losses")
    assert not at.success
    at.selectbox(key="ls_pair").set_value(row).run()
    assert "losses.pair" in at.session_state["solved"] and at.success
    assert any(pairs.first[row] in text.value for text in at.text)


def test_the_guess_reveals_the_order_on_the_other_set(open_page: OpenPage) -> None:
    at = open_page("losses")
    known = {recorded.title(n): recorded.trained(n, "stsb-test") for n in recorded.FOUR}
    scores = {
        name: one.mean("spearman", recorded.steps()[-1]) for name, one in known.items() if one is not None
    }
    worst, best = min(scores, key=scores.__getitem__), max(scores, key=scores.__getitem__)
    at.pills(key="guess_losses.first").set_value(best).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    assert f"{plain(best)} {scores[best]:.1f}" in at.info[0].value
    at.pills(key="guess_losses.first").set_value(worst).run()
    near = verdicts.best({n: o for n, o in known.items() if o is not None}, recorded.steps()[-1])[1]
    verdict = "guess_right" if worst in near else "guess_wrong"
    assert at.info[0].value.startswith(f"**{t(f'shell.{verdict}')}**")


def test_an_objective_that_broke_off_is_said_so(
    open_page: OpenPage, tmp_path: Path, monkeypatch: Any
) -> None:
    content = json.loads(json.dumps(recorded.recorded()))
    for run in content["runs"]:
        if run["loss"] == "cosent":
            run["failed"] = {"step": 3, "message": "The loss became nan at step 4."}
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with("losses", json.dumps(content), tmp_path)))
    at = open_page("losses")
    assert tiles(at) == [title for title in four() if title != recorded.title("cosent")]
    assert any("became nan" in box.value for box in at.warning)


def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("losses", tmp_path)))
    at = open_page("losses")
    assert any("record losses" in box.value for box in at.error)


@pytest.mark.slow
def test_the_code_shown_gives_the_numbers_shown(open_page: OpenPage) -> None:
    at = open_page("losses", ls_step="5", ls_set=recorded.title("cosine_squared"))
    code = code_with(at, "Trainer(")
    area, score = map(float, printed(code).split())
    run = next(r for r in recorded.recorded()["runs"] if (r["loss"], r["seed"]) == ("cosine_squared", 42))
    told = run["sets"]["pairs"]
    assert area == pytest.approx(told["auc"][0], abs=0.02)
    assert score == pytest.approx(told["spearman"][0], abs=1.5)
