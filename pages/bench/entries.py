"""The checkpoints that can be shown: recorded ones, and what this visitor had measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pages.bench import live
from pages.bench.recorded import couples, difference, pairs, recorded
from simcse_core.bench import SHIPPED, BenchResult, BenchTask
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.bootstrap import Difference
from simcse_core.evaluation.errors import rank_residuals

STORY = (("lab-base", "lab-unsup"), ("lab-unsup", "lab-sup"), ("minilm:4", "minilm"))
"""Before and after, as far as they are recorded: what the page opens on."""


@dataclass(frozen=True, eq=False)
class Entry:
    """A checkpoint with its result.

    Attributes:
        name: What it was asked for by, with the reading where that is not its own.
        result: Of the bench.
        measured: Whether it was measured here; else it was recorded.
        source: What `load_encoder` takes for it.
    """

    name: str
    result: BenchResult
    measured: bool
    source: str

    def task(self, name: str) -> BenchTask | None:
        """A task by name, the shipped pairs included."""
        return self.result.every_task().get(name)

    def has_pairs(self, task: str) -> bool:
        """Whether every single pair of a task is known."""
        found = self.task(task)
        return found is not None and len(found.cosine) == found.n > 0


def entries() -> dict[str, Entry]:
    """All that is known, recorded ones first; what was measured here replaces a recorded result."""
    found = {name: Entry(name, result, False, name) for name, result in recorded().results.items()}
    return {
        **found,
        **{name: Entry(name, result, True, live.source(name)) for name, result in live.measured().items()},
    }


def opening() -> tuple[str, str]:
    """The two checkpoints the errors open on: a before and its after."""
    names = list(recorded().results)
    usable = [both for both in (*STORY, *couples()) if set(both) <= set(names)]
    return usable[0] if usable else (names[0], names[0])


def pairs_of(task: str) -> ScoredPairs | None:
    """The texts of a set in the order of its columns; None where they are not on this machine."""
    if task == SHIPPED:
        return pairs()
    return live.pairs_of(task)


def tasks_with_pairs(first: Entry, second: Entry) -> list[str]:
    """Sets on which two checkpoints can be compared pair by pair here, the shipped pairs first."""
    names = [SHIPPED, *(name for name in first.result.every_task() if name != SHIPPED)]
    both = [name for name in names if first.has_pairs(name) and second.has_pairs(name)]
    return [name for name in both if name == SHIPPED or pairs_of(name) is not None]


def paired(first: Entry, second: Entry, aggregation: str, task: str) -> Difference | None:
    """First minus second with a paired interval: recorded, or computed where every pair is known."""
    if not (first.measured or second.measured):
        told = difference(first.name, second.name, aggregation, task)
        if told is not None:
            return told
    return live.difference(first.result, second.result, aggregation, task)


def errors_of(entry: Entry, task: str) -> NDArray[np.float64]:
    """(n,) errors of a checkpoint on a set whose pairs are known, -1 to 1."""
    found = entry.task(task)
    if found is None or not len(found.cosine):
        raise SimCSEError(f"{entry.name} was not measured pair by pair on {task}.")
    return rank_residuals(found.cosine, found.gold)
