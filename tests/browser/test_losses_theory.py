"""The tabs Curves, Log-sum-exp and Towers in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from pages.ui.text import t
from tests.browser.conftest import OpenTab, settle, until

pytestmark = pytest.mark.browser

PATIENCE = 60_000  # ms, on a busy machine
SIDEWAYS = "document.documentElement.scrollWidth - window.innerWidth"


def drawn(tab: Page, lines: int, key: str) -> None:
    """Wait until the chart of this key holds that many lines and has a size."""
    tab.wait_for_function(
        """([lines, key]) => {
            const gd = document.querySelector(`.st-key-${key} .js-plotly-plot`);
            const found = (gd?._fullData || []).filter(d => d.mode === 'lines');
            return found.length >= lines && gd.getBoundingClientRect().height > 300;
        }""",
        arg=[lines, key],
        timeout=PATIENCE,
    )


def test_the_pair_is_moved_by_keys_until_ranking_lets_go(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/losses?ls_tab=Curves")
    drawn(tab, 8, "ls_c_figure")  # four objectives, loss and slope
    slider = tab.get_by_role("slider", name=t("objectives.curves.at"))
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    settle(tab)
    expect(tab.get_by_text(t("objectives.curves.praise")[:40])).to_be_visible(timeout=PATIENCE)
    until(tab, lambda: "ls_c_at=0.5" in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_equal_cosines_reach_the_bound_and_reset_brings_back_the_first_ones(
    server: str, open_tab: OpenTab
) -> None:
    same = "&".join(f"ls_l_{name}=0.50" for name in ("p1", "p2", "n1", "n2", "n3"))
    tab = open_tab(f"{server}/losses?ls_tab=Log-sum-exp&{same}")
    drawn(tab, 2, "ls_l_figure")
    expect(tab.get_by_text(t("objectives.logsumexp.praise", terms=5)[:40])).to_be_visible(timeout=PATIENCE)
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: "ls_l_p1" not in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_on_a_phone_no_tab_scrolls_sideways(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/losses?ls_tab=Towers", width=390, scheme="dark")
    for name, key in (("", "ls_t_figure"), ("logsumexp", "ls_l_figure"), ("curves", "ls_c_figure")):
        if name:
            tabs = tab.get_by_test_id("stButtonGroup").first
            tabs.get_by_text(t(f"losses.tabs.{name}"), exact=True).click()
        drawn(tab, 1, key)
        assert tab.evaluate(SIDEWAYS) <= 1
        assert tab.faults == []  # type: ignore[attr-defined]
