"""What was recorded for this page: a few checkpoints on every task, pair by pair on the shipped pairs."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from pages.ui.recordings import Recording, with_parts
from simcse_core.bench import BenchResult, shipped_pairs
from simcse_core.bench.results import Interval, column
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.bootstrap import Difference

PARTS = {"made", "checkpoints", "differences"}
SCALE = 10_000  # cosines are kept as whole ten-thousandths


@dataclass(frozen=True, eq=False)
class Recorded:
    """The recorded file.

    Attributes:
        made: How it was made.
        results: By checkpoint; cosines on the shipped pairs alone.
        averages: Checkpoint → aggregation → 95 % interval of its average.
        differences: (first, second) → aggregation → task or average → paired difference, first minus second.
    """

    made: dict[str, Any]
    results: dict[str, BenchResult]
    averages: dict[str, dict[str, Interval]]
    differences: dict[tuple[str, str], dict[str, dict[str, Difference]]]


def _understood(content: Any) -> Recorded:
    plain = with_parts(content, PARTS, bool(content["checkpoints"]))
    try:
        results = {name: _result(name, one) for name, one in plain["checkpoints"].items()}
    except SimCSEError as error:
        raise ValueError(str(error)) from None
    averages = {
        name: {how: (low, high) for how, (low, high) in one["averages"].items()}
        for name, one in plain["checkpoints"].items()
    }
    differences = {
        (one["first"], one["second"]): {
            how: {task: Difference(*values) for task, values in tasks.items()}
            for how, tasks in one["by"].items()
        }
        for one in plain["differences"]
    }
    return Recorded(plain["made"], results, averages, differences)


def _result(name: str, plain: Mapping[str, Any]) -> BenchResult:
    """A result with the cosines and scores of the shipped pairs in place."""
    result = BenchResult.from_json(plain["result"]).named(name)
    cosine = column(np.array(plain["cosines"]) / SCALE)
    gold = column(pairs().score)
    if len(cosine) != len(gold):
        raise ValueError(f"{len(cosine)} cosines for {len(gold)} pairs")
    return replace(result, pairs=replace(result.pairs, cosine=cosine, gold=gold))


recorded = Recording("bench", _understood, public=True)
"""The recorded file."""


@lru_cache(maxsize=1)
def pairs() -> ScoredPairs:
    """The shipped pairs in the order of the recorded cosines: phenomenon by phenomenon."""
    return shipped_pairs()


def difference(first: str, second: str, aggregation: str, task: str) -> Difference | None:
    """The recorded difference of two checkpoints, first minus second; None where it was not recorded."""
    found = recorded().differences
    if (first, second) in found:
        return found[first, second].get(aggregation, {}).get(task)
    turned = found.get((second, first), {}).get(aggregation, {}).get(task)
    return None if turned is None else Difference(-turned.value, -turned.high, -turned.low, turned.p)


def couples() -> list[tuple[str, str]]:
    """Every two recorded checkpoints, earlier ones first."""
    return list(itertools.combinations(recorded().results, 2))
