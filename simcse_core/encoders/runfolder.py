"""Which checkpoint of a run folder is meant."""

from __future__ import annotations

import re
from pathlib import Path

from simcse_core.encoders.tokens import read_json
from simcse_core.errors import EncoderError

_STEP = re.compile(r"^step-(\d+)$")


def is_run(folder: Path) -> bool:
    """Whether a folder is a run (it has a checkpoints folder, and no weights of its own)."""
    return (folder / "checkpoints").is_dir() and not (folder / "model.safetensors").is_file()


def checkpoint_of(run: Path, at: str | None = None) -> tuple[Path, str]:
    """The checkpoint folder and one sentence on why it was taken.

    Args:
        run: A run folder.
        at: A step number, "best" (`best_step` of summary.json), "last", or None for the last one.

    Raises:
        EncoderError: No complete checkpoint, or none at that step.
    """
    found = _checkpoints(run)
    if not found:
        raise EncoderError(
            f"The run {run} has no checkpoint yet.", hint="Wait for its first save, or resume it."
        )
    if at in (None, "last"):
        step = max(found)
        return found[step], f"Last checkpoint of the run, step {step}."
    if at == "best":
        step = read_json(run / "summary.json").get("best_step", max(found))
        reason = f"Best checkpoint of the run, step {step}."
    else:
        step, reason = int(at) if str(at).isdigit() else -1, f"Checkpoint of the run at step {at}."
    if step not in found:
        known = ", ".join(str(number) for number in sorted(found))
        raise EncoderError(
            f"The run {run} has no checkpoint {at!r}.", hint=f"It has steps {known}, best and last."
        )
    return found[step], reason


def _checkpoints(run: Path) -> dict[int, Path]:
    """Step → folder, for the checkpoints that have both configuration and weights."""
    found = {}
    for folder in (run / "checkpoints").iterdir():
        match = _STEP.match(folder.name)
        if match and (folder / "config.json").is_file() and (folder / "model.safetensors").is_file():
            found[int(match[1])] = folder
    return found
