"""The layer between pooled vector and embedding: dense and an activation."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ACTIVATIONS = {"tanh": nn.Tanh, "identity": nn.Identity, "relu": nn.ReLU, "gelu": nn.GELU}


class DenseHead(nn.Module):
    """Dense layer and activation; SimCSE's head is h → h with tanh (arXiv:2104.08821, section 6.3).

    Deviation: none; weights are drawn as in BERT (normal, standard deviation 0.02, bias 0).
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        activation: str = "tanh",
        bias: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        """Make a freshly initialised head from `inputs` to `outputs` numbers."""
        super().__init__()
        self.dense = nn.Linear(inputs, outputs, bias=bias)
        nn.init.normal_(self.dense.weight, std=0.02, generator=generator)
        if bias:
            nn.init.zeros_(self.dense.bias)
        self.activation_name = activation
        self.activation = ACTIVATIONS[activation]()

    def forward(self, pooled: Tensor) -> Tensor:
        """(B, h) → (B, d)."""
        result: Tensor = self.activation(self.dense(pooled.to(self.dense.weight.dtype)))
        return result


def head_from(weight: Tensor, bias: Tensor | None, *, activation: str = "tanh") -> DenseHead:
    """A head with given weights: `weight` (d, h), `bias` (d,) or None."""
    head = DenseHead(weight.shape[1], weight.shape[0], activation=activation, bias=bias is not None)
    with torch.no_grad():
        head.dense.weight.copy_(weight)
        if bias is not None:
            head.dense.bias.copy_(bias)
    return head
