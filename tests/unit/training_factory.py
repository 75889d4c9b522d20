"""A run small enough for a test: the tiny checkpoint, a few sentences, a few scored pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from simcse_core.config import RunConfig

SENTENCES = [
    f"the {a} {b} near the {c}"
    for a in ("cat", "dog", "man", "woman")
    for b in ("is", "was")
    for c in ("tree", "house", "river")
]


def tiny_config(folder: Path, checkpoint: Path, **settings: Any) -> RunConfig:
    """Six steps of batch 4, evaluated every 2, in fp32; names of settings with __ for the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "train.txt"
    text.write_text("\n".join(SENTENCES), encoding="utf-8")
    pairs = folder / "pairs.tsv"
    rows = [f"{i % 6}\t{SENTENCES[i]}\t{SENTENCES[(i * 7 + 3) % len(SENTENCES)]}" for i in range(12)]
    pairs.write_text("\n".join(["score\tsentence1\tsentence2", *rows]), encoding="utf-8")
    plain = {
        "encoder.name": str(checkpoint),
        "optim.steps": 6,
        "optim.batch_size": 4,
        "optim.precision": "fp32",
        "optim.device": "cpu",
        "optim.learning_rate": 1e-3,
        "data.train": str(text),
        "evaluation.every": 2,
        "evaluation.sets": str(pairs),
    }
    changed = {key.replace("__", "."): value for key, value in settings.items()}
    return RunConfig().with_settings({**plain, **changed})
