"""The walk by mouse, keyboard and finger."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from pages.ui.text import t
from pages.walk.controls import stage_title
from pages.walk.recorded import recorded_batch
from simcse_core.theory.walk import walk_of
from tests.browser.conftest import OpenTab, settle, until

pytestmark = pytest.mark.browser


def heading(tab: Page) -> str:
    return tab.get_by_role("heading", level=3).first.inner_text()


def test_the_stages_are_walked_by_keyboard_and_stay_in_the_address(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/walk")
    until(tab, lambda: heading(tab).endswith(stage_title("tokens")))
    onwards = tab.get_by_role("button", name=re.compile(f"^{t('walk.next')}"))
    expect(onwards).to_be_enabled(timeout=20_000)  # it is the button that listens to the keys
    settle(tab)
    tab.locator("body").press("Shift+ArrowRight")
    settle(tab)
    until(tab, lambda: heading(tab).endswith(stage_title("dropout")) and "wk_stage=Dropout" in tab.url)
    tab.locator("body").press("Shift+ArrowLeft")
    settle(tab)
    until(tab, lambda: heading(tab).endswith(stage_title("tokens")))
    onwards.click()
    settle(tab)
    tab.reload()
    settle(tab)
    until(tab, lambda: heading(tab).endswith(stage_title("dropout")))
    assert tab.faults == []  # type: ignore[attr-defined]


def test_the_tokens_are_a_table_that_the_keyboard_reaches(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/walk", width=390)
    batch = recorded_batch(2, 0.1, False)
    table = tab.locator(".scroll table")
    expect(table).to_be_visible(timeout=20_000)
    assert table.locator("tbody tr").count() == len(batch.texts)
    first = table.locator("tbody tr").first
    pieces = [cell.inner_text().split()[0] for cell in first.locator("td").all()]
    assert pieces == list(batch.pieces[0])
    assert first.locator("td.padding").count() == batch.ids.shape[1] - batch.lengths[0]
    box = tab.locator(".scroll")
    box.focus()
    tab.keyboard.press("ArrowRight")
    tab.keyboard.press("ArrowRight")
    until(tab, lambda: box.evaluate("e => e.scrollLeft") > 0)
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1


def test_the_drawn_matrix_holds_the_recorded_cosines(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/walk?wk_stage=Masked&wk_layout=Interleaved")
    tab.wait_for_function(
        "document.querySelectorAll('.js-plotly-plot .annotation').length == 64", timeout=60_000
    )
    found = walk_of(recorded_batch(2, 0.1, False), "interleaved", 0.05)
    script = "[...document.querySelectorAll('.js-plotly-plot .annotation-text')].map(e => e.textContent)"
    drawn = tab.evaluate(script)
    assert drawn.count("−∞") == 8
    assert drawn[1] == f"{found['similarities'][0, 1]:.2f}"
    assert tab.faults == []  # type: ignore[attr-defined]


def test_no_kind_of_figure_scrolls_sideways_on_a_phone(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/walk?wk_layout=Interleaved", width=390, scheme="dark")
    for stage in ("dropout", "unit", "labels", "loss"):  # maps, bars, matrix, bars over bars
        tab.get_by_role("radio", name=stage_title(stage), exact=True).click()
        settle(tab, pause=0.3)
        until(tab, lambda stage=stage: heading(tab).endswith(stage_title(stage)))
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
        assert tab.locator('[data-testid="stException"]').count() == 0
    expect(tab.get_by_role("button", name=re.compile(f"^{t('walk.next')}"))).to_be_disabled()
    assert tab.faults == []  # type: ignore[attr-defined]
