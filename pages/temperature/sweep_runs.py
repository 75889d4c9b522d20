"""Recorded and own runs as numbers by temperature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simcse_core.config import RunConfig
from simcse_core.errors import SimCSEError
from simcse_core.runs.store import Run, RunStore

Runs = Sequence[Mapping[str, Any]]
GUESSED = (0.001, 0.01, 0.05, 0.1, 0.5, 1.0)
NEW_SEED = 45
BETWEEN = (0.005, 0.02, 0.2)  # on the ladder of the lab, not recorded
LOOKED_AT = 100  # newest runs
FREE = ("preset", "seed", "evaluation")  # what may differ between a recorded run and one beside it


def temperatures(runs: Runs) -> list[float]:
    """Rising, each once."""
    return sorted({float(run["temperature"]) for run in runs})


def seeds(runs: Runs) -> list[int]:
    """In the order they were trained."""
    return list(dict.fromkeys(int(run["seed"]) for run in runs))


def by_temperature(runs: Runs, name: str, measure: str) -> dict[float, dict[int, float]]:
    """Temperature → seed → value after training, on the set `name`."""
    found: dict[float, dict[int, float]] = {tau: {} for tau in temperatures(runs)}
    for run in runs:
        value = run["after"]["sets"][name][measure]
        if value is not None:
            found[float(run["temperature"])][int(run["seed"])] = float(value)
    return {tau: values for tau, values in found.items() if values}


def mean_scores(runs: Runs, name: str) -> dict[float, float]:
    """Temperature → mean rank correlation over the seeds."""
    scores = by_temperature(runs, name, "spearman")
    return {tau: float(np.mean([*values.values()])) for tau, values in scores.items()}


def best(runs: Runs, name: str) -> tuple[float, float, float]:
    """Temperature of the highest mean score, that mean, and the widest spread over seeds anywhere."""
    means = mean_scores(runs, name)
    tau = max(means, key=lambda one: means[one])
    every = by_temperature(runs, name, "spearman").values()
    return tau, means[tau], max(max(v.values()) - min(v.values()) for v in every)


def own(base: Mapping[str, Any], name: str) -> dict[str, list[tuple[float, float, str]]]:
    """Finished runs of this machine that differ from the recorded ones in temperature and seed alone.

    Args:
        base: Configuration of the recorded runs.
        name: Set of scored pairs; alignment and uniformity belong to the first set of a run.

    Returns:
        Measure → (temperature, value, name of the run).
    """
    found: dict[str, list[tuple[float, float, str]]] = {"spearman": [], "alignment": [], "uniformity": []}
    for run in RunStore().list()[:LOOKED_AT]:
        told = _outcome(run, base)
        if told is None:
            continue
        tau, last, lead = told
        values = {"spearman": last["sets"].get(name)}
        if lead == name:
            values |= {measure: last[measure] for measure in ("alignment", "uniformity")}
        for measure, value in values.items():
            if value is not None:
                found[measure].append((tau, float(value), run.id))
    return found


def _outcome(run: Run, base: Mapping[str, Any]) -> tuple[float, Mapping[str, Any], str] | None:
    """Temperature, last evaluation and leading set of a comparable finished run."""
    try:
        config = run.config
    except SimCSEError:
        return None
    if not comparable(config.to_dict(), base):
        return None
    snapshot = run.snapshot()
    if snapshot.status != "finished" or not snapshot.evaluations:
        return None
    tau = float(config.to_dict()["loss"]["temperature"])
    return tau, snapshot.evaluations[-1], config.evaluation.sets.partition(",")[0].strip()


def comparable(config: Mapping[str, Any], base: Mapping[str, Any]) -> bool:
    """Whether two configurations differ in temperature, seed, preset's name and evaluation alone."""

    def rest(plain: Mapping[str, Any]) -> dict[str, Any]:
        full = RunConfig.from_dict(dict(plain)).to_dict()  # settings that came later have their defaults
        kept = {key: value for key, value in full.items() if key not in FREE}
        return {**kept, "loss": {k: v for k, v in full["loss"].items() if k != "temperature"}}

    return rest(config) == rest(base)
