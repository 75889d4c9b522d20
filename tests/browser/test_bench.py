"""The bench in a browser: a point and a row choose the pair, and the address keeps it; six on a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from pages.bench.entries import opening
from pages.bench.recorded import pairs
from pages.ui.text import t
from tests.browser.conftest import OpenTab, settle, until

pytestmark = pytest.mark.browser
PLOT = ".st-key-bn_errors .js-plotly-plot"
CARD = ".st-key-bn_card"


def point(tab: Page, place: int) -> tuple[float, float, int]:
    """Where a point of the plain pairs is on the screen, and the number of its pair."""
    x, y, row = tab.evaluate(
        """([plot, place]) => {
            const gd = document.querySelector(plot), box = gd.getBoundingClientRect();
            const d = gd._fullData[0], {xaxis, yaxis} = gd._fullLayout;
            const x = box.x + xaxis._offset + xaxis.d2p(d.x[place]);
            const y = box.y + yaxis._offset + yaxis.d2p(d.y[place]);
            return [x, y, gd.data[0].customdata[place]];
        }""",
        [PLOT, place],
    )
    return x, y, int(row)


def lonely(tab: Page) -> int:
    """The plain pair whose nearest neighbour is furthest away: a click cannot hit another."""
    found: int = tab.evaluate(
        """(plot) => {
            const d = document.querySelector(plot)._fullData[0];
            let best = 0, far = -1;
            for (let i = 0; i < d.x.length; i++) {
                let near = Infinity;
                for (let j = 0; j < d.x.length; j++)
                    if (j !== i) near = Math.min(near, Math.hypot(d.x[i] - d.x[j], d.y[i] - d.y[j]));
                if (near > far) { far = near; best = i; }
            }
            return best;
        }""",
        PLOT,
    )
    return found


def test_a_point_and_the_keyboard_choose_the_pair_that_the_address_keeps(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(f"{server}/bench?bn_view={t('bench.views.errors')}")
    expect(tab.locator(PLOT)).to_have_count(1, timeout=60_000)
    until(tab, lambda: len(tab.evaluate(f"document.querySelector('{PLOT}')._fullData")) >= 2, seconds=60)
    tab.locator(PLOT).scroll_into_view_if_needed()
    x, y, row = point(tab, lonely(tab))
    assert row != 0
    tab.mouse.move(x, y)
    tab.mouse.click(x, y)
    expect(tab.locator(CARD)).to_contain_text(pairs().first[row], timeout=60_000)
    until(tab, lambda: f"bn_pair={row + 1}" in tab.url, seconds=60)
    tab.reload()
    settle(tab)
    expect(tab.locator(CARD)).to_contain_text(pairs().second[row], timeout=60_000)
    box = tab.get_by_role("combobox", name=t("bench.pair.label")).last
    box.click()
    box.fill("12")
    tab.keyboard.press("Enter")
    expect(tab.locator(CARD)).to_contain_text(pairs().first[11], timeout=60_000)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_scores_and_errors_are_whole_on_a_phone_in_the_dark(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/bench", scheme="dark", width=390)
    expect(tab.get_by_text(t("bench.published.title")).first).to_be_visible(timeout=60_000)
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    tab.get_by_text(t("bench.views.errors"), exact=True).click()
    expect(tab.locator(PLOT)).to_have_count(1, timeout=60_000)
    expect(tab.locator(CARD)).to_contain_text(opening()[1], timeout=60_000)
    settle(tab)
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    assert tab.faults == []  # type: ignore[attr-defined]
