"""Routing, looks, accessibility and the home page's figure, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from pages.ui.text import JOINER, t
from simcse_core.figures.theme import DARK, LIGHT
from tests.app.story_factory import make_story, write_assets
from tests.browser.conftest import (
    PHONE,
    REPOSITORY,
    WIDE,
    OpenTab,
    StartServer,
    count_messages,
    look,
    serve,
    settle,
    until,
)

pytestmark = pytest.mark.browser
NAMES = re.findall(r'shell\.Entry\("\w+", "(\w+)"', (REPOSITORY / "app.py").read_text(encoding="utf-8"))
AGENT = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Mobile Safari/537.36"
)


def serious_faults(tab: Page) -> list[tuple[str, str]]:
    """What keeps a screen reader or a keyboard from the page: rule and element."""
    found = Axe().run(tab).response["violations"]
    return [(v["id"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] in {"serious", "critical"}]


def css(colour: str) -> str:
    """`#rrggbb` as the browser tells it."""
    return "rgb({}, {}, {})".format(*bytes.fromhex(colour[1:]))


def path_of(name: str) -> str:
    return "/" if name == "home" else f"/{name}"


@pytest.fixture(scope="module")
def story_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server whose home page shows a small made-up run."""
    folder = tmp_path_factory.mktemp("story")
    assets = write_assets(folder / "a", REPOSITORY / "assets", make_story())
    runs = str(folder / "runs")
    with serve(
        REPOSITORY / "app.py", folder / "log.txt", SIMCSE_RUNS=runs, SIMCSE_ASSETS=str(assets)
    ) as base:
        yield base


@pytest.mark.parametrize("name", ["notes", NAMES[1]])
def test_the_first_visitor_of_a_fresh_server_may_open_a_deep_link(
    start_server: StartServer, open_tab: OpenTab, name: str
) -> None:
    tab = open_tab(start_server() + path_of(name))
    expect(tab.get_by_role("heading", level=1)).to_have_text(t(f"{name}.question"))
    assert "Page not found" not in tab.inner_text("body")
    assert tab.faults == []  # type: ignore[attr-defined]


def test_an_address_that_does_not_exist_is_told_so(server: str, open_tab: OpenTab) -> None:
    assert "Page not found" in open_tab(server + "/nowhere").inner_text("body")


def check_sound(tab: Page) -> None:
    settle(tab, pause=1)
    assert tab.locator('[data-testid="stException"]').count() == 0
    assert tab.locator(".st-key-page_failure").count() == 0
    assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 1
    assert serious_faults(tab) == []
    assert tab.faults == []  # type: ignore[attr-defined]
    assert len(set(tab.screenshot())) > 100  # not blank


@pytest.mark.parametrize("name", NAMES)
def test_every_page_is_sound_narrow_and_light_then_wide_and_dark(
    server: str, open_tab: OpenTab, name: str
) -> None:
    tab = open_tab(server + path_of(name), scheme="light", width=PHONE)
    check_sound(tab)
    look(tab, scheme="dark", width=WIDE)  # wide for contrast: axe leaves out what a phone half covers
    app, sidebar = tab.get_by_test_id("stApp"), tab.get_by_test_id("stSidebar")
    expect(app).to_have_css("background-color", css(DARK.background), timeout=30_000)
    if sidebar.get_attribute("data-collapsed") == "true":
        tab.get_by_test_id("stExpandSidebarButton").click()
    expect(sidebar).to_have_attribute("data-collapsed", "false")
    check_sound(tab)


def test_the_menu_leads_to_every_page_and_back_works(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server)
    for name in NAMES[1:]:
        tab.get_by_test_id("stSidebar").get_by_role("link", name=t(f"shell.nav.{name}")).click()
        expect(tab.get_by_role("heading", level=1)).to_have_text(t(f"{name}.question"), timeout=30_000)
        until(tab, lambda name=name: tab.url.endswith(f"/{name}"))
    settle(tab)
    tab.go_back()
    expect(tab.get_by_role("heading", level=1)).to_have_text(t(f"{NAMES[-2]}.question"), timeout=30_000)


def test_on_a_phone_the_menu_closes_behind_a_followed_link(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server, width=PHONE, agent=AGENT)
    sidebar = tab.get_by_test_id("stSidebar")
    expect(sidebar).to_have_attribute("data-collapsed", "true")
    tab.get_by_test_id("stExpandSidebarButton").click()
    expect(sidebar).to_have_attribute("data-collapsed", "false")
    expect(sidebar.get_by_role("link")).to_have_text([re.compile(t(f"shell.nav.{name}")) for name in NAMES])
    for scheme, theme in (("light", LIGHT), ("dark", DARK)):
        look(tab, scheme=scheme, width=PHONE)
        expect(tab.get_by_test_id("stApp")).to_have_css("background-color", css(theme.background))
        assert serious_faults(tab) == []
    sidebar.get_by_role("link", name=t("shell.nav.notes")).click()
    expect(tab.get_by_role("heading", level=1)).to_have_text(t("notes.question"), timeout=30_000)
    expect(sidebar).to_have_attribute("data-collapsed", "true")
    assert tab.faults == []  # type: ignore[attr-defined]


def slider(tab: Page) -> str:
    return str(tab.locator(".story input[type=range]").get_attribute("aria-valuetext"))


def test_scrubbing_needs_no_server_and_a_released_slider_is_in_the_address(
    story_server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(story_server)
    until(tab, lambda: slider(tab) == "step 20")
    count_messages(tab)
    box = tab.locator(".story input[type=range]").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] - 8, middle)
    tab.mouse.down()
    for share in (0.9, 0.8, 0.7, 0.6, 0.5):
        tab.mouse.move(box["x"] + share * box["width"], middle)
    until(tab, lambda: slider(tab) == "step 10" and tab.evaluate("sent") == 0)
    tab.mouse.up()
    expect(tab).to_have_url(re.compile(r"hm_step=10$"))
    assert tab.evaluate("sent") > 0
    tab.reload()
    settle(tab)
    until(tab, lambda: slider(tab) == "step 10")


def test_the_figure_is_worked_by_keyboard_and_by_its_two_buttons_and_reset(
    story_server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(story_server + "/?hm_step=10")
    tab.locator(".story input[type=range]").focus()
    for key, step in (("ArrowLeft", 0), ("ArrowLeft", 0), ("ArrowRight", 10), ("End", 20), ("Home", 0)):
        tab.keyboard.press(key)
        until(tab, lambda step=step: slider(tab) == f"step {step}")
    raw, trained = (
        tab.get_by_role("button", name=t(f"home.figure.{name}"), exact=True) for name in ("raw", "trained")
    )
    expect(raw).to_have_attribute("aria-pressed", "true")
    trained.click()
    expect(trained).to_have_attribute("aria-pressed", "true")
    until(tab, lambda: slider(tab) == "step 20")
    raw.click()
    expect(tab).to_have_url(re.compile(r"hm_step=0$"))
    tab.get_by_role("button", name=t("shell.reset"), exact=True).click()
    settle(tab)
    until(tab, lambda: slider(tab) == "step 20" and "hm_step" not in tab.url)


def test_one_pair_is_followed_its_text_is_text_and_dark_redraws_the_figure(
    story_server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(story_server)
    tab.get_by_role("button", name=t("home.figure.unrelated")).click()
    assert tab.locator(".story .first").inner_text().strip("“”") == "Left <b>text</b>."
    verdict = tab.locator(".story .verdict")
    expect(verdict).to_contain_text("0.52")
    expect(verdict).to_contain_text("0.10")

    curve = tab.locator(".story .histogram path").nth(1)
    expect(curve).to_have_attribute("stroke", LIGHT.after)
    tab.get_by_test_id("stMainMenu").click()
    tab.get_by_test_id("stMainMenuPopover").get_by_text("Dark").click(force=True)
    expect(curve).to_have_attribute("stroke", DARK.after, timeout=15_000)


def test_share_gives_the_address_of_the_view(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(f"{server}/notes?nt_tab=Glossary")
    tab.get_by_role("button", name=t("shell.share")).click()
    expect(tab.get_by_text("/notes?nt_tab=Glossary")).to_be_visible()


def test_a_learners_text_is_shown_as_typed_wherever_markdown_is_read(
    start_server: StartServer, open_tab: OpenTab, tmp_path: Path
) -> None:
    nasty = "# **a** _b_ `c` $d$ <b>e</b> [f](http://g.h) :red[i] :smile: ![j](k) - l | m ~~n~~"
    nasty += " <script>o</script> www.p.q r@s.t HTTPS://u.v"
    script = tmp_path / "plain_page.py"
    script.write_text(
        "import streamlit as st\nfrom pages.ui.text import plain\n"
        f"nasty = {nasty!r}\n"
        "st.markdown(plain(nasty))\nst.caption(plain(nasty))\nst.checkbox(plain(nasty))\n",
        encoding="utf-8",
    )
    tab = open_tab(start_server(script))
    for kind in ("stMarkdownContainer", "stCaptionContainer", "stCheckbox"):
        place = tab.get_by_test_id(kind).first
        assert " ".join(place.inner_text().replace(JOINER, "").split()) == nasty, kind
        assert place.locator("a, img, b, strong, em, code, .katex, h1, del, li").count() == 0
