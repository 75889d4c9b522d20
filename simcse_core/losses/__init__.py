"""Objectives: named tensors in, one scalar out. Each file registers one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simcse_core.registry import Registry, discover

if TYPE_CHECKING:
    from torch import Tensor

losses: Registry[Callable[..., Any]] = Registry("loss")


def full_precision(embeddings: Tensor) -> Tensor:
    """The same numbers in float32 at least; gradients come back in the dtype that was given."""
    import torch

    return embeddings.float() if embeddings.dtype in {torch.float16, torch.bfloat16} else embeddings


def unit_rows(embeddings: Tensor) -> Tensor:
    """Rows (B, d) at length 1, in float32 at least.

    A cosine in half precision is off by up to 0.004, which a temperature of 0.05 makes 0.08 in the logit.
    """
    import torch.nn.functional as F

    return F.normalize(full_precision(embeddings), dim=-1)


def require_same_shape(**tensors: Tensor) -> None:
    """Refuse batches whose tensors are not all (B, d) of one shape, or are empty.

    Raises:
        DataError: Names the tensors and their shapes.
    """
    from simcse_core.errors import DataError

    shapes = {name: tuple(x.shape) for name, x in tensors.items()}
    if len(set(shapes.values())) != 1 or any(len(s) != 2 or 0 in s for s in shapes.values()):
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise DataError(f"Embeddings of one batch must share one non-empty shape (B, d); got {given}.")


discover(__name__)
