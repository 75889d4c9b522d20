"""Length: predict, then reveal; and the challenge."""

from __future__ import annotations

from pages.traps.provenance import set_title, signed
from pages.traps.recorded import recorded, sets
from pages.traps.standing import flattest, trained
from pages.ui.challenge import goal, guess
from pages.ui.text import t

ANSWERS = ("0.5", "1", "2", "4")
ASKED = "0.32"


def draw(probe: str, rate: float) -> None:
    """A guess and the challenge."""
    added = recorded()["added"]
    right = min(ANSWERS, key=lambda answer: abs(float(answer) - added[ASKED]))
    told = ", ".join(f"{name}: {value:.2f}" for name, value in added.items() if float(name) > 0)
    guess(
        "traps.added", t("traps.length.guess"), ANSWERS, is_right=lambda a: a == right,
        reveal=t("traps.length.reveal", told=told),
    )  # fmt: skip
    _goal(probe, rate)


def _goal(probe: str, rate: float) -> None:
    """On the scored pairs, so that it is not solved by opening the page."""
    lead = next(name for name in recorded()["probes"] if name in sets())
    best = flattest(lead)
    plain, other = trained(0.0, lead), trained(best, lead)
    name = sets()[0]
    told = {
        "rate": f"{best:g}", "slope": signed(other.slope, 2), "plain": signed(plain.slope, 2),
        "score": signed(float(other.scores[name].mean()), 1),
        "plain_score": signed(float(plain.scores[name].mean()), 1),
    }  # fmt: skip
    goal(
        "traps.flat",
        t("traps.length.task", name=set_title(lead)),
        reached=probe == lead and trained(rate, lead).slope == other.slope,  # two rates may be one run
        status=t("traps.length.status_set", name=set_title(lead)) if probe != lead
        else t("traps.length.status", slope=signed(trained(rate, lead).slope, 2)),
        praise=t("traps.length.praise_plain" if best == 0 else "traps.length.praise", **told),
    )  # fmt: skip
