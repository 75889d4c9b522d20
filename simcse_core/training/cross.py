"""Trains a cross-encoder on scored or labelled pairs."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from simcse_core.config import OptimConfig
from simcse_core.data.records import ScoredPair
from simcse_core.encoders.cross import CrossEncoder
from simcse_core.errors import DataError, TrainingError
from simcse_core.runtime import seed_everything
from simcse_core.training.batches import Batches
from simcse_core.training.events import StepDone
from simcse_core.training.gradients import WordGradients
from simcse_core.training.optim import clip, learning_rate_at, make_optimizer


def pair_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy with graded targets, as sentence-transformers trains a cross-encoder of one label.

    Args:
        logits: (B,).
        target: (B,) in [0, 1]; 0.5 is met by logit 0, at a loss of log 2.

    Returns:
        Scalar, mean over pairs, nats.
    """
    return F.binary_cross_entropy_with_logits(logits, target)


class CrossTrainer:
    """Trains a cross-encoder in place, one step at a time.

    Args:
        config: Steps, batch, rate and schedule; `precision` and `device` are those of the cross-encoder.
        cross: Owned by the trainer from here on.
        pairs: Scored pairs; labelled ones have scores 0 and 1.
        seed: Order of the pairs and dropout.
        full_score: Score of a pair that means the same: 5 for STS, 1 for labels.

    Raises:
        DataError: Fewer pairs than one batch, or a score outside 0 to `full_score`.
    """

    def __init__(
        self,
        config: OptimConfig,
        cross: CrossEncoder,
        pairs: Sequence[ScoredPair],
        *,
        seed: int,
        full_score: float = 5.0,
    ) -> None:
        if any(not 0 <= pair.score <= full_score for pair in pairs):
            raise DataError(f"Scores of pairs must lie between 0 and {full_score:g} here.")
        self.config, self.cross, self.full_score = config, cross, full_score
        self.batches = Batches(pairs, size=config.batch_size, seed=seed)
        seed_everything(seed)
        self.words = WordGradients(cross.encoder.model, cross.device)
        self.optimizer = make_optimizer(cross.parameters(), config)
        self.step = 0

    def advance(self) -> StepDone:
        """Do one optimiser step.

        Raises:
            TrainingError: The loss or the gradient is not finite; nothing was updated.
        """
        start = time.perf_counter()
        self.cross.train()
        records = self.batches.at(self.step)
        logits = self.cross.logits([(record.first, record.second) for record in records])
        target = torch.tensor([r.score / self.full_score for r in records], device=logits.device)
        loss = pair_loss(logits, target.to(logits.dtype))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.words.make_dense(self.cross.parameters())
        norm = clip(self.cross.parameters(), self.config.clip_norm)
        if not np.isfinite([float(loss.detach()), norm]).all():
            raise TrainingError(
                f"The loss or its gradient is not finite at step {self.step + 1}.",
                hint="Lower optim.learning_rate.",
            )
        rate = learning_rate_at(self.step, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.step += 1
        self.cross.eval()
        rows = self.config.batch_size / (time.perf_counter() - start)
        return StepDone(
            step=self.step, loss=float(loss.detach()), learning_rate=rate, grad_norm=norm,
            sentences_per_second=rows,
        )  # fmt: skip
