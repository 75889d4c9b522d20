"""The batch by mouse, keyboard and finger; its arithmetic is that of the core."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.batch.controls import layout_title
from pages.batch.recorded import recorded_views
from pages.ui.text import t
from simcse_core.theory.batch import roles_of
from simcse_core.theory.walk_arrays import LAYOUTS
from tests.browser.conftest import WIDE, OpenTab, look, settle, until

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms
SIDEWAYS = "document.documentElement.scrollWidth - window.innerWidth"


def told(tab: Page) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(tab.locator(".board").get_attribute("data-numbers") or "{}")
    return found


def shows(tab: Page, row: str, tau: float, layout: str = "interleaved", dropout: float = 0.1) -> None:
    """Wait until the board shows this row of this batch, with the numbers of the core."""
    tab.wait_for_selector(".board[data-numbers]", timeout=PATIENCE)
    views = recorded_views(LAYOUTS[layout].parts, dropout, False).take(4)
    found = roles_of(views, layout, tau)
    at, core = found.rows.index(row), found.anatomy
    assert core.probabilities is not None and core.loss is not None
    wanted = [*core.probabilities[at], *core.gradient[at], core.loss[at]]

    def agrees() -> bool:
        seen = told(tab)
        numbers = [*seen["probabilities"], *seen["slopes"], seen["loss"]]
        same = len(numbers) == len(wanted) and np.allclose(numbers, wanted, rtol=1e-6, atol=1e-9)
        return bool(seen["row"] == row and seen["tau"] == tau and same)

    until(tab, agrees, seconds=60)


def row_button(tab: Page, name: str) -> Any:
    return tab.locator(".board tbody button", has_text=re.compile(f"^{name}$"))


def test_click_keys_and_slider_agree_with_the_core_the_address_and_the_marked_lines(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + "/batch")
    shows(tab, "a", 0.05)
    expect(tab.locator(".board tbody tr")).to_have_count(8)
    expect(tab.locator(".board td.itself")).to_have_count(8)
    expect(tab.locator(".board tbody td.positive")).to_have_count(8)
    tab.locator(".board tbody tr").nth(3).locator("td").nth(6).click()
    shows(tab, "b′", 0.05)
    expect(tab.locator(".board tr.picked")).to_have_count(1)
    expect(row_button(tab, "b′")).to_be_focused()
    tab.keyboard.press("ArrowDown")
    shows(tab, "c", 0.05)
    tab.keyboard.press("ArrowRight")
    expect(tab.locator(".board .detail")).to_contain_text("c with d′:")  # right of the cell that was clicked
    slider = tab.locator(".board .tau input")
    slider.focus()
    tab.keyboard.press("ArrowRight")
    shows(tab, "c", 0.1)
    until(tab, lambda: "bt_tau=0.1" in tab.url and "bt_row=c" in tab.url, seconds=60)
    tab.reload()
    settle(tab)
    shows(tab, "c", 0.1)  # the address brings it back
    tab.get_by_role("button", name=t("shell.reset")).click()
    shows(tab, "a", 0.05)
    look(tab, scheme="dark", width=WIDE)
    check_the_lines_in_force_are_marked(tab)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_the_picker_beside_it_opens_the_same_row(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + f"/batch?bt_lay={quote(layout_title('triples'))}")
    shows(tab, "a", 0.05, "triples")
    expect(tab.locator(".board thead th.hard")).to_have_count(4)
    expect(tab.locator(".board td.own")).to_have_count(4)
    tab.get_by_role("radio", name="d", exact=True).click()
    shows(tab, "d", 0.05, "triples")
    row_button(tab, "b").click()
    shows(tab, "b", 0.05, "triples")
    expect(tab.get_by_role("radio", name="b", exact=True)).to_be_checked(timeout=PATIENCE)
    assert tab.faults == []  # type: ignore[attr-defined]


def check_the_lines_in_force_are_marked(tab: Page) -> None:
    marked = tab.locator(".board pre .marked")
    for step, line in (
        ("mask", "masked_fill(itself"),
        ("divide", "similarities / temperature"),
        ("labels", "index % 2"),
    ):
        tab.locator(f".board .steps .{step}").click()
        expect(marked.last).to_contain_text(line)
        expect(tab.locator(f".board .steps .{step}")).to_have_attribute("aria-pressed", "true")
    until(tab, lambda: "bt_step" not in tab.url, seconds=60)  # labels is what the page opens with
    settle(tab)
    expect(tab.locator(".board .steps .labels")).to_be_focused()  # Python's answer leaves the buttons alone
    tab.locator(".board .views .push").click()
    expect(tab.locator(".board tbody td.positive").first).to_have_text(t("batch.board.cell_pull"))
    until(tab, lambda: "bt_view=push" in tab.url, seconds=60)


def test_without_dropout_the_pull_is_dashed(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/batch?bt_p=0")
    shows(tab, "a", 0.05, dropout=0.0)
    expect(tab.locator(".board .arrow.pull.idle")).to_have_count(1)
    expect(tab.locator(".board .note.idle")).to_contain_text("moves nothing")
    tab.get_by_role("radio", name="0.3", exact=True).click()
    shows(tab, "a", 0.05, dropout=0.3)
    expect(tab.locator(".board .arrow.idle")).to_have_count(0)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_phone_shows_all_of_it_and_a_tap_opens_a_row(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/batch?bt_n=8", width=390, scheme="dark")
    expect(tab.locator(".board tbody tr")).to_have_count(16, timeout=PATIENCE)
    button = row_button(tab, "d′")
    box = button.bounding_box()
    assert box is not None and box["height"] >= 24 and box["width"] >= 24
    button.click()
    expect(tab.locator(".board .row .title")).to_contain_text("d′")
    assert tab.evaluate(SIDEWAYS) <= 1
    assert tab.faults == []  # type: ignore[attr-defined]
