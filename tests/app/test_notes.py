from __future__ import annotations

import json

import pytest

from pages.ui.text import catalogue, plain
from simcse_core.data.datasets import datasets
from tests.app.apptest import REPOSITORY, OpenPage

TABS = {key.split(".")[-1]: text for key, text in catalogue().items() if key.startswith("notes.tab.")}


def text_of(at: object) -> str:
    return " ".join(element.value for kind in ("markdown", "caption") for element in at.get(kind))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", TABS)
def test_every_tab_opens_by_its_address(open_page: OpenPage, name: str) -> None:
    at = open_page("notes", nt_tab=TABS[name])
    assert len(at.get("markdown")) + len(at.get("arrow_data_frame")) > 1


def test_only_the_open_tab_is_drawn(open_page: OpenPage) -> None:
    text = text_of(open_page("notes"))
    assert "effective negatives" in text or "effective number of" in text
    assert "锚点" not in text


@pytest.mark.parametrize("kind", ["losses", "views", "poolers", "postprocessors", "metrics"])
def test_every_component_stands_with_its_title_and_source(open_page: OpenPage, kind: str) -> None:
    from pages.notes.components import _registries

    shown = text_of(open_page("notes", nt_tab=TABS["components"], nt_kind=catalogue()[f"notes.kinds.{kind}"]))
    registry = _registries()[kind]
    assert len(registry) > 0
    for name in registry:
        info = registry.info(name)
        assert f"`{name}`" in shown and plain(info.title) in shown and plain(info.source) in shown


def test_every_data_set_is_listed_with_its_licence(open_page: OpenPage) -> None:
    table = open_page("notes", nt_tab=TABS["data"]).dataframe[0].value
    assert list(table["name"]) == list(datasets)
    assert list(table["licence"]) == [datasets.info(name).traits["licence"] for name in datasets]


def test_recorded_results_say_what_made_them(open_page: OpenPage) -> None:
    table = open_page("notes", nt_tab=TABS["recorded"]).dataframe[0].value
    files = sorted((REPOSITORY / "assets" / "recorded").glob("*.json"))
    assert list(table["name"]) == [path.stem for path in files]
    for path, command in zip(files, table["command"], strict=True):
        assert json.loads(path.read_text(encoding="utf-8"))["made"]["command"] == command


def test_formulas_agree_with_the_losses_on_how_many_negatives_a_row_has() -> None:
    prose = (REPOSITORY / "pages" / "notes" / "formulas.md").read_text(encoding="utf-8")
    assert "$2N-2$ negatives" in prose and "$N-1$ negatives" in prose


def test_a_nonsense_tab_falls_back(open_page: OpenPage) -> None:
    assert "nats" in text_of(open_page("notes", nt_tab="nonsense"))
