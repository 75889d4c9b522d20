from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pages.batch import board, tries
from pages.batch.controls import LAYOUT_ORDER, layout_title
from pages.batch.live import LONGEST, MOST
from pages.batch.recorded import recorded, recorded_views
from pages.ui.browser import script
from pages.ui.text import section, t
from simcse_core.theory.batch import Roles, candidate_counts, roles_of
from simcse_core.theory.batch_source import STEPS
from simcse_core.theory.walk_arrays import LAYOUTS
from simcse_core.theory.walk_batch import TEMPERATURES
from tests.app.apptest import OpenPage, assets_with_broken, heavy_libraries_of, mounted, printed

OWN = "A man plays the guitar.\nA dog eats bread.\nThe city sleeps."


def words(at: Any) -> str:
    """Everything that is written on the page."""
    return " ".join(box.value for box in (*at.markdown, *at.caption, *at.subheader))


def expected(
    layout: str, size: int = 4, dropout: float = 0.1, same: bool = False, tau: float = 0.05
) -> Roles:
    return roles_of(recorded_views(LAYOUTS[layout].parts, dropout, same).take(size), layout, tau)


def agrees(told: dict[str, Any], found: Roles) -> None:
    assert (told["rows"], told["columns"], told["texts"]) == (found.rows, found.columns, found.texts)
    assert told["roles"] == found.roles and told["positives"] == found.positive.tolist()
    for drawn, true in zip(told["cosines"], found.anatomy.similarities, strict=True):
        for one, other in zip(drawn, true, strict=True):
            assert one is None if other == -np.inf else one == pytest.approx(float(other), abs=1e-12)


def test_opening_it_loads_no_heavy_library() -> None:
    then = (
        "at.radio(key='bt_lay').set_value('triples').run()\n"
        "at.segmented_control(key='bt_p').set_value(0.3).run()\n"
        "assert at.get('echarts_chart') or at.get('bidi_component')"
    )
    assert heavy_libraries_of("batch", then) == "[]"


@pytest.mark.parametrize("layout", LAYOUT_ORDER)
def test_every_layout_and_size_shows_the_recorded_batch(open_page: OpenPage, layout: str) -> None:
    at = open_page("batch", bt_lay=layout_title(layout))
    agrees(mounted(at, board.KEY), expected(layout))
    for size in (2, 8):
        at.select_slider(key="bt_n").set_value(size).run()
        assert not at.exception and not at.error
        agrees(mounted(at, board.KEY), expected(layout, size))
    assert f"{expected(layout, 8).negatives} negatives" in words(at)


def test_dropout_and_masks_change_the_batch_and_the_reason(open_page: OpenPage) -> None:
    at = open_page("batch")
    for dropout, same in ((0.0, False), (0.3, False), (0.3, True)):
        at.segmented_control(key="bt_p").set_value(dropout).run()
        if dropout:
            at.toggle(key="bt_same").set_value(same).run()
        told, found = mounted(at, board.KEY), expected("interleaved", 4, dropout, same)
        agrees(told, found)
        equal = dropout == 0 or same
        kind = "equal" if equal else "fresh"
        assert t(f"batch.why.{kind}", cosine=f"{found.anatomy.similarities[0, 1]:.3f}") in words(at)
        assert (max(told["steepness"]) < 1e-6) == equal
        assert ("h\\rVert=0\\end" in words(at)) == equal
    assert t("batch.no_mask") not in words(at)


def test_the_address_brings_back_row_temperature_view_and_step(open_page: OpenPage) -> None:
    at = open_page("batch", bt_row="b′", bt_tau="0.5", bt_view="push", bt_step="mask", bt_n="6")
    assert mounted(at, board.KEY)["state"] == "b′|0.5|push|mask" and at.pills(key="bt_row").value == "b′"
    found = expected("interleaved", 6, tau=0.5)
    share = found.anatomy.probabilities[3, 2]  # type: ignore[index]
    assert re.search(rf"frac\{{{share:.4g}-1\}}\{{0.5\}}", words(at))
    at.radio(key="bt_lay").set_value("two_view").run()  # has no row b′
    assert mounted(at, board.KEY)["state"].startswith("b|") and not at.exception
    at.button(key="bt-reset").click().run()
    assert (
        mounted(at, board.KEY)["state"] == "a|0.05|cosine|labels" and at.select_slider(key="bt_n").value == 4
    )


@pytest.mark.parametrize("value", ["whatever", "", "-1", "9" * 30, "<script>", "a|b", "inf"])
def test_nonsense_in_the_address_falls_back(open_page: OpenPage, value: str) -> None:
    keys = ("n", "lay", "p", "same", "tau", "row", "view", "step")
    at = open_page("batch", **{f"bt_{key}": value for key in keys})
    assert mounted(at, board.KEY)["state"] == "a|0.05|cosine|labels" and not at.exception and not at.error
    agrees(mounted(at, board.KEY), expected("interleaved"))


def test_the_lines_of_the_loss_are_marked(open_page: OpenPage) -> None:
    at = open_page("batch")
    told = mounted(at, board.KEY)
    assert [step["name"] for step in told["steps"]] == list(STEPS)
    marked = {step["name"]: [told["code"][k].strip() for k in step["lines"]] for step in told["steps"]}
    assert marked["divide"] == ["logits = similarities / temperature"]
    assert any("masked_fill(itself" in line for line in marked["mask"])
    at.radio(key="bt_lay").set_value("two_view").run()
    assert next(step for step in mounted(at, board.KEY)["steps"] if step["name"] == "mask")["lines"] == []
    assert told["ladder"] == list(TEMPERATURES)


@pytest.mark.parametrize(
    "query",
    [{"bt_row": "b′"}, {"bt_lay": layout_title("triples"), "bt_n": "3", "bt_tau": "0.2", "bt_p": "0"}],
)
def test_the_code_makes_the_open_row(open_page: OpenPage, query: dict[str, str]) -> None:
    at = open_page("batch", **query)
    (code,) = [one.value for one in at.code if "roles_of" in one.value]
    told = mounted(at, board.KEY)
    row = told["rows"].index(told["state"].split("|")[0])
    tau = float(told["state"].split("|")[1])
    found = expected("triples", 3, 0.0, tau=tau) if "bt_lay" in query else expected("interleaved", tau=tau)
    first, *lines = printed(code).strip().split("\n")
    assert found.anatomy.loss is not None and found.anatomy.probabilities is not None
    assert first.startswith(found.row_texts[row])
    assert float(first.split()[-1]) == pytest.approx(found.anatomy.loss[row], abs=1e-4)
    for line, name, role, cosine, share in zip(
        lines, found.columns, found.roles[row], told["cosines"][row], found.anatomy.probabilities[row],
        strict=True,
    ):  # fmt: skip
        cells = line.split()
        assert cells[:2] == [name, role]
        assert float(cells[3]) == pytest.approx(-np.inf if cosine is None else cosine, abs=2e-4)
        assert float(cells[5]) == pytest.approx(float(share), abs=2e-3)


def test_the_count_is_checked_for_a_batch_of_64(open_page: OpenPage) -> None:
    assert {name: candidate_counts(name, tries.LARGE) for name in LAYOUT_ORDER} == {
        "interleaved": (126, 0), "two_view": (63, 0), "triples": (127, 64)
    }  # fmt: skip
    at = open_page("batch")
    for name in LAYOUT_ORDER:
        at.pills(key=f"bt-count-{name}").set_value(127).run()
    assert "solved" not in at.session_state
    assert t("batch.status", answered=3, correct=1, total=4) in words(at)
    at.pills(key="bt-count-interleaved").set_value(126).run()
    at.pills(key="bt-count-two_view").set_value(63).run()
    assert "solved" not in at.session_state
    at.pills(key="bt-count-hard").set_value(64).run()
    assert "batch.count" in at.session_state["solved"] and at.success[0].value == t("batch.praise")


def test_the_guess_is_judged_against_the_recording(open_page: OpenPage) -> None:
    at = open_page("batch")
    at.pills(key="guess_batch.guess").set_value("NaN").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_wrong')}**") and "65,504" in at.info[0].value
    at.pills(key="guess_batch.guess").set_value("∞").run()
    assert at.info[0].value.startswith(f"**{t('shell.guess_right')}**")


def test_half_precision_is_shown_as_recorded(open_page: OpenPage) -> None:
    at = open_page("batch")
    table = next(m.value for m in at.markdown if t("batch.half_case.fill") in m.value)
    rows = {
        line.split("|")[1].strip(): [c.strip() for c in line.split("|")[2:-1]] for line in table.split("\n")
    }
    assert rows[t("batch.half_case.subtracted")][2] == "**NaN**"
    assert rows[t("batch.half_case.fill")][2] == t("batch.half_refused")
    assert rows[t("batch.half_case.largest")][2] == "65,504"
    assert float(rows[t("batch.half_case.filled")][2]) == pytest.approx(
        recorded().half["float16"]["filled"], abs=1e-4
    )


def test_the_cloud_of_the_open_row_is_described_with_its_numbers(open_page: OpenPage) -> None:
    at = open_page("batch", bt_row="c")
    for dropout in (0.1, 0.3):
        at.segmented_control(key="bt_p").set_value(dropout).run()
        cloud = recorded().clouds[dropout]
        assert f"of c lie {cloud.degrees[2]:.1f}° from their mean" in words(at)
    at.segmented_control(key="bt_p").set_value(0.0).run()
    assert "are one point" in words(at)


def test_the_tables_hold_the_matrix_and_every_pair(open_page: OpenPage) -> None:
    at = open_page("batch", bt_lay=layout_title("triples"))
    found = expected("triples")
    matrix, pairs = at.dataframe[0].value, at.dataframe[1].value
    np.testing.assert_allclose(matrix[found.columns].to_numpy(), found.anatomy.similarities)
    assert len(pairs) == len(found.rows) * len(found.columns)
    slopes = pairs[t("batch.column.slope")].to_numpy().reshape(found.anatomy.gradient.shape)
    np.testing.assert_allclose(slopes.sum(axis=1), 0, atol=1e-12)  # what pulls is what pushes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", t("batch.own_empty")),
        (" \n\n ", t("batch.own_empty")),
        ("Only one.", t("batch.own_one")),
        ("\n".join("abcdefghi"), t("batch.own_many", count=MOST + 1)),
        ("x" * (LONGEST + 1) + "\nb", str(LONGEST + 1)),
    ],
)
def test_sentences_that_make_no_batch_are_refused(open_page: OpenPage, text: str, said: str) -> None:
    at = open_page("batch")
    at.text_area(key="bt-text").set_value(text).run()
    at.button(key="bt-go").click().run()
    assert said in at.error[0].value.replace("\\", "")
    agrees(mounted(at, board.KEY), expected("interleaved"))


def test_own_sentences_are_computed_and_given_back(open_page: OpenPage) -> None:
    at = open_page("batch", bt_row="d")
    at.text_area(key="bt-text").set_value(OWN + "\n\n").run()
    at.button(key="bt-go").click().run()
    assert not at.exception and not at.error
    told = mounted(at, board.KEY)
    assert told["texts"][::2] == OWN.split("\n") and told["state"].startswith("a|")
    assert t("batch.computed") in words(at) and t("batch.own_size", size=3) in words(at)
    positives = [line[k] for line, k in zip(told["cosines"], told["positives"], strict=True)]
    assert 0.9 < min(positives) and max(positives) < 0.995
    assert re.search(r"of a lie 1\d\.\d° from their mean", words(at))
    at.radio(key="bt_lay").set_value("triples").run()
    assert t("batch.own_triples") in words(at)
    agrees(mounted(at, board.KEY), expected("triples"))
    at.button(key="bt-end").click().run()
    at.radio(key="bt_lay").set_value("two_view").run()
    agrees(mounted(at, board.KEY), expected("two_view"))


def test_every_word_the_board_asks_for_is_there() -> None:
    """The component takes its words by name in JavaScript, where no test of strings looks."""
    used = script(board.FOLDER, *board.PARTS, "board")
    known = section("batch.board")
    by_role = {
        f"{part}_{role}" for part in ("role", "detail") for role in ("positive", "negative", "hard", "itself")
    }
    by_head = {f"head_{name}" for name in ("who", "cosine", "chance", "slope")}
    by_number = {"loss", "share", "pull"}
    assert by_role | by_head | by_number <= set(known)
    for name in set(known) - by_role - by_head - by_number:
        assert f"words.{name}" in used, name
    for name in re.findall(r"words\.(\w+)", used):
        assert name in known, name


def test_what_the_board_tells_is_checked_before_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    address: dict[str, str] = {"bt_view": "push"}
    state: dict[str, Any] = {}
    monkeypatch.setattr(board.st, "query_params", address)
    monkeypatch.setattr(board.st, "session_state", state)
    for told in (None, 3, "a", "a|b|c", "a|9|x|y"):
        state[board.KEY] = {"state": told}
        board._heard()
        assert set(address) <= {"bt_view"}
    state[board.KEY] = {"state": "c|0.5|cosine|mask"}
    board._heard()
    assert state["bt_row"] == "c" and address == {"bt_tau": "0.5", "bt_step": "mask"}


def test_without_recorded_results_the_page_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("batch", tmp_path)))
    at = open_page("batch")
    assert any("record batch" in box.value for box in at.error)
