"""The recorded race: read, checked, and turned into runners."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.figures.race import LOOKS, Runner
from simcse_core.runtime import assets

HOW_TO_RECORD = "Make them again: python -m simcse_core record race --data DIR"
PARTS = {"made", "bins", "cosines", "examples", "runs"}
FOUR = ("dropout", "no_dropout", "same_mask", "delete_word")
"""The runners of the paper's figure: shown first, and asked about."""


def recorded() -> Mapping[str, Any]:
    """The recorded file; read again when it changes on disk.

    Raises:
        DataError: It is missing or damaged.
    """
    path = assets() / "recorded" / "race.json"
    return _file(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=1)
def _file(path: Path, changed: int) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        complete = set(content) >= PARTS and {run["variant"] for run in content["runs"]} >= set(FOUR)
    except (OSError, ValueError, TypeError, KeyError):
        complete = False
    if not complete:
        raise DataError(f"The recorded results {path.name} are missing or damaged.", hint=HOW_TO_RECORD)
    return content


def variants() -> list[str]:
    """Names of all recorded runners, in the order of the recording."""
    return list(dict.fromkeys(run["variant"] for run in recorded()["runs"]))


def seeds() -> list[int]:
    """In the order they were trained."""
    return list(dict.fromkeys(int(run["seed"]) for run in recorded()["runs"]))


def steps() -> list[int]:
    """At which the one set or the other was measured, rising."""
    columns = recorded()["runs"][0]["sets"].values()
    return sorted({int(step) for column in columns for step in column["step"]})


def sets() -> list[str]:
    """Names of the measured sets, the leading one first."""
    return list(recorded()["made"]["sample"])


def runner(variant: str, measured_on: str, name: str) -> Runner:
    """A recorded runner with all its seeds, as measured on a set."""
    runs = [run for run in recorded()["runs"] if run["variant"] == variant]
    columns = [run["sets"][measured_on] for run in runs]
    return Runner(
        name,
        LOOKS[variants().index(variant) % len(LOOKS)],
        [int(step) for step in columns[0]["step"]],
        _rows(columns, "alignment"),
        _rows(columns, "uniformity"),
        _rows(columns, "spearman"),
        [int(run["seed"]) for run in runs],
    )


def _rows(columns: Sequence[Mapping[str, Any]], measure: str) -> NDArray[np.float64]:
    """(seeds, s); None becomes NaN."""
    return np.array([column[measure] for column in columns], dtype=np.float64)


def cosines_after(variant: str) -> NDArray[np.float64]:
    """(b,) density of random cosines after training, mean over the seeds."""
    rows = [run["cosines"] for run in recorded()["runs"] if run["variant"] == variant]
    return np.asarray(np.mean(rows, axis=0), dtype=np.float64)
