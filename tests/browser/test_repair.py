"""Repair in a browser: chosen by mouse and keyboard, kept in the address, wide and on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from pages.repair.controls import SMALL
from pages.ui.text import t
from simcse_core.postprocess import postprocessors
from tests.browser.conftest import OpenTab, settle, until

pytestmark = pytest.mark.browser
PLOT = ".st-key-rp_figure .js-plotly-plot"
LARGEST = (
    "(() => {const sizes = document.querySelector("
    + repr(PLOT)
    + ").data[2].marker.size; return sizes.indexOf(Math.max(...sizes))})()"
)


def test_k_is_set_by_keyboard_and_kept_in_the_address(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/repair")
    expect(tab.locator(PLOT)).to_have_count(1)
    rows = list(postprocessors)
    until(tab, lambda: tab.evaluate(LARGEST) == rows.index("whitening"))
    slider = tab.get_by_role("slider", name=t("repair.k")).first
    slider.focus()
    for _ in range(4):
        tab.keyboard.press("ArrowRight")
    settle(tab)
    until(tab, lambda: f"rp_k_whitening={SMALL}" in tab.url)
    tab.reload()
    settle(tab)
    expect(tab.get_by_text(f"Whitening, k = {SMALL}").first).to_be_visible()
    tab.get_by_role("button", name=t("repair.preset.leak")).click()
    settle(tab)
    until(tab, lambda: "rp_on=" in tab.url and "rp_k_whitening" not in tab.url)
    expect(tab.locator(PLOT)).to_have_count(1)
    assert tab.faults == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_all_figures_fit(server: str, open_tab: OpenTab, scheme: str) -> None:
    tab = open_tab(server + "/repair", width=390, scheme=scheme)
    for key in ("rp_figure", "rp_plane", "rp_over_k", "rp_over_n", "rp_spectrum", "rp_flow_figure"):
        expect(tab.locator(f".st-key-{key} .js-plotly-plot")).to_have_count(1)
    until(tab, lambda: tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1)
    assert tab.faults == []  # type: ignore[attr-defined]
