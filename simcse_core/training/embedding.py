"""From the rows of a view to the tensors of a loss, under the dropout masks that the view asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from simcse_core.encoders import Encoder
from simcse_core.encoders.cutoff import Kept
from simcse_core.encoders.template_bias import template_states
from simcse_core.losses.wrappers import encode_cached
from simcse_core.views import BESIDE, FEATURES_KEPT, SECOND_SIDE, SPAN, TARGETS, TOKENS_KEPT, Roles


def embed(
    encoder: Encoder,
    roles: Roles,
    *,
    masks: str,
    dropout: float,
    chunk: int = 0,
    second: Encoder | None = None,
) -> dict[str, Tensor]:
    """Embed every role of a batch, and pass its scores and labels on.

    Args:
        encoder: In training mode.
        roles: As a view makes them.
        masks: "fresh": one forward pass a tower, each row under its own dropout masks; "same": one pass a
            role, each from the same random state; "off": no dropout.
        dropout: The encoder's rate, put back after "off".
        chunk: Rows encoded at a time, by gradient caching; 0 encodes all at once.
        second: Encodes the roles of `SECOND_SIDE`; None for one encoder of all.

    Returns:
        Role → (B, d) float32 with gradients; `score` (B,) float32 and `label` (B,) int64 without.
    """
    texts = {n: value for n, value in roles.items() if n not in TARGETS and not n.endswith(BESIDE)}
    towers = {name: second if second is not None and name in SECOND_SIDE else encoder for name in texts}
    with ExitStack() as stack:
        for tower in set(towers.values()) if masks == "off" else ():
            stack.enter_context(_without_dropout(tower, dropout))
        if masks == "same":
            tensors = _same_masks(towers, texts)
        else:
            tensors = {}
            for tower in dict.fromkeys(towers.values()):
                mine = {name: rows for name, rows in texts.items() if towers[name] is tower}
                tensors |= _together(tower, mine, roles, chunk)
    for name in texts:
        if name + SPAN in roles:
            rows, spans = cast(Any, roles[name]), cast(Any, roles[name + SPAN])
            tensors[name] = tensors[name] - template_states(towers[name], rows, spans)
    for name, kind in (("score", torch.float32), ("label", torch.int64)):
        if name in roles:
            tensors[name] = torch.as_tensor(roles[name], dtype=kind, device=encoder.device)
    return tensors


def _together(encoder: Encoder, texts: Mapping[str, Any], roles: Roles, chunk: int) -> dict[str, Tensor]:
    numbers = {name: encoder.token_rows(rows) for name, rows in texts.items()}
    every = [row for rows in numbers.values() for row in rows]
    kept = _kept(numbers, roles)

    def encode(part: range) -> Tensor:
        return encoder.forward_train([every[i] for i in part], kept=None if kept is None else kept.take(part))

    whole = range(len(every))
    if chunk:
        embedded = encode_cached(encode, [whole[at : at + chunk] for at in range(0, len(every), chunk)])
    else:
        embedded = encode(whole)
    sizes = [len(rows) for rows in numbers.values()]
    return dict(zip(numbers, embedded.split(sizes), strict=True))


def _kept(numbers: Mapping[str, list[list[int]]], roles: Roles) -> Kept | None:
    """What the view leaves of the embeddings of all rows, in the order of the roles; None if all of it."""
    cut = [np.asarray(roles[name + FEATURES_KEPT]) for name in numbers if name + FEATURES_KEPT in roles]
    if not cut:
        return None
    tokens: list[Any] = []
    features = []
    for name, rows in numbers.items():
        tokens += cast(Any, roles.get(name + TOKENS_KEPT, [[1] * len(row) for row in rows]))
        features.append(roles.get(name + FEATURES_KEPT, np.ones((len(rows), cut[0].shape[1]))))
    return Kept(tokens, np.concatenate(cast(Any, features)).astype(np.float32))


def _same_masks(towers: Mapping[str, Encoder], texts: Mapping[str, Any]) -> dict[str, Tensor]:
    """One forward over both copies could not share masks: every row draws its own."""
    device = next(iter(towers.values())).device
    state = _random_state(device)
    found = {}
    for name, rows in texts.items():
        encoder = towers[name]
        _restore(device, state)
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
