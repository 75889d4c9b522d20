"""Configurations that differ in the objective alone."""

from __future__ import annotations

import dataclasses

from simcse_core.config import ComponentConfig, RunConfig
from simcse_core.errors import ConfigError
from simcse_core.training.fitting import fits, views_for


def for_loss(base: RunConfig, loss: str, kind: str) -> RunConfig:
    """`base` with another loss at its defaults, and another view only where the loss needs one.

    Data, seed, order, steps and optimiser stay: which records make up a step depends on none of what changes
    (`Batches`).

    Args:
        base: What all runs share; its own loss keeps its parameters.
        loss: Registered name.
        kind: Of the training records.

    Raises:
        ConfigError: No view joins such records with the loss.
    """
    able = views_for(kind, loss)
    if not able:
        raise ConfigError(
            f"No view joins {kind} with the loss {loss!r}.", hint="Choose another loss or data."
        )
    chosen = base.loss if base.loss.name == loss else ComponentConfig(name=loss)
    view = base.view if fits(base.view.name, kind, loss) else ComponentConfig(name=able[0])
    return dataclasses.replace(base, loss=chosen, view=view).check()
