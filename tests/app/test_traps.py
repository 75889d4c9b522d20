from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.traps import batch_standing, chance, length, standing
from pages.traps.negatives_panels import ordered
from pages.traps.provenance import set_title, signed
from pages.traps.recorded import rates, recorded, runs, seeds, sets, unpacked
from pages.ui.text import t
from simcse_core.data.published import published
from simcse_core.evaluation.false_negatives import chance_of_repeat
from tests.app.apptest import (
    OpenPage,
    assets_with_broken,
    captions,
    charts,
    code_with,
    frame,
    heavy_libraries_of,
    link,
    printed,
    said,
)

NEGATIVES, BATCH, LANGUAGE = (t(f"traps.tabs.{name}") for name in ("negatives", "batch", "language"))


def legend(at: Any) -> list[str]:
    return [one["name"] for one in charts(at)[0]["data"] if one.get("showlegend") is not False]


def test_it_opens_on_length_before_and_after(open_page: OpenPage) -> None:
    at = open_page("traps")
    names = [t("traps.length.before"), t("traps.length.plain"), t("traps.length.repeated", rate="0.32")]
    assert legend(at)[1:] == names
    rows = frame(at, t("traps.length.column.rate"))
    assert len(rows) == len(rates()) * len(seeds())
    run = runs("length", rate=0.32)[0]
    column = f"{t('traps.length.column.slope')}, {t('traps.length.random')}"
    row = rows[(rows["rate"] == 0.32) & (rows["seed"] == run["seed"])]
    assert row[column].iloc[0] == pytest.approx(run["length"]["random"]["slope"], abs=1e-4)
    made = recorded()["made"]
    assert made["date"] in captions(at) and "20,000 random pairs" in captions(at)
    assert next(one.label for one in at.metric) == t("traps.length.slope_short")


@pytest.mark.parametrize("tab", [t("traps.tabs.length"), NEGATIVES, BATCH, LANGUAGE])
def test_opening_a_tab_loads_no_heavy_library(tab: str) -> None:
    then = "assert at.get('plotly_chart')"
    assert heavy_libraries_of("traps", then, tr_tab=tab) == "[]"


@pytest.mark.parametrize("probe", ["random", "stsb-test"])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5])
def test_what_is_said_of_slopes_is_computed(open_page: OpenPage, probe: str, rate: float) -> None:
    title = t("traps.length.random") if probe == "random" else set_title(probe)
    at = open_page("traps", tr_pairs=title, tr_dup=f"{rate:g}")
    told = [run["length"][probe] for run in runs("length", rate=rate)]
    plain = [run["length"][probe] for run in runs("length", rate=0.0)]
    mean = float(np.mean([one["slope"] for one in told]))
    assert at.metric[0].value == signed(mean, 2)
    start = recorded()["before"]["length"][probe]["slope"]
    assert f"{signed(start, 2)} places" in said(at)
    if rate == 0:
        assert len(legend(at)) == 3  # points, before, dropout alone
        return
    mended = min(one["low"] for one in plain) <= 0 <= max(one["high"] for one in plain)
    assert ("no bias left" in said(at)) == mended
    flatter = max(abs(one["slope"]) for one in told) < min(abs(one["slope"]) for one in plain)
    assert ("flatter with every seed" in said(at).replace("not flatter", "")) == (flatter and not mended)


def test_the_slope_is_flattened_without_losing_score(open_page: OpenPage) -> None:
    lead = next(name for name in recorded()["probes"] if name in sets())
    best = standing.flattest(lead)
    name = sets()[0]
    scores = {
        rate: np.array([r["sets"][-1][name]["spearman"] for r in runs("length", rate=rate)])
        for rate in rates()
    }
    spread = max(np.ptp(one) for one in scores.values())
    slope = {r: abs(np.mean([x["length"][lead]["slope"] for x in runs("length", rate=r)])) for r in rates()}
    able = [rate for rate in rates() if scores[rate].mean() >= scores[0.0].mean() - spread]
    assert slope[best] == min(slope[rate] for rate in able)
    other = next(rate for rate in rates() if slope[rate] != slope[best])
    at = open_page("traps", tr_pairs=set_title(lead), tr_dup=f"{other:g}")
    assert not at.success and "Another rate" in captions(at)
    at = open_page("traps", tr_pairs=set_title(lead), tr_dup=f"{best:g}")
    assert "traps.flat" in at.session_state["solved"]
    assert ("nothing left to flatten" if best == 0 else f"Rate {best:g}") in at.success[0].value


def test_the_added_tokens_are_guessed(open_page: OpenPage) -> None:
    at = open_page("traps")
    true = recorded()["added"]["0.32"]
    right = min(("0.5", "1", "2", "4"), key=lambda a: abs(float(a) - true))
    at.pills(key="guess_traps.added").set_value(right).run()
    assert (
        at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
        and f"0.32: {true:.2f}" in at.info[0].value
    )


@pytest.mark.slow
def test_the_code_for_length_gives_the_slope_before_training(open_page: OpenPage) -> None:
    """Without the training loop: what twenty steps give is the recorder's test."""
    at = open_page("traps")
    code = code_with(at, "probes_of")
    settings = re.search(r"with_settings\((\{.*\})\)", code)
    assert settings is not None and eval(settings[1]) == {
        "view.name": "repetition", "view.rate": 0.32, "seed": seeds()[0],
    }  # fmt: skip
    short = code.replace("trainer.step < run.optim.steps", "trainer.step < 0")
    assert short != code
    before = recorded()["before"]["length"]["random"]["slope"]
    assert list(map(float, printed(short).split())) == pytest.approx([before, before], abs=0.02)


@pytest.mark.parametrize("value", ["whatever", "-1", "nan", "<script>"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("pairs", "dup", "n", "equal", "set", "tau", "tau2", "prior", "mask", "size", "from", "show",
            "repeat", "pair", "own", "ck")  # fmt: skip
    for tab in ("whatever", NEGATIVES, BATCH, LANGUAGE):
        at = open_page("traps", tr_tab=tab, ck=value or "x", **{f"tr_{key}": value for key in keys if value})
        assert not at.exception and not at.error


def test_reset_brings_every_setting_back(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=BATCH, tr_n="16", tr_equal=t("traps.batch.equals.sentences"))
    assert at.select_slider(key="tr_n").value == 16
    at.button(key="tr-reset").click().run()
    assert legend(at)[1] == t("traps.length.before")  # the first tab again


def marked() -> list[tuple[int, int]]:
    one = recorded()["batch"]
    push = unpacked(one["remedies"]["plain"]["gradient"])
    return sorted((tuple(pair) for pair in one["flagged"]), key=lambda at: -push[at])


def test_false_negatives_open_on_the_recorded_pushes(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=NEGATIVES)
    bars = charts(at)[0]["data"]
    assert len(bars) == 4
    rows = frame(at, t("traps.negatives.column.anchor"))
    assert list(zip(rows["anchor"] - 1, rows["negative"] - 1, strict=True)) == marked()
    one = recorded()["batch"]
    for way, told in one["remedies"].items():
        column = next(c for c in rows.columns if c.startswith("Push:") and _way(way) in c)
        push = unpacked(told["gradient"])
        assert rows[column].tolist() == pytest.approx([push[pair] for pair in marked()], abs=1e-4)
    assert f"{one['remedies']['debiased']['silent']} / {len(one['texts'])}" in said(at)


def _way(way: str) -> str:
    settings = {**recorded()["batch"]["settings"], "threshold": recorded()["batch"]["judge"]["threshold"]}
    return t(
        f"traps.negatives.way.{way}", tau=f"{settings['temperature']:g}", prior=f"{settings['prior']:g}",
        threshold=f"{settings['threshold']:.2f}", other=f"{settings['other_temperature']:g}",
    )  # fmt: skip


def test_other_settings_are_computed_and_the_debiased_rows_speak_again(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=NEGATIVES)
    assert not at.success
    at.select_slider(key="tr_tau").set_value(0.5)
    at.select_slider(key="tr_prior").set_value(0.01).run()
    assert "traps.silent" in at.session_state["solved"]
    from simcse_core.theory.anatomy import anatomy

    one = recorded()["batch"]
    push = anatomy(unpacked(one["cosines"]), np.arange(len(one["texts"])), temperature=0.5).gradient
    rows = frame(at, t("traps.negatives.column.anchor"))
    column = next(c for c in rows.columns if c.startswith("Push: InfoNCE, τ 0.5"))
    pairs = list(zip(rows["anchor"] - 1, rows["negative"] - 1, strict=True))
    assert rows[column].tolist() == pytest.approx([push[pair] for pair in pairs], abs=1e-4)


def test_shares_have_a_fixed_axis_and_a_high_threshold_flags_only_what_is_known(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=NEGATIVES, tr_show=t("traps.negatives.measures.share"), tr_mask="0.90")
    assert charts(at)[0]["layout"]["xaxis"]["range"] == [0, 100]
    rows = frame(at, t("traps.negatives.column.anchor"))
    groups = recorded()["batch"]["groups"]
    assert all(
        groups[i - 1] == groups[j - 1] >= 0 for i, j in zip(rows["anchor"], rows["negative"], strict=True)
    )


def test_own_sentences_are_read_and_stay_out_of_the_address(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=NEGATIVES, tr_from=t("traps.negatives.source.own"))
    lines = [
        "A man eats a <b>soup</b>.",
        "A man is eating soup.",
        "The train is late.",
        "It rains in $x$ today.",
    ]
    at.text_area(key="tr-lines").set_value("\n".join(lines)).run()
    assert not at.exception and not at.error
    rows = frame(at, t("traps.negatives.column.anchor"))
    assert {(1, 2), (2, 1)} <= set(zip(rows["anchor"], rows["negative"], strict=True))
    assert not any("soup" in str(value) for value in at.query_params.values())
    at.text_area(key="tr-lines").set_value("one line").run()
    assert any(t("traps.negatives.too_few", least=4) in box.value for box in at.info)


def test_the_code_for_false_negatives_gives_the_strongest_push(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=NEGATIVES)
    told = eval(printed(code_with(at, "remedies")), {"np": np})
    pair = marked()[0]
    for way, one in recorded()["batch"]["remedies"].items():
        assert float(told[way]) == pytest.approx(unpacked(one["gradient"])[pair], abs=1e-3)


def test_the_chance_of_a_repeat_is_guessed_and_tabled(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=NEGATIVES, tr_repeat="200 0.001")
    rows = frame(at, t("traps.chance.column.chance"))
    known = chance_of_repeat(rows[t("traps.chance.column.size")].to_numpy(), 0.001)
    assert rows[t("traps.chance.column.chance")].tolist() == pytest.approx(known.tolist(), abs=1e-5)
    at.pills(key="guess_traps.repeat").set_value("87 %").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    assert chance.text_of(*chance.OPENING) == "64 0.0001"


@pytest.mark.parametrize("equal", batch_standing.EQUALS)
@pytest.mark.parametrize("name", ["stsb-test", "pairs"])
def test_scores_by_size_are_those_of_the_runs(open_page: OpenPage, equal: str, name: str) -> None:
    at = open_page("traps", tr_tab=BATCH, tr_equal=t(f"traps.batch.equals.{equal}"), tr_set=set_title(name))
    usual = recorded()["made"]["config"]["optim"]
    for objective in batch_standing.OBJECTIVES:
        curve = batch_standing.by_size(objective, name, equal)
        for size, scores in curve.items():
            steps = usual["steps"] if equal == "steps" else usual["steps"] * usual["batch_size"] // size
            for run, score in zip(runs("batch", size=size, objective=objective), scores, strict=True):
                assert run["sets"][run["stops"].index(steps)][name]["spearman"] == score
        best = max(curve, key=lambda n: curve[n].mean())
        assert f"{best}" in said(at) and signed(float(curve[best].mean()), 1) in said(at)
    assert (8 in batch_standing.sizes_of(equal)) == (equal == "steps")


def test_the_best_size_is_found_at_equal_sentences(open_page: OpenPage) -> None:
    curve = batch_standing.by_size("info_nce", sets()[0], "sentences")
    best = max(curve, key=lambda n: curve[n].mean())
    at = open_page("traps", tr_tab=BATCH, tr_n=str(best))
    assert not at.success  # equal steps is another question
    at = open_page("traps", tr_tab=BATCH, tr_n=str(best), tr_equal=t("traps.batch.equals.sentences"))
    assert "traps.size" in at.session_state["solved"] and f"N = {best}" in at.success[0].value
    change = float(curve[max(curve)].mean() - curve[min(curve)].mean())
    right = t(f"traps.batch.answer.{'rises' if change > 1 else 'falls' if change < -1 else 'same'}")
    at.pills(key="guess_traps.longer").set_value(right).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")


def test_published_rows_stand_apart(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=BATCH)
    for name in ("noise", "batch"):
        for row in published(name)["rows"]:
            value = row.get("noise", row.get("score"))
            assert f"{value:.2f}".replace(".", "\\.") in said(at)
    assert t("traps.batch.apart") in captions(at)
    assert len(frame(at, t("traps.batch.column.sentences"))) == sum(len(r["stops"]) for r in runs("batch"))


@pytest.mark.parametrize("size", [8, 16, 128])
def test_the_code_for_sizes_is_that_of_a_recorded_run(open_page: OpenPage, size: int) -> None:
    at = open_page("traps", tr_tab=BATCH, tr_n=str(size), tr_equal=t("traps.batch.equals.sentences"))
    code = code_with(at, "Evaluator")
    told = re.search(r"with_settings\((\{.*\})\)", code)
    steps = re.search(r"trainer.step < (\d+)", code)
    assert told is not None and steps is not None
    changed = eval(told[1])
    run = runs("batch", size=changed["optim.batch_size"], objective="info_nce", seed=changed["seed"])[0]
    assert int(steps[1]) in run["stops"]
    compile(code, "code", "exec")


def test_a_chinese_pair_has_two_places(open_page: OpenPage) -> None:
    from simcse_core.search.background import Background

    at = open_page("traps", tr_tab=LANGUAGE)
    told = recorded()["chinese"]["minilm"]
    cosine = told["cosines"][0]
    english = Background.from_dict(told["backgrounds"]["en"]).share_below(cosine)
    assert f"cosine of {cosine:.2f}" in said(at) and english > 0.99
    assert signed(told["spearman"]["zh"], 1) in said(at) and signed(told["spearman"]["en"], 1) in said(at)
    tokens = [block.value for block in at.code if "[UNK]" in block.value]
    assert tokens[0].split() == told["tokens"][0][0]
    rows = frame(at, t("traps.language.column.zh"))
    assert len(rows) == len(told["cosines"])


def test_an_unlike_pair_high_on_the_english_ruler_solves_the_challenge(open_page: OpenPage) -> None:
    from simcse_core.data.datasets import load_scored_pairs

    gold = load_scored_pairs("pairs-zh").score
    cosines = np.array(recorded()["chinese"]["minilm"]["cosines"])
    low = np.flatnonzero(gold <= 1)
    row = int(low[np.argmax(cosines[low])])
    at = open_page("traps", tr_tab=LANGUAGE)
    assert not at.success
    at.selectbox(key="tr_pair").set_value(row).run()
    assert "traps.chinese" in at.session_state["solved"]
    at.pills(key="guess_traps.unknown").set_value("5 %").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_wrong')}**")


def test_a_typed_pair_is_read_by_the_encoder(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=LANGUAGE, tr_own="true")
    at.text_input(key="tr-first").set_value("猫在睡觉。")
    at.text_input(key="tr-second").set_value("The <b>cat</b> sleeps.").run()
    assert not at.exception and not at.error
    assert [block.value for block in at.text][:2] == ["猫在睡觉。", "The <b>cat</b> sleeps."]
    assert "computed now" in captions(at).lower()
    assert not any("猫" in str(value) for value in at.query_params.values())


def test_another_checkpoint_is_read_on_the_spot(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=LANGUAGE, tr_ck="minilm:1")
    assert not at.error and "computed now" in captions(at).lower()
    rows = frame(at, t("traps.language.column.zh"))
    known = recorded()["chinese"]["minilm"]["cosines"]
    assert len(rows) == len(known) and rows[t("traps.language.column.cosine")].tolist() != known
    at = open_page("traps", tr_tab=NEGATIVES, ck="minilm:1")
    assert not at.error and "computed now" in captions(at).lower() and len(charts(at)[0]["data"]) == 4


@pytest.mark.slow
def test_the_code_for_a_pair_gives_its_place(open_page: OpenPage) -> None:
    at = open_page("traps", tr_tab=LANGUAGE)
    first, second = printed(code_with(at, "share_below")).splitlines()
    cosine, share = map(float, first.split())
    told = recorded()["chinese"]["minilm"]
    assert cosine == pytest.approx(told["cosines"][0], abs=1e-3) and share == pytest.approx(1, abs=1e-3)
    assert eval(second) == told["tokens"][0]


def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("traps", tmp_path)))
    for tab in (t("traps.tabs.length"), NEGATIVES, BATCH, LANGUAGE):
        at = open_page("traps", tr_tab=tab)
        assert any("record traps" in box.value for box in at.error)


def test_towers_lie_on_the_page_of_losses(open_page: OpenPage) -> None:
    at = open_page("traps")
    there = link(at, t("traps.towers"))
    assert "losses" in str(there.page) and "ls_tab=" in str(there.query_string)
    assert t("traps.towers_tab") == t("losses.tabs.towers")
    assert length.OPENING in rates() and ordered is not None
