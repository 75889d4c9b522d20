"""What the recorded numbers say: order, spread over seeds, and whether the paper's finding is repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from simcse_core.figures.race import Runner

IDENTICAL = ("no_dropout", "same_mask")
"""Runners whose two views are one vector."""
FRESH = "dropout"


class End(NamedTuple):
    """A measure after the last step: mean over the seeds, lowest and highest."""

    mean: float
    low: float
    high: float

    @property
    def spread(self) -> float:
        """From the lowest to the highest seed."""
        return self.high - self.low


def end(runner: Runner, measure: str) -> End:
    """A measure of a runner after its last step."""
    last = getattr(runner, measure)[:, -1]
    return End(float(np.mean(last)), float(np.min(last)), float(np.max(last)))


def change(runner: Runner, measure: str) -> float:
    """How far a measure moved, mean over the seeds."""
    path = runner.mean(measure)
    return float(path[-1] - path[0])


def top(runners: Mapping[str, Runner], measure: str) -> tuple[str, list[str], float]:
    """The runner that ends highest, those within the widest spread over the seeds of it, and that spread."""
    ends = {name: end(one, measure) for name, one in runners.items()}
    best = max(ends, key=lambda name: ends[name].mean)
    spread = max(one.spread for one in ends.values())
    near = [name for name, one in ends.items() if name != best and ends[best].mean - one.mean <= spread]
    return best, near, spread


def drifter(runners: Mapping[str, Runner]) -> str | None:
    """The runner whose alignment gets worse most although its uniformity improves; None without one."""
    able = [
        name
        for name, one in runners.items()
        if change(one, "alignment") > 0 and change(one, "uniformity") < 0
    ]
    return max(able, key=lambda name: change(runners[name], "alignment"), default=None)


def identical_drift_more(runners: Mapping[str, Runner]) -> bool | None:
    """Whether every runner with identical views ends less aligned than fresh dropout with all its seeds.

    This is what the paper's figure 2 shows. None where the runners are not all there.
    """
    if not {FRESH, *IDENTICAL} <= set(runners):
        return None
    fresh = end(runners[FRESH], "alignment")
    return all(end(runners[name], "alignment").low > fresh.high for name in IDENTICAL)
