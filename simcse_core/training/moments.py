"""The optimiser's moments as plain tensors, without the rows that are still zero.

Most rows of a word embedding belong to tokens that a short run never meets. Their moments are exactly zero;
leaving them out makes a checkpoint of a live run less than half as large without changing a bit of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

ROWS, VALUES = ":rows", ":values"


def pack(name: str, value: Tensor) -> dict[str, Tensor]:
    """`value` under `name`, or its non-zero rows and their numbers where those are fewer than half.

    Args:
        name: Key of the tensor.
        value: Any shape; only matrices (n, d) are thinned out.
    """
    if value.ndim == 2:
        rows = value.any(dim=1).nonzero().squeeze(1)  # (k,)
        if 2 * len(rows) < len(value):
            return {name + ROWS: rows, name + VALUES: value[rows]}
    return {name: value}


def unpack(prefix: str, state: Mapping[str, Tensor], *, like: Tensor) -> dict[str, Tensor]:
    """Every tensor whose key starts with `prefix`, whole again, on the device of `like`.

    Args:
        prefix: Cut off the names.
        state: Made of `pack`s.
        like: The parameter that the moments belong to; gives the shape of thinned-out ones.
    """
    found: dict[str, Tensor] = {}
    for key, value in state.items():
        name = key.removeprefix(prefix)
        if name == key or name.endswith(ROWS):
            continue
        if name.endswith(VALUES):
            name = name.removesuffix(VALUES)
            whole = torch.zeros(like.shape, dtype=value.dtype)
            whole[state[prefix + name + ROWS]] = value
            found[name] = whole.to(like.device)
        else:
            found[name] = value.clone().to(like.device)
    return found
