"""The training lab as a person uses it: play, pause, step, reload, two visitors, a killed process."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from pages.ui.text import t
from tests.browser.conftest import REPOSITORY, OpenTab, serve, settle, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("lab")]  # one process that trains for all
PATIENCE = 120_000  # milliseconds; a test of order, never of speed
SMALL = {
    "lb_encoder": t("lab.encoder.cut", layers=1), "lb_steps": "10", "lb_batch_size": "8", "lb_every": "5",
}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lab") / "runs"


@pytest.fixture(scope="module")
def lab(runs: Path) -> Iterator[str]:
    """Address of the lab of a server of its own, set to a run of a few seconds."""
    with serve(REPOSITORY / "app.py", runs.parent / "log.txt", SIMCSE_RUNS=str(runs)) as base:
        yield f"{base}/lab?{urlencode(SMALL)}"


def verb(tab: Page, name: str) -> Locator:
    return tab.locator(f".st-key-lb-{name} button").first


def progress(tab: Page) -> Locator:
    return tab.locator('[data-testid="stMain"] [data-testid="stProgress"]').first


def says(tab: Page, words: str) -> None:
    expect(tab.locator('[data-testid="stMain"]')).to_contain_text(re.compile(words), timeout=PATIENCE)


def played(tab: Page) -> None:
    """Press Play once the process that trains is warm."""
    says(tab, "Shown: a run recorded")
    expect(tab.locator('[data-testid="stMain"]')).not_to_contain_text(
        t("lab.status.warming"), timeout=PATIENCE
    )
    expect(verb(tab, "play")).to_be_enabled()
    verb(tab, "play").click()


def paused(tab: Page) -> int:
    """The step that the run rests at."""
    expect(progress(tab)).to_contain_text(re.compile(r"Paused at step \d+"), timeout=PATIENCE)
    found = re.search(r"Paused at step (\d+)", progress(tab).inner_text())
    assert found is not None
    return int(found[1])


def test_play_pause_step_reload_and_play_to_the_end(lab: str, open_tab: OpenTab) -> None:
    tab = open_tab(lab)
    expect(tab.locator('[data-testid="stMain"] canvas').first).to_be_visible(timeout=PATIENCE)
    played(tab)
    expect(progress(tab)).to_contain_text(re.compile(r"Step [1-9]"), timeout=PATIENCE)
    tab.evaluate("document.querySelector('[data-testid=\"stMain\"] canvas').dataset.kept = 'yes'")
    verb(tab, "pause").click()
    at = paused(tab)
    assert tab.evaluate("document.querySelector('[data-testid=\"stMain\"] canvas').dataset.kept") == "yes"
    if at < 9:
        verb(tab, "step1").click()
        expect(progress(tab)).to_contain_text(f"Paused at step {at + 1} ", timeout=PATIENCE)
    tab.reload()
    settle(tab)
    until(tab, lambda: paused(tab) >= at and "lb_run=" in tab.url and "lb_steps=10" in tab.url)
    verb(tab, "play").click()
    says(tab, "Finished 10 steps")
    expect(tab.get_by_text(t("lab.export.pairs"))).to_be_visible(timeout=PATIENCE)
    with tab.expect_download(timeout=PATIENCE) as download:
        tab.get_by_role("button", name=re.compile("Checkpoint, step 10")).first.click()
    assert download.value.suggested_filename.endswith("-step-10.zip")
    assert tab.faults == []  # type: ignore[attr-defined]


def test_two_visitors_take_turns_and_a_closed_tab_loses_nothing(lab: str, open_tab: OpenTab) -> None:
    first, second = open_tab(lab.replace("lb_steps=10", "lb_steps=160")), open_tab(lab)
    played(first)
    expect(progress(first)).to_contain_text(re.compile(r"Step [1-9]"), timeout=PATIENCE)
    played(second)
    says(second, t("lab.status.queued", ahead=1))
    address = first.url
    first.close()
    again = open_tab(address)
    expect(progress(again)).to_contain_text(re.compile(r"Step \d+ of 160"), timeout=PATIENCE)
    verb(again, "stop").click()
    says(again, "Stopped at step")
    says(second, "Finished 10 steps")


def test_a_killed_process_is_said_and_the_run_resumed(lab: str, runs: Path, open_tab: OpenTab) -> None:
    tab = open_tab(lab.replace("lb_steps=10", "lb_steps=20"))
    played(tab)
    expect(progress(tab)).to_contain_text(re.compile(r"Step ([2-9]|1\d)"), timeout=PATIENCE)
    worker = json.loads((runs / ".worker-cpu.json").read_text(encoding="utf-8"))["pid"]
    assert psutil.Process(worker).is_running()
    os.kill(worker, signal.SIGKILL)
    says(tab, "The process that trained this run is gone")
    verb(tab, "resume").click()
    says(tab, "Finished 20 steps")


def test_a_rate_that_breaks_the_loss_does_not_break_the_page(lab: str, open_tab: OpenTab) -> None:
    tab = open_tab(lab + "&" + urlencode({"lb_learning_rate": "1"}))
    played(tab)
    says(tab, "Finished 10 steps|The run failed after step")
    expect(tab.locator(".st-key-page_failure")).to_have_count(0)
