"""The temperature on real sentences: cosines of shipped batches, and live runs at many temperatures."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.config import RunConfig
from simcse_core.data.datasets import load_dataset_records, load_scored_pairs
from simcse_core.data.records import ScoredPairs
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.evaluation.in_batch import JUDGE, PARAPHRASE, RARE, draw_batch, view_cosines
from simcse_core.presets import preset
from simcse_core.recording.provenance import made
from simcse_core.runs.execute import encoder_to_train
from simcse_core.runs.files import write_json
from simcse_core.search.background import Background, background_sentences
from simcse_core.theory.anatomy import anatomy
from simcse_core.training.evaluation import Evaluator, Starts, scored_sets
from simcse_core.training.trainer import Trainer

TEMPERATURES = (0.05, 0.001, 0.01, 0.1, 0.5, 1.0)
"""In the order they are trained: the one of the preset first, then the others."""
SEEDS = (42, 43, 44)
SUBJECT = "video-clips"
BATCHES: tuple[tuple[tuple[str, ...], int], ...] = (
    ((SUBJECT,), 16),
    ((SUBJECT,), 32),
    ((SUBJECT,), 64),
    ((), 32),
)
"""Subjects and size of the batches whose cosines are kept."""
PARAPHRASES, SEED, DROPOUTS = 2, 0, (0.1, 0.0)
ENCODERS = ("minilm:4", "minilm")
TRAINED = "minilm:4+live"
"""Name of the encoder after the recorded run at temperature 0.05 with the first seed."""
OBSERVED = 64  # sentences of the batch that every run is observed on
SOLVED = 0.99  # probability of the positive from which a row has nothing left to learn
MEASURES = ("spearman", "alignment", "uniformity", "mean_cosine", "effective_rank")
COMMAND = "python -m simcse_core record temperature --data DIR"


def config() -> RunConfig:
    """What is trained at every temperature: the preset `live`."""
    return preset("live").config


def record(
    out: Path,
    sts: Path | None = None,
    *,
    base: RunConfig | None = None,
    temperatures: Sequence[float] = TEMPERATURES,
    seeds: Sequence[int] = SEEDS,
) -> dict[str, Any]:
    """Encode, train, measure and write; a broken recording goes on where it stopped.

    Args:
        out: Target file; until the end the runs so far are kept beside it.
        sts: Folder with the public STS sets; without it only the shipped pairs are scored.
        base: Configuration without temperature and seed; a test gives a tiny one.
        temperatures: In the order they are trained.
        seeds: One run each per temperature.
    """
    base = (base or config()).check()
    partial = out.with_suffix(".partial.json")
    result = _resumed(partial, base, sts is not None) or _opening(base, sts is not None)
    sets = _sets(sts)
    done = {(run["temperature"], run["seed"]) for run in result["runs"]}
    starts: Starts = {}
    for seed in seeds:  # outside, so that a broken recording has every temperature before a second seed
        for temperature in temperatures:
            if (temperature, seed) in done:
                continue
            run = base.with_settings({"loss.temperature": temperature, "seed": seed}).check()
            told, encoder = run_once(run, sets, starts)
            result["runs"].append(told)
            if temperature == base.loss.parameters["temperature"] and seed == seeds[0]:
                _add_trained(result["batches"], encoder)
            write_json(partial, result)
    result["runs"].sort(key=lambda one: (one["temperature"], one["seed"]))
    out.write_text(json.dumps(result, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    partial.unlink(missing_ok=True)
    return result


def _opening(base: RunConfig, with_sts: bool) -> dict[str, Any]:
    """Everything that is known before the first run."""
    judge = load_encoder(JUDGE, device="cpu", precision="fp32")
    batches = [_batch(subjects, size, judge) for subjects, size in BATCHES]
    names = [*dict.fromkeys([base.encoder.name, *ENCODERS[1:]])]
    for name in names:
        _add_cosines(batches, name, load_encoder(name, device="cpu", precision="fp32"))
    return {
        "made": _made(base, with_sts),
        "judge": judge_facts(judge),
        "encoders": [*names, TRAINED],
        "batches": batches,
        "runs": [],
    }


def _made(base: RunConfig, with_sts: bool) -> dict[str, Any]:
    return made(
        COMMAND,
        seed=SEED,
        device="cpu",
        precision="fp32 for the batches; each run names its own",
        config=base.to_dict(),
        stsb=with_sts,
        observed=OBSERVED,
    )


def _resumed(partial: Path, base: RunConfig, with_sts: bool) -> dict[str, Any] | None:
    """What a broken recording of the same configuration by the same versions left behind."""
    if not partial.exists():
        return None
    found: dict[str, Any] = json.loads(partial.read_text(encoding="utf-8"))
    same = ("config", "versions", "stsb", "observed")
    now = json.loads(json.dumps(_made(base, with_sts)))
    return found if all(found["made"][key] == now[key] for key in same) else None


def judge_facts(judge: Encoder) -> dict[str, Any]:
    """Threshold of a likely false negative, and how far it can be trusted on the shipped scored pairs."""
    background = Background.measure(judge.encode(background_sentences()))
    threshold = background.quantile(RARE)
    pairs = load_scored_pairs("pairs")
    first, second = judge.encode(pairs.first), judge.encode(pairs.second)
    found = np.einsum("nd,nd->n", first, second) >= threshold
    same = pairs.score >= PARAPHRASE
    return {
        "encoder": JUDGE,
        "share": RARE,
        "threshold": threshold,
        "random_pairs": background.pairs,
        "scored_pairs": len(pairs),
        "paraphrase_score": PARAPHRASE,
        "recall": float((found & same).sum() / same.sum()),
        "precision": float((found & same).sum() / found.sum()),
    }


def _batch(subjects: Sequence[str], size: int, judge: Encoder) -> dict[str, Any]:
    drawn = draw_batch(subjects, size, paraphrases=PARAPHRASES, seed=SEED)
    rows = judge.encode(drawn.texts).astype(np.float64)
    return {
        "subjects": list(subjects),
        "size": size,
        "paraphrases": PARAPHRASES,
        "seed": SEED,
        "texts": list(drawn.texts),
        "groups": list(drawn.groups),
        "judged": packed(rows @ rows.T),
        "cosines": {},
    }


def _add_cosines(batches: Sequence[dict[str, Any]], name: str, encoder: Encoder) -> None:
    for batch in batches:
        batch["cosines"][name] = {
            f"{rate:g}": packed(view_cosines(encoder, batch["texts"], dropout=rate, seed=SEED))
            for rate in DROPOUTS
        }


def _add_trained(batches: Sequence[dict[str, Any]], encoder: Encoder) -> None:
    """The trained encoder is read back in float32, the format of the others."""
    with tempfile.TemporaryDirectory() as folder:
        encoder.save(folder)
        _add_cosines(batches, TRAINED, load_encoder(folder, device="cpu", precision="fp32"))


def packed(cosines: NDArray[np.float64]) -> str:
    """A matrix as base64 of little-endian float32, row by row."""
    return base64.b64encode(np.asarray(cosines, dtype="<f4").tobytes()).decode()


def unpacked(text: str, size: int) -> NDArray[np.float64]:
    """Inverse of `packed`, (size, size)."""
    return np.frombuffer(base64.b64decode(text), dtype="<f4").reshape(size, size).astype(np.float64)


def _sets(sts: Path | None) -> dict[str, ScoredPairs]:
    found = scored_sets("pairs")
    if sts is not None:
        from simcse_core.data.readers import read_scored_pairs

        found["stsb-test"] = read_scored_pairs(sts / "STS-B" / "test.tsv")
    return found


def run_once(
    run: RunConfig, sets: Mapping[str, ScoredPairs], starts: Starts
) -> tuple[dict[str, Any], Encoder]:
    """Train once, measured before and after.

    Args:
        run: Checked.
        sets: Scored pairs by name.
        starts: Embeddings of the untrained encoder, kept from run to run.

    Returns:
        Temperature, seed, losses, and the measures `before` and `after`; the trained encoder.
    """
    encoder = encoder_to_train(run)
    trainer = Trainer(run, encoder, load_dataset_records(run.data.train))
    temperature = run.loss.parameters["temperature"]
    before = _measured(encoder, sets, temperature, 0, starts)
    losses = [done.loss for done in _steps(trainer)]
    told = {
        "temperature": temperature,
        "seed": run.seed,
        "precision": str(encoder.dtype).removeprefix("torch."),
        "losses": [round(loss, 6) for loss in losses],
        "before": before,
        "after": _measured(encoder, sets, temperature, trainer.step, starts),
    }
    return told, encoder


def _steps(trainer: Trainer) -> Iterator[Any]:
    while trainer.step < trainer.config.optim.steps:
        yield trainer.advance()


def _measured(
    encoder: Encoder, sets: Mapping[str, ScoredPairs], temperature: float, step: int, starts: Starts
) -> dict[str, Any]:
    """Every set by itself, and the push in one batch at the temperature of the run."""
    found: dict[str, Any] = {"sets": {}}
    for name, pairs in sets.items():
        event = Evaluator({name: pairs}, starts=starts)(encoder, step)
        found["sets"][name] = {measure: getattr(event, measure) for measure in MEASURES}
    batch = draw_batch((SUBJECT,), OBSERVED, seed=SEED)
    cosines = view_cosines(encoder, batch.texts, dropout=encoder.dropout, seed=SEED)
    seen = anatomy(cosines, np.arange(OBSERVED), temperature=temperature)
    others = cosines[~np.eye(OBSERVED, dtype=bool)]
    found["batch"] = {
        "top_share": float(seen.shares.max(axis=1).mean()),
        "effective": float(seen.effective.mean()),
        "positive_cosine": float(np.diag(cosines).mean()),
        "negative_cosine": float(others.mean()),
        "solved": float((1 - seen.total_push * temperature > SOLVED).mean()),
    }
    return found
