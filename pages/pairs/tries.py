"""Predict what a swap of roles does; then find a negation that a checkpoint misses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pages.pairs import recorded
from pages.pairs.scores import SIDES, Score, percent
from pages.ui.challenge import goal, guess
from pages.ui.text import plain, t

NEGATION = re.compile(
    r"\b(not|never|no|none|nobody|nothing|nowhere|neither|nor|without|cannot)\b|n['’]t\b", re.I
)
HIGH = 0.99
GUESSES = ("0.25", "0.60", "0.98")


def negates(first: str, second: str) -> bool:
    """Whether one of two texts holds a word of negation and the other does not."""
    return bool(NEGATION.search(first)) != bool(NEGATION.search(second))


def best_miss(scores: Sequence[Score], texts: Sequence[str]) -> tuple[str, float] | None:
    """Checkpoint and share of the highest negated pair of the visitor's own; None without such a pair."""
    shipped = {
        frozenset((e.original, other))
        for e in recorded.examples().values()
        for other in (e.same, e.different)
    }
    found = [
        (score.title, score.share(side))
        for score in scores
        for side, text in zip(SIDES, texts[1:], strict=True)
        if side in score.cosines and negates(texts[0], text) and frozenset((texts[0], text)) not in shipped
    ]
    return max(found, key=lambda one: one[1], default=None)


def draw(scores: Sequence[Score], texts: Sequence[str]) -> None:
    """Both challenges."""
    roles = recorded.examples()["roles"]
    truth = roles.scores["minilm"]["different"]
    guess(
        "pairs.roles",
        t("pairs.guess", first=plain(roles.original), second=plain(roles.different)),
        GUESSES,
        is_right=lambda answer: min(GUESSES, key=lambda g: abs(float(g) - truth)) == answer,
        reveal=t("pairs.guess_reveal", cosine=f"{truth:.2f}"),
    )
    miss = best_miss(scores, texts)
    status = (
        t("pairs.goal_none")
        if miss is None
        else t("pairs.goal_status", name=plain(miss[0]), percent=percent(miss[1]))
    )
    goal(
        "pairs.negation",
        t("pairs.goal"),
        reached=miss is not None and miss[1] >= HIGH,
        status=status,
        praise=t("pairs.goal_done"),
    )
