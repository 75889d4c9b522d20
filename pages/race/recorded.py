"""The recorded race: read, checked, and turned into runners."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pages.ui.recordings import Recording, with_parts
from simcse_core.figures.race import LOOKS, Runner

PARTS = {"made", "bins", "cosines", "examples", "runs"}
FOUR = ("dropout", "no_dropout", "same_mask", "delete_word")
"""The runners of the paper's figure: shown first, and asked about."""


def _checked(content: Any) -> dict[str, Any]:
    return with_parts(content, PARTS, {run["variant"] for run in content["runs"]} >= set(FOUR))


recorded = Recording("race", _checked, public=True)
"""The recorded file."""


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
