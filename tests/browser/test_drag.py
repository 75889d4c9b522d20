"""The scripts that components share, alone on an empty page: pulling, keys, and the agreement with Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from pages.ui.browser import script

pytestmark = pytest.mark.browser
STAGE = """<div id="read" aria-live="polite"></div><input type="range">
<svg viewBox="-2 -2 4 4" width="400" height="400" style="position:absolute;left:0;top:40px">
<circle id="ring" r="0.2"></circle><circle id="free" r="0.2"></circle></svg>"""
HANDS = """
const svg = document.querySelector("svg"), $ = (id) => document.getElementById(id);
window.seen = { angle: 90, point: [1.5, -1], tau: 0.05, draws: 0, done: [] };
const say = (label, value) => () => ({ label, text: `${value()}`, now: 0, min: 0, max: 1 });
const place = (node, [x, y]) => { node.setAttribute("cx", x); node.setAttribute("cy", -y); };
const round = circleRail({ home: () => 90 }), box = boxRail({ low: [-2, -2], high: [2, 2] });
window.board = new Board(svg, {
  draw() { seen.draws += 1; place($("ring"), round.at(seen.angle)); place($("free"), seen.point); },
  done(pause) { seen.done.push(pause); },
});
const hand = (rail, name) => {
  const get = () => seen[name];
  return { rail, get, set: (v) => { seen[name] = v; }, say: say(name, get) };
};
board.grip($("ring"), hand(round, "angle"));
board.grip($("free"), hand(box, "point"));
board.logSlider(document.querySelector("input"), { low: 0.005, high: 10, ...hand(null, "tau") });
board.redraw();
Object.assign(window, { Agreement, wrapDegrees, toStep, oncePerFrame, spoken });
"""


@pytest.fixture(scope="module")
def tab(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 500, "height": 500})
    yield page
    page.close()


@pytest.fixture
def stage(tab: Page, tmp_path: Path) -> Page:
    tab.goto("about:blank")  # a new document with a new window
    tab.set_content(STAGE)
    tab.add_script_tag(content=script(tmp_path) + HANDS, type="module")
    tab.wait_for_function("window.seen && seen.draws")
    return tab


def drag(page: Page, start: tuple[float, float], *path: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    for x, y in path:
        page.mouse.move(x, y)


def test_a_point_on_the_ring_follows_the_pointer_and_is_told_of_on_release(stage: Page) -> None:
    drag(stage, (200, 140), (260, 160), (330, 240))  # from the top to the right
    assert abs(stage.evaluate("seen.angle")) < 2 and stage.evaluate("seen.done") == []
    stage.mouse.up()
    assert stage.evaluate("seen.done") == [0]


def test_a_point_does_not_jump_to_the_pointer_that_grabs_it(stage: Page) -> None:
    drag(stage, (200 + 150 + 15, 240 + 100), (200 + 150 + 15 - 50, 240 + 100 - 100))  # 100 px are one unit
    stage.mouse.up()
    assert stage.evaluate("seen.point") == [1.0, 0.0]


def test_a_click_without_a_move_changes_nothing(stage: Page) -> None:
    drag(stage, (205, 145))
    stage.mouse.up()
    assert stage.evaluate("[seen.angle, seen.done.length]") == [90, 0]


@pytest.mark.parametrize(
    ("key", "angle"),
    [
        ("ArrowLeft", 31), ("ArrowRight", 29), ("ArrowUp", 31), ("ArrowDown", 29), ("PageUp", 45),
        ("PageDown", 15), ("Home", 90), ("End", -90), ("Shift+ArrowLeft", 30.1),
    ],
)  # fmt: skip
def test_keys_turn_a_point_on_the_ring(stage: Page, key: str, angle: float) -> None:
    stage.evaluate("seen.angle = 30")
    stage.locator("#ring").focus()
    stage.keyboard.press(key)
    assert stage.evaluate("seen.angle") == angle
    assert stage.evaluate("seen.done") == [300]  # Python waits until the keys are quiet


@pytest.mark.parametrize(
    ("key", "point"),
    [
        ("ArrowLeft", [0.45, 0]), ("ArrowUp", [0.5, 0.05]), ("PageDown", [0.5, -0.25]),
        ("Shift+ArrowRight", [0.51, 0]), ("Home", [0, 0]),
    ],
)  # fmt: skip
def test_keys_move_a_free_point(stage: Page, key: str, point: list[float]) -> None:
    stage.evaluate("seen.point = [0.5, 0]")
    stage.locator("#free").focus()
    stage.keyboard.press(key)
    assert stage.evaluate("seen.point") == point


@pytest.mark.parametrize(
    ("key", "tau"), [("ArrowRight", 0.05236), ("PageDown", 0.031550), ("Home", 0.005), ("End", 10.0)]
)
def test_keys_move_the_logarithm(stage: Page, key: str, tau: float) -> None:
    stage.locator("input").focus()
    stage.keyboard.press(key)
    assert stage.evaluate("seen.tau") == pytest.approx(tau, rel=1e-3)
    assert stage.evaluate("Number(document.querySelector('input').max)") == 1


def test_many_moves_are_one_drawing(stage: Page) -> None:
    count = stage.evaluate(
        """async () => { let drawn = 0; const ask = oncePerFrame(() => { drawn += 1; });
        for (let i = 0; i < 50; i++) ask();
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        return drawn; }"""
    )
    assert count == 1


def test_a_screen_reader_hears_names_and_values(stage: Page) -> None:
    stage.locator("#ring").focus()
    stage.keyboard.press("ArrowLeft")
    stage.wait_for_function("document.getElementById('ring').getAttribute('aria-valuetext') === '91'")
    ring = stage.locator("#ring")
    assert ring.get_attribute("role") == "slider" and ring.get_attribute("aria-label") == "angle"
    assert ring.get_attribute("tabindex") == "0"


def test_echoes_are_no_news_and_resets_are(stage: Page) -> None:
    told = stage.evaluate(
        """async () => {
        const sent = [], one = new Agreement((text) => sent.push(text)), news = [one.hear("")];
        const wait = () => new Promise((done) => setTimeout(done, 5));
        one.tell("a"); await wait(); one.tell("b"); await wait(); one.tell("b"); await wait();
        for (const text of ["", "a", "b", "b", "", "c"]) news.push(one.hear(text));
        one.tell("late", 50); news.push(one.hear("reset")); await new Promise((done) => setTimeout(done, 80));
        return [sent, news]; }"""
    )
    assert told == [["a", "b"], [True, False, False, False, False, True, True, True]]


def test_angles_and_steps_are_exact(stage: Page) -> None:
    assert stage.evaluate("[190, -180, 180, 725].map(wrapDegrees)") == [-170, -180, -180, 5]
    assert stage.evaluate("[toStep(0.31, 0.1), toStep(7, 5)]") == [0.3, 5]
