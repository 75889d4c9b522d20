"""Every objective on the same triples: same seeds, same order, same steps, measured all along the way."""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.compare import (
    PairCosines,
    auc,
    difference_of_means,
    negatives,
    positives,
    resample,
    stacked,
)
from simcse_core.evaluation.packing import packed_cosines, unpacked_cosines
from simcse_core.figures.histograms import density
from simcse_core.losses import losses
from simcse_core.presets import preset
from simcse_core.recording.provenance import made, made_alike, write_compact
from simcse_core.recording.sample import SHIPPED, described, measured_sets
from simcse_core.runs.execute import encoder_to_train
from simcse_core.runs.files import write_json
from simcse_core.training.comparison import for_loss
from simcse_core.training.evaluation import Evaluator, Starts
from simcse_core.training.fitting import losses_for
from simcse_core.training.trainer import Trainer
from simcse_core.views import record_kind

SEEDS = (42, 43, 44)
EVERY = 5
DATA = "triples"
BATCH = 32  # triples have three rows each: four objectives live in about a minute on two cores
MEASURES = ("spearman", "alignment", "uniformity", "mean_cosine")
BINS: NDArray[np.float64] = np.round(np.linspace(-1.0, 1.0, 81), 3)
"""All cosines: some objectives push pairs below 0."""
GROUPS = ("positive", "negative", "random")
RESAMPLES = 1000
COMMAND = "python -m simcse_core record losses --data DIR"
SAME = ("config", "versions", "every", "sample")
"""What must agree before a broken recording is gone on with."""


def config() -> RunConfig:
    """What all runs share: the preset `live` on the shipped triples, in batches that four runs can afford."""
    base = preset("live").config.with_settings({"data.train": DATA, "optim.batch_size": BATCH})
    return dataclasses.replace(base, preset="")


def record(
    out: Path,
    sts: Path | None = None,
    *,
    base: RunConfig | None = None,
    names: Sequence[str] | None = None,
    seeds: Sequence[int] = SEEDS,
) -> dict[str, Any]:
    """Train every objective with every seed, seed by seed; what is recorded in the same way is kept.

    Args:
        out: Target file, written after each seed; the runs of a seed in progress are kept beside it.
        sts: Folder with the public STS sets; without it only the shipped pairs are measured.
        base: Configuration of all runs; a test gives a tiny one.
        names: Objectives; all registered ones that can be trained on the data unless told otherwise.
        seeds: One run each per objective.
    """
    base = (base or config()).check()
    kind = record_kind(load_dataset_records(base.data.train)[0])
    runs = {name: for_loss(base, name, kind) for name in (names or losses_for(kind))}
    sets, starts = measured_sets(sts), Starts()
    partial = out.with_suffix(".partial.json")
    result = _opening(base, runs, sets, starts)
    result["runs"] = _kept(partial, result, seeds) or _kept(out, result, seeds)
    done = {(run["loss"], run["seed"]) for run in result["runs"]}
    missing = [(seed, name) for seed in seeds for name in runs if (name, seed) not in done]
    for count, (seed, name) in enumerate(missing, 1):
        run = dataclasses.replace(runs[name], seed=seed)
        result["runs"].append(run_once(run, sets, starts))
        write_json(partial, result)
        _say(count, len(missing), result["runs"][-1])
    result["differences"] = _differences(result)
    write_compact(out, result)
    partial.unlink(missing_ok=True)
    return result


def _say(count: int, of: int, run: Mapping[str, Any]) -> None:
    """One line of progress, on a terminal or in a log."""
    end = [columns["spearman"][-1] for columns in run["sets"].values()]
    told = run["failed"]["message"] if "failed" in run else f"Spearman {end}"
    sys.stderr.write(f"{count}/{of} {run['loss']} seed {run['seed']}: {told}\n")


def _opening(
    base: RunConfig, runs: Mapping[str, RunConfig], sets: Mapping[str, ScoredPairs], starts: Starts
) -> dict[str, Any]:
    """Everything that is known before the first run, the untrained encoder's measurements included."""
    encoder = encoder_to_train(base)
    start = Columns()
    for name, pairs in sets.items():
        start.measure(encoder, 0, name, pairs, starts)
    how = made(
        COMMAND, seed=SEEDS[0], device=str(encoder.device), config=base.to_dict(), every=EVERY,
        losses={name: _introduced(name, run) for name, run in runs.items()}, resamples=RESAMPLES,
        sample={name: described(name, pairs) for name, pairs in sets.items()},
    )  # fmt: skip
    return {
        "made": how,
        "bins": [round(float(edge), 4) for edge in BINS],
        "start": start.plain(),
        "runs": [],
        "differences": {},
    }


def _introduced(name: str, run: RunConfig) -> dict[str, Any]:
    info = losses.info(name)
    return {
        "title": info.title, "view": run.view.name, "equation": info.equation, "source": info.source,
        "parameters": dict(run.loss.parameters),
    }  # fmt: skip


def _kept(file: Path, result: Mapping[str, Any], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Runs that a recording of the same configuration by the same versions left in a file."""
    how = result["made"]
    found = made_alike(file, how, SAME)
    if found is None:
        return []
    then, now = found["made"]["losses"], how["losses"]
    return [
        run
        for run in found["runs"]
        if run["seed"] in seeds and run["loss"] in now and then[run["loss"]] == now[run["loss"]]
    ]


@dataclass
class Columns:
    """Measurements of one encoder on several sets, grown step by step.

    Attributes:
        sets: Set → `step`, `MEASURES` and `auc`, a list each.
        densities: Set → group → one density a measurement.
        cosines: Of the shipped pairs, as `packed_cosines` writes them, one row a measurement.
    """

    sets: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    densities: dict[str, dict[str, list[list[float]]]] = field(default_factory=dict)
    cosines: list[str] = field(default_factory=list)

    def measure(self, encoder: Any, step: int, name: str, pairs: ScoredPairs, starts: Starts) -> None:
        """Add a measurement on one set.

        Raises:
            DataError: An embedding is not finite.
        """
        kept: list[PairCosines] = []
        event = Evaluator({name: pairs}, starts=starts, save_pairs=lambda _, found: kept.append(found))(
            encoder, step
        )
        groups = parted(kept[0], pairs.score)
        column = self.sets.setdefault(name, {m: [] for m in ("step", *MEASURES, "auc")})
        for measure in ("step", *MEASURES):
            value = getattr(event, measure)
            column[measure].append(None if value is None else round(value, 5))
        column["auc"].append(round(auc(groups["positive"], groups["negative"]), 5))
        shapes = self.densities.setdefault(name, {group: [] for group in GROUPS})
        for group, values in groups.items():
            shapes[group].append([_brief(v) for v in density(values, BINS).tolist()])
        if name == SHIPPED:
            self.cosines.append(packed_cosines(kept[0].scored))

    def plain(self) -> dict[str, Any]:
        """As it is written."""
        return {"sets": self.sets, "densities": self.densities, "cosines": self.cosines}


def parted(found: PairCosines, gold: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Cosines by group: positive and negative by gold score, and random."""
    return {
        "positive": found.scored[positives(gold)],
        "negative": found.scored[negatives(gold)],
        "random": found.random,
    }


def run_once(run: RunConfig, sets: Mapping[str, ScoredPairs], starts: Starts) -> dict[str, Any]:
    """Train once; every set is measured after every `EVERY` steps and after the last.

    Args:
        run: Checked.
        sets: Scored pairs by name.
        starts: Embeddings of untrained encoders, kept from run to run.

    Returns:
        Loss, seed, precision, the loss of every step and `Columns`; `failed` with the step and the message
        where the run broke off.
    """
    encoder = encoder_to_train(run)
    trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
    columns, seen = Columns(), []
    told: dict[str, Any] = {
        "loss": run.loss.name, "seed": run.seed, "precision": str(encoder.dtype).removeprefix("torch."),
    }  # fmt: skip
    try:
        while trainer.step < run.optim.steps:
            seen.append(round(trainer.advance().loss, 6))
            if trainer.step % EVERY == 0 or trainer.step == run.optim.steps:
                for name, pairs in sets.items():
                    columns.measure(encoder, trainer.step, name, pairs, starts)
    except SimCSEError as error:
        told["failed"] = {"step": trainer.step, "message": error.message}
    return {**told, "losses": seen, **columns.plain()}


def _differences(result: Mapping[str, Any]) -> dict[str, list[float]]:
    """Paired bootstrap between every two objectives on the shipped pairs, after the last step.

    Returns:
        "one|other" → difference of the means over the seeds, ends of its 95 % interval, p.
    """
    gold = measured_sets(None)[SHIPPED].score
    drawn = {
        name: {seed: resample(row, gold, resamples=RESAMPLES) for seed, row in rows.items()}
        for name, rows in final_cosines(result).items()
    }
    found = {}
    for one, other in itertools.combinations(drawn, 2):
        seeds = sorted(set(drawn[one]) & set(drawn[other]))
        if seeds:
            told = difference_of_means(*(stacked([drawn[name][s] for s in seeds]) for name in (one, other)))
            found[f"{one}|{other}"] = [round(v, 4) for v in (told.value, told.low, told.high, told.p)]
    return found


def final_cosines(result: Mapping[str, Any]) -> dict[str, dict[int, NDArray[np.float64]]]:
    """Objective → seed → (n,) cosines of the shipped pairs after the last step; failed runs are left out."""
    found: dict[str, dict[int, NDArray[np.float64]]] = {}
    for run in _finished(result["runs"]):
        found.setdefault(run["loss"], {})[run["seed"]] = unpacked_cosines(run["cosines"])[-1]
    return found


def _brief(value: float) -> float:
    """Two digits; a whole number without its point, which a recording of many zeros is short by."""
    short = round(value, 2)
    return int(short) if short.is_integer() else short


def _finished(runs: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (run for run in runs if "failed" not in run)
