"""The page on repairs: opens on recorded numbers, follows its controls, keeps a repair with a checkpoint."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.repair import keep, leakage, live, tries
from pages.repair.controls import OPENING, Settings
from pages.repair.measured import Refused, checkpoints, poolings, recorded, recorded_of
from pages.ui.text import t
from simcse_core.encoders import load_encoder
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.repairs import ELSEWHERE, TARGET, Effect, learns_in_passes, variants
from simcse_core.postprocess import postprocessors
from tests.app.apptest import (
    REPOSITORY,
    OpenPage,
    assets_with,
    assets_with_broken,
    captions,
    charts,
    code_with,
    frame,
    heavy_libraries_of,
    numbers,
    printed,
    said,
)


def first() -> Any:
    """The recorded checkpoint that the page opens with."""
    found = recorded_of(checkpoints(poolings()[0])[0], poolings()[0])
    assert found is not None
    return found


def state(name: str, corpus: str = ELSEWHERE, count: int | None = None, **settings: Any) -> Effect:
    found = first().state(name, settings, corpus, count or first().counts[-1])
    assert isinstance(found, Effect)
    return found


def test_it_opens_on_the_recorded_numbers(open_page: OpenPage) -> None:
    at = open_page("repair")
    assert len(charts(at)) == 6 and len(at.get("echarts_chart")) == 1
    before, after = first().before, state(OPENING, k=0)
    assert f"**{before.spearman:.1f}** to **{after.spearman:.1f}**" in said(at)
    level, _, ends, rivals = charts(at)[0]["data"][:4]
    assert numbers(level["x"])[0] == before.spearman
    rows = list(postprocessors)
    assert numbers(ends["y"]).tolist() == list(range(len(rows)))  # every registered repair has a value
    assert numbers(ends["x"])[rows.index(OPENING)] == after.spearman
    assert numbers(rivals["x"])[rows.index(OPENING)] == state(OPENING, TARGET, k=0).spearman
    assert "672 shipped pairs" in captions(at) and "Recorded" in captions(at)


def test_opening_it_loads_no_heavy_library() -> None:
    assert heavy_libraries_of("repair", "assert len(at.get('plotly_chart')) == 6") == "[]"


@pytest.mark.parametrize("name", list(postprocessors))
def test_every_registered_repair_can_be_chosen(open_page: OpenPage, name: str) -> None:
    at = open_page("repair", rp_fix=postprocessors.info(name).title)
    assert f"**{postprocessors.info(name).title}" in said(at)
    chosen = numbers(charts(at)[0]["data"][2]["marker"]["size"])
    assert int(np.argmax(chosen)) == list(postprocessors).index(name)


def test_k_count_and_corpus_decide_what_is_shown(open_page: OpenPage) -> None:
    at = open_page("repair", rp_k_whitening="64", rp_n="400")
    assert f"to **{state(OPENING, count=400, k=64).spearman:.1f}**" in said(at)
    at.segmented_control(key="rp_on").set_value(TARGET).run()
    assert f"to **{state(OPENING, TARGET, k=64).spearman:.1f}**" in said(at)
    assert "rp_n" not in [slider.key for slider in at.select_slider]
    curve = charts(at)[2]["data"][0]
    grid = sorted(float(one["k"] or first().dimension) for one in variants(OPENING, first().dimension))
    assert numbers(curve["x"]).tolist() == grid


def test_fewer_sentences_than_directions_are_told_and_refused_in_place(open_page: OpenPage) -> None:
    at = open_page("repair", rp_n="100")
    assert "at most 99 directions" in said(at) and state(OPENING, count=100, k=0).width == 99
    at = open_page("repair", rp_n="100", rp_k_whitening="256")
    refused = first().state(OPENING, {"k": 256}, ELSEWHERE, 100)
    assert isinstance(refused, Refused) and not at.error
    assert t("repair.refused_row") in json.dumps(charts(at)[0]["layout"]["annotations"])
    flow = next(n for n in postprocessors if learns_in_passes(n))
    at = open_page("repair", rp_n="100", rp_fix=postprocessors.info(flow).title)
    assert t("repair.absent", name=f"**{postprocessors.info(flow).title}**") in said(at)


def test_leakage_is_the_difference_of_the_two_fits(open_page: OpenPage) -> None:
    at = open_page("repair", rp_fix=postprocessors.info("component_removal").title)
    one, other = state("component_removal", k=1), state("component_removal", TARGET, k=1)
    told = at.metric[0].value.replace("−", "-")
    assert float(told) == pytest.approx(other.spearman - one.spearman, abs=0.051)
    assert leakage.gap_of(first(), "component_removal", {"k": 1}) == (one.spearman, other.spearman)


def test_every_recorded_checkpoint_stands_in_the_table(open_page: OpenPage) -> None:
    table = next(m.value for m in open_page("repair").markdown if f"| {t('repair.all.target')} |" in m.value)
    assert len(table.splitlines()) == 2 + len(checkpoints(poolings()[0]))


def test_public_tasks_are_told_where_they_are_recorded(open_page: OpenPage) -> None:
    at = open_page("repair")
    tasks = recorded()["made"]["config"]["tasks"]
    entry = recorded()["encoders"][f"{first().name}/{poolings()[0]}"]
    shown = [m.value for m in at.markdown if t("repair.tasks.task") in m.value and "wmean" in m.value]
    assert bool(shown) == bool(tasks)
    for task in tasks:
        before = entry["sts"][task]["before"]
        assert f"| {before[0]:.1f} |" in shown[0]
        gains = [entry["sts"][task][f"whitening k=0|{key}"][0] for key in ("elsewhere|3200", "target|0")]
        assert f"**{gains[1] - gains[0]:+.1f}**" in said(at).replace("−", "-")
    assert "64.26" in said(at)


def test_the_challenge_takes_few_numbers_and_no_leak(open_page: OpenPage) -> None:
    at = open_page("repair")
    assert not at.success
    best = max((8, 16, 32, 64), key=lambda k: state(OPENING, k=k).spearman)
    at.select_slider(key="rp_k_whitening").set_value(best).run()
    assert bool(at.success) == (state(OPENING, k=best).spearman > first().before.spearman)
    leaky = open_page("repair", rp_k_whitening=str(best), rp_on=t("repair.corpus.target"))
    assert "solved" not in leaky.session_state and not leaky.success


def test_the_guess_is_judged_by_the_recorded_numbers(open_page: OpenPage) -> None:
    name, pooling = checkpoints(poolings()[0])[-1], poolings()[0]
    last = recorded_of(name, pooling)
    assert last is not None
    moved = leakage.gap_of(last, OPENING, {"k": 0})
    assert moved is not None
    right = tries.verdict(moved[0] - last.before.spearman)
    at = open_page("repair")
    at.pills(key="guess_repair.guess").set_value(t(f"repair.guess.{right}", near=f"{tries.NEAR:g}")).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")
    assert [tries.verdict(x) for x in (-5.0, 0.5, 5.0)] == ["falls", "same", "rises"]


def test_presets_and_reset(open_page: OpenPage) -> None:
    at = open_page("repair", rp_fix=postprocessors.info("centering").title, rp_n="50")
    for name in ("rescue", "trained", "small", "leak", "few"):
        at.button(key=f"rp-preset-{name}").click().run()
        assert not at.exception and not at.error
        assert at.selectbox(key="rp_fix").value == OPENING
    assert at.select_slider(key="rp_n").value == 100
    at.button(key="rp-reset").click().run()
    assert at.select_slider(key="rp_n").value == first().counts[-1]


@pytest.mark.parametrize("value", ["whatever", "", "-1", "9" * 30, "<script>"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("ck", "pool", "fix", "on", "n", "k_whitening")
    at = open_page("repair", **{f"rp_{key}": value for key in keys})
    assert f"to **{state(OPENING, k=0).spearman:.1f}**" in said(at)


def test_the_table_holds_every_repair_both_ways(open_page: OpenPage) -> None:
    table = frame(open_page("repair"), "fitted on")
    assert len(table) == 1 + 2 * len(postprocessors)


@pytest.mark.slow
def test_a_checkpoint_that_was_not_recorded_is_computed_when_asked(
    open_page: OpenPage, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "live_counts", lambda: [50, 200])
    live.texts.clear()
    at = open_page("repair", rp_n="800", rp_k_whitening="320")
    at.text_input(key="rp_ck-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="rp_ck-add").click().run()
    assert not charts(at) and not at.exception
    at.button(key="rp-go").click().run()
    assert not at.exception and not at.error
    assert "Computed now" in captions(at) and at.select_slider(key="rp_n").value == 200
    assert t("repair.flow.absent") in said(at)
    at.button(key="rp-flow-go").click().run()
    assert not at.exception and t("repair.flow.absent") not in said(at)
    live.texts.clear()


@pytest.mark.slow
def test_a_kept_repair_opens_with_what_the_page_shows(
    open_page: OpenPage, tiny_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    settings = Settings(str(tiny_checkpoint), "mean", "whitening", {"k": 8}, ELSEWHERE, 100)
    folder = keep._folder(settings, settings.checkpoint)
    keep.make(settings, settings.checkpoint, folder)
    names: dict[str, Any] = {}
    printed(keep.LOAD.format(folder=folder, pooling="mean"), names)
    assert names["rows"].shape == (1, 8)
    with zipfile.ZipFile(io.BytesIO(keep._zipped(folder))) as archive:
        archive.extractall(tmp_path / "unpacked")
    again = load_encoder(str(tmp_path / "unpacked" / folder.name), pooling="mean")
    assert again.repairs[0].fitted_on == t("repair.keep.corpus.elsewhere")
    assert again.encode(["A man."]).shape == (1, 8)
    for number in range(keep.MOST + 2):
        (folder.parent / f"old-{number}").mkdir()
    keep._make_room(folder.parent)
    assert len(list(folder.parent.iterdir())) == keep.MOST - 1


@pytest.mark.slow
def test_the_code_shown_gives_the_numbers_shown(open_page: OpenPage) -> None:
    name = "minilm:4" if "minilm:4" in checkpoints(poolings()[0]) else first().name
    at = open_page("repair", rp_ck=name, rp_n="100", rp_fix=postprocessors.info("centering").title)
    told = list(map(float, printed(code_with(at, "other_sentences")).split()))
    one = recorded_of(name, poolings()[0])
    assert one is not None
    after = one.state("centering", {}, ELSEWHERE, 100)
    assert isinstance(after, Effect)
    shown = [one.before.spearman, after.spearman, after.alignment, after.uniformity]
    assert told == pytest.approx(shown, abs=0.05)


def test_every_read_out_can_be_asked_for(open_page: OpenPage) -> None:
    at = open_page("repair", rp_pool=poolers.info("max").title)
    assert at.button(key="rp-go") and not at.error


@pytest.mark.parametrize("content", [None, "{", '{"encoders": {}}'])
def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    folder = (
        assets_with("repair", content, tmp_path) if content != "{" else assets_with_broken("repair", tmp_path)
    )
    monkeypatch.setenv("SIMCSE_ASSETS", str(folder))
    at = open_page("repair")
    assert any("record repair" in box.value for box in at.error)


def test_the_recording_is_read_in_the_repository() -> None:
    assert (REPOSITORY / "assets" / "recorded" / "repair.json").is_file()
