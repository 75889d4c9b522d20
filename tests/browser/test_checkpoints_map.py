"""The map of the checkpoints page by mouse, keys, search and an outline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from pages.ui.text import t
from tests.app.maps_factory import COUNT, made_atlas, maps_assets
from tests.browser.conftest import (
    PHONE,
    OpenTab,
    StartServer,
    count_messages,
    finger_drag,
    look,
    settle,
    until,
)

pytestmark = pytest.mark.browser
PATIENCE = 60_000  # ms


@pytest.fixture
def map_server(start_server: StartServer, tmp_path: Path) -> str:
    """A server with a small made-up map."""
    return start_server(SIMCSE_ASSETS=maps_assets(tmp_path))


def drawn(tab: Page, state: str) -> None:
    """Wait until the first map shows a cloud (by number) and a pinned row: `3|0`."""
    expect(tab.locator("figure.one canvas")).to_have_attribute("data-drawn", state, timeout=PATIENCE)


def places(step: int, width: float, height: float) -> np.ndarray:
    """(n, 2) where the sentences of a step lie on the canvas."""
    points = made_atlas().layouts["pca"].points
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    middle, half = (low + high) / 2, (high - low) / 2
    scale = min((width / 2 - 18) / half[0], (height / 2 - 18) / half[1])
    return np.array([width / 2, height / 2]) + (points[step] - middle) * scale * [1, -1]


def lonely(step: int, width: float, height: float) -> tuple[int, float, float]:
    """The sentence farthest from its next one on the map of a step, and where it lies on the canvas."""
    here = places(step, width, height)
    away = np.linalg.norm(here[:, None] - here[None], axis=2) + 1e6 * np.eye(COUNT)
    row = int(away.min(axis=1)[1:].argmax()) + 1
    return row, float(here[row, 0]), float(here[row, 1])


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


def lasso(tab: Page, row: int) -> tuple[list[int], int]:
    """Draw around a sentence and those near it; the rows inside, and messages sent before the release."""
    canvas = tab.locator("figure.one canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    here = places(3, box["width"], box["height"])
    away = np.linalg.norm(here - here[row], axis=1)
    gaps = np.diff(np.sort(away))
    cut = int(gaps[4:12].argmax()) + 4  # the circle runs where no point is near it
    radius = float(np.sort(away)[cut] + gaps[cut] / 2)
    tab.evaluate("window.sent = 0")
    for number, turn in enumerate(np.linspace(0, 2 * np.pi, 25)):
        x, y = here[row] + radius * np.array([np.cos(turn), np.sin(turn)])
        tab.mouse.move(box["x"] + x, box["y"] + y)
        if not number:
            tab.mouse.down()
    sent = int(tab.evaluate("window.sent"))
    tab.mouse.up()
    return np.flatnonzero(away < radius).tolist(), sent


def test_sentences_are_selected_by_drawing_and_by_searching(map_server: str, open_tab: OpenTab) -> None:
    tab = open_tab(map_server + "/checkpoints?cp_beside=true")
    drawn(tab, "3|0")
    count_messages(tab)
    maps, select = tab.locator(".atlas canvas"), tab.get_by_role("button", name=t("checkpoints.board.select"))

    def chosen(rows: list[int]) -> None:
        for number in (0, 1):
            expect(maps.nth(number)).to_have_attribute("data-chosen", ",".join(map(str, rows)))
        until(tab, lambda: ("cp_sel=" in tab.url) == bool(rows))

    select.focus()
    tab.keyboard.press("Space")
    expect(select).to_have_attribute("aria-pressed", "true")
    rows, sent = lasso(tab, 4)
    chosen(rows)
    assert len(rows) >= 5 and sent == 0 and tab.evaluate("window.sent") == 1
    expect(tab.get_by_text(f"{len(rows)} of {COUNT} sentences")).to_be_visible()
    drawn(tab, "3|0")  # the end of an outline is no click
    tab.mouse.down()
    tab.mouse.move(0, 0, steps=3)
    tab.keyboard.press("Escape")
    maps.first.hover()
    tab.mouse.up()
    chosen(rows)  # an outline that is given up changes nothing
    drawn(tab, "3|0")
    slider = tab.locator(".atlas input[type=range]")
    slider.focus()
    tab.keyboard.press("ArrowLeft")
    drawn(tab, "2|0")
    chosen(rows)
    maps.first.focus()
    tab.keyboard.press("Escape")
    chosen([])
    tab.get_by_role("searchbox", name=t("checkpoints.board.search")).fill("sport")
    tab.get_by_role("button", name=t("checkpoints.board.hits")).press("Enter")
    chosen([row for row, subject in enumerate(made_atlas().subjects) if subject == "sport"])
    look(tab, scheme="light", width=PHONE)
    settle(tab)
    maps.first.scroll_into_view_if_needed()
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    before = tab.evaluate(scrolled)
    with finger_drag(tab, maps.first, (0, -120)):
        assert tab.evaluate(scrolled) == pytest.approx(before, abs=1)
    chosen([])  # a line holds nothing
    assert tab.faults == []  # type: ignore[attr-defined]
