"""The race: one preset, many ways to make a positive, several seeds, measured all along the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import Encoder
from simcse_core.encoders.tokens import TextTokenizer
from simcse_core.figures.histograms import EDGES, density
from simcse_core.metrics.anisotropy import random_pair_cosines
from simcse_core.presets import preset
from simcse_core.recording.provenance import made, made_alike, write_compact
from simcse_core.recording.sample import LEAD, SHIPPED, described, measured_sets
from simcse_core.runs.execute import encoder_to_train
from simcse_core.runs.files import write_json
from simcse_core.training.evaluation import Evaluator, Starts
from simcse_core.training.trainer import Trainer
from simcse_core.views.making import make_rows

Variants = Mapping[str, Mapping[str, Any]]
VARIANTS: dict[str, dict[str, Any]] = {
    "dropout": {"view.name": "dropout"},
    "no_dropout": {"view.name": "no_dropout"},
    "same_mask": {"view.name": "same_mask"},
    "delete_word": {"view.name": "delete_word"},
    "crop": {"view.name": "crop"},
    "word_deletion": {"view.name": "word_deletion"},
    "synonym": {"view.name": "synonym"},
    "repetition": {"view.name": "repetition"},
    "dropout_more": {"view.name": "dropout", "encoder.dropout": 0.3},
}
"""Name of a runner → what it changes in the preset; the views have their own defaults."""
SEEDS = (42, 43, 44)
EVERY = {LEAD: 2, SHIPPED: 5}
"""Set → steps between measurements."""
MEASURES = ("spearman", "alignment", "uniformity", "mean_cosine")
PAIRS = 20_000  # random pairs of a histogram
SENTENCES, DRAWS = 5, 3  # how often the views are shown at work
COMMAND = "python -m simcse_core record race --data DIR"
SAME = ("config", "versions", "every", "sample")
"""What must agree before a broken recording is gone on with."""


def config() -> RunConfig:
    """What all runs share: the preset `live`."""
    return preset("live").config


def record(
    out: Path,
    sts: Path | None = None,
    *,
    base: RunConfig | None = None,
    variants: Variants = VARIANTS,
    seeds: Sequence[int] = SEEDS,
    every: Mapping[str, int] = EVERY,
) -> dict[str, Any]:
    """Train every variant with every seed, seed by seed; what is recorded in the same way is kept.

    Args:
        out: Target file, written after each seed; the runs of a seed in progress are kept beside it.
        sts: Folder with the public STS sets; without it only the shipped pairs are measured.
        base: Configuration of all runs; a test gives a tiny one.
        variants: Name → what it changes.
        seeds: One run each per variant.
        every: Set → steps between measurements.
    """
    base = (base or config()).check()
    sets = measured_sets(sts)
    partial = out.with_suffix(".partial.json")
    result = _opening(base, variants, sets, every)
    result["runs"] = _kept(partial, result["made"], seeds) or _kept(out, result["made"], seeds)
    done = {(run["variant"], run["seed"]) for run in result["runs"]}
    starts: Starts = {}
    for seed in seeds:
        for name in variants:
            if (name, seed) not in done:
                run = base.with_settings({**variants[name], "seed": seed}).check()
                told, encoder = run_once(run, sets, starts, every=every)
                result["runs"].append({"variant": name, **told, "cosines": _histogram(encoder, sets)})
                write_json(partial, result)
        write_compact(out, result)
    partial.unlink(missing_ok=True)
    return result


def _opening(
    base: RunConfig, variants: Variants, sets: Mapping[str, ScoredPairs], every: Mapping[str, int]
) -> dict[str, Any]:
    """Everything that is known before the first run."""
    encoder = encoder_to_train(base)
    how = made(
        COMMAND, seed=SEEDS[0], device=str(encoder.device), config=base.to_dict(),
        variants={name: dict(changed) for name, changed in variants.items()}, random_pairs=PAIRS,
        every={name: every[name] for name in sets},
        sample={name: described(name, pairs) for name, pairs in sets.items()},
    )  # fmt: skip
    return {
        "made": how,
        "bins": [round(float(edge), 4) for edge in EDGES],
        "cosines": _histogram(encoder, sets),
        "examples": examples(base, variants, encoder),
        "runs": [],
    }


def _kept(file: Path, how: Mapping[str, Any], seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Runs that a recording of the same configuration by the same versions left in a file."""
    found = made_alike(file, how, SAME)
    if found is None:
        return []
    then, now = found["made"]["variants"], how["variants"]
    return [
        run
        for run in found["runs"]
        if run["seed"] in seeds and run["variant"] in now and then[run["variant"]] == now[run["variant"]]
    ]


def examples(base: RunConfig, variants: Variants, encoder: Encoder) -> list[dict[str, Any]]:
    """What the views that change a sentence make of a few training sentences, a few times each.

    Returns:
        A `sentence` each, with `made`: variant → pairs (before, after); sub-words are set apart by spaces.
    """
    records = load_dataset_records(base.data.train)
    chosen = [str(records[i * len(records) // SENTENCES]) for i in range(SENTENCES)]
    found = []
    for sentence in chosen:
        shown = {
            name: _shown(base.with_settings(v).check(), sentence, encoder) for name, v in variants.items()
        }
        changed = {name: pairs for name, pairs in shown.items() if any(a != b for a, b in pairs)}
        found.append({"sentence": sentence, "made": changed})
    return found


def _shown(run: RunConfig, sentence: str, encoder: Encoder) -> list[tuple[str, str]]:
    """(anchor, positive) of each draw, as text."""
    found = []
    for draw in range(DRAWS):
        generator = np.random.default_rng(draw)
        roles = make_rows(
            run.view.name, [sentence], generator, encoder, run.encoder.name, run.view.parameters
        )
        before, after = (_text(roles[role][0], encoder.text_tokenizer) for role in ("anchor", "positive"))
        found.append((before, after))
    return found


def _text(row: Any, tokenizer: TextTokenizer) -> str:
    """A row of a view as text; of token numbers the special ones at both ends are left out."""
    if isinstance(row, str):
        return row
    return " ".join(str(tokenizer.backend.id_to_token(number)) for number in row[1:-1])


def run_once(
    run: RunConfig, sets: Mapping[str, ScoredPairs], starts: Starts, *, every: Mapping[str, int]
) -> tuple[dict[str, Any], Encoder]:
    """Train once, every set measured before the first step, on its way and after the last.

    Args:
        run: Checked.
        sets: Scored pairs by name.
        starts: Embeddings of the untrained encoder, kept from run to run.
        every: Set → steps between measurements.

    Returns:
        Seed, precision, the loss of every step and the columns of every set (`step` and `MEASURES`); the
        trained encoder.
    """
    encoder = encoder_to_train(run)
    trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
    columns: dict[str, dict[str, list[Any]]] = {name: {m: [] for m in ("step", *MEASURES)} for name in sets}
    losses: list[float] = []
    while True:
        for name, pairs in sets.items():
            if trainer.step % every[name] == 0 or trainer.step == run.optim.steps:
                event = Evaluator({name: pairs}, starts=starts)(encoder, trainer.step)
                for measure, column in columns[name].items():
                    value = getattr(event, measure)
                    column.append(None if value is None else round(value, 5))
        if trainer.step == run.optim.steps:
            break
        losses.append(round(trainer.advance().loss, 6))
    precision = str(encoder.dtype).removeprefix("torch.")
    return {"seed": run.seed, "precision": precision, "losses": losses, "sets": columns}, encoder


def _histogram(encoder: Encoder, sets: Mapping[str, ScoredPairs]) -> list[float]:
    """Density of the cosines of random sentences of the leading set."""
    vectors = encoder.encode(next(iter(sets.values())).sentences(), normalize=True)
    return [round(float(v), 4) for v in density(random_pair_cosines(vectors, pairs=PAIRS, seed=0), EDGES)]
