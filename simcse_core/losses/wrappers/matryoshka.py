"""Matryoshka: one objective on nested prefixes of the embeddings, so that short prefixes work alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from simcse_core.errors import ConfigError, DataError


def matryoshka(
    loss: Callable[..., Tensor], dims: Sequence[int], weights: Sequence[float] | None = None
) -> Callable[..., Tensor]:
    """The weighted sum of an objective over the first m dimensions, for each m of `dims`.

        loss = matryoshka(losses["info_nce"], dims=(64, 128, 384))
        loss(anchor=anchor, positive=positive, temperature=0.05)

    Objectives of cosines normalise what they are given, hence after the cut. Include the full width: a
    dimension beyond the largest of `dims` is not trained.

    Source: Kusupati et al. 2022, arXiv:2205.13147, eq. 1.

    Args:
        loss: Takes named tensors; those of shape (B, d) are cut, labels and scores are not.
        dims: Different widths, each at least 1.
        weights: One for each width, above 0; all 1 where None.

    Returns:
        A function of the same named tensors; with dims = (d,) it is `loss`.

    Raises:
        ConfigError: Widths or weights that make no sense, or an objective with weights of its own, which fit
            one width only.
        DataError: When called, a width beyond that of the embeddings.
    """
    if isinstance(loss, nn.Module):
        raise ConfigError("An objective with trained weights fits one width only; Matryoshka cannot use it.")
    chosen = _checked_weights(dims, weights)

    def nested(**tensors: object) -> Tensor:
        _require_width(tensors, max(dims))
        terms = [
            weight * loss(**{name: _cut(x, width) for name, x in tensors.items()})
            for width, weight in zip(dims, chosen, strict=True)
        ]
        return torch.stack(terms).sum()

    return nested


def _checked_weights(dims: Sequence[int], weights: Sequence[float] | None) -> list[float]:
    chosen = list(weights) if weights is not None else [1.0] * len(dims)
    if not dims or len(set(dims)) != len(dims) or min(dims) < 1:
        raise ConfigError(f"Matryoshka needs different widths of at least 1; got {list(dims)}.")
    if len(chosen) != len(dims) or min(chosen) <= 0:
        raise ConfigError(f"Matryoshka needs one weight above 0 for each width; got {chosen}.")
    return chosen


def _is_rows(x: object) -> bool:
    return isinstance(x, Tensor) and x.ndim == 2 and x.is_floating_point()


def _cut(x: object, width: int) -> object:
    return x[:, :width] if isinstance(x, Tensor) and _is_rows(x) else x


def _require_width(tensors: dict[str, object], widest: int) -> None:
    for name, x in tensors.items():
        if isinstance(x, Tensor) and _is_rows(x) and x.shape[1] < widest:
            raise DataError(
                f"{name} has {x.shape[1]} dimensions, fewer than the widest prefix, {widest}.",
                hint="Choose widths up to that of the encoder.",
            )
