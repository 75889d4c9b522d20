"""The traps in a browser: pulled by keys, restored by the address, on a phone, in both themes."""

from __future__ import annotations

import json
from urllib.parse import quote_plus

import pytest
from playwright.sync_api import Page, expect

from pages.ui.text import t
from simcse_core.evaluation.false_negatives import chance_of_repeat, expected_repeats
from tests.browser.conftest import PHONE, OpenTab, look, settle, until

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # ms; a busy machine draws late
TABS = {name: quote_plus(t(f"traps.tabs.{name}")) for name in ("length", "negatives", "batch", "language")}
CHANCE = ".st-key-tr-chance .chance"


def drawn(tab: Page, key: str) -> None:
    """Wait until the Plotly chart of a key has traces."""
    tab.wait_for_function(
        f"(document.querySelector('.st-key-{key} .js-plotly-plot')?._fullData || []).length > 0",
        timeout=PATIENCE,
    )


def names(tab: Page) -> list[str]:
    """Legend of the figure of lengths."""
    script = "(document.querySelector('.st-key-tr_lengths .js-plotly-plot')?._fullData || [])"
    found: list[str] = tab.evaluate(f"{script}.filter(d => d.showlegend).map(d => d.name)")
    return found


def test_a_rate_is_chosen_by_keys_and_comes_back_with_the_address(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/traps")
    drawn(tab, "tr_lengths")
    thumb = tab.get_by_role("slider", name=t("traps.length.rate")).first
    thumb.focus()
    tab.keyboard.press("ArrowRight")
    settle(tab)
    until(tab, lambda: t("traps.length.repeated", rate="0.5") in names(tab))
    until(tab, lambda: "tr_dup=0.5" in tab.url)
    tab.reload()
    settle(tab)
    until(tab, lambda: t("traps.length.repeated", rate="0.5") in names(tab))
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: "tr_dup" not in tab.url and t("traps.length.repeated", rate="0.32") in names(tab))
    assert tab.faults == []  # type: ignore[attr-defined]


def numbers(tab: Page) -> dict[str, float]:
    found: dict[str, float] = json.loads(tab.locator(CHANCE).get_attribute("data-numbers") or "{}")
    return found


def test_the_chance_of_a_repeat_follows_the_keys_and_is_that_of_the_core(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(f"{server}/traps?tr_tab={TABS['negatives']}")
    expect(tab.locator(f"{CHANCE} svg circle.here")).to_be_visible(timeout=PATIENCE)
    until(tab, lambda: numbers(tab)["size"] == 64)
    size = tab.locator(f"{CHANCE} .size input")
    size.focus()
    for _ in range(4):
        tab.keyboard.press("PageUp")
    tab.locator(f"{CHANCE} .rate input").focus()
    tab.keyboard.press("PageUp")
    until(tab, lambda: numbers(tab)["size"] > 300 and numbers(tab)["rate"] > 1.5e-4)
    seen = numbers(tab)
    assert seen["some"] == pytest.approx(float(chance_of_repeat(int(seen["size"]), seen["rate"])), rel=1e-9)
    assert seen["pairs"] == pytest.approx(expected_repeats(int(seen["size"]), seen["rate"]), rel=1e-9)
    assert seen["anchors"] == pytest.approx(1 - (1 - seen["rate"]) ** (seen["size"] - 1), rel=1e-9)
    until(tab, lambda: "tr_repeat=" in tab.url)
    settle(tab)
    tab.reload()
    settle(tab)
    until(tab, lambda: numbers(tab)["size"] == seen["size"])
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: "tr_repeat" not in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_on_a_phone_no_trap_scrolls_sideways(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/traps?tr_tab={TABS['language']}", width=PHONE)
    for name, key, scheme in (
        ("", "tr_all", "light"),
        ("negatives", "tr_pushes", "light"),
        ("batch", "tr_sizes", "dark"),
        ("length", "tr_lengths", "dark"),
    ):
        look(tab, scheme=scheme, width=PHONE)
        if name:
            tabs = tab.get_by_test_id("stButtonGroup").first
            tabs.get_by_text(t(f"traps.tabs.{name}"), exact=True).click()
        drawn(tab, key)
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
        assert tab.faults == []  # type: ignore[attr-defined]


def test_remedies_are_computed_for_another_temperature(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/traps?tr_tab={TABS['negatives']}&tr_tau=0.5&tr_prior=0.01")
    drawn(tab, "tr_pushes")
    expect(tab.get_by_text("τ = 0.5").first).to_be_visible(timeout=PATIENCE)  # the praise of the challenge
    assert tab.faults == []  # type: ignore[attr-defined]
