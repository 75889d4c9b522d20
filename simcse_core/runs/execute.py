"""Carry out one run: the only place that joins the training loop with the run folder."""

from __future__ import annotations

import errno
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from simcse_core.config import RunConfig
from simcse_core.data.datasets import datasets, load_dataset_records
from simcse_core.data.readers import read_training
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.encoders.layout import SECOND_TOWER
from simcse_core.errors import ConfigError, DataError, RunError, SimCSEError, TrainingError
from simcse_core.runs.checkpoint import drop_older, drop_state, restore, save_checkpoint
from simcse_core.runs.files import close_torn_line, write_json
from simcse_core.runs.store import Run
from simcse_core.runtime import versions
from simcse_core.training.evaluation import Evaluator, Starts, probe_sentences, scored_sets
from simcse_core.training.events import Evaluated, Event, Lifecycle, Saved, Started
from simcse_core.training.loop import train
from simcse_core.training.trainer import Trainer

POLL = 0.05  # seconds between two looks at the control file while paused
OnEvent = Callable[[Event], None]


def execute(
    run: Run,
    *,
    on_event: OnEvent | None = None,
    interrupted: Callable[[], bool] | None = None,
    starts: Starts | None = None,
) -> str:
    """Train `run` from its newest checkpoint, or from the beginning, until it ends.

    Args:
        run: Not held by another process.
        on_event: Told every event after it was written.
        interrupted: Asked after every step; True stops the run with a checkpoint.
        starts: Embeddings of untrained encoders from earlier runs of this process, see `Evaluator`.

    Returns:
        "finished", "stopped" or "failed"; a failure is written in the run, not raised.

    Raises:
        RunError: Another process holds the run.
    """
    with run.held():
        execution = _Execution(run, on_event or (lambda event: None), interrupted or (lambda: False))
        execution.starts = starts
        return execution.go()


class _Execution:
    def __init__(self, run: Run, on_event: OnEvent, interrupted: Callable[[], bool]) -> None:
        self.run, self.on_event, self.interrupted = run, on_event, interrupted
        self.step = 0
        self.starts: Starts | None = None

    def go(self) -> str:
        close_torn_line(self.run.events_file)
        try:
            state = self._train()
            self._tell(Lifecycle(step=self.step, state=state))
        except Exception as error:
            return self._fail(error)
        return state

    def _tell(self, event: Event) -> None:
        self.run.record(event)
        self.on_event(event)

    def _train(self) -> str:
        config = self.run.config.check()
        trainer = self._trainer(config)
        self.step = trainer.step
        for event in train(trainer, self._evaluator(config)):
            self.step = trainer.step
            self._tell(event)
            if isinstance(event, Evaluated) and event.step > 0:
                self._save(trainer)
            if self._should_stop(trainer):
                self._save(trainer)
                self._finish(trainer, "stopped")
                return "stopped"
        self._finish(trainer, "finished")
        drop_state(self.run.checkpoints()[trainer.step])  # a finished run is never resumed
        return "finished"

    def _trainer(self, config: RunConfig) -> Trainer:
        checkpoints = self.run.checkpoints()
        newest = checkpoints[max(checkpoints)] if checkpoints else None
        records = training_records(config)
        encoder = encoder_to_train(config, newest)
        second = None
        if newest is not None and config.encoder.towers == "separate":
            second = encoder_to_train(config, newest / SECOND_TOWER)
        trainer = Trainer(config, encoder, records, second)
        if newest is not None:
            restore(trainer, newest)
        again = any(e["type"] == "started" for e in self.run.events())
        self._tell(
            Started(
                step=trainer.step,
                device=str(encoder.device),
                precision=str(encoder.dtype).removeprefix("torch."),
                sentences=len(records),
                versions=versions(),
                notes=tuple(encoder.notes),
            )
        )
        if again:
            self._tell(Lifecycle(step=trainer.step, state="resumed"))
        return trainer

    def _evaluator(self, config: RunConfig) -> Evaluator:
        probe = probe_sentences()
        (self.run.folder / "probe").mkdir(exist_ok=True)
        write_json(self.run.folder / "probe" / "texts.json", [{"text": t, "subject": s} for t, s in probe])
        return Evaluator(
            scored_sets(config.evaluation.sets),
            probe=[t for t, _ in probe],
            save_probe=self.run.save_probe,
            starts=self.starts,
            save_pairs=self.run.save_pairs,
        )

    def _save(self, trainer: Trainer) -> None:
        path = save_checkpoint(trainer, self.run.folder)
        self._tell(Saved(step=trainer.step, path=path.relative_to(self.run.folder).as_posix()))
        if trainer.config.evaluation.keep == "last":
            drop_older(self.run.folder, keep=1)
        else:  # only the newest is ever resumed from
            for older in sorted((self.run.folder / "checkpoints").glob("step-*"))[:-1]:
                drop_state(older)

    def _should_stop(self, trainer: Trainer) -> bool:
        """Follow the control file; blocks while paused."""
        paused = False
        while True:
            command, until = self.run.wish()
            if self.interrupted() or command == "stop":
                return True
            if command == "run" and (until is None or trainer.step < until):
                if paused:
                    self._tell(Lifecycle(step=trainer.step, state="continued"))
                return False
            if not paused:
                if trainer.step > 0:  # a pause can last: what was done so far must survive it
                    self._save(trainer)
                self._tell(Lifecycle(step=trainer.step, state="paused"))
                paused = True
            time.sleep(POLL)

    def _finish(self, trainer: Trainer, state: str) -> None:
        snapshot = self.run.snapshot()
        first, last = snapshot.evaluations[0], snapshot.evaluations[-1]
        summary = {
            "id": self.run.id,
            "status": state,
            "config": trainer.config.to_dict(),
            "steps": trainer.step,
            "seconds": snapshot.seconds,
            "before": dict(first),
            "after": dict(last),
            "checkpoint": snapshot.checkpoint,
            "versions": versions(),
        }
        write_json(self.run.folder / "summary.json", summary)

    def _fail(self, error: Exception) -> str:
        kind, message, hint = explain(error)
        event = Lifecycle(step=self.step, state="failed", error=message, hint=hint, kind=kind)
        try:
            if kind == "bug":
                (self.run.folder / "traceback.txt").write_text(traceback.format_exc(), encoding="utf-8")
            self._tell(event)
        except OSError:  # the disk is full: there is nowhere to write that it is
            self.on_event(event)
        return "failed"


def explain(error: Exception) -> tuple[str, str, str]:
    """Class, message and hint of anything that can end a run."""
    text = str(error)
    memory = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    if memory or "not enough memory" in text or "out of memory" in text:
        return "memory", "The machine ran out of memory.", "Halve optim.batch_size or encoder.max_length."
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "disk", "The disk is full.", "Free some space and resume the run."
    if isinstance(error, SimCSEError):
        kinds = ((TrainingError, "loss"), (DataError, "data"), (ConfigError, "config"), (RunError, "disk"))
        kind = next((name for cls, name in kinds if isinstance(error, cls)), "encoder")
        return kind, error.message, error.hint
    return (
        "bug",
        f"{type(error).__name__}: {text}",
        "This is a fault of the program; traceback.txt has the details.",
    )


def training_records(config: RunConfig) -> list[Any]:
    """Records of `data.train`, the first `data.limit` of them.

    Raises:
        DataError: The file cannot be used, or holds nothing.
        ConfigError: Neither a data set nor a file.
    """
    name = config.data.train
    if name in datasets:
        records = list(load_dataset_records(name))
    elif Path(name).exists():
        records = list(read_training(Path(name)))
    else:
        raise ConfigError(
            f"data.train: {name!r} is neither a data set nor a file.",
            hint=f"Data sets: {', '.join(datasets)}.",
        )
    if not records:
        raise DataError(f"{name} holds no training records.")
    return records[: config.data.limit] if config.data.limit else records


def encoder_to_train(config: RunConfig, checkpoint: Path | None = None) -> Encoder:
    """The configured encoder, with its dropout and head, from its source or from a run's checkpoint."""
    wanted = config.encoder
    encoder = load_encoder(
        str(checkpoint) if checkpoint else wanted.name,
        pooling=wanted.pooling,
        device=config.optim.device,
        precision=config.optim.precision,
        dropout=wanted.dropout,
        max_length=wanted.max_length,
        template=None if wanted.template == "none" else wanted.template,
        repaired=False,  # fitted on weights that training is about to change
    )
    if wanted.head == "mlp":
        encoder.attach_head(generator=torch.Generator().manual_seed(config.seed))
    return encoder
