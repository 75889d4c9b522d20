"""A masked-LM run in its folder: prepared, trained within its budget, resumed, and written for use.

`pretrain.json` holds the configuration, `events.jsonl` what happened, `checkpoint/` the newest state, `model`
the finished encoder with its language-model head and `pretraining.json`, the facts of its model card.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer

from simcse_core import runtime
from simcse_core.encoders import load_encoder
from simcse_core.errors import EncoderError, RunError
from simcse_core.pretraining.config import PretrainConfig
from simcse_core.pretraining.corpus import TokenRows, split, tokenise
from simcse_core.pretraining.folder import read_model, replace_folder, write_model
from simcse_core.pretraining.model import scratch_model, start_bias, warm_model
from simcse_core.pretraining.text import SourceText, read_corpus
from simcse_core.pretraining.trainer import Pretrainer
from simcse_core.pretraining.vocabulary import prune, train_vocabulary, unknown_words, word_counts
from simcse_core.runs.files import append_line, keep_lines, read_json, write_json

TOLD_EVERY = 10  # steps between two step events
COMMON_WORD = 5  # times a word must occur to be missed when it becomes unknown

OnEvent = Callable[[Mapping[str, Any]], None]


def pretrain(
    config: PretrainConfig,
    texts: Sequence[Path],
    sts: Path,
    out: Path,
    *,
    resume: bool = False,
    on_event: OnEvent | None = None,
) -> dict[str, Any]:
    """Train a masked language model into `out`; returns the facts written into `model/pretraining.json`.

    Args:
        config: What to train; with `resume` it must be the one in the folder.
        texts: Files or folders of text, see `read_corpus`.
        sts: Folder of the evaluation sets whose sentences must not be trained on.
        out: Run folder, made when missing.
        resume: Go on from the newest checkpoint.
        on_event: Told every event after it was written.

    Raises:
        RunError: The folder holds a run already, or none to go on with.
        ConfigError: Text without a known licence, or a source without a file.
        DataError: Text that cannot be read.
        TrainingError: The loss is no longer finite.
    """
    _claim(config, out, resume)
    trainer, held_out, about = _prepared(config, texts, sts, out / "checkpoint" if resume else None)
    tell = _Teller(out / "events.jsonl", on_event or (lambda event: None), trainer.step)
    tell("started", trainer, **about, resumed=resume)
    _train(trainer, held_out, out, tell)
    return _finish(trainer, held_out, out, tell, about)


def _finish(
    trainer: Pretrainer, held_out: TokenRows, out: Path, tell: _Teller, about: Mapping[str, Any]
) -> dict[str, Any]:
    """Measure and write the model; returns its facts."""
    measured = asdict(trainer.measure(held_out))
    facts = {
        **about,
        "config": trainer.config.to_dict(),
        "steps": trainer.step,
        "tokens": trainer.tokens,
        "minutes": round(trainer.elapsed / 60, 2),
        "held_out": measured,
    }
    with replace_folder(out / "model") as partial:
        write_model(trainer.model, trainer.backend, trainer.config, partial)
        write_json(partial / "pretraining.json", facts)
    tell("finished", trainer, **measured)
    return facts


class _Teller:
    """Writes events; those after `step`, which a kill cut off from their checkpoint, are done again."""

    def __init__(self, file: Path, on_event: OnEvent, step: int) -> None:
        self.file, self.on_event = file, on_event
        keep_lines(file, lambda event: event["step"] <= step)

    def __call__(self, kind: str, trainer: Pretrainer, **more: Any) -> None:
        event = {"type": kind, "step": trainer.step, "tokens": trainer.tokens,
                 "seconds": round(trainer.elapsed, 2), **more}  # fmt: skip
        append_line(self.file, event)
        self.on_event(event)


def _claim(config: PretrainConfig, out: Path, resume: bool) -> None:
    known = read_json(out / "pretrain.json")
    if resume and (known is None or not (out / "checkpoint").is_dir()):
        raise RunError(f"{out} holds no masked-LM run to resume.", hint="Leave out --resume.")
    if resume and known != config.to_dict():
        raise RunError(f"{out} was started with another configuration.", hint="Resume it with its own.")
    if not resume and known is not None:
        raise RunError(f"{out} holds a run already.", hint="Give --resume, or another folder.")
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "pretrain.json", config.to_dict())


def _prepared(
    config: PretrainConfig, texts: Sequence[Path], sts: Path, checkpoint: Path | None
) -> tuple[Pretrainer, TokenRows, dict[str, Any]]:
    """A trainer at its first step or at its checkpoint, held-out rows, and facts about the text."""
    sources = read_corpus(config, texts, sts)
    lines = [line for source in sources for line in source.lines]
    runtime.seed_everything(config.seed)
    model, backend = _start(config, lines) if checkpoint is None else read_model(checkpoint)
    rows = tokenise(backend, lines, config.max_length)
    held_out, train = split(rows, config.held_out, config.seed)
    if checkpoint is None:
        start_bias(model, np.bincount(rows.flat.astype(np.int64), minlength=backend.get_vocab_size()))
    trainer = Pretrainer(config, model, backend, rows, train)
    if checkpoint is not None:
        trainer.restore(checkpoint)
    return trainer, held_out, _facts(trainer, sources, held_out)


def _start(config: PretrainConfig, lines: Sequence[str]) -> tuple[Any, Tokenizer]:
    if config.start == "scratch":
        backend = train_vocabulary(lines, config.vocabulary)
        return scratch_model(config, backend.get_vocab_size()), backend
    encoder = load_encoder(config.encoder, device="cpu", precision="fp32", dropout=config.dropout)
    counts = word_counts(lines)
    backend = prune(encoder.backend, counts, config.vocabulary)
    _check_pruned(backend, encoder.backend, counts)
    return warm_model(config, encoder, backend), backend


def _check_pruned(backend: Tokenizer, full: Tokenizer, counts: Counter[str]) -> None:
    """Refuse a pruned vocabulary that does not know a common word which the full one knows."""
    lost = set(unknown_words(backend, counts, at_least=COMMON_WORD))
    lost -= set(unknown_words(full, counts, at_least=COMMON_WORD))
    if lost:
        word = max(lost, key=lambda one: counts[one])
        raise EncoderError(
            f"The pruned vocabulary does not know {word!r}, which occurs {counts[word]:,} times.",
            hint="Raise vocabulary.",
        )


def _facts(trainer: Pretrainer, sources: Sequence[SourceText], held_out: TokenRows) -> dict[str, Any]:
    return {
        "sources": [{**asdict(s.source), "lines": len(s.lines), "left_out": s.left_out} for s in sources],
        "rows": len(trainer.train),
        "corpus_tokens": int(trainer.rows.lengths[trainer.train].sum()),
        "held_out_rows": len(held_out),
        "vocabulary": trainer.backend.get_vocab_size(),
        "parameters": sum(p.numel() for p in trainer.model.parameters()),
        "device": trainer.device.type,
        "precision": str(trainer.dtype).removeprefix("torch."),
        "threads": torch.get_num_threads(),
        "versions": runtime.versions(),
    }


def _train(trainer: Pretrainer, held_out: TokenRows, out: Path, tell: _Teller) -> None:
    """Steps until the budget is spent; elapsed time goes on from what a checkpoint had."""
    config, before, began = trainer.config, trainer.elapsed, time.perf_counter()

    def progress() -> float:
        trainer.elapsed = before + time.perf_counter() - began
        return trainer.step / config.steps if config.steps else trainer.elapsed / (60 * config.minutes)

    while (share := progress()) < 1:
        done = trainer.advance(share)
        if trainer.step % TOLD_EVERY == 0 or trainer.step == 1:
            tell("step", trainer, loss=done.loss, grad_norm=done.grad_norm, progress=round(progress(), 4))
        if trainer.step % config.evaluate_every == 0:
            tell("evaluated", trainer, **asdict(trainer.measure(held_out)), progress=round(progress(), 4))
        if trainer.step % config.save_every == 0:
            progress()
            trainer.save(out / "checkpoint")
            tell("saved", trainer, path="checkpoint")
