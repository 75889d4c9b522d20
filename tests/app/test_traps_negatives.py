"""The tab of false negatives of the page "Traps"."""

from __future__ import annotations

import numpy as np
import pytest

from pages.traps import chance
from pages.traps.recorded import recorded, unpacked
from pages.ui.text import t
from simcse_core.evaluation.false_negatives import chance_of_repeat
from tests.app.apptest import OpenPage, charts, code_with, frame, printed, said

NEGATIVES = t("traps.tabs.negatives")


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
