"""Sentence-BERT's classification objective: a linear layer on the two embeddings and their difference."""

from __future__ import annotations

from typing import Annotated

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from simcse_core.losses import losses, require_same_shape
from simcse_core.losses.checks import require_classes
from simcse_core.registry import Choice, Range

FEATURES = ("uv+diff", "uv", "diff", "prod", "diff+prod", "uv+prod", "uv+diff+prod")


@losses.register(
    "sbert_softmax",
    title="Sentence-BERT classification",
    source="Reimers & Gurevych 2019, arXiv:1908.10084, sec. 3 and table 6",
    equation=r"\overline{-\log\mathrm{softmax}\big(W[u_i;v_i;|u_i-v_i|]+b\big)_{y_i}}",
    label="class",
)
class SbertSoftmax(nn.Module):
    """Cross-entropy of a linear classifier over a pair's embeddings, trained with the encoder, then dropped.

    Args:
        dimension: d of the embeddings.
        features: What the classifier reads: u and v (uv), |u - v| (diff), their product (prod).
        classes: Number of labels k: 3 for entailment, contradiction and neutral, 2 for labelled pairs.

    Attributes:
        classifier: Linear, k rows over the chosen features; torch's default start, from its global generator.
    """

    def __init__(
        self,
        dimension: int,
        *,
        features: Annotated[str, Choice(FEATURES, "uv both sides, diff |u - v|, prod u * v")] = "uv+diff",
        classes: Annotated[int, Range(2, 1000, "Number of different labels", (2, 3))] = 3,
    ) -> None:
        super().__init__()
        self.features = features
        self.classes = classes
        parts = features.split("+")
        self.classifier = nn.Linear((len(parts) + ("uv" in parts)) * dimension, classes)

    def forward(self, first: Tensor, second: Tensor, label: Tensor) -> Tensor:
        """The loss of a batch.

        Args:
            first: (B, d), u, at its own length.
            second: (B, d), v. Swapping the sides changes the logits where u and v themselves are read.
            label: (B,) whole numbers below `classes`; which meaning has which number is free, but fixed.

        Returns:
            Scalar, mean over pairs, nats; log k when the logits are equal.

        Raises:
            DataError: The shapes differ, or a label is not one of the classes.
        """
        require_same_shape(first=first, second=second)
        target = require_classes(label, len(first), self.classes)
        return F.cross_entropy(self.logits(first, second), target)

    def logits(self, first: Tensor, second: Tensor) -> Tensor:
        """What the classifier says of each pair, before the softmax: two (B, d) -> (B, k)."""
        logits: Tensor = self.classifier(self._read(first, second))
        return logits

    def _read(self, first: Tensor, second: Tensor) -> Tensor:
        u, v = (x.to(self.classifier.weight.dtype) for x in (first, second))
        made = {"uv": (u, v), "diff": ((u - v).abs(),), "prod": (u * v,)}
        return torch.cat([x for part in self.features.split("+") for x in made[part]], dim=1)
