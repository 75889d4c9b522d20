"""The training lab's run: the preset `live`, measured every second step, with the space it moved."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simcse_core.config import RunConfig
from simcse_core.errors import TrainingError
from simcse_core.evaluation.space import Space, space_of
from simcse_core.figures.histograms import EDGES
from simcse_core.presets import preset
from simcse_core.recording.provenance import made
from simcse_core.runs.store import Run, RunStore

EVERY = 2
STEP_FIELDS = ("step", "loss", "learning_rate", "grad_norm", "sentences_per_second")
EVALUATION_FIELDS = ("step", "alignment", "uniformity", "mean_cosine", "effective_rank", "spearman", "sets")


def config(*, sts: bool) -> RunConfig:
    """What is recorded; STS-B test is measured beside the shipped pairs where it is at hand."""
    sets = "pairs,stsb-test" if sts else "pairs"
    return preset("live").config.with_settings({"evaluation.every": EVERY, "evaluation.sets": sets})


def record(out: Path, sts: Path | None = None) -> dict[str, Any]:
    """Train by way of a run folder, as the page does, and write what the page needs.

    Args:
        out: Target file.
        sts: Folder with the public STS sets; without it only the shipped pairs are scored.

    Raises:
        TrainingError: The run did not finish.
    """
    from simcse_core.runs.execute import execute

    with tempfile.TemporaryDirectory() as folder, _sts_at(sts):
        run = RunStore(Path(folder)).create(config(sts=sts is not None))
        if execute(run) != "finished":
            raise TrainingError(f"The recorded run did not finish: {run.snapshot().error}")
        result = _told(run)
    out.write_text(json.dumps(result, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return result


def space(run: Run) -> Space:
    """The probe sentences of a run folder at every evaluation whose embeddings were kept.

    Raises:
        DataError: None were kept.
    """
    kept = {e["step"]: run.probe(e["step"]) for e in run.snapshot().evaluations}
    texts = run.probe_texts()
    return space_of(
        {step: rows for step, rows in kept.items() if rows is not None},
        [row["text"] for row in texts],
        [row["subject"] for row in texts],
        edges=EDGES,
    )


def _told(run: Run) -> dict[str, Any]:
    snapshot = run.snapshot()
    config = run.config
    return {
        "made": made(
            "python -m simcse_core record lab --data DIR",
            seed=config.seed,
            device=snapshot.started["device"],
            precision=snapshot.started["precision"],
            sentences=snapshot.started["sentences"],
            seconds=round(snapshot.seconds, 2),
            config=config.to_dict(),
        ),
        "steps": [{k: e[k] for k in STEP_FIELDS} for e in snapshot.steps],
        "evaluations": [{k: e[k] for k in EVALUATION_FIELDS} for e in snapshot.evaluations],
        "space": space(run).to_dict(),
    }


@contextmanager
def _sts_at(folder: Path | None) -> Iterator[None]:
    """Let the data sets find the public folder for the time of the run."""
    before = os.environ.get("SIMCSE_STS_DIR")
    if folder is not None:
        os.environ["SIMCSE_STS_DIR"] = str(folder)
    try:
        yield
    finally:
        if folder is not None:
            os.environ.pop("SIMCSE_STS_DIR")
            if before is not None:
                os.environ["SIMCSE_STS_DIR"] = before
