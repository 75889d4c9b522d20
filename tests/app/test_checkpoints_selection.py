"""Sentences selected on the map, as the address hands them to the page: their numbers, list and end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from pages.checkpoints import map_controls, map_data, map_panels, map_selection
from pages.ui.text import t
from simcse_core.evaluation.packing import packed_rows
from tests.app.apptest import OpenPage, captions, mounted, said
from tests.app.maps_factory import COUNT, LOST, SUBJECTS, clouds, made_atlas, made_run

BOARD = "cp-atlas"
SPORT = [row for row in range(COUNT) if made_atlas().subjects[row] == "sport"]


def of(rows: list[int], *, source: str = "recorded", count: int = COUNT) -> str:
    return f"{source}.{packed_rows(rows, count)}"


def listed(at: AppTest) -> list[str]:
    """Sentences of the selection's table; none where there is no table."""
    tables = [one.value for one in at.dataframe]
    return next((one["sentence"].tolist() for one in tables if list(one) == ["subject", "sentence"]), [])


def inside(step: int, rows: list[int], k: int = 10) -> str:
    """Share of neighbours that are selected too, by a plain loop."""
    near = made_atlas().neighbours[step]
    hits = [neighbour in rows for row in rows for neighbour in near[row, : min(k, len(rows) - 1)].tolist()]
    return f"{100 * np.mean(hits):.0f}"


def shares(at: int, other: int, rows: list[int], k: int = 10) -> list[str]:
    steps = made_atlas().steps
    return [
        t("checkpoints.selection.share_at", share=inside(number, rows, k),
          step=t("checkpoints.at_step", step=steps[number]))
        for number in (at, other)
    ]  # fmt: skip


def test_a_selection_is_counted_and_listed(open_map: OpenPage) -> None:
    rows = [*SPORT[:5], LOST]
    at = open_map(cp_sel=of(rows), cp_step="20", cp_with="10")
    assert listed(at) == [made_atlas().texts[row] for row in rows]
    assert mounted(at, BOARD)["state"] == f"20|0|{packed_rows(rows, COUNT)}"
    subject = t("checkpoints.selection.subject", count=5, subject="sport", share="83", overall="33")
    assert f"**6 of {COUNT} sentences**: {subject}, 1 " in said(at)
    for share in shares(2, 1, rows, k=5):
        assert share in said(at)
    assert t("checkpoints.selection.cosine", cosines="")[:20] not in said(at)  # neighbours only are recorded


def test_nothing_selected_shows_nothing(open_map: OpenPage) -> None:
    for value in ("", of([]), "recorded."):
        at = open_map(cp_sel=value)
        assert not listed(at) and t("checkpoints.selection.title") not in [s.value for s in at.subheader]
        assert mounted(at, BOARD)["state"] == "30|0"


def test_all_points_are_a_selection_and_keep_every_neighbour(open_map: OpenPage) -> None:
    at = open_map(cp_sel=of(list(range(COUNT))))
    assert len(listed(at)) == COUNT
    assert all(share in said(at) for share in shares(3, 0, list(range(COUNT))))
    assert inside(3, list(range(COUNT))) == "100"


def test_one_sentence_has_no_share(open_map: OpenPage) -> None:
    at = open_map(cp_sel=of([LOST]))
    assert listed(at) == [made_atlas().texts[LOST]]
    assert f"**1 of {COUNT} sentences**" in said(at) and "drawn at random" not in said(at)


@pytest.mark.parametrize(
    "stale",
    [of([3, 700], count=720), of([COUNT], count=COUNT + 1), of([3], source="two"), "recorded.####", "."],
)
def test_a_stale_selection_is_none(open_map: OpenPage, stale: str) -> None:
    at = open_map(cp_sel=stale)
    assert not listed(at) and mounted(at, BOARD)["state"] == "30|0"


def test_other_controls_keep_it_and_another_source_and_reset_do_not(
    open_map: OpenPage, tmp_path: Path
) -> None:
    name = made_run(tmp_path)
    at = open_map(cp_sel=of(SPORT))
    at.selectbox(key="cp_proj").set_value("pca_rotated").run()
    at.toggle(key="cp_beside").set_value(True).run()
    at.selectbox(key="cp-pin-pick").set_value(9).run()
    assert len(listed(at)) == len(SPORT) and mounted(at, BOARD)["state"].startswith("30|9|")
    at.selectbox(key="cp_of").set_value(name).run()
    assert not listed(at)
    at.selectbox(key="cp_of").set_value("recorded").run()
    assert not listed(at)
    again = open_map(cp_sel=of(SPORT))
    again.button(key="cp-reset").click().run()
    assert not listed(again) and mounted(again, BOARD)["state"] == "30|0"


def test_where_vectors_are_kept_it_has_a_mean_cosine(open_map: OpenPage, tmp_path: Path) -> None:
    name = made_run(tmp_path)
    at = open_map(cp_of=name, cp_sel=of(SPORT, source=name))
    rows = clouds()[30]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def mean(of: list[int]) -> str:
        return f"{np.mean([unit[a] @ unit[b] for a in of for b in of if a != b]):.2f}"

    wanted = t("checkpoints.selection.cosine_at", among=mean(SPORT), every=mean(list(range(COUNT))),
               step=t("checkpoints.at_step", step=30))  # fmt: skip
    assert wanted in said(at)


def test_a_long_list_is_cut_and_says_so(open_map: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(map_selection, "LISTED", 4)
    at = open_map(cp_sel=of(SPORT))
    assert len(listed(at)) == 4
    assert t("checkpoints.selection.capped", shown=4, count=len(SPORT)) in captions(at)


def test_what_the_component_tells_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    address: dict[str, Any] = {}
    monkeypatch.setattr(map_controls.st, "query_params", address)
    view = map_data.View("recorded", "made up", made_atlas(), tuple(map(str, made_atlas().steps)))
    map_controls.keep_chosen(view, packed_rows(SPORT, COUNT))
    assert address == {"cp_sel": of(SPORT)} and map_controls.chosen_of(view) == tuple(SPORT)
    settings = map_controls.Settings("pca", 5, "subject", (), 2, 0, False, 7, map_controls.chosen_of(view))
    assert map_panels.shown(view, settings)["selected"] == [made_atlas().texts[row] for row in SPORT]
    for text in (packed_rows([700], 720), "<script>", ""):
        address["cp_sel"] = of(SPORT)
        map_controls.keep_chosen(view, text)
        assert address == {}
    assert {made_atlas().subjects[row] for row in SPORT} == {SUBJECTS[1]}
