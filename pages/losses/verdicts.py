"""What the numbers say: who ranks better beyond noise, and which pairs an objective ruins or keeps."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.losses import recorded
from pages.losses.controls import Settings
from simcse_core.evaluation.bootstrap import Difference
from simcse_core.evaluation.compare import Resampled, difference_of_means, places, resample
from simcse_core.figures.losses import Trained

RUINS, KEEPS = "cosine_squared", "cosent"
FINE, RUINED, KEPT = 0.20, 0.30, 0.15
"""Distance of a pair's place from its gold place: at most before training; more if ruined; less if kept."""
COLLAPSED = 0.95  # mean cosine from which nearly all sentences look alike


class Compared(NamedTuple):
    """Two drawn objectives, by position, and their difference: the first minus the second."""

    first: int
    second: int
    difference: Difference


def differences(settings: Settings) -> list[Compared]:
    """Every two of the drawn objectives on the scored pairs, after their last step."""
    found = []
    for one, other in itertools.combinations(range(len(settings.objectives)), 2):
        told = _live(settings, one, other) if settings.live else _recorded(settings, one, other)
        if told is not None:
            found.append(Compared(one, other, told))
    return found


def _recorded(settings: Settings, one: int, other: int) -> Difference | None:
    return recorded.difference(settings.names[one], settings.names[other])


def _live(settings: Settings, one: int, other: int) -> Difference | None:
    first, second = settings.objectives[one], settings.objectives[other]
    if first.cosines is None or second.cosines is None:
        return None
    return difference_of_means(*(_resampled(o.cosines[:, -1]) for o in (first, second)))


@st.cache_data(max_entries=32, show_spinner=False)
def _resampled(rows: NDArray[np.float64]) -> Resampled:
    return resample(rows, recorded.scored().score)


def errors(cosines: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n,) place of every pair, the mean over the seeds of (seeds, n) cosines, minus its gold place."""
    gold = places(recorded.scored().score)
    return np.asarray(np.mean([places(row) for row in cosines], axis=0) - gold, dtype=np.float64)


def ruined_and_kept() -> NDArray[np.intp]:
    """Pairs that stood well before, that cosine regression ruins and that CoSENT keeps, as recorded."""
    ends = {name: recorded.cosines(name) for name in (RUINS, KEEPS)}
    if any(not len(rows) for rows in ends.values()):
        return np.zeros(0, dtype=np.intp)
    before = np.abs(errors(ends[RUINS][:1, 0]))
    after = {name: np.abs(errors(rows[:, -1])) for name, rows in ends.items()}
    return np.flatnonzero((before < FINE) & (after[RUINS] > RUINED) & (after[KEEPS] < KEPT))


def best(objectives: Mapping[str, Trained], step: int) -> tuple[str, list[str], float]:
    """Who ranks the pairs best, those within the widest spread over the seeds of it, and that spread."""
    values = {name: one.values("spearman", step) for name, one in objectives.items()}
    first = max(values, key=lambda name: float(np.mean(values[name])))
    spread = max(float(np.ptp(v)) for v in values.values())
    lead = float(np.mean(values[first]))
    near = [n for n, v in values.items() if n != first and lead - float(np.mean(v)) <= spread]
    return first, near, spread


def collapsed(objectives: Sequence[Trained], step: int) -> list[Trained]:
    """Those under which nearly all sentences look alike."""
    return [one for one in objectives if one.mean("mean_cosine", step) > COLLAPSED]
