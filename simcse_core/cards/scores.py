"""STS scores as a card tells them, and where they are taken from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from simcse_core.bench.kept import kept_tasks
from simcse_core.bench.results import BenchTask

PROTOCOL = "all"


class Score(NamedTuple):
    """Spearman x 100 by protocol "all", with its 95 % interval where one was drawn."""

    value: float
    low: float | None = None
    high: float | None = None


def scores_from(tasks: Mapping[str, BenchTask]) -> dict[str, Score]:
    """STS set → score; a task without a correlation is left out."""
    found = {}
    for name, task in tasks.items():
        value = task.spearman.get(PROTOCOL)
        if value is not None:
            found[name] = Score(value, *task.intervals.get(PROTOCOL, (None, None)))
    return found


def known_scores(digest: str) -> dict[str, Score]:
    """What the bench has measured of the encoder with this digest."""
    return scores_from(kept_tasks(digest))
