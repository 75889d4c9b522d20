"""The ladder of negatives by mouse and keyboard; its arithmetic is that of the core."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.temperature.recorded import matrix_of, recorded_batch
from pages.ui.text import t
from simcse_core.theory.anatomy import anatomy
from tests.browser.conftest import OpenTab, settle, until

pytestmark = pytest.mark.browser

SENTENCES = f"/temperature?tp_on={quote(t('temperature.on.sentences'))}"
SWEEP = f"/temperature?tp_on={quote(t('temperature.on.sweep'))}"


def numbers(tab: Page) -> dict[str, Any]:
    tab.wait_for_selector(".ladder[data-numbers]")
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found: dict[str, Any] = json.loads(tab.locator(".ladder").get_attribute("data-numbers") or "{}")
    return found


def expected(tau: float, row: int) -> dict[str, Any]:
    one = recorded_batch(("video-clips",), 32, 2, 0)
    assert one is not None
    cosines = matrix_of(one, "minilm:4", 0.1)
    assert cosines is not None
    seen = anatomy(cosines, np.arange(32), temperature=tau)
    shares = sorted((float(s) for j, s in enumerate(seen.shares[row]) if j != row), reverse=True)
    return {"shares": shares, "effective": float(seen.effective[row]), "push": float(seen.total_push[row])}


def agrees(told: dict[str, Any], row: int) -> None:
    core = expected(told["tau"], row)
    assert told["shares"] == pytest.approx(core["shares"], abs=1e-6)
    assert told["effective"] == pytest.approx(core["effective"], abs=1e-6)
    assert told["push"] == pytest.approx(core["push"], rel=1e-6)


def row_of(tab: Page) -> int:
    expect(tab.locator(".anchor .text")).to_have_text(re.compile(r"\d"), timeout=20_000)
    return int(tab.locator(".anchor .text").inner_text().split()[0]) - 1


def test_the_ladder_follows_the_slider_agrees_with_the_core_and_is_spoken(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + SENTENCES)
    slider = tab.locator(".ladder input")
    until(tab, lambda: numbers(tab)["tau"] == 0.05)
    agrees(numbers(tab), row_of(tab))
    slider.focus()
    seen = []
    for key in ("ArrowRight", "PageUp", "PageDown", "PageDown", "Home", "End"):
        tab.keyboard.press(key)
        told = numbers(tab)
        agrees(told, row_of(tab))
        seen.append(told["tau"])
    assert seen[-2:] == [0.001, 10] and seen[0] != seen[1] != seen[2] != seen[3]
    check_a_screen_reader_hears_the_numbers(tab)
    box = slider.bounding_box()
    assert box is not None
    tab.mouse.click(box["x"] + box["width"] * 0.4, box["y"] + box["height"] / 2)
    settle(tab)
    tau = numbers(tab)["tau"]
    until(tab, lambda: 0.01 < tau < 0.2 and f"tp_s_tau={tau:.4g}" in tab.url)
    tab.reload()
    settle(tab)
    until(tab, lambda: numbers(tab)["tau"] == tau)  # the address brings it back
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_click_on_a_negative_makes_it_the_anchor_and_reset_goes_back(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + SENTENCES)
    before = row_of(tab)
    pick = tab.locator(".pick").nth(2)
    number = int(pick.locator(".number").inner_text())
    pick.focus()
    tab.keyboard.press("Enter")
    settle(tab)
    until(tab, lambda: row_of(tab) == number - 1 and f"tp_s_row={number}" in tab.url)
    agrees(numbers(tab), number - 1)
    tab.get_by_role("button", name=t("shell.reset"), exact=False).and_(tab.locator("[kind=tertiary]")).click()
    settle(tab)
    until(tab, lambda: "tp_s_row" not in tab.url)  # and the page shows its first view again
    tab.get_by_role("radio", name=t("temperature.on.sentences")).click()
    settle(tab)
    until(tab, lambda: row_of(tab) == before)
    tab.locator(".more").click()
    expect(tab.locator(".rows li")).to_have_count(31)
    assert tab.faults == []  # type: ignore[attr-defined]


def check_a_screen_reader_hears_the_numbers(tab: Page) -> None:
    slider = tab.locator(".ladder input")
    until(tab, lambda: "Temperature 10" in (slider.get_attribute("aria-valuetext") or ""))
    said = tab.locator(".said")
    expect(said).to_have_attribute("aria-live", "polite")
    expect(said).to_contain_text("31.0 effective negatives", timeout=20_000)


@pytest.mark.parametrize("address", [SENTENCES, SWEEP])
def test_on_a_phone_nothing_scrolls_sideways(server: str, open_tab: OpenTab, address: str) -> None:
    tab = open_tab(server + address, width=390, scheme="dark")
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    small = tab.evaluate(
        "[...document.querySelectorAll('.ladder button, .ladder input')]"
        ".filter(e => e.getBoundingClientRect().height < 24).length"
    )
    assert small == 0
    assert tab.faults == []  # type: ignore[attr-defined]


def test_the_sweep_leads_to_the_lab_with_its_temperature(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + SWEEP + "&tp_w_tau=0.2")
    expect(tab.locator(".js-plotly-plot")).to_have_count(1)
    tab.get_by_role("link", name=t("temperature.sweep.go", tau="0.2")).click()
    tab.wait_for_url("**/lab?**")
    settle(tab)
    until(tab, lambda: "lb_info_nce_temperature=0.2" in tab.url and "lb_seed=" in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]
