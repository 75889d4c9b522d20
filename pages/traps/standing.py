"""What the recorded runs say: slopes and scores with their spread over the seeds, and who is best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pages.traps.recorded import Floats, rates, recorded, runs, scores, sets


@dataclass(frozen=True)
class State:
    """A checkpoint with respect to length, over its seeds; before training there is one row.

    Attributes:
        slopes: (seeds,) places a token.
        low: Lowest end of the seeds' intervals.
        high: Highest end.
        means: Mean place in every range of differences, mean over the seeds.
        intercept: Mean over the seeds.
        correlations: (seeds,) rank correlations of place and difference.
        scores: Set → (seeds,) rank correlations x 100 with people.
        points: Places of the kept pairs, first seed.
    """

    slopes: Floats
    low: float
    high: float
    means: list[float | None]
    intercept: float
    correlations: Floats
    scores: Mapping[str, Floats]
    points: Floats

    @property
    def slope(self) -> float:
        """Mean over the seeds."""
        return float(self.slopes.mean())


def half(values: Floats) -> float:
    """Half the distance from the lowest to the highest."""
    return float(np.ptp(values)) / 2


def before(probe: str) -> State:
    """The encoder before training, on the pairs of a probe."""
    found = recorded()["before"]
    told = {name: np.array([found["sets"][name]["spearman"]]) for name in sets()}
    return _state([found["length"][probe]], told)


def trained(rate: float, probe: str) -> State:
    """The encoder after training with a rate of repetition, 0 for dropout alone."""
    found = runs("length", rate=rate)
    return _state([run["length"][probe] for run in found], {name: scores(found, name) for name in sets()})


def _state(found: Sequence[Mapping[str, Any]], told: Mapping[str, Floats]) -> State:
    columns = zip(*(one["means"] for one in found), strict=True)
    return State(
        slopes=np.array([one["slope"] for one in found]),
        low=min(one["low"] for one in found),
        high=max(one["high"] for one in found),
        means=[None if column[0] is None else float(np.mean(column)) for column in columns],
        intercept=float(np.mean([one["intercept"] for one in found])),
        correlations=np.array([one["correlation"] for one in found]),
        scores=told,
        points=np.array(found[0]["points"], dtype=np.float64),
    )


def flattest(probe: str) -> float:
    """The rate with the slope nearest to 0 among those that lose no more score than seeds differ by."""
    every = {rate: trained(rate, probe) for rate in rates()}
    name = sets()[0]
    spread = max(float(np.ptp(state.scores[name])) for state in every.values())
    plain = every[0.0].scores[name].mean()
    able = [rate for rate, state in every.items() if state.scores[name].mean() >= plain - spread]
    return min(able, key=lambda rate: abs(every[rate].slope))


def flatter(rate: float, probe: str) -> bool:
    """Whether repetition ends flatter than dropout alone with all its seeds."""
    plain, other = trained(0.0, probe), trained(rate, probe)
    return float(np.abs(other.slopes).max()) < float(np.abs(plain.slopes).min())
