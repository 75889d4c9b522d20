"""The loop as a generator of events: it writes nothing, prints nothing and knows no page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from simcse_core.training.events import Evaluated, StepDone
from simcse_core.training.trainer import Trainer

Evaluate = Callable[..., Evaluated]


def train(trainer: Trainer, evaluate: Evaluate) -> Iterator[StepDone | Evaluated]:
    """Advance the trainer to its last step, measuring before the first step, every n steps and at the end.

    The caller may stop iterating between any two events; the trainer then stands after its last step.

    Args:
        trainer: At its first step, or where it was restored to.
        evaluate: Given the encoder and the steps done, and the second tower where there is one.
    """
    config = trainer.config
    if trainer.step == 0:
        yield measured(trainer, evaluate)
    while trainer.step < config.optim.steps:
        yield trainer.advance()
        if trainer.step % config.evaluation.every == 0 or trainer.step == config.optim.steps:
            yield measured(trainer, evaluate)


def measured(trainer: Trainer, evaluate: Evaluate) -> Evaluated:
    """What a trainer's towers are worth at its step; arguments as `train`."""
    second = () if trainer.second is None else (trainer.second,)
    return evaluate(trainer.encoder, trainer.step, *second)
