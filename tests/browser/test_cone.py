"""The cone page by mouse, keyboard and finger."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from pages.cone.recorded import story
from pages.ui.text import t
from tests.browser.conftest import PHONE, WIDE, OpenTab, finger_drag, look, settle, until

pytestmark = pytest.mark.browser


PATIENCE = 60_000  # ms; a busy machine paints WebGL in software
DRAWN = """() => JSON.stringify([...document.querySelectorAll('.js-plotly-plot')].map(gd =>
    (gd._fullData || []).filter(d => d.mode === 'markers').reduce((sum, d) => sum + d.x.length, 0)))
    === '[480,480]' && document.querySelectorAll('.js-plotly-plot canvas').length >= 2"""

SCROLLED = "document.querySelector('[data-testid=stMain]').scrollTop"


def title_of(tab: Page, globe: int) -> str:
    """What is written above a globe."""
    script = f"document.querySelectorAll('.js-plotly-plot')[{globe}]?.layout?.annotations?.[0]?.text || ''"
    return str(tab.evaluate(script))


def fits_a_phone(tab: Page) -> None:
    """Nothing scrolls sideways in the hand; then back to the desk."""
    look(tab, scheme="dark", width=PHONE)
    settle(tab)
    until(tab, lambda: tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1)
    look(tab, scheme="light", width=WIDE)
    settle(tab)


def test_the_globes_are_painted_and_a_repair_leaves_the_other_alone(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/cone")
    tab.wait_for_function(DRAWN, timeout=PATIENCE)
    tab.evaluate("document.querySelectorAll('.js-plotly-plot')[1].dataset.kept = 'yes'")
    tab.get_by_role("button", name=t("cone.preset.centre"), exact=True).click()
    settle(tab)
    tab.wait_for_function(DRAWN, timeout=PATIENCE)
    until(tab, lambda: "A, centred" in title_of(tab, 0) and story()[1] in title_of(tab, 1))
    assert tab.evaluate("document.querySelectorAll('.js-plotly-plot')[1].dataset.kept") == "yes"
    until(tab, lambda: "cn_fix=Centring" in tab.url)
    tab.reload()
    settle(tab)
    expect(tab.get_by_text(t("cone.both")).first).to_be_visible()  # the address brings the view back
    fits_a_phone(tab)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_the_views_are_drawn_and_keep_the_checkpoints(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/cone?cn_a=minilm:2&cn_b=minilm")
    heat = "document.querySelectorAll('.js-plotly-plot .heatmaplayer image').length === 2"
    bars = "document.querySelectorAll('.js-plotly-plot .barlayer .point path').length > 700"
    tokens = "document.querySelectorAll('.js-plotly-plot .scatterlayer path.point').length > 700"
    for name, drawn in (("layers", heat), ("dimensions", bars), ("tokens", tokens)):
        tab.get_by_text(t(f"cone.view_name.{name}"), exact=True).first.click()
        tab.wait_for_function(drawn, timeout=PATIENCE)
        expect(tab.get_by_text("minilm:2").first).to_be_visible()
        fits_a_phone(tab)
    until(tab, lambda: "cn_a=minilm" in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]


def toy_cosine(tab: Page) -> float:
    return float(tab.locator("strong.true").inner_text().replace("−", "-"))


def test_the_axes_toy_follows_mouse_and_keys_and_solves_its_challenge(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/cone?cn_view=Axes+toy")
    grip = tab.locator("circle.second")
    expect(grip).to_be_visible()
    before = toy_cosine(tab)
    box = grip.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.down()
    tab.mouse.move(box["x"] - 60, box["y"] + 10, steps=5)
    until(tab, lambda: toy_cosine(tab) < before)  # at once, in the browser
    tab.mouse.up()
    settle(tab)
    tab.get_by_role("button", name=t("cone.toy.words.straight")).click()
    settle(tab)
    until(tab, lambda: toy_cosine(tab) == 0.8)
    grip.focus()
    for _ in range(11):  # 90 to 145 degrees in steps of 5
        tab.keyboard.press("ArrowLeft")
    settle(tab)
    until(tab, lambda: abs(toy_cosine(tab)) <= 0.1)
    expect(tab.get_by_text(t("cone.toy.praise")[:30])).to_be_visible()
    until(tab, lambda: "145" in (grip.get_attribute("aria-valuetext") or ""))
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_finger_on_an_arrow_pulls_it_and_does_not_scroll(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/cone?cn_view=Axes+toy", width=PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    grip = tab.locator("circle.second")
    box = grip.bounding_box()
    assert box is not None and min(box["width"], box["height"]) >= 24
    grip.scroll_into_view_if_needed()
    scrolled, before = tab.evaluate(SCROLLED), toy_cosine(tab)
    with finger_drag(tab, grip, (-60, -120)):
        expect(tab.locator("strong.true")).not_to_have_text(f"{before:.2f}")
    assert tab.evaluate(SCROLLED) == scrolled
    settle(tab)
    until(tab, lambda: toy_cosine(tab) < before - 0.1)  # kept when Python has heard of it
    assert tab.faults == []  # type: ignore[attr-defined]
