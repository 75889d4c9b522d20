"""Pull and spread by mouse, finger and keyboard; its arithmetic against the core."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from pages.sphere import flow
from pages.sphere.state import PAIRS, TEMPERATURE
from pages.ui.text import t
from simcse_core.metrics.alignment import alignment
from simcse_core.theory.decomposition import split_pairs
from simcse_core.theory.scenes import SCENES, angles, circle, scene
from simcse_core.theory.simulator import info_nce_gradient, simulate, spread_of_views
from tests.browser.conftest import OpenTab, settle, until

pytestmark = pytest.mark.browser
CLOSE = 1e-6


def numbers(tab: Page) -> dict[str, Any]:
    """What the component has computed, two frames later."""
    until(tab, lambda: tab.locator(".toy").evaluate("toy => Boolean(toy.numbers)"))
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return dict(tab.locator(".toy").evaluate("toy => toy.numbers()"))


def check(found: dict[str, Any]) -> None:
    """Every number of the component equals the core's."""
    views, tau = circle(np.reshape(found["angles"], (2, -1))), found["tau"]
    parts = split_pairs(*views, temperature=tau)
    _, gradient = info_nce_gradient(views, temperature=tau)
    along = np.stack([-views[..., 1], views[..., 0]], axis=-1)
    expected = {
        "pull": parts.pull,
        "spread": parts.spread,
        "loss": parts.loss,
        "alignment": alignment(*views),
        "uniformity": spread_of_views(views),
        "slopes": (gradient * along).sum(axis=-1).ravel(),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=CLOSE, abs=CLOSE), name


def point(tab: Page, label: str, index: int) -> Locator:
    return tab.get_by_role("slider", name=t(f"sphere.figure.{label}", index=index), exact=True)


def drag(tab: Page, item: Locator, x: float, y: float) -> None:
    box = item.locator(".hit").bounding_box()
    assert box is not None
    start = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tab.mouse.move(*start)
    tab.mouse.down()
    tab.mouse.move(start[0] + x, start[1] + y, steps=6)


def test_every_scene_is_computed_as_in_the_core(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/sphere?sp_n=6")
    for name in SCENES:
        tab.get_by_role("radio", name=t(f"sphere.scenes.{name}"), exact=True).click()
        expect(tab.get_by_text(t(f"sphere.lesson.{name}"))).to_be_visible(timeout=20_000)
        found = numbers(tab)
        assert found["angles"] == angles(name, 6).ravel().tolist() and found["tau"] == TEMPERATURE
        check(found)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_point_is_dragged_at_once_and_kept_on_release(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/sphere?sp_scene=Ring&sp_n=4")
    before = numbers(tab)
    drag(tab, point(tab, "anchor", 1), 90, 60)
    held = numbers(tab)
    check(held)
    assert held["angles"][0] < before["angles"][0] - 20 and held["loss"] > before["loss"]
    assert "sp_at" not in tab.url  # Python hears of it on release
    tab.mouse.up()
    settle(tab)
    until(tab, lambda: "sp_at=ring.4" in tab.url)
    tab.reload()
    settle(tab)
    until(tab, lambda: numbers(tab)["angles"] == held["angles"])
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(
        tab, lambda: numbers(tab)["angles"] == angles("cone", 8).ravel().tolist() and "sp_at" not in tab.url
    )
    assert tab.faults == []  # type: ignore[attr-defined]


def test_the_challenge_is_solved_with_the_keyboard_alone(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/sphere?sp_scene=Ring&sp_n=3&sp_joined=true")
    for label, index, key in (("positive", 2, "PageUp"), ("anchor", 3, "PageDown")):
        point(tab, label, index).focus()
        for _ in range(8):
            tab.keyboard.press(key)
    found = numbers(tab)
    check(found)
    assert found["angles"] == [90] * 6  # pairs moved as one
    assert found["uniformity"] == pytest.approx(0, abs=0.01)
    expect(tab.get_by_text(t("sphere.collapse.praise").split("{")[0][:40])).to_be_visible(timeout=15_000)
    until(tab, lambda: point(tab, "anchor", 2).get_attribute("aria-valuetext") == "90°")
    spoken = tab.locator(".toy .spoken")
    expect(spoken).to_contain_text("1.099")  # a screen reader hears log 3
    assert tab.faults == []  # type: ignore[attr-defined]


def test_the_temperature_is_one_slider_for_both_views(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/sphere?sp_scene=Random")
    tab.get_by_role("slider", name=t("sphere.tau")).focus()
    for _ in range(3):
        tab.keyboard.press("PageDown")
    found = numbers(tab)
    assert found["tau"] == pytest.approx(0.5 * 10**-0.6, rel=0.01)
    check(found)
    settle(tab)
    tab.get_by_role("radio", name=t("sphere.views.flow"), exact=True).click()
    settle(tab)
    after = numbers(tab)
    assert after["tau"] == found["tau"] and after["step"] == 0
    check(after)


def test_a_collapsed_cloud_opens_step_by_step(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/sphere?sp_view=Downhill&sp_scene=Collapse&sp_n=4")
    path = simulate(scene("collapse", 4).views, steps=flow.STEPS, noise=flow.NOISE, temperature=TEMPERATURE)
    tab.get_by_role("button", name=t("sphere.figure.on")).click()
    until(tab, lambda: numbers(tab)["step"] == 1)
    scrub = tab.get_by_role("slider", name=t("sphere.figure.scrub"))
    scrub.focus()
    for key, step in (("End", flow.STEPS), ("ArrowLeft", flow.STEPS - 1), ("Home", 0)):
        tab.keyboard.press(key)
        found = numbers(tab)
        check(found)
        assert found["step"] == step
        assert found["loss"] == pytest.approx(path.loss[step], abs=1e-4)  # angles travel with four decimals
        assert found["uniformity"] == pytest.approx(path.uniformity[step], abs=1e-4)
    tab.get_by_role("button", name=t("sphere.figure.play"), exact=True).click()
    until(tab, lambda: numbers(tab)["step"] == flow.STEPS)  # reduced motion: the end, at once
    assert tab.faults == []  # type: ignore[attr-defined]


def test_play_moves_pauses_and_goes_on(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/sphere?sp_view=Downhill&sp_n=4", motion="no-preference")
    tab.get_by_role("button", name=t("sphere.figure.play"), exact=True).click()
    pause = tab.get_by_role("button", name=t("sphere.figure.pause"), exact=True)
    pause.click()
    step = numbers(tab)["step"]
    assert 0 < step < flow.STEPS and numbers(tab)["step"] == step
    tab.get_by_role("slider", name=t("sphere.figure.scrub")).focus()
    for key in ("End", "PageDown"):
        tab.keyboard.press(key)
    assert 0 < numbers(tab)["step"] < flow.STEPS
    tab.get_by_role("button", name=t("sphere.figure.play"), exact=True).click()
    expect(tab.get_by_role("button", name=t("sphere.figure.play"), exact=True)).to_be_visible(timeout=20_000)
    until(tab, lambda: numbers(tab)["step"] == flow.STEPS)


def test_among_many_points_two_keys_go_from_one_to_the_next(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/sphere?sp_scene=Random&sp_n={PAIRS[-1]}")
    first = point(tab, "anchor", 1)
    until(tab, lambda: tab.locator('.points [tabindex="0"]').count() == 1)
    first.focus()
    tab.keyboard.press("n")
    tab.keyboard.press("ArrowLeft")
    found = numbers(tab)
    check(found)
    assert found["angles"][1] == pytest.approx(angles("random", PAIRS[-1])[0, 1] + 1)
    tab.keyboard.press("p")
    tab.keyboard.press("p")
    assert tab.evaluate(
        "(() => { let e = document.activeElement; while (e.shadowRoot) e = e.shadowRoot.activeElement;"
        " return e.getAttribute('aria-label'); })()"
    ) == t("sphere.figure.positive", index=PAIRS[-1])


def test_the_sphere_is_painted_and_moves(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/sphere?sp_view=Downhill&sp_d=Sphere&sp_scene=Collapse", motion="no-preference")
    read = "document.querySelector('.js-plotly-plot')?._fullData?.filter(d => d.mode === 'markers')[0]?.x"
    tab.wait_for_function(f"{read}?.length === 8", timeout=60_000)
    apart = f"Math.max(...{read}) - Math.min(...{read})"
    assert tab.evaluate(apart) < 0.1
    tab.locator(".js-plotly-plot .updatemenu-button").first.click()
    tab.wait_for_function(f"{apart} > 0.8", timeout=60_000)
    assert tab.faults == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("view", ["Downhill", "Proof&sp_step=4+Eigenvalue"])
def test_on_a_phone_nothing_scrolls_sideways(server: str, open_tab: OpenTab, view: str) -> None:
    tab = open_tab(f"{server}/sphere?sp_view={view}", width=390, scheme="dark")
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    for hit in tab.locator(".points .hit").all():
        box = hit.bounding_box()
        assert box is not None and box["width"] >= 24
    assert tab.faults == []  # type: ignore[attr-defined]
