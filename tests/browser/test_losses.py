"""Objectives side by side in a browser: scrubbed without the server, kept in the address, on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from pages.losses import recorded, verdicts
from pages.ui.text import t
from tests.browser.conftest import PHONE, WIDE, OpenTab, count_messages, settle, until

pytestmark = pytest.mark.browser
PLOT = ".st-key-ls_tiles .js-plotly-plot"
SLOW = 60_000  # milliseconds: several people's machine


def areas(tab: Page) -> list[str]:
    """The numbers written into the tiles now."""
    found: list[str] = tab.evaluate(
        "() => { const plot = document.querySelector(" + repr(PLOT) + ");"
        " return plot && plot.data ? plot.data.filter(d => d.mode === 'text').map(d => d.text[0]) : [] }"
    )
    return found


def expected(step: int, names: tuple[str, ...] = recorded.FOUR) -> list[str]:
    shown = [recorded.trained(name, recorded.PAIRS) for name in names]
    words = t("losses.tiles.auc"), t("losses.tiles.mean")
    return [
        f"{words[0]} {one.mean('auc', step):.2f}<br>{words[1]} {one.mean('mean_cosine', step):.2f}"
        for one in shown
        if one is not None
    ]


def test_the_step_is_set_by_keys_and_scrubbed_under_the_tiles_without_the_server(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + "/losses")
    last = recorded.steps()[-1]
    until(tab, lambda: areas(tab) == expected(last))
    check_the_step_is_set_by_keyboard_and_kept_in_the_address(tab)
    before = tab.evaluate("sent")
    assert before > 0  # what Reset told the server
    rail = tab.locator(f"{PLOT} .slider-rail-touch-rect")
    rail.scroll_into_view_if_needed()
    box = rail.bounding_box()
    assert box is not None and box["height"] >= 24
    tab.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    until(tab, lambda: areas(tab) == expected(0))
    assert tab.evaluate("sent") == before
    assert tab.faults == []  # type: ignore[attr-defined]


def check_the_step_is_set_by_keyboard_and_kept_in_the_address(tab: Page) -> None:
    tab.get_by_role("slider", name=t("losses.step")).first.focus()
    tab.keyboard.press("Home")
    settle(tab)
    until(tab, lambda: "ls_step=0" in tab.url and areas(tab) == expected(0))
    tab.reload()
    settle(tab)
    until(tab, lambda: areas(tab) == expected(0))
    count_messages(tab)
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: "ls_step" not in tab.url and areas(tab) == expected(recorded.steps()[-1]))


def check_objectives_are_chosen_in_the_popover(tab: Page) -> None:
    tab.get_by_role("button", name=t("losses.objectives", count=len(recorded.names()))).click()
    pills = tab.get_by_test_id("stPopoverBody").get_by_test_id("stButtonGroup")
    expect(pills).to_be_visible(timeout=SLOW)
    pills.get_by_text(recorded.title("triplet"), exact=True).click()
    settle(tab)
    kept = tuple(name for name in recorded.FOUR if name != "triplet")
    until(tab, lambda: areas(tab) == expected(recorded.steps()[-1], kept) and "ls_set=" in tab.url)
    tab.reload()
    settle(tab)
    until(tab, lambda: areas(tab) == expected(recorded.steps()[-1], kept))


def test_a_pair_is_found_by_typing_and_ticks_the_challenge_and_objectives_are_chosen(
    server: str, open_tab: OpenTab
) -> None:
    row = int(verdicts.ruined_and_kept()[0])
    tab = open_tab(server + "/losses")
    until(tab, lambda: len(areas(tab)) == 4)
    tab.get_by_role("combobox", name=t("losses.pair")).fill(recorded.scored().first[row])
    option = tab.get_by_role("option").filter(has_text=recorded.scored().second[row]).first
    expect(option).to_be_visible(timeout=SLOW)
    option.click()
    settle(tab)
    words = {"one": recorded.title(verdicts.RUINS), "other": recorded.title(verdicts.KEEPS)}
    expect(tab.get_by_text(t("losses.try.praise", **words))).to_be_visible(timeout=SLOW)
    until(tab, lambda: "ls_pair=" in tab.url)
    check_objectives_are_chosen_in_the_popover(tab)


def test_tabs_fit_the_screen(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/losses")
    for width in (WIDE, PHONE):
        tab.set_viewport_size({"width": width, "height": 900})
        for name in ("curves", "logsumexp", "towers", "runs"):
            group = tab.get_by_test_id("stButtonGroup").first
            group.get_by_text(t(f"losses.tabs.{name}"), exact=True).click()
            settle(tab)
            until(tab, lambda width=width: tab.evaluate("document.documentElement.scrollWidth") <= width)
            assert tab.locator(".st-key-page_failure").count() == 0
        until(tab, lambda: len(areas(tab)) == 4)


def test_training_here_offers_objectives_and_a_button(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/losses?ls_from=" + t("losses.source.here").replace(" ", "+"))
    start = tab.locator(".st-key-ls-start button")
    expect(start).to_be_enabled(timeout=SLOW)
    expect(start).to_contain_text(t("losses.live.start", count=4), timeout=SLOW)
    expect(tab.locator(".st-key-ls-stop button")).to_be_disabled()
    until(tab, lambda: len(areas(tab)) == 4)
