"""The page "Traps": what holds for all of its tabs, and the tab Length."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.traps import length, standing
from pages.traps.negatives_panels import ordered
from pages.traps.provenance import set_title, signed
from pages.traps.recorded import rates, recorded, runs, seeds, sets
from pages.ui.text import t
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
