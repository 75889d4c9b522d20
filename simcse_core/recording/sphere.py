"""The spectrum of an encoder while it learns: the home page's run, measured on more sentences."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.evaluation.cone import SENTENCES, digest_of_texts, sample_sentences
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.recording.home import config
from simcse_core.recording.provenance import made
from simcse_core.runs.execute import encoder_to_train
from simcse_core.theory.flattening import flatness
from simcse_core.training.evaluation import CLOSE, scored_sets
from simcse_core.training.events import Evaluated, StepDone
from simcse_core.training.loop import train
from simcse_core.training.trainer import Trainer

STEPS = (0, 2, 5, 10, 20)
"""Optimiser steps after which the encoder is measured."""
PUBLISHED = "minilm"
"""An encoder trained to the end, for comparison: after twenty steps a cone is still left."""


def record(out: Path, *, sentences: int = SENTENCES, last: int = STEPS[-1]) -> dict[str, Any]:
    """Train, measure and write.

    Args:
        out: Target file.
        sentences: How many of the shipped sentences; a test takes fewer.
        last: Stop after this many steps; a test makes the beginning again.

    Returns:
        What was written; `published` is None where the run stopped early.
    """
    run = config(stsb=False, steps=0).check()
    encoder = encoder_to_train(run)
    follower = _Follower([text for text, _ in sample_sentences(sentences)])
    for event in train(Trainer(run, encoder, load_dataset_records(run.data.train)), follower):
        if not isinstance(event, StepDone) and event.step >= last:
            break
    result = {
        "made": made(
            "python -m simcse_core record sphere",
            seed=run.seed,
            device=str(encoder.device),
            precision=str(encoder.dtype).removeprefix("torch."),
            config=run.to_dict(),
        ),
        "sentences": sentences,
        "sentences_sha256": digest_of_texts(follower.texts),
        "positives": follower.positives,
        "steps": follower.steps,
        "published": {"encoder": PUBLISHED, **follower.measure(_published())} if last == STEPS[-1] else None,
    }
    out.write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    return result


def _published() -> Encoder:
    return load_encoder(PUBLISHED, device="cpu", precision="fp32")


class _Follower:
    """Evaluates at `STEPS` only, and collects what the page shows."""

    def __init__(self, texts: list[str]) -> None:
        self.texts = texts
        pairs = scored_sets("pairs")["pairs"]
        close = np.flatnonzero(pairs.score > CLOSE)
        self.first = [pairs.first[i] for i in close]
        self.second = [pairs.second[i] for i in close]
        self.positives = len(close)
        self.steps: list[dict[str, Any]] = []

    def __call__(self, encoder: Encoder, step: int) -> Evaluated:
        if step in STEPS:
            self.steps.append({"step": step, **self.measure(encoder)})
        last = self.steps[-1]
        return Evaluated(
            step=step,
            alignment=last["alignment"],
            uniformity=last["uniformity"],
            mean_cosine=last["mean_cosine"],
            effective_rank=last["effective_rank"],
            spearman=None,
            sets={},
        )

    def measure(self, encoder: Encoder) -> dict[str, Any]:
        """Spectrum, bound and spread of the sentences; alignment of the positives."""
        rows = encoder.encode(self.texts)
        close = alignment(encoder.encode(self.first), encoder.encode(self.second))
        return {"alignment": close, "mean_cosine": mean_cosine(rows), **flatness(rows).to_dict()}
