"""Resamples of what was measured: the same seed and task draw the same pairs for every encoder."""

from __future__ import annotations

import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simcse_core.bench.results import AGGREGATIONS, BenchTask, Interval
from simcse_core.errors import ConfigError, DataError
from simcse_core.evaluation.bootstrap import bootstrap_spearman, interval

Draws = NDArray[np.float64]


def seed_of(seed: int, name: str) -> int:
    """A seed of its own for every task, so that tasks are resampled independently of one another."""
    return zlib.crc32(f"{seed}/{name}".encode())


def counts(n: int, resamples: int, seed: int) -> Draws:
    """How often each of n was drawn, (resamples, n); rows sum to n."""
    return np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=resamples).astype(np.float64)


@lru_cache(maxsize=256)  # a table of six checkpoints asks for the same draws in every comparison
def spearman_draws(task: BenchTask, aggregation: str, *, resamples: int, seed: int) -> Draws:
    """Spearman x 100 of a task on resamples of its pairs, (resamples,) read-only; NaN where one has none.

    `all` resamples the pairs of the task; `mean` and `wmean` resample within each subset, for their sizes are
    given. With one subset the three are one number and draw the same pairs.

    Raises:
        ConfigError: No such aggregation.
        DataError: The columns were not kept, or a subset has no correlation.
    """
    if aggregation not in AGGREGATIONS:
        raise ConfigError(f"There is no aggregation {aggregation!r}.", hint=f"There are {AGGREGATIONS}.")
    if not task.cosine.size:
        raise DataError(f"The cosines of {task.name} were not kept, so they cannot be resampled.")
    found = _drawn(task, aggregation, resamples, seed)
    found.flags.writeable = False
    return found


def _drawn(task: BenchTask, aggregation: str, resamples: int, seed: int) -> Draws:
    if aggregation == "all" or len(task.subsets) == 1:
        own = seed_of(seed, task.name)
        return bootstrap_spearman(task.cosine, task.gold, resamples=resamples, seed=own)
    parts = [
        bootstrap_spearman(
            task.cosine[rows], task.gold[rows], resamples=resamples, seed=seed_of(seed, f"{task.name}/{name}")
        )
        for name, rows in task.rows().items()
    ]
    sizes = [n if aggregation == "wmean" else 1 for n, _ in task.subsets.values()]
    found: Draws = np.average(np.stack(parts), axis=0, weights=sizes)
    return found


def ends(draws: Draws) -> Interval:
    """95 % interval of draws; (None, None) if there are none."""
    low, high = interval(draws)
    return (None, None) if np.isnan(low) else (low, high)


def spearman_intervals(task: BenchTask, *, resamples: int, seed: int) -> dict[str, Interval]:
    """95 % interval under every aggregation; (None, None) without resamples or where it is undefined."""
    found: dict[str, Interval] = {}
    for name in AGGREGATIONS:
        defined = resamples and task.spearman[name] is not None
        found[name] = (
            ends(spearman_draws(task, name, resamples=resamples, seed=seed)) if defined else (None, None)
        )
    return found


def average_draws(tasks: list[BenchTask], aggregation: str, *, resamples: int, seed: int) -> Draws:
    """Mean over tasks of their draws, (resamples,); tasks are resampled independently."""
    drawn = [spearman_draws(task, aggregation, resamples=resamples, seed=seed) for task in tasks]
    found: Draws = np.mean(drawn, axis=0)
    return found


def mean_draws(values: NDArray[np.floating], *, resamples: int, seed: int, block: int = 250) -> Draws:
    """Mean of (n,) values on resamples of them, (resamples,)."""
    done: list[Draws] = []
    rng = np.random.default_rng(seed)
    x = np.asarray(values, dtype=np.float64)
    n = len(x)
    for start in range(0, resamples, block):
        r = min(block, resamples - start)
        done.append(x[rng.integers(0, n, size=(r, n))].mean(axis=1))
    return np.concatenate(done) if done else np.empty(0)
