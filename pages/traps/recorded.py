"""What was recorded for this page: runs of every rate and batch size, a batch, and Chinese pairs."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import DataError
from simcse_core.runtime import assets

HOW_TO_RECORD = "Make them again: python -m simcse_core record traps --data DIR"
PARTS = {"made", "probes", "before", "added", "batch", "chinese", "runs"}
Floats = NDArray[np.float64]


def recorded() -> Mapping[str, Any]:
    """The recorded file; read again when it changes on disk.

    Raises:
        DataError: It is missing or damaged.
    """
    path = assets() / "recorded" / "traps.json"
    return _file(path, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=1)
def _file(path: Path, changed: int) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        complete = set(content) >= PARTS and {run["part"] for run in content["runs"]} == {"length", "batch"}
    except (OSError, ValueError, TypeError, KeyError):
        complete = False
    if not complete:
        raise DataError(f"The recorded results {path.name} are missing or damaged.", hint=HOW_TO_RECORD)
    return content


def runs(part: str, **name: Any) -> list[dict[str, Any]]:
    """Runs of a part whose name agrees, in the order of their seeds."""
    found = [
        run
        for run in recorded()["runs"]
        if run["part"] == part and all(run[key] == value for key, value in name.items())
    ]
    return sorted(found, key=lambda run: run["seed"])


def rates() -> list[float]:
    """Rates of word repetition, rising from 0."""
    return sorted({float(run["rate"]) for run in runs("length")})


def sizes() -> list[int]:
    """Batch sizes, rising."""
    return sorted({int(run["size"]) for run in runs("batch")})


def seeds() -> list[int]:
    """Seeds of all runs, rising."""
    return sorted({int(run["seed"]) for run in recorded()["runs"]})


def sets() -> list[str]:
    """Names of the scored sets, the leading one first."""
    return list(recorded()["made"]["sample"])


def scores(found: Sequence[Mapping[str, Any]], name: str, *, stop: int = -1) -> Floats:
    """(seeds,) rank correlations x 100 of runs on a set, at one of their stops."""
    return np.array([run["sets"][stop][name]["spearman"] for run in found], dtype=np.float64)


def unpacked(text: str) -> Floats:
    """A square matrix that was recorded."""
    values = np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float64)
    size = round(len(values) ** 0.5)
    return values.reshape(size, size)
