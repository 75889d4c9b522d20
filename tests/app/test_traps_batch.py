"""The tabs Batch and Language of the page "Traps"."""

from __future__ import annotations

import re

import numpy as np
import pytest

from pages.traps import batch_standing
from pages.traps.provenance import set_title, signed
from pages.traps.recorded import recorded, runs, sets
from pages.ui.text import t
from simcse_core.data.published import published
from tests.app.apptest import OpenPage, captions, charts, code_with, frame, printed, said

NEGATIVES, BATCH, LANGUAGE = (t(f"traps.tabs.{name}") for name in ("negatives", "batch", "language"))


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
