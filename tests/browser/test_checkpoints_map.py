"""The map of the checkpoints page by mouse, keys and search."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.ui.text import t
from tests.app.maps_factory import COUNT, made_atlas, maps_assets
from tests.browser.conftest import OpenTab, StartServer, until

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # ms


@pytest.fixture
def map_server(start_server: StartServer, tmp_path: Path) -> str:
    """A server with a small made-up map."""
    return start_server(SIMCSE_ASSETS=maps_assets(tmp_path))


def drawn(tab: Page, state: str) -> None:
    """Wait until the first map shows a cloud (by number) and a pinned row: `3|0`."""
    expect(tab.locator("figure.one canvas")).to_have_attribute("data-drawn", state, timeout=PATIENCE)


def lonely(step: int, width: float, height: float) -> tuple[int, float, float]:
    """The sentence farthest from its next one on the map of a step, and where it lies on the canvas."""
    points = made_atlas().layouts["pca"].points
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    middle, half = (low + high) / 2, (high - low) / 2
    scale = min((width / 2 - 18) / half[0], (height / 2 - 18) / half[1])
    here = points[step]
    away = np.linalg.norm(here[:, None] - here[None], axis=2) + 1e6 * np.eye(COUNT)
    row = int(away.min(axis=1)[1:].argmax()) + 1
    x, y = (here[row] - middle) * scale
    return row, width / 2 + float(x), height / 2 - float(y)


def test_the_map_is_scrubbed_pinned_and_searched_and_the_address_follows(
    map_server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(map_server + "/checkpoints")
    drawn(tab, "3|0")
    slider, pictures = tab.locator(".atlas input[type=range]"), tab.locator("figure.one canvas")
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    drawn(tab, "2|0")
    expect(tab.locator(".atlas .numbers dd").first).to_have_text("20")
    until(tab, lambda: "cp_step=20" in tab.url)
    search = tab.get_by_role("searchbox", name=t("checkpoints.board.search"))
    search.fill("sentence 7 ")
    expect(tab.locator(".atlas .found")).to_have_text(t("checkpoints.board.found", count=1))
    search.press("Enter")
    drawn(tab, "2|7")
    until(tab, lambda: "cp_pin=7" in tab.url)
    expect(tab.get_by_test_id("stMain").get_by_text(made_atlas().texts[7], exact=True).first).to_be_visible()
    pictures.focus()
    tab.keyboard.press("ArrowRight")
    expect(pictures).not_to_have_attribute("data-drawn", "2|7")
    until(tab, lambda: "cp_pin=7" not in tab.url)
    tab.reload()
    expect(pictures).not_to_have_attribute("data-drawn", "3|0", timeout=PATIENCE)
    until(tab, lambda: (pictures.get_attribute("data-drawn") or "").startswith("2|"))
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_click_pins_in_both_maps_and_the_start_is_a_button(map_server: str, open_tab: OpenTab) -> None:
    tab = open_tab(map_server + "/checkpoints?cp_beside=true&cp_with=10", width=390, scheme="dark")
    drawn(tab, "3|0")
    second = tab.locator("figure.two canvas")
    expect(second).to_have_attribute("data-drawn", "1|0")
    second.scroll_into_view_if_needed()
    box = second.bounding_box()
    assert box is not None
    pinned, x, y = lonely(1, box["width"], box["height"])
    second.click(position={"x": x, "y": y})
    expect(second).to_have_attribute("data-drawn", f"1|{pinned}", timeout=PATIENCE)
    drawn(tab, f"3|{pinned}")
    until(tab, lambda: f"cp_pin={pinned}" in tab.url)
    tab.locator(".atlas .first").click()
    drawn(tab, f"0|{pinned}")
    until(tab, lambda: "cp_step=0" in tab.url)
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    assert tab.faults == []  # type: ignore[attr-defined]
