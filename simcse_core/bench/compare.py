"""Two encoders on the same data: what differs, and whether by more than other data might have shown."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simcse_core.bench.draws import Draws, average_draws, mean_draws, seed_of, spearman_draws
from simcse_core.bench.results import BenchResult, BenchTask, Column, column
from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import Difference
from simcse_core.evaluation.compare import beyond_noise

AVERAGE = "average"


@dataclass(frozen=True)
class Compared:
    """One number of both encoders.

    Attributes:
        name: Task, `average`, `retrieval` or `transfer/<task>`.
        n: Pairs, queries or examples; tasks for the average.
        first: Of the first encoder, x 100.
        second: Of the second, x 100.
        difference: First minus second, with its 95 % interval on resamples common to both.
    """

    name: str
    n: int
    first: float
    second: float
    difference: Difference

    @property
    def beyond_noise(self) -> bool:
        """Whether the interval leaves out 0."""
        return beyond_noise(self.difference)


@dataclass(frozen=True)
class Comparison:
    """Two encoders, number by number.

    Attributes:
        first: Name of the first.
        second: Name of the second.
        aggregation: Under which the tasks are compared.
        tasks: The public tasks both have.
        average: Over those tasks; None if they have none in common.
        further: SICK-R on all pairs, the shipped pairs, retrieval and transfer, where both have them.
        left_out: What cannot be compared → why.
    """

    first: str
    second: str
    aggregation: str
    tasks: dict[str, Compared]
    average: Compared | None
    further: dict[str, Compared]
    left_out: dict[str, str]

    def every(self) -> Iterator[Compared]:
        """Tasks, their average, and the rest."""
        yield from self.tasks.values()
        if self.average is not None:
            yield self.average
        yield from self.further.values()

    def to_json(self) -> dict[str, Any]:
        """JSON-able, with `beyond_noise` written out."""
        told = asdict(self)
        for group in (told["tasks"], told["further"], {AVERAGE: told["average"]}):
            for one in group.values():
                if one is not None:
                    low, high = one["difference"]["low"], one["difference"]["high"]
                    one["beyond_noise"] = low > 0 or high < 0
        return told


def compare(
    first: BenchResult,
    second: BenchResult,
    *,
    aggregation: str = "all",
    resamples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Paired bootstrap of everything two results have in common: both on the same resampled pairs.

    The average resamples the pairs of every task, tasks independently, the same for both encoders.

    Raises:
        ConfigError: No such aggregation.
        DataError: A task was measured on different pairs, its cosines were not kept, or nothing is common.
    """
    left_out: dict[str, str] = {}
    how = {"resamples": resamples, "seed": seed}
    found: dict[str, Compared] = {}
    mine, theirs = first.every_task(), second.every_task()
    for name in dict.fromkeys([*mine, *theirs]):
        if name not in mine or name not in theirs:
            left_out[name] = "one of them was not measured on it"
        elif mine[name].spearman[aggregation] is None or theirs[name].spearman[aggregation] is None:
            left_out[name] = f"a subset has no correlation, so there is no {aggregation}"
        else:
            found[name] = _tasks(mine[name], theirs[name], aggregation, **how)
    tasks = {name: one for name, one in found.items() if name in first.tasks}
    further = {name: one for name, one in found.items() if name not in tasks}
    for name, one, other in _columns(first, second):
        further[name] = _means(name, one, other, **how)
    if not tasks and not further:
        raise DataError(f"{first.model} and {second.model} were measured on nothing in common.")
    average = _average(first, second, list(tasks), aggregation, **how) if tasks else None
    return Comparison(first.model, second.model, aggregation, tasks, average, further, left_out)


def _tasks(one: BenchTask, other: BenchTask, aggregation: str, *, resamples: int, seed: int) -> Compared:
    if one.cosine.size and other.cosine.size and not np.array_equal(one.gold, other.gold):
        raise DataError(f"{one.name}: the two were measured on different pairs.")
    a, b = (spearman_draws(task, aggregation, resamples=resamples, seed=seed) for task in (one, other))
    return _compared(one.name, one.n, _mean_of([one], aggregation), _mean_of([other], aggregation), a - b)


def _average(
    first: BenchResult, second: BenchResult, names: list[str], aggregation: str, *, resamples: int, seed: int
) -> Compared:
    one, other = ([result.tasks[name] for name in names] for result in (first, second))
    a, b = (average_draws(side, aggregation, resamples=resamples, seed=seed) for side in (one, other))
    return _compared(AVERAGE, len(names), _mean_of(one, aggregation), _mean_of(other, aggregation), a - b)


def _mean_of(tasks: list[BenchTask], aggregation: str) -> float:
    values = [value for task in tasks if (value := task.spearman[aggregation]) is not None]
    return float(np.mean(values))


def _columns(first: BenchResult, second: BenchResult) -> Iterator[tuple[str, Column, Column]]:
    """Right or wrong, one by one, wherever both were asked the same questions."""
    mine, theirs = first.retrieval, second.retrieval
    if (mine.pool, mine.told) == (theirs.pool, theirs.told):
        yield "retrieval", column(mine.ranks == 1), column(theirs.ranks == 1)
    for name, one in (first.transfer or {}).items():
        other = (second.transfer or {}).get(name)
        if other is not None:
            yield f"transfer/{name}", one.correct, other.correct


def _means(name: str, one: Column, other: Column, *, resamples: int, seed: int) -> Compared:
    if one.shape != other.shape or not one.size:
        raise DataError(f"{name}: the two were measured on different examples, or they were not kept.")
    first, second = 100 * one.astype(np.float64), 100 * other.astype(np.float64)
    draws = mean_draws(first - second, resamples=resamples, seed=seed_of(seed, name))
    return _compared(name, len(one), float(first.mean()), float(second.mean()), draws)


def _compared(name: str, n: int, first: float, second: float, draws: Draws) -> Compared:
    return Compared(name, n, first, second, Difference.of(first - second, draws))
