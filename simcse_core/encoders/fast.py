"""The packed forward for inference: weights cast, fused and laid out once, nothing recorded.

Three things make it fast: the matrix products see every token of a chunk at once and no padding, oneDNN
adds bias, GELU and residual while a product is still in cache (a plain fallback gives the same numbers
where oneDNN is missing), and the softmax of short sentences is a plain exponential divided by its sum,
which needs no pass per row; chunks whose scores could overflow take the safe softmax.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simcse_core.encoders.buckets import Bucket
from simcse_core.encoders.families import Block, activation_name, blocks_of, embedder_of
from simcse_core.encoders.packed import padding_mask, positions

SAFE_SCORE = 60.0  # exp(±60) times any sentence length stays inside float32 and bfloat16
SHORT = 64  # tokens from which the library's softmax is as fast


class Dense:
    """A dense layer with its weight laid out for this machine; bias, GELU and residual are fused."""

    def __init__(self, weight: Tensor, bias: Tensor, dtype: torch.dtype) -> None:
        """Take `weight` (out, in) and `bias` (out,), in any format; computes in `dtype`."""
        self.weight = weight.detach().to(dtype).contiguous()
        self.bias = bias.detach().to(dtype).contiguous()
        self.blocked = _blocked(self.weight)

    def plain(self, x: Tensor) -> Tensor:
        """(N, in) → (N, out)."""
        if self.blocked is None:
            return F.linear(x, self.weight, self.bias)
        result: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.blocked, self.bias, "none", [], "")
        return result

    def gelu(self, x: Tensor) -> Tensor:
        """GELU (by the error function) of `plain`."""
        if self.blocked is None:
            return F.gelu(F.linear(x, self.weight, self.bias))
        result: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.blocked, self.bias, "gelu", [], "none")
        return result

    def plus(self, x: Tensor, residual: Tensor) -> Tensor:
        """`plain` plus `residual` (N, out)."""
        if self.blocked is None:
            return F.linear(x, self.weight, self.bias) + residual
        result: Tensor = torch.ops.mkldnn._linear_pointwise.binary(
            x, residual, self.blocked, self.bias, "add"
        )
        return result


def _blocked(weight: Tensor) -> Tensor | None:
    """The weight in oneDNN's own layout, proven against a plain product; None where that does not work."""
    if weight.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return None
    try:
        blocked: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, 1024)
        x = torch.randn(32, weight.shape[1], generator=torch.Generator().manual_seed(0)).to(weight.dtype)
        found = torch.ops.mkldnn._linear_pointwise(x, blocked, None, "none", [], "")
        close = torch.allclose(found.float(), F.linear(x, weight).float(), rtol=2e-2, atol=1e-2)
        return blocked if close else None
    except (RuntimeError, AttributeError, NotImplementedError):
        return None


@dataclass(frozen=True)
class Layer:
    """One transformer layer, ready."""

    qkv: Dense
    output: Dense
    attention_norm: tuple[Tensor, Tensor, float]
    up: Dense
    down: Dense
    output_norm: tuple[Tensor, Tensor, float]
    activation: Any


def _norm(norm: nn.LayerNorm, dtype: torch.dtype) -> tuple[Tensor, Tensor, float]:
    return norm.weight.detach().to(dtype), norm.bias.detach().to(dtype), norm.eps


def _layer(block: Block, heads: int, dtype: torch.dtype) -> Layer:
    scale = 1 / math.sqrt(block.query.out_features // heads)
    weight = torch.cat([block.query.weight * scale, block.key.weight, block.value.weight])  # (3h, h)
    bias = torch.cat([block.query.bias * scale, block.key.bias, block.value.bias])
    return Layer(
        qkv=Dense(weight, bias, dtype),
        output=Dense(block.output.weight, block.output.bias, dtype),
        attention_norm=_norm(block.attention_norm, dtype),
        up=Dense(block.up.weight, block.up.bias, dtype),
        down=Dense(block.down.weight, block.down.bias, dtype),
        output_norm=_norm(block.output_norm, dtype),
        activation=block.activation,
    )


class InferenceForward:
    """A frozen copy of a packed family's weights, in the layout that computes fastest."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        """Copy the dense layers of the HF `model` into `dtype`; later changes to them are not seen."""
        with torch.no_grad():
            self.heads = int(model.config.num_attention_heads)
            self.dtype = dtype
            self.exact_gelu = activation_name(model.config) == "gelu"
            self.layers = [_layer(block, self.heads, dtype) for block in blocks_of(model)]
            table = embedder_of(model)
            self.word = table.word.weight.detach()  # tables are shared with the model, not copied
            self.position = table.position.weight.detach()
            self.kind = None if table.kind is None else table.kind.weight.detach()
            self.norm = _norm(table.norm, torch.float32)
            self.padding = table.padding
            self.project = (
                None if table.project is None else Dense(table.project.weight, table.project.bias, dtype)
            )

    def __call__(
        self,
        ids: Tensor,
        lengths: Tensor,
        parts: Sequence[Bucket],
        wanted: Collection[int],
        kinds: Tensor | None = None,
    ) -> dict[int, Tensor]:
        """Hidden states of the wanted layers, each (N, h); see `TrainingForward.forward`."""
        masks = [None if part.exact else padding_mask(part, lengths) for part in parts]
        x = self._embed(ids, parts, kinds)
        found = {0: x} if 0 in wanted else {}
        mixed = x.new_empty(x.shape)
        for number, layer in enumerate(self.layers[: max(wanted)], start=1):
            self._attend(layer.qkv.plain(x), parts, masks, mixed)
            x = self._normed(layer.output.plus(mixed, x), layer.attention_norm)
            y = layer.up.gelu(x) if self.exact_gelu else layer.activation(layer.up.plain(x))
            x = self._normed(layer.down.plus(y, x), layer.output_norm)
            if number in wanted:
                found[number] = x
        return found

    def _normed(self, x: Tensor, norm: tuple[Tensor, Tensor, float]) -> Tensor:
        return F.layer_norm(x, (x.shape[1],), *norm)

    def _embed(self, ids: Tensor, parts: Sequence[Bucket], kinds: Tensor | None) -> Tensor:
        x = F.embedding(ids, self.word)
        if self.kind is not None:
            x += self.kind[0] if kinds is None else F.embedding(kinds, self.kind)
        x += F.embedding(positions(ids, parts, self.padding), self.position)
        x = self._normed(x, self.norm).to(self.dtype)
        return x if self.project is None else self.project.plain(x)

    def _attend(
        self, qkv: Tensor, parts: Sequence[Bucket], masks: Sequence[Tensor | None], mixed: Tensor
    ) -> None:
        """Attention inside each sentence: `qkv` (N, 3h), queries already scaled, into `mixed` (N, h)."""
        size = mixed.shape[1] // self.heads
        for part, mask in zip(parts, masks, strict=True):
            rows = qkv[part.start : part.stop].view(part.count, part.length, 3, self.heads, size)
            q, k, v = rows.permute(2, 0, 3, 1, 4).unbind(0)  # (B, heads, T, size)
            target = (
                mixed[part.start : part.stop].view(part.count, part.length, self.heads, size).transpose(1, 2)
            )
            if qkv.device.type == "cpu":
                _attend_short(q, k, v, mask, target)
            else:
                allowed = None if mask is None else mask[:, None, None, :]
                target.copy_(F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, scale=1.0))


def _attend_short(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, target: Tensor) -> None:
    """Attention of scaled (B, heads, T, ·) queries into `target`, of the same shape; `mask` (B, T) or None.

    Where no score can overflow or vanish, exponentials are summed by a product with ones and divided once.
    """
    count, heads, length, size = q.shape
    q, k, v = (part.reshape(count * heads, length, size) for part in (q, k, v))
    scores = torch.bmm(q, k.transpose(1, 2))  # (B·heads, T, T)
    low, high = torch.aminmax(scores)
    plain = length < SHORT and float(high) < SAFE_SCORE and float(low) > -SAFE_SCORE
    if mask is not None:
        scores.view(count, heads, length, length).masked_fill_(~mask[:, None, None, :], float("-inf"))
    weights = scores.exp_() if plain else scores.softmax(dim=-1)
    out = torch.bmm(weights, v).view(count, heads, length, size)
    if plain:
        total = weights.view(-1, length) @ weights.new_ones(length, 1)  # (B·heads·T, 1)
        torch.div(out, total.view(count, heads, length, 1), out=target)
    else:
        target.copy_(out)
