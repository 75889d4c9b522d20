"""Predict, then reveal; and the challenge: where does ranking let go of a negative?"""

from __future__ import annotations

from collections.abc import Mapping

from pages.losses.curves_data import Settings, share
from pages.ui.challenge import goal, guess
from pages.ui.text import t
from simcse_core.figures.pair_curves import Drawn
from simcse_core.theory.pair_curves import NEGATIVE

QUIET, LOUD = 0.01, 0.5
RANKING, REGRESSION = "cosent", "cosine_squared"


def draw(settings: Settings, drawn: Mapping[str, Drawn]) -> None:
    """One guess and the challenge."""
    answers = tuple(t(f"objectives.curves.answers.{name}") for name in ("margin", "zero", "minus", "order"))
    right = t("objectives.curves.answers.zero")
    guess(
        "losses.stop",
        t("objectives.curves.guess"),
        answers,
        is_right=lambda answer: answer == right,
        reveal=t("objectives.curves.reveal"),
    )
    both = [drawn.get(name) for name in (RANKING, REGRESSION)]
    found = [None if one is None else abs(share(one, settings.at)) for one in both]
    reached = (
        settings.side == NEGATIVE
        and found[0] is not None
        and found[1] is not None
        and found[0] < QUIET
        and found[1] >= LOUD
    )
    told = ["–" if value is None else f"{100 * value:.1f} %" for value in found]
    goal(
        "losses.order",
        t("objectives.curves.task"),
        reached=reached,
        status=t("objectives.curves.status", ranking=told[0], regression=told[1]),
        praise=t("objectives.curves.praise"),
    )
