"""The checkpoints that recordings about whole encoders are made of."""

from __future__ import annotations

from collections.abc import Sequence

from simcse_core.encoders.catalogue import list_encoders
from simcse_core.errors import ConfigError

ENCODERS = ("lab-base", "lab-unsup", "lab-sup", "minilm:4", "minilm")
"""Our own before training, after unsupervised and after supervised SimCSE; MiniLM cut and whole."""
BEFORE, AFTER = ENCODERS[:2]
"""What the pages of the story open with."""


def present(names: Sequence[str] = ENCODERS) -> tuple[str, ...]:
    """Those of `names` that are on this machine, in their order; folders and ids are taken as they are.

    Raises:
        ConfigError: There is none.
    """
    known = {name.partition(":")[0] for name in ENCODERS}
    absent = known - {entry.name for entry in list_encoders() if entry.available}
    found = tuple(name for name in names if name.partition(":")[0] not in absent)
    if not found:
        raise ConfigError(f"None of {', '.join(names)} is on this machine.")
    return found
