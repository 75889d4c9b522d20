"""The circle by mouse, finger and keyboard; its arithmetic against the core."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from pages.temperature.scenes import SCENES
from pages.ui.text import t
from simcse_core.theory.anatomy import anatomy, tangential_push
from simcse_core.theory.charge import parting
from simcse_core.theory.temperatures import over_temperatures
from tests.browser.conftest import OpenTab, count_messages, finger_drag, settle, until

pytestmark = pytest.mark.browser
CLOSE = 1e-6


def numbers(tab: Page) -> dict[str, Any]:
    """What the component has computed, at the next frame."""
    until(tab, lambda: tab.locator(".toy").evaluate("toy => Boolean(toy.numbers)"))
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return dict(tab.locator(".toy").evaluate("toy => toy.numbers()"))


def settled(tab: Page, scene: str, tau: float) -> dict[str, Any]:
    """The numbers once a scene and a temperature have arrived; what is there after five seconds otherwise."""
    for _ in range(50):
        settle(tab, pause=0.1)
        found = numbers(tab)
        if found["tau"] == tau and found["angles"] == pytest.approx(SCENES[scene].angles):
            break
    return found


def check(found: dict[str, Any]) -> None:
    """Every number of the component equals the core's."""
    angles, tau = np.array(found["angles"]), found["tau"]
    points = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], axis=1)
    row = anatomy([points[1:] @ points[0]], [0], temperature=tau)
    assert row.probabilities is not None and row.loss is not None
    expected = {
        "cosines": row.similarities[0], "shares": row.shares[0, 1:], "gradient": row.gradient[0],
        "probabilities": row.probabilities[0], "effective": row.effective[0], "loss": row.loss[0],
        "totalPush": row.total_push[0], "far": parting(tau)[1],
    }  # fmt: skip
    pushes = tangential_push(points[0], points[1:], row.gradient[0])
    expected["pushes"] = np.linalg.norm(pushes, axis=1)
    anticlockwise = np.array([-points[0, 1], points[0, 0]])
    expected["net"] = pushes.sum(axis=0) @ anticlockwise
    for name, value in expected.items():
        assert np.asarray(found[name]) == pytest.approx(np.asarray(value), rel=CLOSE, abs=CLOSE), name
    curves = over_temperatures(row.similarities[0], 0, found["curves"]["taus"])
    for ours, theirs in (("top", "top_share"), ("effective", "effective"), ("push", "total_push")):
        assert found["curves"][ours] == pytest.approx(getattr(curves, theirs), rel=CLOSE, abs=CLOSE), ours


def center(item: Locator) -> tuple[float, float]:
    box = item.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag(tab: Page, item: Locator, x: float, y: float, *, release: bool = True) -> None:
    start = center(item)
    tab.mouse.move(*start)
    tab.mouse.down()
    tab.mouse.move(start[0] + x / 2, start[1] + y / 2, steps=3)
    tab.mouse.move(start[0] + x, start[1] + y, steps=3)
    if release:
        tab.mouse.up()


def point(tab: Page, index: int) -> Locator:
    """A mark of the circle by its place in the scene: anchor, positive, negatives."""
    kind = ("anchor", "positive")[index] if index < 2 else None
    if kind:
        return tab.locator(f".points .{kind} .hit")
    name = f"{t('temperature.figure.negative')} {index - 1}"
    return tab.locator(f'.points [aria-label="{name}"] .hit')


def test_the_temperature_is_dragged_without_the_server_kept_on_release_and_set_by_the_curves(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + "/temperature")
    count_messages(tab)
    check(numbers(tab))
    slider = tab.locator(".toy input[type=range]")
    box = slider.bounding_box()
    assert box is not None
    tab.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    tab.mouse.down()
    seen = []
    for share in (0.4, 0.5, 0.6, 0.7):
        tab.mouse.move(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
        found = numbers(tab)
        check(found)
        seen.append(found["effective"])
    assert seen == sorted(seen) and seen[0] < 2 < 5 < seen[-1]
    assert tab.evaluate("sent") == 0 and "tp_tau" not in tab.url
    tab.mouse.up()
    settle(tab)
    tau = numbers(tab)["tau"]
    until(tab, lambda: f"tp_tau={tau:g}" in tab.url)
    tab.reload()
    settle(tab)
    until(tab, lambda: numbers(tab)["tau"] == tau)
    expect(tab.get_by_text(f"τ = {tau:g}").first).to_be_visible()
    check_the_curves_are_a_slider_too(tab)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_point_is_dragged_and_the_python_side_agrees(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/temperature?tp_view=Real+push")
    count_messages(tab)
    start = numbers(tab)
    drag(tab, point(tab, 4), -40, -60, release=False)
    moved = numbers(tab)
    check(moved)
    assert moved["angles"][4] != start["angles"][4] and moved["angles"][5] == start["angles"][5]
    assert tab.evaluate("sent") == 0
    tab.mouse.up()
    settle(tab)
    assert tab.evaluate("sent") > 0
    place = f"tp_at=hard.4:{moved['angles'][4]:g}"
    until(tab, lambda: place in tab.url.replace("%3A", ":"))
    tab.get_by_text(t("shell.code"), exact=True).click()
    expect(tab.get_by_text(f"{round(moved['angles'][4], 4)}", exact=False).first).to_be_visible()
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: numbers(tab)["angles"] == start["angles"] and "tp_" not in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_every_scene_computes_what_the_core_computes(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/temperature?tp_tau=0.02&tp_at=hard.2:90")
    until(tab, lambda: numbers(tab)["cosines"][1] == 1)
    slider = tab.locator(".toy input[type=range]")
    for scene in ("ring", "crowd", "false", "behind", "hard"):
        tab.get_by_role("radio", name=t(f"temperature.scenes.{scene}"), exact=True).click()
        found = settled(tab, scene, 0.02)  # it keeps the temperature and forgets where points were put
        assert found["angles"] == pytest.approx(SCENES[scene].angles) and found["tau"] == 0.02
        check(found)
        slider.focus()
        for key in ("Home", "End", "PageDown"):
            tab.keyboard.press(key)
            check(numbers(tab))
        tab.get_by_role("button", name="0.02", exact=True).click()
        expect(tab).to_have_url(re.compile("tp_tau=0.02(&|$)"))
    until(tab, lambda: "tp_at" not in tab.url)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_everything_is_reached_by_keyboard_and_told_to_a_screen_reader(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + "/temperature")
    slider = tab.locator(".toy input[type=range]")
    slider.focus()
    tab.keyboard.press("End")
    until(tab, lambda: numbers(tab)["tau"] == 10)
    until(tab, lambda: re.search(r"6\.99.*7", slider.get_attribute("aria-valuetext") or ""))
    tab.keyboard.press("Home")
    until(tab, lambda: numbers(tab)["tau"] == 0.005)
    settle(tab)
    until(tab, lambda: "tp_tau=0.005" in tab.url)
    mark = tab.locator('.points [aria-label="Negative 1"]')
    mark.focus()
    for key, cosine in (("ArrowUp", "0.93"), ("End", "−1.00"), ("Home", "1.00")):
        tab.keyboard.press(key)
        check(numbers(tab))
        until(tab, lambda cosine=cosine: f"cosine {cosine}" in (mark.get_attribute("aria-valuetext") or ""))
    spoken = tab.locator(".toy .spoken")
    expect(spoken).to_contain_text("cosine 1.00")
    expect(spoken).to_contain_text("Temperature 0.005")
    settle(tab)
    until(tab, lambda: "hard.2:90" in tab.url.replace("%3A", ":"))
    assert tab.evaluate("document.activeElement !== document.body")  # the focus outlives the rerun
    assert tab.faults == []  # type: ignore[attr-defined]


FOCUSED = """() => { let node = document.activeElement;
    while (node.shadowRoot) node = node.shadowRoot.activeElement;
    return node.getAttribute('aria-label') || node.textContent; }"""


def test_tab_walks_through_the_points_in_order_and_letters_through_a_crowd(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + "/temperature?tp_scene=Positive+behind")
    tab.locator(".toy input[type=range]").focus()
    seen = []
    for _ in range(13):
        tab.keyboard.press("Tab")
        seen.append(tab.evaluate(FOCUSED))
    names = [t("temperature.figure.anchor"), t("temperature.figure.positive")]
    assert seen[:7] == ["0.005", "0.02", "0.05", "0.1", "0.5", "1", "10"]
    assert seen[7:] == [*names, *(f"Negative {k}" for k in (1, 2, 3, 4))]
    tab.get_by_role("radio", name=t("temperature.scenes.crowd"), exact=True).click()
    settled(tab, "crowd", 0.05)
    until(tab, lambda: tab.locator('.points [tabindex="0"]').count() == 3)
    tab.locator('.points [aria-label="Negative 1"]').focus()
    for key in ("n", "n", "p"):
        tab.keyboard.press(key)
    before = numbers(tab)["angles"]
    tab.keyboard.press("ArrowUp")
    after = numbers(tab)
    assert [j for j in range(65) if before[j] != after["angles"][j]] == [3]  # the second negative
    check(after)


def check_the_curves_are_a_slider_too(tab: Page) -> None:
    chart = tab.locator(".curves svg")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    tab.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.5 * box["height"])
    until(tab, lambda: numbers(tab)["tau"] > 0.5)
    found = numbers(tab)
    check(found)
    settle(tab)
    until(tab, lambda: f"tp_tau={found['tau']:g}" in tab.url)


def test_the_challenge_is_solved_with_the_hands(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/temperature?tp_scene=False+negative&tp_tau=0.2")
    mark = tab.locator(".points .false")
    mark.focus()
    tab.keyboard.press("Home")
    for _ in range(20):
        tab.keyboard.press("ArrowDown")
    slider = tab.locator(".toy input[type=range]")
    slider.focus()
    for _ in range(80):
        if numbers(tab)["shares"][-1] < 0.51:
            break
        tab.keyboard.press("ArrowRight")
    settle(tab, pause=1.0)
    expect(tab.get_by_text(t("temperature.half.praise")[:40])).to_be_visible()
    assert tab.faults == []  # type: ignore[attr-defined]


def test_fingers_drag_on_a_phone(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/temperature", width=390, scheme="dark")
    for selector in (".points .hit", ".ticks button", ".toy input[type=range]"):
        for item in tab.locator(selector).all():
            box = item.bounding_box()
            assert box is not None and min(box["width"], box["height"]) >= 24, selector
    mark = point(tab, 2)
    mark.scroll_into_view_if_needed()
    before, scrolled = numbers(tab), tab.evaluate("document.querySelector('[data-testid=stMain]').scrollTop")
    with finger_drag(tab, mark, (40, 72)):
        found = numbers(tab)
    assert found["angles"][2] < before["angles"][2] - 20
    check(found)
    assert tab.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == scrolled
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    assert tab.faults == []  # type: ignore[attr-defined]
