"""The map of the checkpoints page: one unsupervised run, its sentences laid out at every evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders.catalogue import list_encoders
from simcse_core.evaluation.atlas import atlas_of
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.presets import preset
from simcse_core.projection import alignments
from simcse_core.recording.provenance import made, write_compact
from simcse_core.recording.sample import described, measured_sets
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.evaluation import Evaluator
from simcse_core.training.events import Evaluated
from simcse_core.training.loop import train
from simcse_core.training.trainer import Trainer

SENTENCES = 720  # 36 on each of 20 subjects
BASE, EVERY, STEPS = "lab-base", 5, 60
COMMAND = "python -m simcse_core record maps --data DIR"


def config() -> RunConfig:
    """The run that made `lab-unsup`, looked at more often; without `lab-base`, as many steps of `live`."""
    there = any(entry.name == BASE and entry.available for entry in list_encoders())
    run = preset("lab-unsup").config if there else preset("live").config.with_settings({"optim.steps": STEPS})
    return run.with_settings({"evaluation.every": EVERY})


def record(
    out: Path,
    sts: Path | None = None,
    *,
    base: RunConfig | None = None,
    sentences: Sequence[tuple[str, str]] | None = None,
    methods: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Train once, keep the sentences' embeddings at every evaluation, find neighbours, lay out.

    Args:
        out: Target file.
        sts: Folder with the public STS sets; without it only the shipped pairs are scored.
        base: Configuration of the run; a test gives a tiny one.
        sentences: (text, subject) of every point; a balanced sample if None.
        methods: Registered alignments; all if None.
    """
    run = (base or config()).check()
    points = list(sentences if sentences is not None else sample_sentences(SENTENCES))
    texts, subjects = [text for text, _ in points], [subject for _, subject in points]
    sets = measured_sets(sts)
    encoder = encoder_to_train(run)
    how = made(
        COMMAND, seed=run.seed, device=str(encoder.device), config=run.to_dict(),
        precision=str(encoder.dtype).removeprefix("torch."),
        sample={name: described(name, pairs) for name, pairs in sets.items()},
    )  # fmt: skip
    clouds, scores = followed(run, encoder, texts, sets)
    atlas = atlas_of(clouds, texts, subjects, methods=list(alignments) if methods is None else methods)
    result = {"made": how, "scores": scores, "map": atlas.to_dict()}
    write_compact(out, result)
    return result


def followed(
    run: RunConfig, encoder: Any, texts: Sequence[str], sets: Mapping[str, ScoredPairs]
) -> tuple[dict[int, NDArray[np.float32]], list[dict[str, Any]]]:
    """Train `encoder` to the end.

    Args:
        run: Checked.
        encoder: As `encoder_to_train` gives it.
        texts: Whose embeddings are kept.
        sets: Scored pairs by name, the leading one first.

    Returns:
        Step -> (n, d) embeddings at every evaluation; what was measured there, a row each.
    """
    clouds: dict[int, NDArray[np.float32]] = {}
    scores: list[dict[str, Any]] = []

    def keep(step: int, vectors: NDArray[np.float32]) -> str:
        clouds[step] = vectors.copy()
        return ""

    measure = Evaluator(dict(sets), probe=texts, save_probe=keep)
    for event in train(Trainer(run, encoder, load_dataset_records(run.data.train)), measure):
        if isinstance(event, Evaluated):
            numbers = {"mean_cosine": event.mean_cosine, "uniformity": event.uniformity, **event.sets}
            rounded = {name: None if v is None else round(v, 4) for name, v in numbers.items()}
            scores.append({"step": event.step, **rounded})
    return clouds, scores
