"""Hidden states to one vector a sentence. No torch at import: every pooler uses methods of its tensors.

`hidden_states` maps a layer to its (B, T, h) output. Layers are counted as the pooler's trait `layers`
names them: 1 is the first transformer layer, -1 the last layer kept, -2 the one before (the embedding
layer, when only one layer is kept). `mask` is (B, T), true at real tokens, special tokens included, as in
the official SimCSE code. A row without any real token gives the zero vector, never NaN.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from simcse_core.errors import DataError
from simcse_core.registry import Registry

if TYPE_CHECKING:
    from torch import Tensor

    States = Mapping[int, Tensor]

poolers: Registry[Callable[..., Tensor]] = Registry("pooling")

_SIMCSE = "Gao et al. 2021, arXiv:2104.08821, section 6.3 and the authors' code"


@poolers.register(
    "cls",
    title="[CLS] through the checkpoint's head",
    source=_SIMCSE,
    equation=r"\tanh(W h^{(k)}_1 + b)",
    layers=(-1,),
)
def cls(hidden_states: States, mask: Tensor, head: Callable[[Tensor], Tensor]) -> Tensor:
    """First token of the last layer, through the trained head: (B, d).

    Args:
        hidden_states: -1 → (B, T, h).
        mask: (B, T), true at real tokens.
        head: (B, h) → (B, d); the checkpoint's own pooler (dense and tanh) or the head it was trained with.
    """
    return head(cls_before_pooler(hidden_states, mask))


@poolers.register(
    "cls_before_pooler",
    title="[CLS] of the last layer",
    source=_SIMCSE,
    equation=r"h^{(k)}_1",
    layers=(-1,),
)
def cls_before_pooler(hidden_states: States, mask: Tensor) -> Tensor:
    """First token of the last layer, without any head: (B, h).

    Args:
        hidden_states: -1 → (B, T, h).
        mask: (B, T), true at real tokens.
    """
    return hidden_states[-1][:, 0] * mask[:, :1].to(hidden_states[-1].dtype)


@poolers.register(
    "mean",
    title="Mean of the last layer",
    source="Reimers & Gurevych 2019, arXiv:1908.10084, section 3",
    equation=r"\frac{1}{T}\sum_t h^{(k)}_t",
    layers=(-1,),
)
def mean(hidden_states: States, mask: Tensor) -> Tensor:
    """Mean over the real tokens of the last layer: (B, h).

    Args:
        hidden_states: -1 → (B, T, h).
        mask: (B, T), true at real tokens.
    """
    return _masked_mean(hidden_states[-1], mask)


@poolers.register(
    "first_last",
    title="Mean of the first and the last layer",
    source="Su et al. 2021, arXiv:2103.15316; first = layer 1, as corrected in SimCSE issue 285",
    equation=r"\frac{1}{2T}\sum_t h^{(1)}_t + h^{(k)}_t",
    layers=(1, -1),
)
def first_last(hidden_states: States, mask: Tensor) -> Tensor:
    """Half the sum of the means of the first and the last layer: (B, h).

    "First" is the output of transformer layer 1, not the embedding layer. The SimCSE paper's BERT row
    (56.70) and the ESimCSE, GS-InfoNCE and DiffCSE code take the embedding layer.

    Args:
        hidden_states: 1 and -1 → (B, T, h).
        mask: (B, T), true at real tokens.
    """
    return _masked_mean((hidden_states[1] + hidden_states[-1]) / 2, mask)


@poolers.register(
    "last2",
    title="Mean of the last two layers",
    source="Li et al. 2020, arXiv:2011.05864 (BERT-flow), last2avg",
    equation=r"\frac{1}{2T}\sum_t h^{(k-1)}_t + h^{(k)}_t",
    layers=(-2, -1),
)
def last2(hidden_states: States, mask: Tensor) -> Tensor:
    """Half the sum of the means of the last two layers: (B, h).

    Args:
        hidden_states: -2 and -1 → (B, T, h).
        mask: (B, T), true at real tokens.
    """
    return _masked_mean((hidden_states[-2] + hidden_states[-1]) / 2, mask)


@poolers.register(
    "max",
    title="Largest value over the tokens",
    source="Reimers & Gurevych 2019, arXiv:1908.10084, section 3",
    equation=r"\max_t h^{(k)}_t",
    layers=(-1,),
)
def max_over_tokens(hidden_states: States, mask: Tensor) -> Tensor:
    """Largest value of each coordinate over the real tokens of the last layer: (B, h).

    Args:
        hidden_states: -1 → (B, T, h).
        mask: (B, T), true at real tokens.
    """
    real = mask.bool()
    highest = hidden_states[-1].masked_fill(~real[..., None], float("-inf")).amax(dim=1)  # (B, h)
    return highest.masked_fill(~real.any(dim=1, keepdim=True), 0.0)


@poolers.register(
    "mask",
    title="The [MASK] token of a prompt",
    source="Jiang et al. 2022, arXiv:2201.04337 (PromptBERT), section 3",
    equation=r"h^{(k)}_{\mathrm{[MASK]}}",
    layers=(-1,),
)
def mask_token(hidden_states: States, mask: Tensor, marks: Tensor) -> Tensor:
    """Last layer at the one mask token of each row: (B, h).

    Args:
        hidden_states: -1 → (B, T, h).
        mask: (B, T), true at real tokens.
        marks: (B, T), true where the token is the tokenizer's mask token.

    Raises:
        DataError: A row has no mask token, or more than one.
    """
    found = (marks.bool() & mask.bool()).sum(dim=1)  # (B,)
    if not bool((found == 1).all()):
        count = int(found[found != 1][0])
        raise DataError(
            f"Pooling 'mask' needs exactly one mask token in every text; one has {count} after truncation.",
            hint="Wrap the texts in a prompt such as 'This sentence : \"…\" means [MASK] .'",
        )
    chosen = (marks.bool() & mask.bool()).to(hidden_states[-1].dtype)
    return (hidden_states[-1] * chosen[..., None]).sum(dim=1)


def _masked_mean(states: Tensor, mask: Tensor) -> Tensor:
    """Mean of (B, T, h) over the tokens where `mask` (B, T) is true; sums in float32 at least."""
    weights = mask.to(states.dtype)
    total = (states * weights[..., None]).sum(
        dim=1, dtype=None if states.dtype.itemsize > 2 else mask.float().dtype
    )
    return total / mask.sum(dim=1, keepdim=True).clamp(min=1).to(total.dtype)
