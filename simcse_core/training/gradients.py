"""Gradients of word embeddings without a fresh matrix of zeros at every step.

A batch meets a few hundred of 30,000 words. Autograd would still allocate and clear the whole gradient
matrix, a tenth of a training step on a CPU. Here it gives the rows it met, which are laid into one matrix
that stays: the optimiser sees the same dense gradient.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor


class WordGradients:
    """Asks a model for sparse gradients of its word embeddings, and makes them dense again."""

    def __init__(self, model: Any, device: torch.device) -> None:
        """Prepare a Hugging Face `model`; on a GPU, where clearing memory is cheap, nothing changes."""
        self._kept: dict[Tensor, tuple[Tensor, Tensor]] = {}  # parameter -> gradient, rows that are not zero
        if device.type == "cpu":
            model.get_input_embeddings().sparse = True

    def make_dense(self, parameters: Iterable[Tensor]) -> None:
        """Replace every sparse `.grad` (k of n rows) by a dense one (n, d), valid until the next call."""
        for parameter in parameters:
            if parameter.grad is not None and parameter.grad.is_sparse:
                parameter.grad = self._laid_out(parameter, parameter.grad.coalesce())

    def _laid_out(self, parameter: Tensor, gradient: Tensor) -> Tensor:
        whole, before = self._kept.get(parameter) or (torch.zeros_like(parameter), torch.empty(0).long())
        rows = gradient.indices()[0]
        with torch.no_grad():
            whole[before] = 0
            whole[rows] = gradient.values()
        self._kept[parameter] = (whole, rows)
        return whole
