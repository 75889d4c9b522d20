"""From the rows of a view to the tensors of a loss, under the dropout masks that the view asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import torch
from torch import Tensor

from simcse_core.encoders import Encoder
from simcse_core.encoders.template_bias import template_states
from simcse_core.losses.wrappers import encode_cached
from simcse_core.views import SPAN, TARGETS, Roles


def embed(encoder: Encoder, roles: Roles, *, masks: str, dropout: float, chunk: int = 0) -> dict[str, Tensor]:
    """Embed every role of a batch, and pass its scores and labels on.

    Args:
        encoder: In training mode.
        roles: As a view makes them.
        masks: "fresh": one forward pass, each row under its own dropout masks; "same": one pass a role, each
            from the same random state; "off": no dropout.
        dropout: The encoder's rate, put back after "off".
        chunk: Rows encoded at a time, by gradient caching; 0 encodes all at once.

    Returns:
        Role → (B, d) float32 with gradients; `score` (B,) float32 and `label` (B,) int64 without.
    """
    texts = {n: value for n, value in roles.items() if n not in TARGETS and not n.endswith(SPAN)}
    if masks == "same":
        tensors = _same_masks(encoder, texts)
    elif masks == "off":
        with _without_dropout(encoder, dropout):
            tensors = _together(encoder, texts, chunk)
    else:
        tensors = _together(encoder, texts, chunk)
    for name in texts:
        if name + SPAN in roles:
            rows, spans = cast(Any, roles[name]), cast(Any, roles[name + SPAN])
            tensors[name] = tensors[name] - template_states(encoder, rows, spans)
    for name, kind in (("score", torch.float32), ("label", torch.int64)):
        if name in roles:
            tensors[name] = torch.as_tensor(roles[name], dtype=kind, device=encoder.device)
    return tensors


def _together(encoder: Encoder, texts: Mapping[str, Any], chunk: int) -> dict[str, Tensor]:
    numbers = {name: encoder.token_rows(rows) for name, rows in texts.items()}
    every = [row for rows in numbers.values() for row in rows]
    if chunk:
        embedded = encode_cached(
            encoder.forward_train, [every[at : at + chunk] for at in range(0, len(every), chunk)]
        )
    else:
        embedded = encoder.forward_train(every)
    sizes = [len(rows) for rows in numbers.values()]
    return dict(zip(numbers, embedded.split(sizes), strict=True))


def _same_masks(encoder: Encoder, texts: Mapping[str, Any]) -> dict[str, Tensor]:
    """One forward over both copies could not share masks: every row draws its own."""
    state = _random_state(encoder.device)
    found = {}
    for name, rows in texts.items():
        _restore(encoder.device, state)
        found[name] = encoder.forward_train(encoder.token_rows(rows))
    return found


def _random_state(device: torch.device) -> tuple[Tensor, Tensor | None]:
    return torch.get_rng_state(), torch.cuda.get_rng_state(device) if device.type == "cuda" else None


def _restore(device: torch.device, state: tuple[Tensor, Tensor | None]) -> None:
    torch.set_rng_state(state[0])
    if state[1] is not None:
        torch.cuda.set_rng_state(state[1], device)


@contextmanager
def _without_dropout(encoder: Encoder, dropout: float) -> Iterator[None]:
    encoder.set_dropout(0.0)
    try:
        yield
    finally:
        encoder.set_dropout(dropout)
