"""What was recorded for this page: runs of every rate and batch size, a batch, and Chinese pairs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.recordings import Recording, with_parts

PARTS = {"made", "probes", "before", "added", "batch", "chinese", "runs"}
Floats = NDArray[np.float64]


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS, {run["part"] for run in content["runs"]} == {"length", "batch"})


recorded = Recording("traps", _checked, public=True)
"""The recorded file."""


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
