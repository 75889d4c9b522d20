"""Who leads, and whether by more than noise: from paired differences on the same pairs."""

from __future__ import annotations

from pages.bench import scores
from pages.bench.controls import Scores
from pages.bench.entries import Entry, paired
from pages.bench.words import number, shown
from pages.ui.text import t
from simcse_core.bench import SHIPPED
from simcse_core.bench.compare import AVERAGE
from simcse_core.evaluation.compare import beyond_noise


def ranked(settings: Scores, column: str) -> list[tuple[Entry, float]]:
    """The checkpoints that have a score in a column, the highest first."""
    values = [(one, scores.value_of(one, column, settings.aggregation)) for one in settings.chosen]
    known = [(one, value) for one, value in values if value is not None]
    return sorted(known, key=lambda both: -both[1])


def near(settings: Scores, column: str) -> list[str] | None:
    """Checkpoints that are not told apart from the first of a column; None where that is not known."""
    order = ranked(settings, column)
    if len(order) < 2:
        return None
    found = []
    for other, _ in order[1:]:
        told = paired(order[0][0], other, settings.aggregation, column)
        if told is None:
            return None
        if not beyond_noise(told):
            found.append(other.name)
    return found


def best(settings: Scores, column: str) -> str | None:
    """The checkpoint that leads a column beyond noise; None without one."""
    return ranked(settings, column)[0][0].name if near(settings, column) == [] else None


def sentence(settings: Scores) -> str:
    """What the scores say, computed."""
    column = SHIPPED if settings.measured_on == SHIPPED else AVERAGE
    order = ranked(settings, column)
    if len(order) < 2:
        return t("bench.found.one")
    named = {one.name for one, _ in order}
    without = [shown(one.name) for one in settings.chosen if one.name not in named]
    said = _told(settings, column, order)
    return f"{said} {t('bench.found.without', names=', '.join(without))}" if without else said


def _told(settings: Scores, column: str, order: list[tuple[Entry, float]]) -> str:
    """Who is first and last in a column, and whether the first stands apart from the others ranked."""
    (first, top), (last, least) = order[0], order[-1]
    said = t("bench.found.range", best=shown(first.name), most=number(top), worst=shown(last.name),
             least=number(least), what=scores.score_title(settings))  # fmt: skip
    close = near(settings, column)
    if close is None:
        return f"{said} {t('bench.found.unknown')}"
    if close:
        return f"{said} {t('bench.found.near', names=', '.join(map(shown, close)))}"
    return f"{said} {t('bench.found.clear')}"
