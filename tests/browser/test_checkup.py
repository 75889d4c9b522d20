"""The check-up and take-it-along tabs in a browser."""

from __future__ import annotations

import io
import zipfile

import pytest
from playwright.sync_api import expect

from pages.checkpoints.checkup_data import recorded
from pages.ui.text import t
from tests.browser.conftest import OpenTab, settle, until

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # ms; a busy machine
PLOT = ".st-key-cp_c_figure .js-plotly-plot"


def test_a_fault_is_chosen_found_and_kept_in_the_address(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/checkpoints?cp_tab=Check-up")
    expect(tab.locator(PLOT)).to_have_count(1, timeout=PATIENCE)
    tab.get_by_role("combobox", name=t("checkup.break")).click()
    tab.get_by_role("option", name=t("checkup.breaks.not_normalised")).click()
    settle(tab)
    expect(tab.get_by_text(t("checkup.goal_praise")[:40])).to_be_visible(timeout=PATIENCE)
    found = recorded()["broken"]["not_normalised"].findings[0]
    expect(tab.get_by_text(found.told[:40]).first).to_be_visible(timeout=PATIENCE)
    until(tab, lambda: "cp_c_break=" in tab.url)
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: "cp_c_break=" not in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_zip_with_pickled_weights_is_refused(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/checkpoints?cp_tab=Check-up")
    tab.get_by_role("button", name=t("checkup.zip.open")).click()
    bad = io.BytesIO()
    with zipfile.ZipFile(bad, "w") as archive:
        archive.writestr("pytorch_model.bin", b"x")
    field = tab.locator("input[type=file]")
    field.set_input_files({"name": "bad.zip", "mimeType": "application/zip", "buffer": bad.getvalue()})
    expect(tab.get_by_text("pickled").first).to_be_visible(timeout=PATIENCE)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_on_a_phone_the_card_is_read_and_nothing_scrolls_sideways(server: str, open_tab: OpenTab) -> None:
    for name in ("Check-up", "Take it along"):
        tab = open_tab(f"{server}/checkpoints?cp_tab={name.replace(' ', '+')}", width=390, scheme="dark")
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
        assert tab.faults == []  # type: ignore[attr-defined]
    card = tab.get_by_text(t("taking.card_text"))
    card.scroll_into_view_if_needed()
    card.click()
    expect(tab.get_by_text("pipeline_tag").first).to_be_visible(timeout=PATIENCE)
