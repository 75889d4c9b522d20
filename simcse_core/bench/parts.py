"""The parts of a bench: each with its data, how it is measured, resampled and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from simcse_core.bench.draws import ends, mean_draws, seed_of, spearman_intervals
from simcse_core.bench.results import (
    AGGREGATIONS,
    SHIPPED,
    BenchTask,
    Phenomenon,
    Retrieval,
    Transfer,
    built,
    column,
    task_from,
)
from simcse_core.bench.shelf import digest_of
from simcse_core.bench.shipped import Pool, Shipped, paraphrase_pool, partner_ranks, phenomena, retrieval
from simcse_core.bench.transfer import transfer
from simcse_core.data.datasets import load_scored_pairs
from simcse_core.data.records import ScoredPairs
from simcse_core.data.sts_sets import TASKS, Task, load_sick_all, load_task
from simcse_core.data.transfer_sets import TransferTask, transfer_tasks
from simcse_core.errors import DataError
from simcse_core.evaluation.sts import evaluate_task
from simcse_core.search.background import background_sentences

Value = TypeVar("Value")
Lookup = Callable[[Sequence[str]], NDArray[Any]]
UNDEFINED = dict.fromkeys(AGGREGATIONS, (None, None))


@dataclass(frozen=True)
class Part(Generic[Value]):
    """Something to measure an encoder on.

    Attributes:
        name: Of the part, unique in a bench.
        data: Digest of its texts and scores.
        texts: What must be encoded, distinct.
        measure: Embeddings, not normalised → value, without intervals.
        resample: Value, resamples, seed → value with intervals.
        read: Value from its JSON shape.
    """

    name: str
    data: str
    texts: list[str]
    measure: Callable[[Lookup], Value]
    resample: Callable[[Value, int, int], Value]
    read: Callable[[Mapping[str, Any]], Value]


def sts_parts(folder: Path, names: Sequence[str] | None) -> tuple[list[Part[BenchTask]], list[str]]:
    """The public tasks and, with SICK-R, all of its pairs; and notes on what is missing.

    Raises:
        ConfigError: No such task.
        DataError: There is no folder, a file is missing or of the wrong size.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}.", hint="Give the folder that holds STS12 to SICK-R.")
    chosen = list(TASKS) if names is None else list(names)
    tasks, notes = [load_task(folder, name) for name in chosen], []
    if "SICK-R" in chosen:
        try:
            tasks.append(load_sick_all(folder))
        except DataError as error:
            notes.append(f"SICK-R on all 9,927 pairs was left out. {error.message}")
    return [_scored_part(task) for task in tasks], notes


def shipped_pairs() -> ScoredPairs:
    """The shipped pairs in the order of the columns of `BenchResult.pairs`: phenomenon by phenomenon."""
    pairs = load_scored_pairs("pairs")
    labels = np.array(pairs.labels or ("all",) * len(pairs))
    return pairs.take(np.concatenate([np.flatnonzero(labels == name) for name in dict.fromkeys(labels)]))


def shipped_part() -> Part[Shipped]:
    """The shipped pairs: as a task, as phenomena, and as queries of the retrieval check."""
    pairs = shipped_pairs()
    pool = paraphrase_pool(pairs, background_sentences())
    names = pairs.labels or ("all",) * len(pairs)
    task = Task(SHIPPED, {name: pairs.take(np.array(names) == name) for name in dict.fromkeys(names)})

    def measured(lookup: Lookup) -> Shipped:
        found = _scored(lookup, task)
        told = phenomena(found.cosine, found.gold, names, resamples=0)
        return Shipped(found, _looked_for(lookup, pool), told)

    def resampled(value: Shipped, resamples: int, seed: int) -> Shipped:
        how = {"resamples": resamples, "seed": seed}
        found = value.retrieval
        return Shipped(
            _with_intervals(value.pairs, resamples, seed),
            retrieval(found.ranks, found.pool, found.told, **how),
            phenomena(value.pairs.cosine, value.pairs.gold, names, **how),
        )

    texts = list(dict.fromkeys([*pool.candidates, *pool.queries]))
    data = digest_of(*_content(task), pool.queries, pool.candidates, pool.partners)
    return Part("shipped", data, texts, measured, resampled, _read_shipped)


def transfer_parts(folder: Path, folds: int) -> list[Part[Transfer]]:
    """Every transfer task in the folder.

    Raises:
        DataError: As `transfer_tasks`.
    """
    return [_transfer_part(task, folds) for task in transfer_tasks(folder)]


def _scored_part(task: Task) -> Part[BenchTask]:
    texts = task.pairs().sentences()
    data = digest_of(*_content(task))
    return Part(task.name, data, texts, lambda lookup: _scored(lookup, task), _with_intervals, task_from)


def _content(task: Task) -> list[Any]:
    return [[name, pairs.first, pairs.second, pairs.score.tolist()] for name, pairs in task.subsets.items()]


def _scored(lookup: Lookup, task: Task) -> BenchTask:
    found = evaluate_task(lookup, task, bootstrap=0)
    return BenchTask(
        name=found.name,
        n=found.n,
        spearman=found.spearman,
        intervals=dict(UNDEFINED),
        subsets=found.subsets,
        alignment=found.alignment,
        uniformity=found.uniformity,
        cosine=column(found.cosine),
        gold=column(found.gold),
    )


def _with_intervals(task: BenchTask, resamples: int, seed: int) -> BenchTask:
    return replace(task, intervals=spearman_intervals(task, resamples=resamples, seed=seed))


def _looked_for(lookup: Lookup, pool: Pool) -> Retrieval:
    place = {text: row for row, text in enumerate(pool.candidates)}
    own = [place.get(text, -1) for text in pool.queries]
    ranks = partner_ranks(lookup(pool.queries), lookup(pool.candidates), pool.partners, own)
    return retrieval(ranks, len(pool.candidates) - 1, pool.told, resamples=0)


def _read_shipped(given: Mapping[str, Any]) -> Shipped:
    told = {name: built(Phenomenon, one) for name, one in given["phenomena"].items()}
    return Shipped(task_from(given["pairs"]), built(Retrieval, given["retrieval"]), told)


def _transfer_part(task: TransferTask, folds: int) -> Part[Transfer]:
    content = [[n, s.first, s.second, s.label.tolist()] for n, s in task.splits.items()]

    def resampled(value: Transfer, resamples: int, seed: int) -> Transfer:
        draws = mean_draws(
            100 * value.correct, resamples=resamples, seed=seed_of(seed, f"transfer/{task.name}")
        )
        return replace(value, interval=ends(draws))

    return Part(
        f"transfer/{task.name}",
        digest_of(folds, content),
        task.sentences(),
        lambda lookup: transfer(lookup, task, folds=folds),
        resampled,
        lambda given: built(Transfer, given),
    )
