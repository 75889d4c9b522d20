"""The page "Temperature" on real sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.temperature import ladder
from pages.temperature.recorded import batch_of, matrix_of, recorded, recorded_batch
from pages.temperature.sentences import checked_lines
from pages.ui.browser import script
from pages.ui.text import catalogue, section, t
from simcse_core.evaluation.in_batch import draw_batch, false_negatives
from simcse_core.recording import temperature
from simcse_core.theory.anatomy import anatomy
from tests.app.apptest import (
    OpenPage,
    assets_with_broken,
    captions,
    code_with,
    frame,
    heavy_libraries_of,
    printed,
)

OPENING = (("video-clips",), 32, 2, 0)


def sentences(open_page: OpenPage, **query: str) -> Any:
    return open_page("temperature", tp_on=t("temperature.on.sentences"), **query)


def table(at: Any) -> Any:
    """The negatives of the anchor."""
    return frame(at, t("temperature.real.column.share"))


def opening_cosines() -> np.ndarray:
    one = recorded_batch(*OPENING)
    assert one is not None
    found = matrix_of(one, "minilm:4", 0.1)
    assert found is not None
    return found


def opening_row() -> int:
    one = recorded_batch(*OPENING)
    assert one is not None
    return next(i for i, group in enumerate(batch_of(one).groups) if group >= 0)


def shares_at(tau: float, row: int) -> np.ndarray:
    """Loops instead of the core."""
    cosines = opening_cosines()[row]
    weights = {j: np.exp((s - cosines.max()) / tau) for j, s in enumerate(cosines) if j != row}
    return np.array([weights.get(j, 0.0) / sum(weights.values()) for j in range(len(cosines))])


def test_it_opens_on_a_paraphrase_that_takes_nearly_all_of_the_push(open_page: OpenPage) -> None:
    at = sentences(open_page)
    rows = table(at)
    row = opening_row()
    assert rows[t("temperature.real.column.share")].tolist() == pytest.approx(
        sorted(shares_at(0.05, row), reverse=True)[:-1], abs=1e-6
    )
    assert rows[t("temperature.real.column.flag")][0] == t("temperature.real.known")
    assert rows[t("temperature.real.column.share")].sum() == pytest.approx(1, abs=1e-4)
    assert "32 shipped sentences" in captions(at) and "mask seed 0" in captions(at)
    assert "Recorded" in captions(at) and "Computed" not in captions(at)


@pytest.mark.parametrize("view", ["sentences", "sweep"])
def test_opening_it_loads_no_heavy_library(view: str) -> None:
    then = "assert at.get('plotly_chart')"
    assert heavy_libraries_of("temperature", then, tp_on=t(f"temperature.on.{view}")) == "[]"


@pytest.mark.parametrize("tau", ["0.001", "0.2", "10"])
def test_the_temperature_of_the_address_decides_the_shares(open_page: OpenPage, tau: str) -> None:
    at = sentences(open_page, tp_s_tau=tau, tp_s_row="5")
    shares = table(at)[t("temperature.real.column.share")].tolist()
    assert shares == pytest.approx(sorted(shares_at(float(tau), 4), reverse=True)[:-1], abs=1e-6)
    assert "tp_s_tau" in at.query_params and at.selectbox(key="tp-row").value == 4


@pytest.mark.parametrize("value", ["whatever", "", "-1", "nan", "inf", "9" * 30, "<script>", "٣"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("tau", "row", "from", "size", "pairs", "subjects", "seed", "views", "show")
    at = sentences(
        open_page, ck=value, **{f"tp_s_{key}": value for key in keys if value or key != "subjects"}
    )
    shares = table(at)[t("temperature.real.column.share")]
    assert shares[0] == pytest.approx(shares_at(0.05, opening_row()).max(), abs=1e-6)


def test_choosing_an_anchor_puts_its_number_and_not_its_text_into_the_address(open_page: OpenPage) -> None:
    at = sentences(open_page)
    at.selectbox(key="tp-row").set_value(6).run()
    assert at.query_params["tp_s_row"] == "7"
    assert t("temperature.real.column.text") in table(at).columns
    at.selectbox(key="tp-row").set_value(opening_row()).run()
    assert "tp_s_row" not in at.query_params


def test_the_temperature_where_a_false_negative_takes_half_solves_the_challenge(open_page: OpenPage) -> None:
    row = opening_row()
    low, high = 0.05, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if shares_at(middle, row).max() > 0.5 else (low, middle)
    at = sentences(open_page)
    assert not at.success and f"{100 * shares_at(0.05, row).max():.0f} %" in captions(at)
    at = sentences(open_page, tp_s_tau=f"{low:.4g}")
    assert "temperature.false" in at.session_state["solved"]
    assert at.success[0].value.startswith(f"At τ = {low:.3g}")


def test_an_anchor_without_a_marked_negative_says_so(open_page: OpenPage) -> None:
    flags = false_negatives(np.zeros((32, 32)), 1.0, batch_of(recorded_batch(*OPENING) or {}).groups)
    plain = next(i for i in range(32) if not flags[i].any())
    at = sentences(open_page, tp_s_row=str(plain + 1))
    assert t("temperature.real.status_none") in captions(at)


def test_the_guess_is_judged_against_the_recorded_batch(open_page: OpenPage) -> None:
    at = sentences(open_page)
    mean = float(anatomy(opening_cosines(), np.arange(32), temperature=0.05).effective.mean())
    offered = at.pills(key="guess_temperature.effective").options
    at.pills(key="guess_temperature.effective").set_value(
        min(offered, key=lambda o: abs(float(o) - mean))
    ).run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}** {mean:.1f}")


@pytest.mark.parametrize("size", ["16", "64"])
def test_every_recorded_batch_and_encoder_is_drawn_without_computing(open_page: OpenPage, size: str) -> None:
    for name in recorded()["encoders"]:
        at = sentences(open_page, tp_s_size=size, ck=name)
        assert len(table(at)) == int(size) - 1
        assert f"{size} shipped sentences" in captions(at) and "Recorded" in captions(at)


def test_the_recorded_training_run_is_refused_where_it_is_not_known(open_page: OpenPage) -> None:
    at = sentences(open_page, ck=temperature.TRAINED, tp_s_seed="3")
    assert t("temperature.real.only_recorded").rstrip(".") in at.error[0].value.replace("\\", "")
    assert t("shell.failed") not in at.error[0].value


@pytest.mark.slow
def test_own_sentences_and_another_checkpoint_are_computed(
    open_page: OpenPage, tiny_checkpoint: Path
) -> None:
    at = sentences(open_page, tp_s_from=t("temperature.real.source.own"))
    at.text_input(key="ck-name").set_value(str(tiny_checkpoint)).run()
    at.button(key="ck-add").click().run()
    assert at.selectbox(key="ck").value == str(tiny_checkpoint)
    at.text_area(key="tp-lines").set_value("A cat.\n\nA dog.\nA cat.\nIt <b>rains</b> $x$.").run()
    assert not at.exception and not at.error
    assert "3 sentences of yours" in captions(at) and "Computed now" in captions(at)
    texts = table(at)[t("temperature.real.column.text")].tolist()
    assert sorted(texts) == ["A dog.", "It <b>rains</b> $x$."]
    assert not any("rains" in str(value) for value in dict(at.query_params).values())
    at.text_area(key="tp-lines").set_value("Only one.").run()
    assert t("temperature.real.too_few") in at.info[0].value
    assert "32 shipped sentences" in captions(at)


@pytest.mark.slow
def test_the_code_shown_gives_the_numbers_shown(open_page: OpenPage) -> None:
    at = sentences(open_page, tp_s_size="16", tp_s_tau="0.1")
    code = code_with(at, "view_cosines")
    top, effective = map(float, printed(code).split())
    assert top == pytest.approx(table(at)[t("temperature.real.column.share")].max(), abs=2e-3)
    said = next(m.value for m in at.markdown if r"\qquad N=" in m.value)
    assert float(said.rpartition("N=")[2].strip("$")) == pytest.approx(effective, abs=0.02)


def test_words_that_the_script_takes_exist_and_are_taken() -> None:
    """The component takes its words by name in JavaScript, where no test of strings looks."""
    source = script(ladder.FOLDER, "ladder")
    words = section("temperature.real.ladder")
    for name in words:
        assert f"words.{name}" in source or f'"{name}"' in source, name
    assert all(f"temperature.real.{name}" in catalogue() for name in ("likely", "known"))


def test_a_file_is_cut_to_its_first_distinct_lines() -> None:
    lines = (
        [f"{'x' * 400} {i}" for i in range(3)] + [f"sentence {i}" for i in range(100)] + ["", "sentence 1"]
    )
    found = checked_lines("upload", lines)
    assert found is not None and found.source == "upload" and found.recorded is None
    texts = found.batch.texts
    assert len(texts) == 64 == len(set(texts)) and texts[0] == "x" * 300 and texts[1] == "sentence 0"
    assert checked_lines("upload", ["a", "a", "b", ""]) is None


def test_a_recorded_batch_is_what_its_settings_draw() -> None:
    one = recorded_batch(*OPENING)
    assert one is not None
    assert batch_of(one) == draw_batch(("video-clips",), 32, paraphrases=2, seed=0)
    assert recorded_batch(("video-clips",), 32, 2, 1) is None


def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("temperature", tmp_path)))
    for view in ("sentences", "sweep"):
        at = open_page("temperature", tp_on=t(f"temperature.on.{view}"))
        assert any("record temperature" in box.value for box in at.error)
