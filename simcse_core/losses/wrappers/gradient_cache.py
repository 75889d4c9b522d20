"""Gradient caching: a large batch in the memory of a small one, with its exact gradient.

Gradient accumulation is no substitute for it: there a sentence never meets the negatives of another chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from simcse_core.errors import DataError, TrainingError

Chunk = TypeVar("Chunk")
SAME = 0.01
"""Most by which a chunk may differ the second time, of its largest number: rounding, not another mask."""


def encode_cached(encode: Callable[[Chunk], Tensor], chunks: Sequence[Chunk]) -> Tensor:
    """Embeddings of all chunks, whose backward pass holds the activations of one chunk at a time.

    The chunks are encoded without a graph, then whatever is done with the rows is differentiated up to the
    rows, then each chunk is encoded once more, under the random state it had, and takes its part of the
    gradient. Three passes instead of two, for the memory of a chunk:

        rows = encode_cached(encoder.forward_train, [texts[i : i + 64] for i in range(0, len(texts), 64)])
        loss = info_nce(*rows.chunk(2))
        loss.backward()

    Gradients are added to `.grad` of what `encode` trains, as by any backward pass; factors on the loss and
    weights of the loss itself need no care.

    Source: Gao et al. 2021 (GradCache), arXiv:2101.06983, sec. 3.2.

    Args:
        encode: A chunk -> (b, d). May draw from torch's generators, on any device, but from no others; must
            not mix its rows, as batch normalisation does.
        chunks: Any number of any size.

    Returns:
        (n, d), the rows of the chunks in order. Without gradients enabled nothing is kept.

    Raises:
        DataError: No chunks.
        TrainingError: In the backward pass, when a chunk is not the same the second time.
    """
    if not chunks:
        raise DataError("Nothing to encode: no chunks were given.")
    if not torch.is_grad_enabled():
        return torch.cat([encode(chunk) for chunk in chunks])
    # an input that asks for a gradient, so that the backward pass below is called
    switch = torch.zeros((), requires_grad=True)
    rows: Tensor = _Replay.apply(switch, encode, chunks)  # type: ignore[no-untyped-call]
    return rows


class _Replay(torch.autograd.Function):
    """Forward without a graph; backward encodes again."""

    @staticmethod
    def forward(ctx: Any, switch: Tensor, encode: Callable[[Any], Tensor], chunks: Sequence[Any]) -> Tensor:
        """Embeddings (n, d) of all chunks."""
        ctx.encode, ctx.chunks, ctx.states = encode, chunks, []
        pieces = []
        for chunk in chunks:
            ctx.states.append(_Surroundings())
            pieces.append(encode(chunk))
        ctx.sizes = [len(piece) for piece in pieces]
        rows = torch.cat(pieces)
        ctx.save_for_backward(rows)
        return rows

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[None, None, None]:
        """Put the gradient (n, d) through each chunk in turn."""
        (rows,) = ctx.saved_tensors
        parts = zip(ctx.chunks, ctx.states, rows.split(ctx.sizes), gradient.split(ctx.sizes), strict=True)
        for chunk, state, before, part in parts:
            with state.restored(), torch.enable_grad():
                again = ctx.encode(chunk)
            _require_same(before, again.detach())
            if again.requires_grad:
                torch.autograd.backward(again, part)
            del again  # before the next chunk is encoded
        return None, None, None


def _require_same(before: Tensor, again: Tensor) -> None:
    if before.shape != again.shape or bool(
        (before - again).abs().max() > SAME * before.abs().max().clamp(min=torch.finfo(before.dtype).tiny)
    ):
        raise TrainingError(
            "A chunk got other embeddings when it was encoded again, so its gradient would be wrong.",
            hint="Let the encoder draw from torch's generators only, and change nothing between the passes.",
        )


class _Surroundings:
    """Random states of all devices in use, and autocasting, at the moment of making."""

    def __init__(self) -> None:
        self.random = _random_states()
        self.autocast = {
            kind: torch.get_autocast_dtype(kind)
            for kind in ("cpu", "cuda")
            if torch.is_autocast_enabled(kind)
        }

    @contextmanager
    def restored(self) -> Iterator[None]:
        """Back to that moment, and afterwards forward again."""
        outside = _random_states()
        with ExitStack() as stack:
            stack.callback(_set_random_states, outside)
            _set_random_states(self.random)
            for kind, dtype in self.autocast.items():
                # what was cast without a graph must not be used again with one
                stack.enter_context(torch.autocast(kind, dtype=dtype, cache_enabled=False))
            yield


def _random_states() -> dict[str, Any]:
    states: dict[str, Any] = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        states["cuda"] = torch.cuda.get_rng_state_all()
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_random_states(states: dict[str, Any]) -> None:
    torch.set_rng_state(states["cpu"])
    if "cuda" in states:
        torch.cuda.set_rng_state_all(states["cuda"])
    if "mps" in states:
        torch.mps.set_rng_state(states["mps"])
