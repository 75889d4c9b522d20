"""Two towers against one: both trained on the same pairs and timed, and a classifier read by cosine."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.data.sts_sets import load_split
from simcse_core.encoders import Encoder
from simcse_core.encoders.cross import CrossEncoder
from simcse_core.errors import ConfigError
from simcse_core.evaluation.towers import Latency, measure_latency
from simcse_core.losses.sbert_softmax import SbertSoftmax
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.presets import preset
from simcse_core.recording.provenance import made, made_alike
from simcse_core.recording.sample import SHIPPED, measured_sets
from simcse_core.runs.execute import encoder_to_train
from simcse_core.runs.files import write_json
from simcse_core.training.cross import CrossTrainer
from simcse_core.training.trainer import Trainer

SEEDS = (42, 43, 44)
STEPS, RATE = 200, 1e-4
EVERY = 40
FULL_SCORE = 5.0
ALIKE = 1  # label of the view `scored`
COUNTS = (10, 100, 1000)
COMMAND = "python -m simcse_core record towers --data DIR"
SAME = ("config", "classifier", "versions", "every", "sample")
"""What must agree before a broken recording is gone on with."""
Scores = NDArray[np.float64]
Judge = Callable[[ScoredPairs], Scores]


def config() -> RunConfig:
    """What both towers share: the preset `sbert-sts`, longer and at a rate that suits both.

    With the preset's own rate, 2e-5, a fresh cross-encoder has hardly begun after so few steps.
    """
    return preset("sbert-sts").config.with_settings({"optim.steps": STEPS, "optim.learning_rate": RATE})


def classifier_config() -> RunConfig:
    """The Sentence-BERT classifier whose encoder is then read by cosine: the same pairs, steps and rate.

    A pair is alike from three fifths of the full score on (view `scored`).
    """
    return config().with_settings({"loss.name": "sbert_softmax", "loss.classes": 2})


def record(
    out: Path,
    sts: Path | None = None,
    *,
    base: RunConfig | None = None,
    classifier: RunConfig | None = None,
    seeds: Sequence[int] = SEEDS,
    counts: Sequence[int] = COUNTS,
) -> dict[str, Any]:
    """Train both towers with every seed, then the classifier, then time both; finished seeds are kept.

    Args:
        out: Target file; until the end what is done is kept beside it.
        sts: Folder with the public STS sets: STS-B train is trained on.
        base: Configuration of both towers; a test gives a tiny one.
        classifier: Configuration of the classifier.
        seeds: One run of each tower per seed.
        counts: Numbers of candidates that are timed.

    Raises:
        ConfigError: No folder with the public STS sets.
    """
    if sts is None:
        raise ConfigError("The recorder towers trains on STS-B train.", hint=f"Give --data DIR: {COMMAND}")
    base, classifier = (base or config()).check(), (classifier or classifier_config()).check()
    pairs, sets = training_pairs(sts), measured_sets(sts)
    partial = out.with_suffix(".partial.json")
    result = _opening(base, classifier, sets)
    kept = made_alike(partial, result["made"], SAME) or made_alike(out, result["made"], SAME) or result
    result["runs"] = [run for run in kept["runs"] if run["seed"] in seeds]
    for seed in seeds:
        if seed not in {run["seed"] for run in result["runs"]}:
            result["runs"].append(one_seed(base.with_settings({"seed": seed}).check(), pairs, sets))
            write_json(partial, result)
    result["mismatch"] = mismatch(classifier, pairs, sets)
    result["latency"] = [_rounded(row) for row in timed(base, counts)]
    text = json.dumps(result, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    out.write_text(text, encoding="utf-8")
    partial.unlink(missing_ok=True)
    return result


def training_pairs(sts: Path) -> ScoredPairs:
    """STS-B train."""
    return load_split(sts, "STS-B", "train")


def _opening(base: RunConfig, classifier: RunConfig, sets: Mapping[str, ScoredPairs]) -> dict[str, Any]:
    encoder = encoder_to_train(base)
    how = made(
        COMMAND, seed=SEEDS[0], device=str(encoder.device), config=base.to_dict(),
        classifier=classifier.to_dict(), every=EVERY, threads=torch.get_num_threads(),
        precision=str(encoder.dtype).removeprefix("torch."),
        sample={name: len(found) for name, found in sets.items()},
    )  # fmt: skip
    return {"made": how, "runs": []}


def one_seed(run: RunConfig, pairs: ScoredPairs, sets: Mapping[str, ScoredPairs]) -> dict[str, Any]:
    """Both towers from one checkpoint, on the same pairs in the same order.

    Args:
        run: Checked; its objective is that of the two towers, the cross-encoder has its own.
        pairs: Trained on.
        sets: Held-out pairs by name, the shipped ones among them, of which every score is kept.
    """
    encoder = encoder_to_train(run)
    trainer = Trainer(run, encoder, pairs)
    bi = _trained(trainer, lambda scored: bi_scores(encoder, scored), sets, run.optim.steps)
    generator = torch.Generator().manual_seed(run.seed)
    cross = CrossEncoder(encoder_to_train(run), generator=generator)
    other = CrossTrainer(run.optim, cross, pairs, seed=run.seed, full_score=FULL_SCORE)
    one = _trained(other, lambda scored: cross_scores(cross, scored), sets, run.optim.steps)
    return {"seed": run.seed, "bi": bi, "cross": one}


def _trained(
    trainer: Trainer | CrossTrainer, judge: Judge, sets: Mapping[str, ScoredPairs], steps: int
) -> dict[str, Any]:
    """Train to the end, measured on its way: losses, seconds of the steps, Spearman by set, last scores."""
    columns: dict[str, dict[str, list[float]]] = {name: {"step": [], "spearman": []} for name in sets}
    losses: list[float] = []
    seconds = 0.0
    while True:
        if trainer.step % EVERY == 0 or trainer.step == steps:
            found = {name: judge(scored) for name, scored in sets.items()}
            for name, scored in sets.items():
                columns[name]["step"].append(trainer.step)
                columns[name]["spearman"].append(round(spearman(found[name], scored.score), 3))
        if trainer.step == steps:
            break
        start = time.perf_counter()
        losses.append(round(trainer.advance().loss, 5))
        seconds += time.perf_counter() - start
    scores = [round(float(value), 3) for value in found[SHIPPED]]
    return {"losses": losses, "seconds": round(seconds, 1), "sets": columns, "scores": scores}


def bi_scores(encoder: Encoder, pairs: ScoredPairs) -> Scores:
    """Cosine of each pair, (n,)."""
    return cosines(*(encoder.encode(side) for side in (pairs.first, pairs.second)))


def cross_scores(cross: CrossEncoder, pairs: ScoredPairs) -> Scores:
    """Score of each pair in [0, 1], (n,)."""
    return cross.score(list(zip(pairs.first, pairs.second, strict=True))).astype(np.float64)


def mismatch(run: RunConfig, trained_on: ScoredPairs, sets: Mapping[str, ScoredPairs]) -> dict[str, Any]:
    """Train the classifier, then read held-out pairs by it and by cosine.

    Args:
        run: Checked; its objective is `sbert_softmax`.
        trained_on: Scored pairs.
        sets: Held-out pairs by name, the shipped ones among them.

    Returns:
        `cosine` and `probability` of being alike of every shipped pair, and by set the Spearman of both with
        the scores, of one with the other, and of the cosine before training.
    """
    encoder = encoder_to_train(run)
    before = {name: spearman(bi_scores(encoder, pairs), pairs.score) for name, pairs in sets.items()}
    trainer = Trainer(run, encoder, trained_on)
    losses = [round(trainer.advance().loss, 5) for _ in range(run.optim.steps)]
    encoder.eval()
    head = cast(SbertSoftmax, trainer.loss).cpu()
    told = {name: _read_twice(encoder, head, pairs) for name, pairs in sets.items()}
    agreement = {
        name: {
            "before": round(before[name], 3),
            "cosine": round(spearman(cosine, sets[name].score), 3),
            "probability": round(spearman(probability, sets[name].score), 3),
            "agreement": round(spearman(cosine, probability), 3),
        }
        for name, (cosine, probability) in told.items()
    }
    cosine, probability = ([round(float(value), 3) for value in column] for column in told[SHIPPED])
    return {"losses": losses, "spearman": agreement, "cosine": cosine, "probability": probability}


def _read_twice(encoder: Encoder, head: SbertSoftmax, pairs: ScoredPairs) -> tuple[Scores, Scores]:
    """Cosine of each pair, and the classifier's probability that it is alike, both (n,)."""
    sides = [torch.from_numpy(encoder.encode(side, normalize=False)) for side in (pairs.first, pairs.second)]
    with torch.no_grad():
        probability = head.logits(*sides).softmax(dim=1)[:, ALIKE].double().numpy()
    return cosines(*(side.numpy() for side in sides)), probability


def timed(run: RunConfig, counts: Sequence[int]) -> list[Latency]:
    """Both towers timed on the shipped sentences."""
    query, *texts = dict.fromkeys(str(text) for text in load_dataset_records("sentences"))
    return list(
        measure_latency(encoder_to_train(run), CrossEncoder(encoder_to_train(run)), query, texts, counts)
    )


def _rounded(row: Latency) -> dict[str, Any]:
    return {name: value if name == "candidates" else round(value, 2) for name, value in asdict(row).items()}
