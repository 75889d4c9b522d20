"""The home page's run: unsupervised SimCSE, measured after every step."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.encoders import Encoder
from simcse_core.figures.histograms import EDGES, density
from simcse_core.metrics.anisotropy import mean_cosine, random_pair_cosines
from simcse_core.presets import preset
from simcse_core.recording.checkpoints import BEFORE
from simcse_core.recording.provenance import made
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.evaluation import Evaluator, probe_sentences, scored_sets
from simcse_core.training.events import Evaluated, StepDone
from simcse_core.training.loop import train
from simcse_core.training.trainer import Trainer

EXAMPLES = (
    (
        "A man is playing a guitar on the stage.",
        "The central bank left interest rates unchanged.",
        "unrelated",
    ),
    ("She forgot to water the tomatoes.", "The tomatoes were not watered because she forgot.", "paraphrase"),
    ("The train to Leeds was late again.", "The train to Leeds was on time again.", "negation"),
)


def config(*, stsb: bool, steps: int) -> RunConfig:
    """`live` from our masked language model, measured after every step; STS-B test leads if it is there."""
    sets = "stsb-test,pairs" if stsb else "pairs"
    full = preset("live").config
    settings = {"evaluation.every": 1, "evaluation.sets": sets, "encoder.name": BEFORE}
    # the schedule of the whole run also when only its beginning is made again
    return full.with_settings({**settings, "optim.steps": max(steps, full.optim.steps)})


def record(out: Path, *, sts: Path | None = None, steps: int | None = None) -> dict[str, Any]:
    """Train, measure and write.

    Args:
        out: Target file.
        sts: Folder with the public STS sets; without it only the shipped pairs are scored.
        steps: Stop after this many steps (a test makes the beginning again); None for the whole run.
    """
    run = config(stsb=sts is not None, steps=0).check()
    encoder = encoder_to_train(run)
    trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
    follower = _Follower(_sets(run, sts))
    last = run.optim.steps if steps is None else steps
    loss = None
    for event in train(trainer, follower.evaluator):
        if isinstance(event, StepDone):
            loss = event.loss
        else:
            follower.measure(encoder, event, loss)
            if event.step >= last:
                break
    result = follower.result(
        made(
            "python -m simcse_core record home --data DIR",
            seed=run.seed,
            device=str(encoder.device),
            precision=str(encoder.dtype).removeprefix("torch."),
            config=run.to_dict(),
        )
    )
    out.write_text(json.dumps(result, allow_nan=False), encoding="utf-8")
    return result


def _sets(run: RunConfig, sts: Path | None) -> dict[str, Any]:
    if sts is None:
        return scored_sets(run.evaluation.sets)
    from simcse_core.data.readers import read_scored_pairs

    return {"stsb-test": read_scored_pairs(sts / "STS-B" / "test.tsv"), **scored_sets("pairs")}


@dataclass
class _Follower:
    """Collects what the page shows after every evaluation."""

    sets: dict[str, Any]
    steps: list[dict[str, Any]] = field(default_factory=list)
    examples: list[list[float]] = field(default_factory=list)
    clouds: list[NDArray[np.float32]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.probe = probe_sentences()
        self.vectors: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        self.evaluator = Evaluator(self.sets, probe=[t for t, _ in self.probe], save_probe=self._keep)

    def _keep(self, step: int, vectors: NDArray[np.float32]) -> str:
        self.vectors = vectors
        return ""

    def measure(self, encoder: Encoder, event: Evaluated, loss: float | None) -> None:
        cosines = random_pair_cosines(self.vectors, pairs=20_000, seed=0)
        self.steps.append(
            {
                "step": event.step,
                "loss": loss,
                "alignment": event.alignment,
                "uniformity": event.uniformity,
                "mean_cosine": mean_cosine(self.vectors),  # of the sentences that are drawn
                "mean_cosine_lead": event.mean_cosine,  # of the leading set, as alignment and uniformity
                "effective_rank": event.effective_rank,
                "spearman": dict(event.sets),
                "cosine_hist": [round(float(v), 4) for v in density(cosines, EDGES)],
            }
        )
        first, second = (encoder.encode([e[side] for e in EXAMPLES]).astype(np.float64) for side in (0, 1))
        self.examples.append([float(c) for c in (first * second).sum(axis=1)])
        self.clouds.append(self.vectors)

    def result(self, how: dict[str, Any]) -> dict[str, Any]:
        """The recorded file's content."""
        numbers = [s["step"] for s in self.steps]
        return {
            "made": how,
            "sentences": len(self.probe),
            "bins": [round(float(edge), 4) for edge in EDGES],
            "steps": self.steps,
            "examples": [
                {"first": a, "second": b, "kind": kind, "cosines": [row[i] for row in self.examples]}
                for i, (a, b, kind) in enumerate(EXAMPLES)
            ],
            "sphere": {
                "texts": [t for t, _ in self.probe],
                "subjects": [s for _, s in self.probe],
                "steps": numbers,
                "points": _sphere(self.clouds),
            },
        }


def _sphere(clouds: Sequence[NDArray[np.float32]]) -> str:
    """Unit points on three main directions of the first and last cloud, (steps, n, 3) float16, base64."""
    basis = np.linalg.svd(np.concatenate([clouds[0], clouds[-1]]), full_matrices=False)[2][:3]  # (3, d)
    points = np.stack([cloud @ basis.T for cloud in clouds])
    points /= np.linalg.norm(points, axis=-1, keepdims=True)
    return base64.b64encode(points.astype("<f2").tobytes()).decode()
