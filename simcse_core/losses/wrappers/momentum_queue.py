"""A queue of older embeddings as further negatives, encoded by a slowly following twin of the encoder."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import unit_rows
from simcse_core.losses.layouts import Candidates
from simcse_core.losses.wrappers.form import similarity_form

Module = TypeVar("Module", bound=nn.Module)


class MomentumQueue:
    """The newest embeddings of earlier batches, first in first out, without gradients.

    Args:
        size: Most rows that are kept; ESimCSE has 160, 2.5 batches of 64.
        dimension: d of the embeddings.

    Attributes:
        rows: (q, d), oldest first, q at most `size`.
        keys: (q,) int64, which text each row is of, so that no text becomes its own negative.

    Raises:
        ConfigError: A size below 1.
    """

    def __init__(self, size: int, dimension: int) -> None:
        if size < 1:
            raise ConfigError(f"A queue holds at least one row; got a size of {size}.")
        self.size = size
        self.rows = torch.empty(0, dimension)
        self.keys = torch.empty(0, dtype=torch.int64)

    def push(self, rows: Tensor, keys: Tensor) -> None:
        """Add the rows of a batch, dropping the oldest beyond `size`.

        Args:
            rows: (B, d); copied, detached, and kept on their device.
            keys: (B,) int64, from `keys_of`.

        Raises:
            DataError: Another width, or not one key per row.
        """
        if rows.ndim != 2 or rows.shape[1] != self.rows.shape[1] or keys.shape != rows.shape[:1]:
            raise DataError(
                f"The queue takes rows (B, {self.rows.shape[1]}) and keys (B,); "
                f"got {tuple(rows.shape)} and {tuple(keys.shape)}."
            )
        self.rows = torch.cat([self.rows.to(rows), rows.detach()])[-self.size :]
        self.keys = torch.cat([self.keys.to(keys), keys])[-self.size :]

    def extend(self, candidates: Candidates, query: Tensor, keys: Tensor) -> Candidates:
        """Rows of candidates with one more column for each row of the queue.

        Args:
            candidates: (R, C).
            query: (R, d), what each row compares.
            keys: (R,) int64; a row does not meet an older copy of its own text (-inf).

        Returns:
            (R, C + q); the same object while the queue is empty.
        """
        if not len(self.rows):
            return candidates
        older = unit_rows(query) @ unit_rows(self.rows.to(query.device)).T.to(candidates.similarities.dtype)
        own = keys[:, None] == self.keys.to(keys.device)[None, :]
        similarities = torch.cat([candidates.similarities, older.masked_fill(own, float("-inf"))], dim=1)
        return Candidates(similarities, candidates.positive)

    def state_tensors(self) -> dict[str, Tensor]:
        """All that the next step depends on."""
        return {"rows": self.rows, "keys": self.keys}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on with what `state_tensors` gave.

        Raises:
            DataError: Another width.
        """
        self.rows, self.keys = self.rows[:0], self.keys[:0]
        self.push(state["rows"], state["keys"])


def queued_loss(
    name: str, embeddings: Mapping[str, Tensor], queue: MomentumQueue, keys: Tensor, **parameters: Any
) -> Tensor:
    """An objective over rows of candidates with those of a queue as further negatives.

        loss = queued_loss("info_nce", embeddings, queue, keys, temperature=0.05)
        …  # after the optimiser's step, with twin = make_twin(encoder) from the start
        momentum_update(twin, encoder, momentum=0.995)
        queue.push(twin(texts), keys)

    Source: He et al. 2020 (MoCo), arXiv:1911.05722; Wu et al. 2022 (ESimCSE), arXiv:2109.04380.

    Args:
        name: A registered objective that acts on similarities.
        embeddings: Role -> (B, d).
        queue: Of earlier batches; with an empty one this is the objective itself.
        keys: (B,) int64 of the anchors' texts.
        **parameters: Of the objective; defaults otherwise.

    Returns:
        Scalar, mean over rows; no gradient reaches the queue.

    Raises:
        ConfigError: The objective does not act on similarities alone, or a `hard_weight` is given.
        DataError: The shapes differ.
    """
    layout, rows_of, on_similarities = similarity_form(name)
    if parameters.get("hard_weight", 1.0) != 1.0:
        # its place is read off the number of columns, which a queue changes
        raise ConfigError("A queue cannot be combined with hard_weight.", hint="Set loss.hard_weight to 1.")
    candidates = rows_of(embeddings)
    query = embeddings["anchor"]
    if keys.shape != query.shape[:1]:
        raise DataError(f"One key per anchor is needed: {len(query)} anchors, keys {tuple(keys.shape)}.")
    if layout == "interleaved":
        query = torch.stack([query, embeddings["positive"]], dim=1).flatten(0, 1)
        keys = keys.repeat_interleave(2)
    return on_similarities(*queue.extend(candidates, query, keys), **parameters)


def keys_of(texts: Sequence[str]) -> Tensor:
    """A number for each text, the same in every run and on every machine: (B,) int64."""
    digests = (hashlib.blake2b(text.encode(), digest_size=8).digest() for text in texts)
    return torch.tensor([int.from_bytes(d, "big", signed=True) for d in digests], dtype=torch.int64)


def make_twin(encoder: Module) -> Module:
    """A copy that is not trained, for `momentum_update`; in eval mode, as in ESimCSE."""
    return copy.deepcopy(encoder).eval().requires_grad_(False)


@torch.no_grad()
def momentum_update(twin: nn.Module, encoder: nn.Module, *, momentum: float) -> None:
    """Move the twin's weights to momentum x its own + (1 - momentum) x the encoder's, and copy the buffers.

    Args:
        twin: From `make_twin`; changed in place.
        encoder: In training; only read.
        momentum: 1 never moves, 0 copies; 0.995 in ESimCSE.

    Raises:
        ConfigError: Not in [0, 1], or the two have different weights.
    """
    if not 0.0 <= momentum <= 1.0:
        raise ConfigError(f"Momentum is {momentum}; allowed: 0 to 1.")
    own, other = dict(twin.named_parameters()), dict(encoder.named_parameters())
    if {n: p.shape for n, p in own.items()} != {n: p.shape for n, p in other.items()}:
        raise ConfigError("The twin and the encoder have different weights.", hint="Make it by make_twin.")
    for name, parameter in own.items():
        parameter.lerp_(other[name].to(parameter), 1 - momentum)
    for mine, theirs in zip(twin.buffers(), encoder.buffers(), strict=True):
        mine.copy_(theirs)
