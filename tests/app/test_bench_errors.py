"""The bench pair by pair: errors, kinds, the challenge and public pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pages.bench import kinds, live, pairs_view
from pages.bench.entries import Entry, entries, errors_of, opening, paired
from pages.bench.recorded import recorded
from pages.bench.words import number
from pages.ui.text import t
from simcse_core.bench import SHIPPED, SICK_ALL, shipped_pairs
from simcse_core.bench.results import column
from simcse_core.data.sts_sets import load_sick_all, load_task
from simcse_core.evaluation.errors import one_sided
from tests.app.apptest import (
    OpenPage,
    charts,
    code_with,
    frame,
    numbers,
    printed,
    said,
)
from tests.unit.bench_factory import write_sts

ERRORS = {"bn_view": t("bench.views.errors")}


def test_every_pair_is_drawn_by_its_two_errors(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS)
    first, second = (errors_of(entries()[name], SHIPPED) for name in opening())
    plain_pairs = charts(at)[0]["data"][0]
    rows = numbers(plain_pairs["customdata"]).astype(int).ravel()
    assert sorted(rows.tolist()) == list(range(len(shipped_pairs())))
    assert numbers(plain_pairs["x"]) == pytest.approx(100 * first[rows], abs=1e-3)
    assert numbers(plain_pairs["y"]) == pytest.approx(100 * second[rows], abs=1e-3)


def test_a_kind_can_be_set_off_and_the_worst_pairs_are_then_of_that_kind(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS, bn_kind=t("bench.kind.negation"), bn_sort=t("bench.worst.by.second"))
    labels = shipped_pairs().labels or ()
    marked = numbers(charts(at)[0]["data"][1]["customdata"]).astype(int).ravel()
    assert marked.tolist() == [row for row, label in enumerate(labels) if label == "negation"]
    shown = frame(at, t("bench.worst.pair"))
    assert {labels[row - 1] for row in shown[t("bench.worst.pair")]} == {"negation"}
    sizes = [abs(value) for value in shown["B"]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("signed", [False, True])
def test_every_interval_of_a_kind_lies_inside_the_axis(open_page: OpenPage, signed: bool) -> None:
    address = {"bn_signed": "true"} if signed else {}
    figure = charts(open_page("bench", **ERRORS, **address))[1]
    low, high = figure["layout"]["xaxis"]["range"]
    assert (low < 0) == signed
    for row in figure["data"]:
        middle, up = numbers(row["x"]), numbers(row["error_x"]["array"])
        down = numbers(row["error_x"]["arrayminus"])
        assert low <= (middle - down).min() and (middle + up).max() <= high


@pytest.mark.parametrize("by", ["length", "overlap"])
def test_kinds_by_length_and_overlap_hold_every_pair_once(open_page: OpenPage, by: str) -> None:
    at = open_page("bench", **ERRORS, bn_by=t(f"bench.by.{by}"))
    table = frame(at, t("bench.kinds.pairs"))
    assert table[t("bench.kinds.pairs")].sum() == len(shipped_pairs())
    found = kinds.kinds_of(SHIPPED, by)
    assert table[t("bench.kinds.kind")].tolist() == [kinds.title(name) for name in found.names]
    errors = np.abs(errors_of(entries()[opening()[1]], SHIPPED))
    of = np.array(found.of)
    expected = [round(100 * float(errors[of == name].mean()), 1) for name in found.names]
    assert table[t("bench.kinds.column_size", letter="B")].tolist() == expected


def test_the_sentence_on_kinds_says_what_the_differences_say(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS)
    table = frame(at, t("bench.kinds.pairs"))
    a, b = (entries()[name].result.pairs.spearman["all"] or 0 for name in opening())
    sign = 1 if a > b else -1
    worse = table[table[t("bench.kinds.beyond")] & (sign * table[t("bench.kinds.difference")] > 0)]
    close = table[~table[t("bench.kinds.beyond")]]
    if len(worse):
        row = worse.iloc[int(np.argmax(worse[t("bench.kinds.difference")].abs()))]
        assert f"on **{row[t('bench.kinds.kind')]}** it is further off" in said(at)
    elif len(close):
        assert t("bench.aha.no_better", kinds=", ".join(close[t("bench.kinds.kind")])) in said(at)
    else:
        assert t("bench.aha.all_better") in said(at)


def test_the_pair_of_the_address_is_read_and_the_challenge_checks_itself(open_page: OpenPage) -> None:
    first, second = (errors_of(entries()[name], SHIPPED) for name in opening())
    target = one_sided(first, second)
    assert target is not None
    other = 0 if target else 1
    at = open_page("bench", **ERRORS, bn_pair=str(other + 1))
    assert shipped_pairs().first[other] in [one.value for one in at.text] and not at.success
    at.selectbox(key="bn_pair").set_value(target + 1).run()
    assert shipped_pairs().second[target] in [one.value for one in at.text]
    assert "bench.one_sided" in at.session_state["solved"] and at.success
    assert number(100 * float(first[target]), 0, sign=True) in at.success[0].value


def test_the_hardest_kind_is_revealed_after_a_guess(open_page: OpenPage) -> None:
    at = open_page("bench")
    errors = errors_of(entries()[opening()[1]], SHIPPED)
    worst, near = kinds.hardest_of(errors, shipped_pairs().labels or ())
    assert not [box for box in at.info if kinds.title(worst) in box.value]
    at.pills(key="guess_bench.hardest").set_value(kinds.title(worst)).run()
    told = next(box.value for box in at.info if kinds.title(worst) in box.value)
    assert told.startswith(f"**{t('shell.guess_right')}**")
    right = {kinds.title(name) for name in (worst, *near)}
    wrong = next(one for one in at.pills(key="guess_bench.hardest").options if one not in right)
    at.pills(key="guess_bench.hardest").set_value(wrong).run()
    assert any(box.value.startswith(f"**{t('shell.guess_wrong')}**") for box in at.info)


@pytest.mark.slow
def test_the_code_shown_gives_the_errors_shown(open_page: OpenPage) -> None:
    at = open_page("bench", **ERRORS, bn_a="minilm:4", bn_b="minilm:4", bn_pair="5")
    told = printed(code_with(at, "rank_residuals")).split()
    assert told[0] == "minilm:4"
    entry = entries()["minilm:4"]
    assert float(told[1]) == pytest.approx(float(entry.result.pairs.cosine[4]), abs=2e-3)
    assert float(told[2]) == pytest.approx(100 * errors_of(entry, SHIPPED)[4], abs=1.0)


@pytest.mark.sts
def test_public_pairs_are_read_and_compared_where_they_and_their_columns_are(
    open_page: OpenPage, sts_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two finished measurements with made-up cosines of STS13, which has three subsets."""
    monkeypatch.setenv("SIMCSE_STS_DIR", str(sts_folder))
    known = live.Jobs()
    monkeypatch.setattr(live, "jobs", lambda: known)
    task = load_task(sts_folder, "STS13")
    gold = column(task.pairs().score)
    base = next(iter(recorded().results.values()))
    asked = {}
    for name, noise in (("near", 0.5), ("far", 3.0)):
        cosine = column(gold + np.random.default_rng(0).normal(0, noise, len(gold)))
        own = replace(base.tasks["STS13"], cosine=cosine, gold=gold)
        facts = replace(base.encoder, digest=f"made-up-{name}")
        result = replace(base, model=name, encoder=facts, tasks={"STS13": own})
        asked[name] = live.Asked(name, None, sts_folder)
        job = live.Job(asked[name], state="done", result=result)
        known._jobs[asked[name]] = job
    at = open_page("bench", **ERRORS)
    at.session_state[live.MINE] = list(asked.items())
    at.run()
    at.selectbox(key="bn_a").set_value("far").run()
    at.selectbox(key="bn_b").set_value("near").run()
    assert "STS13" in at.selectbox(key="bn_set").options
    at.selectbox(key="bn_set").set_value("STS13").run()
    assert not at.exception and not at.error
    assert task.pairs().first[0] in [one.value for one in at.text]
    rows = frame(at, t("bench.kinds.pairs"))
    told = dict(zip(rows[t("bench.kinds.kind")], rows[t("bench.kinds.pairs")], strict=True))
    assert told == {name: len(pairs) for name, pairs in task.subsets.items()}
    assert (rows[t("bench.kinds.difference")] > 0).all() and "data.datasets" not in "".join(
        code.value for code in at.code
    )
    found = paired(
        *(Entry(name, live.jobs().get(one).result, True, name) for name, one in asked.items()), "all", "STS13"
    )
    assert found is not None and found.low > 0


def test_all_pairs_of_sick_can_be_browsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_sts(tmp_path / "sts", ("SICK-R",), every=True)
    monkeypatch.setenv("SIMCSE_STS_DIR", str(folder))
    found = live.pairs_of(SICK_ALL)
    assert found is not None and len(found) == 9927
    whole = load_sick_all(folder).pairs()
    assert list(found.first) == list(whole.first) and set(found.labels or ()) == {"train", "dev", "test"}


def test_order_of_the_worst_pairs() -> None:
    """Against sorting one by one; `Case` is stood in for by what `order` reads."""

    class Some:
        errors = (np.array([0.5, -0.9, 0.1]), np.array([-0.2, 0.8, 0.3]))

        class settings:
            marked = "none"

    def rows(sort: str) -> list[int]:
        return pairs_view.order(Some(), sort).tolist()  # type: ignore[arg-type]

    assert rows("first") == [1, 0, 2] and rows("second") == [1, 2, 0]
    assert rows("first_alone") == [0, 1, 2] and rows("second_alone") == [2, 1, 0]
    assert rows("high")[0] == 2 and rows("low") == [2, 0, 1]
