from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pages.home.story import check, load_story
from simcse_core.errors import DataError
from simcse_core.figures.theme import DARK, LIGHT
from tests.app.apptest import REPOSITORY, OpenPage, captions
from tests.app.story_factory import make_story, write_assets


@pytest.fixture
def story_assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_assets(tmp_path / "assets", REPOSITORY / "assets", make_story())
    monkeypatch.setenv("SIMCSE_ASSETS", str(folder))
    return folder


def test_the_numbers_of_the_run_stand_under_the_figure(open_page: OpenPage, story_assets: Path) -> None:
    text = captions(open_page("home"))
    for number in ("20 training steps", "0.50", "0.30", "59.6", "69.6"):
        assert number in text


def test_every_other_page_has_a_card(open_page: OpenPage, story_assets: Path) -> None:
    at = open_page("home")
    links = {link.proto.label for link in at.get("page_link")}
    assert {"**Notes**"} <= links


@pytest.mark.parametrize(("answer", "right"), [("0.50", True), ("0.00", False)])
def test_a_guess_is_judged_revealed_and_ticked(
    open_page: OpenPage, story_assets: Path, answer: str, right: bool
) -> None:
    at = open_page("home")
    assert not at.info
    at.pills(key="guess_home.cosine").set_value(answer).run()
    assert at.info[0].value.startswith("**Right.**") is right
    assert "0.52" in at.info[0].value
    assert at.session_state["solved"] == ["home.cosine"]


def test_texts_of_the_pairs_are_never_markup(open_page: OpenPage, story_assets: Path) -> None:
    shown = " ".join(block.value for block in open_page("home").markdown)
    assert r"Left \<b\>text\</b\>\." in shown
    assert "<b>" not in shown


@pytest.mark.parametrize("step", ["-1", "999999999999999999999", "abc", "", "1e3", "<script>"])
def test_a_nonsense_step_falls_back(open_page: OpenPage, story_assets: Path, step: str) -> None:
    open_page("home", hm_step=step)


@pytest.mark.parametrize("broken", [None, "{", "[]", "{}"])
def test_without_a_recorded_run_the_page_says_so_and_lives(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str | None
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(write_assets(tmp_path / "assets", REPOSITORY / "assets", broken)))
    at = open_page("home")
    assert any("home" in box.value for box in at.error)
    assert at.get("page_link")


def damaged(change: str) -> dict[str, Any]:
    story = make_story()
    if change == "bins":
        story["bins"].pop()
    elif change == "number":
        story["steps"][1]["uniformity"] = float("nan")
    elif change == "score":
        story["steps"][2]["spearman"] = {}
    elif change == "pair":
        story["examples"].pop()
    elif change == "cosines":
        story["examples"][0]["cosines"].pop()
    elif change == "points":
        story["sphere"]["points"] = story["sphere"]["points"][:-4]
    elif change == "base64":
        story["sphere"]["points"] = "no base64!"
    elif change == "steps":
        story["steps"] = story["steps"][:1]
    elif change == "key":
        del story["steps"][0]["alignment"]
    return story


@pytest.mark.parametrize(
    "change", ["bins", "number", "score", "pair", "cosines", "points", "base64", "steps", "key"]
)
def test_an_incomplete_recorded_run_is_refused(change: str) -> None:
    with pytest.raises(DataError, match="home"):
        check(damaged(change), "home.json")


def test_what_the_browser_gets_is_plain_json_with_limits_that_hold_the_run() -> None:
    story = check(make_story(), "home.json")
    for theme in (LIGHT, DARK):
        drawn = json.loads(json.dumps(story.for_browser(theme, {}, 1), allow_nan=False))
        low, high = drawn["limits"]["alignment"]
        down, up = drawn["limits"]["uniformity"]
        assert low <= 0.2 and high >= 0.4 and down <= -3.0 and up == 0
        assert drawn["theme"]["after"] == theme.after
    assert story.nearest(14) == 1 and story.nearest(10**9) == 2


def test_the_recorded_run_that_ships_is_complete_and_small() -> None:
    path = REPOSITORY / "assets" / "recorded" / "home.json"
    story = load_story(path)
    assert path.stat().st_size < 1_000_000
    assert story.steps[0]["step"] == 0
    assert story.steps[-1]["mean_cosine"] < story.steps[0]["mean_cosine"]


def test_opening_the_page_loads_no_heavy_library(story_assets: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        f"at = AppTest.from_file({str(REPOSITORY / 'app.py')!r}, default_timeout=120).run()\n"
        "assert not at.exception and not at.error, [e.value for e in at.error]\n"
        "heavy = {'torch', 'transformers', 'umap', 'sklearn', 'numba'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment = {**os.environ, "SIMCSE_RUNS": str(tmp_path / "runs"), "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
