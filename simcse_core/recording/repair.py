"""Repairs, recorded: what each does to several encoders, fitted elsewhere and on the scored sentences."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.data.sts_sets import Task, load_task
from simcse_core.encoders import Encoder, list_encoders, load_encoder
from simcse_core.errors import DataError
from simcse_core.evaluation.cone import digest_of_texts, fitted
from simcse_core.evaluation.repairs import (
    COUNTS,
    EDGES,
    ELSEWHERE,
    RANKS,
    TARGET,
    Target,
    default_variant,
    effect,
    key_of,
    learning_of,
    learns_in_passes,
    other_sentences,
    variants,
)
from simcse_core.evaluation.sts import evaluate_task
from simcse_core.metrics.sts import cosines
from simcse_core.postprocess import PostProcessor, postprocessors
from simcse_core.recording.provenance import made, made_alike, write_compact
from simcse_core.runs.files import write_json

ENCODERS = ("lab-base", "lab-unsup", "lab-sup", "minilm:4", "minilm")
"""Before training, after it, and one trained on much more, cut and whole; as far as they are there."""
POOLINGS = ("mean", "cls_before_pooler")
TASKS = ("STS-B", "STS12")
"""Public tasks whose scores are recorded where they are there: one subset, and five that differ in scale."""
TASK_KS = (32, 64, 128, 256)
AGGREGATIONS = ("all", "mean", "wmean")
BEGINNING = 60  # pairs that the test embeds again
COMMAND = "python -m simcse_core record repair --data DIR"
SAME = ("versions", "config")
"""What must agree before a broken recording is gone on with."""

Rows = NDArray[np.float32]


def record(
    out: Path,
    sts: Path | None = None,
    *,
    encoders: Sequence[str] = ENCODERS,
    poolings: Sequence[str] = POOLINGS,
    counts: Sequence[int] = COUNTS,
    pairs: ScoredPairs | None = None,
) -> dict[str, Any]:
    """Embed, repair in every way, measure and write; what is recorded in the same way already is kept.

    Args:
        out: Target file, written at the end; what is measured so far is kept beside it.
        sts: Folder with the public STS sets; without it only the shipped pairs are scored.
        encoders: Names; those of the shipped list whose files are not here are left out.
        poolings: Read-outs.
        counts: Sentences fitted on elsewhere, rising.
        pairs: The scored pairs; a test gives a few.
    """
    scored = pairs if pairs is not None else cast(ScoredPairs, load_dataset_records("pairs"))
    other = other_sentences(scored, counts[-1])
    tasks = [load_task(sts, name) for name in TASKS] if sts is not None else []
    partial = out.with_suffix(".partial.json")
    result = _opening(scored, other, poolings, counts, tasks)
    kept = _kept(out, result["made"]) | _kept(partial, result["made"])
    for name in available(encoders):
        for pooling in poolings:
            encoder = load_encoder(name, pooling=pooling, device="cpu", precision="fp32", repaired=False)
            known = kept.get(f"{name}/{pooling}")
            if known is None or known["digest"] != encoder.digest:
                known = measured(encoder, scored, other, counts, tasks)
            result["encoders"][f"{name}/{pooling}"] = {"name": name, **known}
            write_json(partial, result)
    write_compact(out, result)
    partial.unlink(missing_ok=True)
    return result


def available(encoders: Sequence[str]) -> list[str]:
    """The names whose files are here; a folder or an id is taken at its word."""
    here = {entry.name for entry in list_encoders() if entry.available}
    return [name for name in encoders if name not in ENCODERS or name.partition(":")[0] in here]


def _opening(
    scored: ScoredPairs,
    other: Sequence[str],
    poolings: Sequence[str],
    counts: Sequence[int],
    tasks: Sequence[Task],
) -> dict[str, Any]:
    config = {
        "poolings": list(poolings), "counts": list(counts), "repairs": list(postprocessors),
        "pairs": len(scored), "pairs_sha256": digest_of_texts(scored.sentences()),
        "sentences": len(scored.sentences()), "elsewhere": len(other),
        "elsewhere_sha256": digest_of_texts(other), "tasks": {t.name: len(t.pairs()) for t in tasks},
    }  # fmt: skip
    how = made(COMMAND, seed=0, device="cpu", precision="fp32", config=config)
    return {"made": how, "edges": EDGES.tolist(), "ranks": list(RANKS), "encoders": {}}


def _kept(file: Path, how: Mapping[str, Any]) -> dict[str, Any]:
    found = made_alike(file, how, SAME)
    return {} if found is None else dict(found["encoders"])


def measured(
    encoder: Encoder,
    scored: ScoredPairs,
    other: Sequence[str],
    counts: Sequence[int],
    tasks: Sequence[Task] = (),
) -> dict[str, Any]:
    """Everything about one encoder in one read-out.

    Args:
        encoder: Without repairs of its own.
        scored: Pairs that judge.
        other: Sentences to fit on elsewhere.
        counts: How many of them, rising.
        tasks: Public tasks to score besides.

    Returns:
        `before`, `states` by `key_of` (or why one was refused), `learning` of the flows, `beginning`, `sts`.
    """
    began = time.monotonic()
    rows = encoder.encode(other, normalize=False)
    target = Target.embedded(encoder, scored)
    states: dict[str, Any] = {}
    learning: dict[str, Any] = {}
    kept: dict[str, PostProcessor] = {}
    for name, settings, corpus, count in plan(target.rows.shape[1], counts):
        key = key_of(name, settings, corpus, count)
        given = target.rows if corpus == TARGET else rows[:count]
        started = time.monotonic()
        try:
            repair = cast(PostProcessor, fitted(name, given, **settings))
            states[key] = effect(target, repair, given).to_dict()
        except DataError as error:
            states[key] = {"refused": error.message, "hint": error.hint}
            continue
        if learns_in_passes(name):
            learning[key] = learning_of(repair, target.rows, time.monotonic() - started)
        if corpus == ELSEWHERE and count == counts[-1]:
            kept[key] = repair
    return {
        "pooling": encoder.pooling, "digest": encoder.digest, "dimension": encoder.dimension,
        "layers": encoder.layers, "before": effect(target).to_dict(), "states": states, "learning": learning,
        "beginning": _beginning(target), "sts": {task.name: _task(encoder, task, kept) for task in tasks},
        "seconds": round(time.monotonic() - began, 1),
    }  # fmt: skip


def plan(width: int, counts: Sequence[int]) -> Iterator[tuple[str, dict[str, Any], str, int]]:
    """What is fitted: repair, settings, corpus and number of sentences (0: all of the target).

    A flow takes seconds to minutes, so it is learned once elsewhere and once on the target.
    """
    for name in postprocessors:
        for settings in variants(name, width):
            for count in counts:
                if count == counts[-1] or not learns_in_passes(name):
                    yield name, settings, ELSEWHERE, count
            yield name, settings, TARGET, 0


def _beginning(target: Target) -> list[float]:
    """Cosines of the first pairs, as the encoder gives them."""
    found = cosines(target.rows[target.first[:BEGINNING]], target.rows[target.second[:BEGINNING]])
    return [round(float(cosine), 4) for cosine in found]


def _task(encoder: Encoder, task: Task, kept: Mapping[str, PostProcessor]) -> dict[str, list[float | None]]:
    """Scores of a public task under all aggregations, by `before` or key; flows are fitted elsewhere only."""
    texts = task.pairs().sentences()
    rows = encoder.encode(texts, normalize=False)
    place = {text: row for row, text in enumerate(texts)}
    found = {"before": _scores(task, rows, place, None)}
    for name in postprocessors:
        for settings in (default_variant(name), *({"k": k} for k in TASK_KS)):
            key = key_of(name, settings, TARGET, 0)
            other = next((k for k in kept if k.startswith(key.partition("|")[0] + "|")), None)
            if other is None or key in found:
                continue
            found[other] = _scores(task, rows, place, kept[other])
            if not learns_in_passes(name):
                found[key] = _scores(task, rows, place, fitted(name, rows, **settings))
    return found


def _scores(
    task: Task, rows: Rows, place: Mapping[str, int], repair: PostProcessor | None
) -> list[float | None]:
    done: Any = rows if repair is None else repair.transform(rows)
    result = evaluate_task(lambda texts: done[[place[text] for text in texts]], task, bootstrap=0)
    values = (result.spearman[name] for name in AGGREGATIONS)
    return [None if value is None else round(value, 2) for value in values]
