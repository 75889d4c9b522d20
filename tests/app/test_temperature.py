from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from pages.temperature import circle
from pages.temperature.scenes import SCENES, State, cosines, read_state, taken_apart
from pages.ui.browser import script
from pages.ui.text import catalogue, section, t
from simcse_core.losses import losses
from tests.app.apptest import OpenPage, captions, code_with, heavy_libraries_of, printed

GOLDEN = (0.92, 0.75, 0.5, 0.3, 0.1, -0.1, -0.2)


def table(at: Any, first: str) -> Any:
    """The data table whose first column has this name."""
    return next(frame.value for frame in at.dataframe if frame.value.columns[0] == t(f"temperature.{first}"))


def test_it_opens_on_the_seven_negatives(open_page: OpenPage) -> None:
    at = open_page("temperature")
    rows = table(at, "index")
    assert rows[t("temperature.cosine")].tolist()[1:] == pytest.approx(GOLDEN)
    assert rows[t("temperature.share")].max() == pytest.approx(0.967, abs=5e-4)
    assert "log 8 = 2.08" in captions(at) and "14.3" in captions(at)
    curves = table(at, "tau")
    assert curves[t("temperature.tau")].tolist()[:: len(curves) - 1] == pytest.approx([0.005, 10])
    assert curves[t("temperature.effective")].is_monotonic_increasing


def test_opening_it_loads_no_heavy_library() -> None:
    assert heavy_libraries_of("temperature", "assert len(at.dataframe) == 2") == "[]"


@pytest.mark.parametrize("scene", list(SCENES))
def test_every_scene_in_every_view(open_page: OpenPage, scene: str) -> None:
    at = open_page("temperature", tp_scene=t(f"temperature.scenes.{scene}"))
    assert at.pills(key="tp_scene").value == scene
    assert len(table(at, "index")) == len(SCENES[scene].roles) - 1
    for view in ("gradient", "push", "share"):
        at.segmented_control(key="tp_view").set_value(view).run()
        assert not at.exception and not at.error
        assert any(block.value == t(f"temperature.why.{view}") for block in at.markdown)


@pytest.mark.parametrize("value", ["whatever", "", "9" * 30, "<script>", "nan", "hard.99:1"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    at = open_page("temperature", **{f"tp_{key}": value for key in ("on", "scene", "view", "tau", "at")})
    assert table(at, "index")[t("temperature.share")].max() == pytest.approx(0.967, abs=5e-4)


def test_the_address_brings_temperature_and_points_back(open_page: OpenPage) -> None:
    at = open_page("temperature", tp_tau="0.5", tp_at="hard.2:90_8:-90")
    rows = table(at, "index")
    assert rows[t("temperature.cosine")].tolist()[1] == 1.0
    assert rows[t("temperature.cosine")].tolist()[7] == pytest.approx(-1.0)
    assert "τ = 0.5" in captions(at)


def test_points_of_another_scene_are_left_there(open_page: OpenPage) -> None:
    at = open_page("temperature", tp_tau="0.5", tp_at="ring.2:90")
    assert table(at, "index")[t("temperature.cosine")].tolist()[1:] == pytest.approx(GOLDEN)
    assert "τ = 0.5" in captions(at)


def test_a_false_negative_with_half_of_the_push_solves_the_challenge(open_page: OpenPage) -> None:
    scene = t("temperature.scenes.false")
    at = open_page("temperature", tp_scene=scene, tp_tau="0.2")
    assert "−0.60" in captions(at) and not at.success
    at = open_page("temperature", tp_scene=scene, tp_tau="0.2", tp_at="false.7:105")
    share = taken_apart(State(moved=((7, 105.0),)).angles(SCENES["false"]), 0.2).shares[0, -1]
    assert f"{100 * share:.0f}" in captions(at)
    for tau in np.geomspace(0.05, 1, 400):
        share = taken_apart(State(moved=((7, 105.0),)).angles(SCENES["false"]), tau).shares[0, -1]
        if abs(share - 0.5) < 0.01:
            break
    at = open_page("temperature", tp_scene=scene, tp_tau=f"{tau:.4g}", tp_at="false.7:105")
    assert "temperature.half" in at.session_state["solved"]
    assert f"{tau:.2g}" in at.success[0].value
    at.query_params["tp_tau"] = "0.01"
    at.run()
    assert at.success[0].value == t("temperature.half.praise_before")


def test_half_of_the_push_far_away_is_not_enough(open_page: OpenPage) -> None:
    """The false negative must lie nearer than the positive, or its share says nothing about synonyms."""
    at = open_page(
        "temperature", tp_scene=t("temperature.scenes.false"), tp_tau="0.05", tp_at="false.7:126.9"
    )
    assert table(at, "index")[t("temperature.share")].iloc[-1] == pytest.approx(0.5, abs=0.02)
    assert "solved" not in at.session_state or "temperature.half" not in at.session_state["solved"]


def test_a_negative_on_the_anchor_solves_the_second_challenge(open_page: OpenPage) -> None:
    view = t("temperature.shows.push")
    at = open_page("temperature", tp_view=view)
    assert not at.success and "39" in captions(at)  # √(1 - 0.92²)
    at = open_page("temperature", tp_view=view, tp_at="hard.2:89")
    assert "temperature.fade" in at.session_state["solved"]


def test_the_guess_is_judged_by_arithmetic(open_page: OpenPage) -> None:
    at = open_page("temperature")
    at.pills(key="guess_temperature.ratio").set_value("3 ×").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_wrong')}**")
    assert f"{math.exp(0.17 / 0.05):.0f}" in at.info[0].value
    at.pills(key="guess_temperature.ratio").set_value("30 ×").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")


@pytest.mark.parametrize("scene", ["ring", "crowd"])
def test_the_code_that_is_shown_makes_the_numbers_that_are_shown(open_page: OpenPage, scene: str) -> None:
    at = open_page(
        "temperature", tp_scene=t(f"temperature.scenes.{scene}"), tp_tau="0.08", tp_at=f"{scene}.3:71.5"
    )
    space: dict[str, Any] = {}
    told = printed(code_with(at, "anatomy("), space)
    rows = table(at, "index")
    assert space["row"].shares[0].tolist() == pytest.approx(rows[t("temperature.share")].tolist(), abs=1e-4)
    assert space["row"].gradient[0].tolist() == pytest.approx(
        rows[t("temperature.gradient")].tolist(), abs=1e-3
    )
    last = np.fromstring(told.split("]")[-1], sep=" ")
    assert last[0] == pytest.approx(space["row"].effective[0], abs=1e-4) and len(last) == 2


def test_other_objectives_share_the_same_push(open_page: OpenPage) -> None:
    at = open_page("temperature", tp_others="true", tp_tau="0.1")
    rows = table(at, "others.objective")
    known = [losses.info(name) for name in losses]
    assert rows.iloc[:, 0].tolist() == [one.title for one in known if one.traits.get("on_similarities")]
    plain = rows[rows.iloc[:, 0] == losses.info("info_nce").title].iloc[0]
    shown = table(at, "index")
    assert plain[t("temperature.top_share")] == pytest.approx(shown[t("temperature.share")].max())
    assert plain[t("temperature.others.pull")] == pytest.approx(plain[t("temperature.total_push")])
    assert len(at.get("echarts_chart")) == 1


@pytest.mark.parametrize("text", ["0.05", "0.0501 2:64.3_5:-120", "10 0:-180_1:179.9", "0.005 2:0"])
def test_a_state_is_read_as_it_is_written(text: str) -> None:
    state = read_state(text, SCENES["hard"])
    assert state is not None and state.text() == text


@pytest.mark.parametrize(
    "text",
    ["", "0.0049", "10.1", "0.05 9:1", "0.05 2:180", "0.05 2", "0.05  2:1", "0.05 2:1_", "-1", "1e-1",
     "0.05 2:1.23"],
)  # fmt: skip
def test_what_is_no_state_is_none(text: str) -> None:
    assert read_state(text, SCENES["hard"]) is None


def test_a_temperature_of_a_hundred_points_is_no_reason_to_hang() -> None:
    assert read_state("0.05 " + "_".join(["1:1"] * 5000) + "!", SCENES["crowd"]) is None


@pytest.mark.parametrize(("name", "most"), [("hard", 0.92), ("false", 0.8), ("behind", 0.6)])
def test_scenes_are_what_their_names_say(name: str, most: float) -> None:
    scene = SCENES[name]
    found = cosines(scene.angles)
    assert found[1:].max() == pytest.approx(most)
    assert (found[0] < most) == (name == "behind")
    assert scene.roles[:2] == ("anchor", "positive") and len(scene.roles) == len(scene.angles)


def test_the_ring_is_even_and_the_crowd_is_a_batch_of_64() -> None:
    ring = sorted([SCENES["ring"].angles[0], *SCENES["ring"].angles[2:]])
    assert np.diff(ring).tolist() == pytest.approx([30.0] * 11)
    assert len(SCENES["crowd"].roles) == 65
    crowd = cosines(SCENES["crowd"].angles)[1:]
    assert crowd.mean() == pytest.approx(0.1, abs=1e-9) and (np.diff(crowd) < 0).all()


def test_every_word_the_circle_asks_for_is_there() -> None:
    """The component takes its words by name in JavaScript, where no test of strings looks."""
    used = script(circle.FOLDER, *circle.PARTS, "circle")
    words = section("temperature.figure")
    views = {f"{part}_{view}" for part in ("ring", "bars") for view in ("share", "gradient", "push")}
    alts = {f"{part}_alt" for part in ("bars", "curves", "charge")}
    titles = {f"{part}_title" for part in ("curves", "charge")}
    roles = {"anchor", "positive", "negative", "false"}
    for name in set(words) - views - alts - titles - roles:
        assert f"words.{name}" in used, name
    assert views | alts | titles | roles <= set(words)
    assert f"temperature.figure.{next(iter(words))}" in catalogue()
