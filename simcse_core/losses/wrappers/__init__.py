"""What can be put around an objective: cached gradients, nested widths, a guide, a queue of older batches.

None of these is an objective, so none is registered: each takes one, by function or by name, and works with
all to which it applies.
"""

from __future__ import annotations

from simcse_core.losses.wrappers.gradient_cache import encode_cached
from simcse_core.losses.wrappers.guide import false_negatives, guided_loss, without_false_negatives
from simcse_core.losses.wrappers.matryoshka import matryoshka
from simcse_core.losses.wrappers.momentum_queue import (
    MomentumQueue,
    keys_of,
    make_twin,
    momentum_update,
    queued_loss,
)

__all__ = [
    "MomentumQueue",
    "encode_cached",
    "false_negatives",
    "guided_loss",
    "keys_of",
    "make_twin",
    "matryoshka",
    "momentum_update",
    "queued_loss",
    "without_false_negatives",
]
