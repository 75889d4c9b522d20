"""Predict, then reveal; and the pair that is to be found."""

from __future__ import annotations

import numpy as np

from pages.bench import kinds
from pages.bench.entries import entries, errors_of, opening
from pages.bench.kinds import kinds_of
from pages.bench.pairs_view import Case
from pages.bench.words import number, shown
from pages.ui.challenge import goal, guess
from pages.ui.text import plain, t
from simcse_core.bench import SHIPPED
from simcse_core.evaluation.errors import one_sided
from simcse_core.figures.bench_pairs import RIGHT

OPTIONS = 4


def hardest() -> None:
    """Guess the phenomenon that the opening's trained checkpoint is furthest off on."""
    after = entries()[opening()[1]]
    errors, of = errors_of(after, SHIPPED), kinds_of(SHIPPED, "label").of
    worst, near = kinds.hardest_of(errors, of)
    found = kinds.groups(errors, of)
    order = sorted(found, key=lambda name: -found[name].size.value)
    spaced = [order[round(i * (len(order) - 1) / (OPTIONS - 1))] for i in range(OPTIONS)]
    options = sorted({worst, *spaced}, key=kinds.title)
    right = {kinds.title(name) for name in (worst, *near)}
    reveal = t(
        "bench.try.reveal",
        order=", ".join(f"{kinds.title(n)} {number(100 * found[n].size.value, 0)}" for n in order),
    )
    if near:
        reveal += " " + t("bench.try.tie", names=", ".join(kinds.title(n) for n in (worst, *near)))
    guess(
        "bench.hardest",
        t("bench.try.hardest", name=shown(after.name)),
        [kinds.title(name) for name in options],
        is_right=lambda answer: answer in right,
        reveal=reveal,
    )


def one_sided_pair(case: Case) -> None:
    """Find the pair on which A is furthest off among those B places right."""
    first, second = case.errors
    target = one_sided(first, second, right=RIGHT / 100)
    row = case.settings.pair
    if target is None or case.settings.first is case.settings.second:
        return
    here = [number(100 * float(side[row]), 0, sign=True) for side in case.errors]
    there = [number(100 * float(side[target]), 0, sign=True) for side in case.errors]
    reached = bool(np.isclose(abs(first[row]), abs(first[target])) and abs(second[row]) <= RIGHT / 100)
    a, b = case.names
    goal(
        "bench.one_sided",
        t("bench.try.goal", a=a, b=b, right=f"{RIGHT:.0f}"),
        reached=reached,
        status=t("bench.try.status", number=row + 1, a=a, b=b, first=here[0], second=here[1]),
        praise=t("bench.try.praise", a=a, b=b, first=there[0], second=there[1],
                 one=plain(case.pairs.first[target]), other=plain(case.pairs.second[target]))
        if reached else t("bench.try.praise_before"),
    )  # fmt: skip
