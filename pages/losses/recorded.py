"""The recorded objectives: read, checked, and turned into what the figures take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.recordings import Recording, with_parts
from simcse_core.data.datasets import load_scored_pairs
from simcse_core.data.records import ScoredPairs
from simcse_core.evaluation.bootstrap import Difference
from simcse_core.evaluation.packing import unpacked_cosines
from simcse_core.figures.losses import GROUPS, LOOKS, Trained

PARTS = {"made", "bins", "start", "runs", "differences"}
FOUR = ("info_nce", "triplet", "cosine_squared", "cosent")
"""The objectives the page opens on and asks about."""
PAIRS = "pairs"
"""The set whose cosines are kept pair by pair."""
MEASURES = ("spearman", "alignment", "uniformity", "mean_cosine", "auc")


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS, {run["loss"] for run in content["runs"]} >= set(FOUR))


recorded = Recording("losses", _checked, public=True)
"""The recorded file."""


def names() -> list[str]:
    """All recorded objectives, in the order of their titles."""
    introduced = recorded()["made"]["losses"]
    return sorted({str(run["loss"]) for run in recorded()["runs"]}, key=lambda n: introduced[n]["title"])


def title(name: str) -> str:
    """What an objective is called."""
    known = recorded()["made"]["losses"]
    return str(known[name]["title"]) if name in known else name.replace("_", " ")


def seeds() -> list[int]:
    """In the order they were trained."""
    return list(dict.fromkeys(int(run["seed"]) for run in recorded()["runs"]))


def sets() -> list[str]:
    """Names of the measured sets; the one that is kept pair by pair first."""
    return sorted(recorded()["made"]["sample"], key=lambda name: name != PAIRS)


def steps() -> list[int]:
    """At which everything was measured, rising from 0."""
    every, last = recorded()["made"]["every"], recorded()["made"]["config"]["optim"]["steps"]
    return sorted({*range(0, last, every), last})


def scored() -> ScoredPairs:
    """The pairs that are kept one by one, with their gold scores."""
    return _scored()


@lru_cache(maxsize=1)
def _scored() -> ScoredPairs:
    return load_scored_pairs(PAIRS)


def failures() -> dict[str, list[str]]:
    """Objective → what broke off its runs, where something did."""
    found: dict[str, list[str]] = {}
    for run in recorded()["runs"]:
        if "failed" in run:
            found.setdefault(run["loss"], []).append(f"{run['seed']}: {run['failed']['message']}")
    return found


def completed(name: str) -> list[Mapping[str, Any]]:
    """Runs of an objective that reached their end."""
    return [run for run in recorded()["runs"] if run["loss"] == name and "failed" not in run]


def start(measured_on: str, measure: str) -> float:
    """A measure of the untrained encoder."""
    return float(recorded()["start"]["sets"][measured_on][measure][0])


def trained(name: str, measured_on: str, place: int = 0) -> Trained | None:
    """A recorded objective as measured on a set; None where none of its runs reached the end.

    Args:
        name: Objective.
        measured_on: Set.
        place: Position among those that are drawn; decides the look.
    """
    runs, begin = completed(name), recorded()["start"]
    if not runs:
        return None
    columns = [run["sets"][measured_on] for run in runs]
    return Trained(
        title(name),
        LOOKS[place % len(LOOKS)],
        steps(),
        [int(run["seed"]) for run in runs],
        {m: _rows(begin["sets"][measured_on][m], [c[m] for c in columns]) for m in MEASURES},
        {
            group: np.vstack(
                [
                    np.array(begin["densities"][measured_on][group], dtype=np.float64),
                    np.mean([run["densities"][measured_on][group] for run in runs], axis=0),
                ]
            )
            for group in GROUPS
        },
        cosines(name) if measured_on == PAIRS else None,
    )


def _rows(first: Sequence[Any], columns: Sequence[Sequence[Any]]) -> NDArray[np.float64]:
    """(seeds, s) with the shared start in front; None becomes NaN."""
    return np.array([[*first, *column] for column in columns], dtype=np.float64)


def cosines(name: str) -> NDArray[np.float64]:
    """(seeds, s, n) cosine of every scored pair."""
    begin = recorded()["start"]["cosines"]
    return np.array([unpacked_cosines([*begin, *run["cosines"]]) for run in completed(name)])


def difference(one: str, other: str) -> Difference | None:
    """The recorded paired bootstrap between two objectives, the first minus the second."""
    kept = recorded()["differences"]
    if f"{one}|{other}" in kept:
        return Difference(*kept[f"{one}|{other}"])
    if f"{other}|{one}" in kept:
        value, low, high, p = kept[f"{other}|{one}"]
        return Difference(-value, -high, -low, p)
    return None
