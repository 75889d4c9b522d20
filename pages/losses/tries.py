"""What the visitor predicts, and the pair that is to be found."""

from __future__ import annotations

import numpy as np

from pages.losses import recorded, verdicts
from pages.losses.controls import set_title
from pages.losses.panels import signed
from pages.ui.challenge import goal, guess
from pages.ui.text import plain, t
from simcse_core.evaluation.compare import places


def draw(pair: int) -> None:
    """A guess and the challenge, both on the recorded results.

    Args:
        pair: The scored pair that is followed.
    """
    _guess()
    _goal(pair)


def _guess() -> None:
    measured_on = recorded.sets()[-1]  # not the set that the page opens on
    four = {recorded.title(name): recorded.trained(name, measured_on) for name in recorded.FOUR}
    known = {name: one for name, one in four.items() if one is not None}
    last = recorded.steps()[-1]
    best, near, spread = verdicts.best(known, last)
    order = sorted(known, key=lambda name: -known[name].mean("spearman", last))
    reveal = t(
        "losses.try.reveal", spread=signed(spread, 1),
        start=signed(recorded.start(measured_on, "spearman"), 1),
        order=", ".join(f"{plain(n)} {signed(known[n].mean('spearman', last), 1)}" for n in order),
    )  # fmt: skip
    if near:
        reveal += " " + t("losses.try.tie", names=", ".join(map(plain, [best, *near])))
    guess(
        "losses.first",
        t("losses.try.first", name=set_title(measured_on), steps=last),
        list(known),
        is_right=lambda answer: answer in {best, *near},
        reveal=reveal,
    )


def _goal(pair: int) -> None:
    wanted = verdicts.ruined_and_kept()
    if not wanted.size:
        return
    gold = places(recorded.scored().score)[pair]
    names = (verdicts.RUINS, verdicts.KEEPS)
    before = recorded.cosines(verdicts.RUINS)[:1, 0]
    ends = [recorded.cosines(name)[:, -1] for name in names]
    place = [100 * (gold + verdicts.errors(rows)[pair]) for rows in (before, *ends)]
    numbers = dict(zip(("before", "ruins", "keeps"), (f"{value:.0f}" for value in place), strict=True))
    common = {
        "one": plain(recorded.title(names[0])), "other": plain(recorded.title(names[1])),
        "gold": f"{100 * gold:.0f}", **numbers,
    }  # fmt: skip
    goal(
        "losses.pair",
        t(
            "losses.try.goal", one=common["one"], other=common["other"], count=wanted.size,
            of=len(recorded.scored()), fine=f"{100 * verdicts.FINE:.0f}",
            ruined=f"{100 * verdicts.RUINED:.0f}", kept=f"{100 * verdicts.KEPT:.0f}",
        ),
        reached=bool(np.isin(pair, wanted)),
        status=t("losses.try.goal_status", **common),
        praise=t("losses.try.praise", one=common["one"], other=common["other"]),
    )  # fmt: skip
