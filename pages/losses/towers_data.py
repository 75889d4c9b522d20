"""The recorded towers: read, checked, and turned into curves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.evaluation.towers import Latency
from simcse_core.runtime import assets

HOW_TO_RECORD = "Make them again: python -m simcse_core record towers --data DIR"
PARTS = {"made", "runs", "mismatch", "latency"}


def recorded() -> Mapping[str, Any]:
    """The recorded file; read again when it changes on disk.

    Raises:
        DataError: It is missing or damaged.
    """
    path = assets() / "recorded" / "towers.json"
    return _file(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=1)
def _file(path: Path, changed: int) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        complete = set(content) >= PARTS and bool(content["runs"]) and bool(content["latency"])
    except (OSError, ValueError, TypeError):
        complete = False
    if not complete:
        raise DataError(f"The recorded results {path.name} are missing or damaged.", hint=HOW_TO_RECORD)
    return content


def sets() -> list[str]:
    """Names of the held-out sets, the leading one first."""
    return list(recorded()["made"]["sample"])


def latency() -> list[Latency]:
    """The recorded times."""
    return [Latency(**row) for row in recorded()["latency"]]


def steps(measured_on: str) -> list[int]:
    """At which the towers were measured."""
    return [int(step) for step in recorded()["runs"][0]["bi"]["sets"][measured_on]["step"]]


def spearmans(tower: str, measured_on: str) -> NDArray[np.float64]:
    """(seeds, s) rank correlations x 100 of `bi` or `cross`."""
    rows = [run[tower]["sets"][measured_on]["spearman"] for run in recorded()["runs"]]
    return np.array(rows, dtype=np.float64)
