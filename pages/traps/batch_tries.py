"""Batch size: predict, then reveal; and the challenge."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from pages.traps.batch_standing import EQUALS, by_size
from pages.traps.provenance import set_title, signed
from pages.traps.recorded import Floats, sets
from pages.ui.challenge import goal, guess
from pages.ui.text import t

WORTH = 1.0  # points
RISES, SAME, FALLS = "rises", "same", "falls"


def draw(name: str, equal: str, size: int) -> None:
    """A guess and the challenge, both about the view that the page does not open on."""
    lead = sets()[0]
    curve = by_size("info_nce", lead, EQUALS[1])
    short, long = min(curve), max(curve)
    change = float(curve[long].mean() - curve[short].mean())
    true = RISES if change > WORTH else FALLS if change < -WORTH else SAME
    answers = {t(f"traps.batch.answer.{one}"): one for one in (RISES, SAME, FALLS)}
    told = ", ".join(f"N = {n}: {signed(float(scores.mean()), 1)}" for n, scores in curve.items())
    guess(
        "traps.longer", t("traps.batch.guess", short=short, long=long, name=set_title(lead)), list(answers),
        is_right=lambda a: answers.get(a) == true,
        reveal=t("traps.batch.reveal", told=told,
                 spread=signed(max(float(np.ptp(s)) for s in curve.values()), 1)),
    )  # fmt: skip
    best = max(curve, key=lambda n: curve[n].mean())
    reached = equal == EQUALS[1] and name == lead and size == best
    score = signed(float(curve[size].mean()), 1) if size in curve else "–"
    goal(
        "traps.size",
        t("traps.batch.task", name=set_title(lead)),
        reached=reached,
        status=t("traps.batch.status_view", name=set_title(lead))
        if equal != EQUALS[1] or name != lead
        else t("traps.batch.status", size=size, score=score),
        praise=_gain(curve)
        if best == long
        else t("traps.batch.praise", best=best, score=signed(float(curve[best].mean()), 1), long=long,
               other=signed(float(curve[long].mean()), 1)),
    )  # fmt: skip


def _gain(curve: Mapping[int, Floats]) -> str:
    """What the longest batch, which is the best one here, is ahead of the shortest."""
    short, long = min(curve), max(curve)
    ends = [float(curve[size].mean()) for size in (short, long)]
    return t(
        "traps.batch.praise_longest", best=long, short=short, score=signed(ends[1], 1),
        other=signed(ends[0], 1), gain=signed(ends[1] - ends[0], 1), times=long // short,
        spread=signed(max(float(np.ptp(scores)) for scores in curve.values()), 1),
    )  # fmt: skip
