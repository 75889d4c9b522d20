"""Runs of this machine that differ from the recorded ones in how positives are made."""

from __future__ import annotations

import dataclasses

import numpy as np

from pages.race.recorded import recorded
from pages.ui.text import t
from simcse_core.config import RunConfig
from simcse_core.errors import SimCSEError
from simcse_core.figures.race import OWN, Runner
from simcse_core.runs.store import Run, RunStore

LOOKED_AT, MOST = 100, 4
NEW_SEED = 45


def comparable(config: RunConfig, base: RunConfig) -> bool:
    """Whether two configurations differ in view, dropout, seed, preset's name and evaluation alone."""
    alike = dataclasses.replace(
        config,
        seed=base.seed,
        preset=base.preset,
        evaluation=base.evaluation,
        view=base.view,
        encoder=dataclasses.replace(config.encoder, dropout=base.encoder.dropout),
    )
    return alike == base


def own_runners(measured_on: str) -> list[Runner]:
    """The newest comparable runs that were measured on this set first, which is where alignment belongs."""
    base = RunConfig.from_dict(recorded()["made"]["config"])
    found: list[Runner] = []
    for run in RunStore().list()[:LOOKED_AT]:
        if len(found) == MOST:
            break
        told = _runner(run, base, measured_on, len(found))
        if told is not None:
            found.append(told)
    return found


def _runner(run: Run, base: RunConfig, measured_on: str, place: int) -> Runner | None:
    try:
        config = run.config
    except SimCSEError:
        return None
    if config.evaluation.sets.partition(",")[0].strip() != measured_on or not comparable(config, base):
        return None
    rows = [e for e in run.snapshot().evaluations if e["alignment"] is not None]
    if len(rows) < 2:
        return None
    columns = {
        measure: np.array([[row[measure] for row in rows]], dtype=np.float64)
        for measure in ("alignment", "uniformity", "spearman")
    }
    name = t("race.own.name", view=config.view.name.replace("_", " "), id=run.id.rpartition("-")[2])
    look = OWN[place % len(OWN)]
    return Runner(name, look, [int(row["step"]) for row in rows], **columns, seeds=[config.seed])
