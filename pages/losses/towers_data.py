"""The recorded towers: read, checked, and turned into curves."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.recordings import Recording, with_parts
from simcse_core.evaluation.towers import Latency

PARTS = {"made", "runs", "mismatch", "latency"}


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS, bool(content["runs"]), bool(content["latency"]))


recorded = Recording("towers", _checked, public=True)
"""The recorded file."""


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
