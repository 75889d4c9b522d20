"""The loop as a generator of events: it writes nothing, prints nothing and knows no page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simcse_core.encoders import Encoder
from simcse_core.training.events import Evaluated, StepDone
from simcse_core.training.trainer import Trainer

Evaluate = Callable[[Encoder, int], Evaluated]


def train(trainer: Trainer, evaluate: Evaluate) -> Iterator[StepDone | Evaluated]:
    """Advance the trainer to its last step, measuring before the first step, every n steps and at the end.

    The caller may stop iterating between any two events; the trainer then stands after its last step.
    """
    config = trainer.config
    if trainer.step == 0:
        yield evaluate(trainer.encoder, 0)
    while trainer.step < config.optim.steps:
        yield trainer.advance()
        if trainer.step % config.evaluation.every == 0 or trainer.step == config.optim.steps:
            yield evaluate(trainer.encoder, trainer.step)
