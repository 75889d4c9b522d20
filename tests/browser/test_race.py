"""The race in a browser: scrubbed without the server, chosen, guessed, by keyboard and on a phone."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from pages.race.controls import set_title, title
from pages.race.recorded import FOUR, runner, sets
from pages.ui.text import t
from tests.browser.conftest import PHONE, OpenTab, count_messages, look, settle, until

pytestmark = pytest.mark.browser
PLOT = ".st-key-rc_figure .js-plotly-plot"


def heads(tab: Page) -> list[int]:
    """How many points of each path are drawn now."""
    found: list[int] = tab.evaluate(
        "() => document.querySelector("
        + repr(PLOT)
        + ").data.filter(d => d.showlegend).map(d => d.marker.symbol.length)"
    )
    return found


def test_the_step_is_set_by_keys_and_scrubbed_in_the_figure_without_the_server(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + "/race")
    expect(tab.locator(PLOT)).to_have_count(1)
    steps = len(runner("dropout", sets()[0], "").steps)
    until(tab, lambda: heads(tab) == [steps] * len(FOUR))
    check_the_step_is_set_by_keyboard_and_kept_in_the_address(tab)
    until(tab, lambda: heads(tab) == [steps] * len(FOUR))
    before = tab.evaluate("sent")
    assert before > 0  # what Reset told the server
    rail = tab.locator(f"{PLOT} .slider-rail-touch-rect")
    rail.scroll_into_view_if_needed()
    box = rail.bounding_box()
    assert box is not None and box["height"] >= 24
    tab.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + box["height"] / 2)
    until(tab, lambda: len(set(heads(tab))) == 1 and 1 < heads(tab)[0] < steps)
    assert tab.evaluate("sent") == before
    assert tab.faults == []  # type: ignore[attr-defined]


def check_the_step_is_set_by_keyboard_and_kept_in_the_address(tab: Page) -> None:
    slider = tab.get_by_role("slider", name=t("race.step")).first
    slider.focus()
    tab.keyboard.press("Home")
    settle(tab)
    until(tab, lambda: "rc_step=0" in tab.url and heads(tab) == [1] * len(FOUR))
    tab.reload()
    settle(tab)
    until(tab, lambda: heads(tab) == [1] * len(FOUR))
    count_messages(tab)
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: "rc_step" not in tab.url and heads(tab)[0] > 1)


def check_choosing_a_runner_draws_it_and_is_in_the_address(tab: Page) -> None:
    tab.get_by_test_id("stButtonGroup").first.get_by_text(title("crop"), exact=True).click()
    settle(tab)
    until(tab, lambda: len(heads(tab)) == len(FOUR) + 1 and "rc_runs=" in tab.url)
    tab.reload()
    settle(tab)
    until(tab, lambda: len(heads(tab)) == len(FOUR) + 1)


def test_the_guess_reveals_the_scores_and_a_chosen_runner_is_drawn(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/race")
    assert tab.locator(".st-key-rc_scores_figure").count() == 0
    tab.locator(".st-key-guess_race-score").get_by_text(title("same_mask"), exact=True).click()
    settle(tab)
    expect(tab.locator(".st-key-rc_scores_figure canvas, .st-key-rc_scores_figure svg").first).to_be_visible()
    expect(tab.get_by_text(t("race.published.title"))).to_be_visible()
    check_choosing_a_runner_draws_it_and_is_in_the_address(tab)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_on_a_phone_nothing_scrolls_sideways(server: str, open_tab: OpenTab) -> None:
    everything = "&".join(f"rc_runs={quote(title(name))}" for name in (*FOUR, "crop", "synonym"))
    address = f"/race?{everything}&rc_scores=true&rc_set={quote(set_title('pairs'))}"
    tab = open_tab(server + address, width=PHONE)
    for scheme in ("light", "dark"):
        look(tab, scheme=scheme, width=PHONE)
        settle(tab)
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
        expect(tab.locator(PLOT)).to_have_count(1)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_the_race_leads_to_the_lab_with_its_view(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/race?rc_add={quote(title('same_mask'))}")
    tab.get_by_role("link", name=t("race.go", name=title("same_mask"))).click()
    tab.wait_for_url("**/lab?**")
    settle(tab)
    until(tab, lambda: "lb_view=" in tab.url and "lb_seed=" in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]
