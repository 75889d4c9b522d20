"""One masked-LM training: what a step is, what is measured, and how it is kept to go on bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional as F

from simcse_core import runtime
from simcse_core.errors import RunError, TrainingError
from simcse_core.pretraining.config import PretrainConfig
from simcse_core.pretraining.corpus import Packed, TokenRows, batch_bounds, pack
from simcse_core.pretraining.masking import Masked, Masking, mask_words
from simcse_core.pretraining.model import predict
from simcse_core.pretraining.vocabulary import SPECIAL, continuations
from simcse_core.runs.files import read_json, write_json
from simcse_core.training.optim import clip

STATE, FACTS = "state.safetensors", "state.json"
HELD_OUT_MASKS = 2  # second number of the seed of the masks on held-out text


@dataclass(frozen=True)
class StepResult:
    """One optimiser step.

    Attributes:
        loss: Mean cross-entropy of the tokens to predict, before the update, nats.
        grad_norm: Before clipping.
        tokens: Real tokens of the batch.
    """

    loss: float
    grad_norm: float
    tokens: int


@dataclass(frozen=True)
class HeldOut:
    """Masked-LM quality on held-out text.

    Attributes:
        loss: Mean cross-entropy of the tokens to predict, nats.
        accuracy: Share of them whose most likely piece is the true one, in [0, 1].
        predicted: How many there were.
    """

    loss: float
    accuracy: float
    predicted: int


def learning_rate_at(progress: float, config: PretrainConfig) -> float:
    """Linear rise over the first `warmup` share of the budget, then linear fall to 0.

    Args:
        progress: Share of the budget used, in [0, 1].
        config: Peak rate and share of the warm-up.
    """
    if progress < config.warmup:
        return config.learning_rate * max(progress, 1e-3) / config.warmup
    return config.learning_rate * max(0.0, 1 - progress) / (1 - config.warmup)


class Pretrainer:
    """Model, optimiser and place in the text.

    All chance of a step comes from (seed, step), so a resumed training repeats what an unbroken one does.

    Attributes:
        step: Optimiser steps done.
        tokens: Real tokens seen.
        elapsed: Seconds spent, over all processes; kept here, counted by the caller.
    """

    def __init__(
        self,
        config: PretrainConfig,
        model: Any,
        backend: Tokenizer,
        rows: TokenRows,
        train: NDArray[np.int64],
    ) -> None:
        """Put the parts together; `train` holds the numbers of the rows to train on."""
        self.config, self.backend, self.rows, self.train = config, backend, rows, train
        self.device = runtime.resolve_device(config.device)
        self.dtype = runtime.resolve_dtype(config.precision, self.device)
        self.model = model.to(self.device)
        self.about = masking_of(backend)
        self.optimizer = _optimizer(self.model, config)
        self.step, self.tokens, self.elapsed = 0, 0, 0.0
        self.epoch, self.cursor = 0, 0
        self._order, self._bounds = self._laid_out(0)

    def _laid_out(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of an epoch in their order, and the bounds of its batches."""
        order = self.train[np.random.default_rng([self.config.seed, 3, epoch]).permutation(len(self.train))]
        return order, batch_bounds(self.rows.lengths[order], self.config.tokens_per_step)

    def _next(self) -> NDArray[np.int64]:
        if self.cursor + 1 >= len(self._bounds):
            self.epoch, self.cursor = self.epoch + 1, 0
            self._order, self._bounds = self._laid_out(self.epoch)
        start, stop = self._bounds[self.cursor : self.cursor + 2]
        self.cursor += 1
        return self._order[start:stop]

    def advance(self, progress: float) -> StepResult:
        """One step at the rate that belongs to `progress`, in [0, 1].

        Raises:
            TrainingError: The loss is not finite.
        """
        config = self.config
        batch = pack(self.rows, self._next(), 0, self.device.type)
        generator = np.random.default_rng([config.seed, 4, self.step])
        masked = mask_words(batch.ids, self.about, config.mask_share, generator)
        torch.manual_seed(int(generator.integers(2**31)))  # the masks of dropout
        self.model.train()
        found = self._loss(batch, masked, training=config.dropout > 0)
        if not bool(found.isfinite()):
            raise TrainingError(
                f"The loss is not finite at step {self.step + 1}.", hint="Lower learning_rate."
            )
        self.optimizer.zero_grad(set_to_none=True)
        found.backward()
        norm = clip(self.model.parameters(), config.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate_at(progress, config)
        self.optimizer.step()
        seen = int(batch.lengths.sum())
        self.step, self.tokens = self.step + 1, self.tokens + seen
        return StepResult(float(found.detach()), norm, seen)

    def _loss(self, batch: Packed, masked: Masked, *, training: bool) -> Tensor:
        return F.cross_entropy(self._logits(batch, masked, training=training), self._moved(masked.targets))

    def _logits(self, batch: Packed, masked: Masked, *, training: bool) -> Tensor:
        return predict(
            self.model,
            self._moved(masked.ids),
            self._moved(batch.lengths),
            batch.parts,
            self._moved(masked.places),
            dtype=self.dtype,
            training=training,
        )

    def _moved(self, array: NDArray[np.int64]) -> Tensor:
        return torch.from_numpy(array).to(self.device)

    def measure(self, held_out: TokenRows) -> HeldOut:
        """Loss and accuracy on held-out rows under masks that depend on nothing but the seed."""
        total, right, count = 0.0, 0, 0
        with torch.no_grad():
            for number, batch in enumerate(_batches(held_out, self.config.tokens_per_step, self.device.type)):
                generator = np.random.default_rng([self.config.seed, HELD_OUT_MASKS, number])
                masked = mask_words(batch.ids, self.about, self.config.mask_share, generator)
                scores, targets = self._logits(batch, masked, training=False), self._moved(masked.targets)
                total += float(F.cross_entropy(scores, targets, reduction="sum"))
                right += int((scores.argmax(dim=1) == targets).sum())
                count += len(masked.targets)
        return HeldOut(total / count, right / count, count)

    def save(self, folder: Path) -> None:
        """Model, tokenizer, moments and place, into a folder that replaces an older one in one move."""
        from simcse_core.pretraining.folder import replace_folder, write_model

        with replace_folder(folder) as partial:
            write_model(self.model, self.backend, self.config, partial)
            save_file(_moments(self.model, self.optimizer), partial / STATE)
            facts = {key: getattr(self, key) for key in ("step", "tokens", "elapsed", "epoch", "cursor")}
            write_json(partial / FACTS, facts)

    def restore(self, folder: Path) -> None:
        """Moments and place of a checkpoint whose model this trainer was made with.

        Raises:
            RunError: The checkpoint is damaged.
        """
        facts = read_json(folder / FACTS)
        if not isinstance(facts, dict) or not (folder / STATE).is_file():
            raise RunError(
                f"{folder} is not a checkpoint to go on from.", hint="Start anew without --resume."
            )
        for key, value in facts.items():
            setattr(self, key, value)
        self._order, self._bounds = self._laid_out(self.epoch)
        kept = load_file(folder / STATE)
        for name, parameter in self.model.named_parameters():
            own = {k: kept[f"{name}|{k}"] for k in ("step", "exp_avg", "exp_avg_sq") if f"{name}|{k}" in kept}
            if own:
                moved = {k: v if k == "step" else v.to(self.device) for k, v in own.items()}
                self.optimizer.state[parameter] = moved


def masking_of(backend: Tokenizer) -> Masking:
    """What masking needs to know of a vocabulary."""
    special = np.zeros(backend.get_vocab_size(), dtype=np.bool_)
    numbers = backend.get_vocab()
    special[[numbers[token] for token in SPECIAL]] = True
    return Masking(continuations(backend), special, numbers["[MASK]"])


def _batches(rows: TokenRows, tokens: int, device: str) -> Iterator[Packed]:
    every = np.argsort(rows.lengths, kind="stable")
    bounds = batch_bounds(rows.lengths[every], tokens)
    ends = [*bounds.tolist(), len(rows)] if bounds[-1] < len(rows) else bounds.tolist()
    for start, stop in pairwise(ends):
        yield pack(rows, every[start:stop], 0, device)


def _optimizer(model: Any, config: PretrainConfig) -> torch.optim.AdamW:
    """AdamW; biases and norms do not decay (Devlin et al. 2019, the authors' code)."""
    given = list(model.parameters())
    groups = [
        {"params": [p for p in given if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in given if p.ndim <= 1], "weight_decay": 0.0},
    ]
    fused = given[0].device.type in {"cpu", "cuda"}
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=fused)


def _moments(model: Any, optimizer: torch.optim.AdamW) -> dict[str, Tensor]:
    return {
        f"{name}|{key}": value.detach().cpu().contiguous()
        for name, parameter in model.named_parameters()
        for key, value in optimizer.state.get(parameter, {}).items()
    }
