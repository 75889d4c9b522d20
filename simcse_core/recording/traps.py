"""The traps: length bias and word repetition, sizes of the batch, false negatives in one, Chinese."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records, load_scored_pairs
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.evaluation import length_bias as bias
from simcse_core.evaluation.false_negatives import flagged_pairs
from simcse_core.evaluation.in_batch import JUDGE, draw_batch, false_negatives, view_cosines
from simcse_core.evaluation.language import pieces
from simcse_core.evaluation.length_probe import RANDOM_PAIRS, Probe, probes_of
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.presets import preset
from simcse_core.recording.provenance import made, made_alike, write_compact
from simcse_core.recording.sample import described, measured_sets
from simcse_core.recording.temperature import judge_facts, packed
from simcse_core.runs.execute import encoder_to_train
from simcse_core.runs.files import write_json
from simcse_core.search.background import Background, background_sentences
from simcse_core.theory.remedies import remedies
from simcse_core.training.evaluation import Evaluator, Starts
from simcse_core.training.trainer import Trainer
from simcse_core.views import views

RATES = (0.0, 0.1, 0.2, 0.32, 0.5)
"""Largest share of a sentence that is repeated; 0 leaves dropout alone."""
SIZES = (64, 8, 16, 32, 128)
"""Batch sizes in the order they are trained: the one of the preset first."""
OBJECTIVES = ("info_nce", "gs_info_nce")
NOISE = 3
"""Noise negatives per sentence of the batch, as published for 64."""
SEEDS = (42, 43, 44)
LEAST_FOR_SAME_SENTENCES = 16
"""Smallest batch that is also trained until it has seen as many sentences as the preset does."""
MEASURES = ("spearman", "alignment", "uniformity", "mean_cosine")
BATCH = (("video-clips",), 32, 2, 0)  # subjects, size, pairs of paraphrases, seed
SETTINGS = {"temperature": 0.05, "prior": 0.1, "other_temperature": 0.1}
"""Of the remedies against false negatives that the page opens with."""
DROPOUT = 0.1
ENCODERS = ("minilm:4", "minilm")
"""Checkpoints that read Chinese."""
COMMAND = "python -m simcse_core record traps --data DIR"
SAME = ("config", "versions", "sample", "random", "noise")
"""What must agree before a broken recording is gone on with."""


def config() -> RunConfig:
    """What all runs change in one place: the preset `live`."""
    return preset("live").config


@dataclass(frozen=True)
class Task:
    """One run: its name in the recording, what it changes, and after which steps it is measured."""

    part: str
    name: Mapping[str, Any]
    changed: Mapping[str, Any]
    stops: tuple[int, ...]


def tasks(base: RunConfig, rates: Sequence[float], sizes: Sequence[int], seeds: Sequence[int]) -> list[Task]:
    """Every run, seed by seed, so that a broken recording has all of one seed before a second one."""
    found = []
    for seed in seeds:
        for rate in rates:
            changed = {"view.name": "repetition", "view.rate": rate, "seed": seed}
            found.append(Task("length", {"rate": rate, "seed": seed}, changed, (base.optim.steps,)))
        for size in sizes:
            for objective in OBJECTIVES:
                changed = {"optim.batch_size": size, "loss.name": objective, "seed": seed}
                if objective == "gs_info_nce":
                    changed["loss.noise_count"] = NOISE * size
                name = {"size": size, "objective": objective, "seed": seed}
                found.append(Task("batch", name, changed, stops(base, size)))
    return found


def stops(base: RunConfig, size: int) -> tuple[int, ...]:
    """Steps after which a batch size is measured: as many steps as the preset, and as many sentences.

    The rate is constant and a batch depends on the seed and the step alone, so the shorter run is the
    beginning of the longer one.
    """
    steps, seen = base.optim.steps, base.optim.steps * base.optim.batch_size
    same = seen // size if size >= LEAST_FOR_SAME_SENTENCES else steps
    return tuple(sorted({steps, max(1, same)}))


def record(
    out: Path,
    sts: Path | None = None,
    *,
    base: RunConfig | None = None,
    rates: Sequence[float] = RATES,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
    encoders: Sequence[str] = ENCODERS,
) -> dict[str, Any]:
    """Measure what needs no training, then train every run; what is recorded in the same way is kept.

    Args:
        out: Target file, written after each seed; the runs of a seed in progress are kept beside it.
        sts: Folder with the public STS sets; without it only the shipped pairs are scored.
        base: Configuration of all runs; a test gives a tiny one.
        rates: Of word repetition, 0 among them.
        sizes: Of the batch.
        seeds: One run each.
        encoders: Checkpoints that read Chinese; the first also reads the batch with false negatives.
    """
    base = (base or config()).check()
    sets = measured_sets(sts)
    every = tasks(base, rates, sizes, seeds)
    partial = out.with_suffix(".partial.json")
    start = encoder_to_train(base)
    lead = next(iter(sets))
    probes = probes_of(start, background_sentences(), {lead: sets[lead]})
    result = _opening(base, start, sets, probes, encoders)
    result["added"] = {f"{rate:g}": added(base, start, rate) for rate in rates}
    done = _kept(partial, result["made"]) or _kept(out, result["made"])
    starts: Starts = {}
    for number, task in enumerate(every):
        if not any(_is(run, task) for run in done):
            done.append({"part": task.part, **run_once(base, task, sets, probes, starts)})
            write_json(partial, {"made": result["made"], "runs": done})
            print(f"{number + 1} of {len(every)}: {task.part} {dict(task.name)}", flush=True)  # noqa: T201
        result["runs"] = [run for t in every[: number + 1] for run in done if _is(run, t)]
        if number + 1 == len(every) or every[number + 1].name["seed"] != task.name["seed"]:
            write_compact(out, result)
    partial.unlink(missing_ok=True)
    return result


def _is(run: Mapping[str, Any], task: Task) -> bool:
    """Whether a recorded run is that of a task."""
    return run["part"] == task.part and all(run[key] == value for key, value in task.name.items())


def _kept(file: Path, how: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Runs that a recording of the same configuration by the same versions left in a file."""
    found = made_alike(file, how, SAME) or {"runs": []}
    return [run for run in found["runs"] if run["stops"] == list(_stops_of(run, how))]


def _stops_of(run: Mapping[str, Any], how: Mapping[str, Any]) -> tuple[int, ...]:
    base = RunConfig.from_dict(how["config"])
    return stops(base, run["size"]) if run["part"] == "batch" else (base.optim.steps,)


def _opening(
    base: RunConfig,
    start: Encoder,
    sets: Mapping[str, ScoredPairs],
    probes: Mapping[str, Probe],
    encoders: Sequence[str],
) -> dict[str, Any]:
    """Everything that is known before the first run."""
    how = made(
        COMMAND, seed=SEEDS[0], device=str(start.device), config=base.to_dict(), noise=NOISE,
        sample={name: described(name, pairs) for name, pairs in sets.items()},
        random={"pairs": RANDOM_PAIRS, "sentences": len(background_sentences()), "resamples": bias.RESAMPLES},
    )  # fmt: skip
    return {
        "made": how,
        "probes": {name: probe.described() for name, probe in probes.items()},
        "before": {
            "length": {name: probe.measured(start) for name, probe in probes.items()},
            "sets": _scores(start, sets, 0, {}),
        },
        "batch": negatives(encoders[0]),
        "chinese": {name: chinese(name) for name in encoders},
        "runs": [],
    }


def run_once(
    base: RunConfig,
    task: Task,
    sets: Mapping[str, ScoredPairs],
    probes: Mapping[str, Probe],
    starts: Starts,
) -> dict[str, Any]:
    """Train one task; scores at each of its stops, length bias after the last where it is about length."""
    run = base.with_settings({**task.changed, "optim.steps": task.stops[-1]}).check()
    encoder = encoder_to_train(run)
    trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
    told: dict[str, Any] = {**task.name, "stops": list(task.stops), "losses": [], "sets": []}
    for step, loss in _steps(trainer):
        told["losses"].append(round(loss, 6))
        if step in task.stops:
            told["sets"].append(_scores(encoder, sets, step, starts))
    told["precision"] = str(encoder.dtype).removeprefix("torch.")
    if task.part == "length":
        told["length"] = {name: probe.measured(encoder) for name, probe in probes.items()}
    return told


def _steps(trainer: Trainer) -> Iterator[tuple[int, float]]:
    while trainer.step < trainer.config.optim.steps:
        loss = trainer.advance().loss
        yield trainer.step, loss


def _scores(
    encoder: Encoder, sets: Mapping[str, ScoredPairs], step: int, starts: Starts
) -> dict[str, dict[str, float | None]]:
    found = {}
    for name, pairs in sets.items():
        event = Evaluator({name: pairs}, starts=starts)(encoder, step)
        values = {measure: getattr(event, measure) for measure in MEASURES}
        found[name] = {key: None if value is None else round(value, 5) for key, value in values.items()}
    return found


def added(base: RunConfig, encoder: Encoder, rate: float) -> float:
    """By how many tokens the positive is longer than its anchor, mean over the training sentences."""
    texts = [str(text) for text in load_dataset_records(base.data.train)]
    roles = views["repetition"](texts, np.random.default_rng(0), encoder.text_tokenizer, rate=rate)
    longer = [len(b) - len(a) for a, b in zip(roles["anchor"], roles["positive"], strict=True)]
    return round(float(np.mean(longer)), 3)


def negatives(name: str) -> dict[str, Any]:
    """A batch with paraphrases in it: what the judge says, and the push that every negative receives."""
    subjects, size, paraphrases, seed = BATCH
    batch = draw_batch(subjects, size, paraphrases=paraphrases, seed=seed)
    judge = load_encoder(JUDGE, device="cpu", precision="fp32")
    told = judge_facts(judge)
    rows = judge.encode(batch.texts).astype(np.float64)
    judged = np.clip(rows @ rows.T, -1.0, 1.0)
    encoder = load_encoder(name, device="cpu", precision="fp32")
    seen = view_cosines(encoder, batch.texts, dropout=DROPOUT, seed=seed)
    found = remedies(seen, judged, threshold=told["threshold"], **SETTINGS)
    flags = false_negatives(judged, told["threshold"], batch.groups)
    return {
        "encoder": name, "dropout": DROPOUT, "judge": told, "settings": dict(SETTINGS),
        "drawn": {"subjects": list(subjects), "size": size, "paraphrases": paraphrases, "seed": seed},
        "texts": list(batch.texts), "groups": list(batch.groups),
        "cosines": packed(seen), "judged": packed(judged), "flagged": flagged_pairs(flags),
        "remedies": {
            way: {"gradient": packed(one.gradient), "shares": packed(one.shares), "silent": one.silent}
            for way, one in found.items()
        },
    }  # fmt: skip


def chinese(name: str) -> dict[str, Any]:
    """An English checkpoint on Chinese: tokens, cosines, and random pairs of either language."""
    encoder = load_encoder(name, device="cpu", precision="fp32")
    pairs, english = load_scored_pairs("pairs-zh"), load_scored_pairs("pairs")
    texts = {"en": background_sentences(), "zh": [str(text) for text in load_dataset_records("sentences-zh")]}
    scored = {}
    for language, one in (("zh", pairs), ("en", english)):
        scored[language] = cosines(encoder.encode(one.first), encoder.encode(one.second))
    sides = [[pieces(encoder, text) for text in side] for side in (pairs.first, pairs.second)]
    return {
        "unknown": encoder.special.get("unk_token"),
        "tokens": [list(pair) for pair in zip(*sides, strict=True)],
        "cosines": [round(float(value), 5) for value in scored["zh"]],
        "spearman": {"zh": spearman(scored["zh"], pairs.score), "en": spearman(scored["en"], english.score)},
        "backgrounds": {
            language: Background.measure(encoder.encode(some)).to_dict() for language, some in texts.items()
        },
    }
