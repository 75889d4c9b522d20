"""A small made-up recording of the map: sentences that find their subject within a few steps."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np

from simcse_core.evaluation.atlas import Atlas, atlas_of
from simcse_core.presets import preset
from simcse_core.recording import maps
from simcse_core.runs.files import write_json
from simcse_core.runs.store import RunStore
from tests.app.apptest import assets_with

SUBJECTS = ("recipes", "sport", "weather")
COUNT = 36
STEPS = (0, 10, 20, 30)


LOST = 35
"""Row of the sentence that ends among those of another subject."""


def clouds() -> dict[int, np.ndarray]:
    """(n, d) embeddings by step: a common direction gives way to that of the subject."""
    rng = np.random.default_rng(3)
    centres, own = rng.standard_normal((3, 12)), rng.standard_normal((COUNT, 12))
    common, about = rng.standard_normal(12), np.arange(COUNT) % 3
    found = {s: common * (30 - s) / 10 + 0.5 * own + centres[about] * s / 10 for s in STEPS}
    found[STEPS[-1]][LOST] = centres[0] * 3 + 0.5 * own[LOST]
    return found


@cache
def made_atlas() -> Atlas:
    """The map of `clouds`."""
    texts = [f"sentence {i} about {SUBJECTS[i % 3]} & <b>more</b>" for i in range(COUNT)]
    subjects = [SUBJECTS[i % 3] for i in range(COUNT)]
    return atlas_of(clouds(), texts, subjects, methods=("pca", "pca_rotated"))


@cache
def made_recording() -> str:
    """The file's content."""
    scores = [{"step": step, "mean_cosine": 0.5, "uniformity": -1.0, "pairs": 60.0} for step in STEPS]
    how = {
        "config": maps.config().to_dict(), "seed": 42, "precision": "float32", "device": "cpu",
        "date": "2026-01-02", "command": maps.COMMAND,
    }  # fmt: skip
    return json.dumps({"made": how, "scores": scores, "map": made_atlas().to_dict()})


def maps_assets(folder: Path) -> str:
    """The repository's assets under `folder`, with this recording in place of all others."""
    return str(assets_with("maps", made_recording(), folder))


def made_run(folder: Path) -> str:
    """A run that kept sentences at every evaluation."""
    run = RunStore(folder / "runs").create(preset("live").config)
    for step, rows in clouds().items():
        run.save_probe(step, rows.astype(np.float32))
    texts = [
        {"text": a, "subject": b} for a, b in zip(made_atlas().texts, made_atlas().subjects, strict=True)
    ]
    write_json(run.folder / "probe" / "texts.json", texts)
    return run.id
