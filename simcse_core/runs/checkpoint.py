"""Checkpoints: a folder that other libraries open as it is, plus the state to go on from."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from simcse_core.encoders.layout import SECOND_TOWER
from simcse_core.errors import RunError
from simcse_core.runs.files import read_json
from simcse_core.runtime import versions
from simcse_core.training.trainer import Trainer

STATE = "state.safetensors"


def save_checkpoint(trainer: Trainer, run_folder: Path) -> Path:
    """Write `checkpoints/step-000040/` complete or not at all.

    Raises:
        RunError: The disk is full or cannot be written; nothing half-written is left.
    """
    target = run_folder / "checkpoints" / f"step-{trainer.step:06d}"
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        temporary.mkdir(parents=True)
        trainer.encoder.save(temporary)
        if trainer.second is not None:
            trainer.second.save(temporary / SECOND_TOWER)
        save_file(trainer.state_tensors(), temporary / STATE)
        state = {"step": trainer.step, "config": trainer.config.digest(), "versions": versions()}
        (temporary / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
        shutil.rmtree(target, ignore_errors=True)
        temporary.replace(target)
    except (OSError, SafetensorError) as error:
        shutil.rmtree(temporary, ignore_errors=True)
        raise RunError(*_disk_message(error, target)) from error
    return target


def _disk_message(error: Exception, target: Path) -> tuple[str]:
    full = getattr(error, "errno", None) == errno.ENOSPC or "No space left" in str(error)
    why = "the disk is full" if full else f"it cannot be written ({error})"
    return (f"The checkpoint {target} was not saved: {why}. Free some space and resume the run.",)


def drop_older(run_folder: Path, *, keep: int) -> None:
    """Remove all checkpoints but the newest `keep`."""
    folders = sorted((run_folder / "checkpoints").glob("step-*"))
    for folder in folders[: max(0, len(folders) - keep)]:
        shutil.rmtree(folder, ignore_errors=True)


def drop_state(checkpoint: Path) -> None:
    """Remove what only a resume needs (twice the size of the weights) from a finished checkpoint."""
    (checkpoint / STATE).unlink(missing_ok=True)


def restore(trainer: Trainer, checkpoint: Path) -> None:
    """Bring a trainer, whose encoder was loaded from `checkpoint`, to where that checkpoint was saved.

    Raises:
        RunError: The state is missing, damaged or of another configuration.
    """
    about = read_json(checkpoint / "state.json")
    if not isinstance(about, dict) or not (checkpoint / STATE).exists():
        raise RunError(f"{checkpoint} holds no training state.", hint="Finished runs cannot be resumed.")
    if about.get("config") != trainer.config.digest():
        raise RunError(f"{checkpoint} belongs to another configuration.")
    try:
        tensors = load_file(checkpoint / STATE)
    except (SafetensorError, OSError):
        raise RunError(
            f"{checkpoint / STATE} is damaged.", hint="Remove this checkpoint and resume again."
        ) from None
    trainer.load_state(tensors, step=int(about["step"]))
