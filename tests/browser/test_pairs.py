"""The page of pairs as a person uses it: types, adds a file, meets a checkpoint that cannot be had."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pages.pairs import recorded
from pages.ui.text import t
from tests.browser.conftest import OpenTab, settle, until

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("pairs")]  # one server that has PyTorch warm


def painted(tab: Page) -> int:
    """Distinct colours of the first chart's canvas, sampled."""
    script = """() => {
        const canvas = document.querySelector('[data-testid="stMain"] canvas');
        if (!canvas) return 0;
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        const seen = new Set();
        for (let i = 0; i < data.length; i += 148)
            seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);
        return seen.size; }"""
    return int(tab.evaluate(script))


def check_painted(tab: Page) -> None:
    expect(tab.get_by_text("higher than all 20,000 random pairs").first).to_be_visible()
    tab.wait_for_function("document.querySelectorAll('[data-testid=\"stMain\"] canvas').length > 0")
    until(tab, lambda: painted(tab) > 8)
    assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_on_a_phone_it_opens_on_a_painted_figure(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/pairs", width=390)
    check_painted(tab)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_it_opens_on_a_painted_figure_and_typing_updates_it_without_enter(
    server: str, open_tab: OpenTab
) -> None:
    tab = open_tab(server + "/pairs", scheme="dark")
    check_painted(tab)
    tab.evaluate("document.querySelector('[data-testid=\"stMain\"] canvas').dataset.kept = 'yes'")
    original = tab.get_by_label(t("pairs.field.original"))
    original.click()
    original.press("Control+a")
    original.press_sequentially("Bathers are welcome even on bank holidays.", delay=5)
    expect(tab.get_by_text("same at 1.00").first).to_be_visible(timeout=90_000)
    settle(tab)
    assert tab.evaluate("document.querySelector('[data-testid=\"stMain\"] canvas').dataset.kept") == "yes"
    assert "Bathers" not in tab.url  # texts stay out of the address
    check_the_address_brings_the_view_back(tab)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_texts_are_shown_as_typed(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(
        server + "/pairs?original=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E+**b**&same=%24x%24&different=a"
    )
    settle(tab)
    tab.get_by_text(t("pairs.tokens"), exact=True).click()
    settle(tab)
    assert tab.locator("img[src='x']").count() == 0
    assert "original=" not in tab.url
    expect(
        tab.get_by_role("listitem")
        .filter(has_text="onerror")
        .or_(tab.get_by_role("listitem").filter(has_text="[CLS]"))
        .first
    ).to_be_visible()
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_file_is_searched_and_a_bad_one_is_told(server: str, open_tab: OpenTab, tmp_path: Path) -> None:
    good, bad = tmp_path / "lines.csv", tmp_path / "bad.csv"
    good.write_text("id,remark\n1,A fox crossed the road.\n2,Bonds fell sharply.\n3,\n", encoding="utf-8")
    bad.write_text("a,b\n1,2\n3\n", encoding="utf-8")
    tab = open_tab(server + "/pairs?pr_mode=Search&pr_where=Your+file")
    tab.set_input_files("input[type=file]", str(bad))
    expect(tab.get_by_text("bad.csv, row 3 has 1 columns")).to_be_visible(timeout=30_000)
    tab.set_input_files("input[type=file]", str(good))
    expect(tab.get_by_text("2 sentences searched exactly")).to_be_visible(timeout=90_000)
    expect(tab.get_by_text(t("pairs.column"), exact=True)).to_be_visible()
    tab.get_by_label(t("pairs.query"), exact=True).fill("stock markets")
    expect(tab.get_by_text("ms to search")).to_be_visible()
    settle(tab)
    assert tab.faults == []  # type: ignore[attr-defined]


def test_a_checkpoint_out_of_reach_is_told_with_a_way_on(server: str, open_tab: OpenTab) -> None:
    tab = open_tab(server + "/pairs?ck=no-such-owner/no-such-model")
    expect(tab.get_by_role("alert").first).to_be_visible(timeout=60_000)
    tab.get_by_role("button", name=t("pairs.drop")).click()
    settle(tab)
    until(tab, lambda: tab.get_by_role("alert").count() == 0)


def check_the_address_brings_the_view_back(tab: Page) -> None:
    tab.get_by_role("radio", name=t("pairs.example.roles"), exact=True).click()
    settle(tab)
    expect(tab.get_by_label(t("pairs.field.original"))).to_have_value(recorded.examples()["roles"].original)
    tab.reload()
    settle(tab)
    expect(tab.get_by_label(t("pairs.field.original"))).to_have_value(recorded.examples()["roles"].original)
