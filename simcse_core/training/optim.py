"""Optimiser, schedule and clipping."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from simcse_core.config import OptimConfig


def make_optimizer(parameters: Iterable[Tensor], config: OptimConfig) -> torch.optim.AdamW:
    """AdamW in its fused form where the device has one; biases and norms decay like the rest.

    The learning rate set here is the peak; `learning_rate_at` gives that of each step.
    """
    trainable = [p for p in parameters if p.requires_grad]
    fused = trainable[0].device.type in {"cpu", "cuda"}
    return torch.optim.AdamW(
        trainable, lr=config.learning_rate, weight_decay=config.weight_decay, betas=(0.9, 0.999), fused=fused
    )


def learning_rate_at(step: int, config: OptimConfig) -> float:
    """Linear warm-up over the first `warmup` share of the steps, then linear decay to 0, or the peak.

    Args:
        step: 0 for the first step.
        config: Peak rate, schedule, number of steps and warm-up share.
    """
    rising = int(config.warmup * config.steps)
    if step < rising:
        return config.learning_rate * (step + 1) / (rising + 1)
    if config.schedule == "constant":
        return config.learning_rate
    return config.learning_rate * max(0.0, (config.steps - step) / max(1, config.steps - rising))


def clip(parameters: Iterable[Tensor], largest: float) -> float:
    """Scale the gradients down to norm `largest` (0 leaves them); returns the norm before."""
    given = list(parameters)
    norm = float(torch.nn.utils.get_total_norm([p.grad for p in given if p.grad is not None]))
    if 0 < largest < norm:  # scaling by 1 would read and write every gradient for nothing
        torch.nn.utils.clip_grads_with_norm_(given, largest, torch.tensor(norm, device=given[0].device))
    return norm
