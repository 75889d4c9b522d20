"""Differentiable forward of the BERT kind over buckets: one long row of tokens, next to no padding.

All dense layers see the tokens of a batch as one (N, h) matrix; only attention looks at sentences, a bucket
at a time. The same numbers as the HF forward, to rounding. It reads the HF model's own float32 parameters,
so an optimiser on `model.parameters()` needs to know nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from simcse_core.encoders.buckets import Bucket
from simcse_core.encoders.families import Block, Dropouts, blocks_of, dropouts_of, embedder_of


def padding_mask(bucket: Bucket, lengths: Tensor) -> Tensor:
    """(B, T) bool, true at real tokens; `lengths` (all texts of the chunk,) int64."""
    mine = lengths[bucket.first : bucket.first + bucket.count]
    return torch.arange(bucket.length, device=lengths.device) < mine[:, None]


def positions(ids: Tensor, parts: Sequence[Bucket], padding: int | None) -> Tensor:
    """(N,) position of each token: from 0, or from the number after `padding`, skipping padding tokens."""
    found = []
    for part in parts:
        rows = ids[part.start : part.stop].view(part.count, part.length)
        if padding is None:
            found.append(torch.arange(part.length, device=ids.device).expand(part.count, -1).reshape(-1))
        else:
            real = (rows != padding).long()
            found.append((real.cumsum(dim=1) * real + padding).reshape(-1))
    return torch.cat(found)


def drop(x: Tensor, probability: float) -> Tensor:
    """Dropout: zero each number with `probability`, scale the others by 1 / (1 - probability).

    On a CPU four numbers share one 64-bit draw of the global generator, several times faster than one draw
    each; the probability is met to 1/131072.
    """
    if probability == 0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, probability)
    draws = torch.empty((x.numel() + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    kept = draws.view(torch.int16)[: x.numel()].view(x.shape) >= round(probability * 65536) - 32768
    return x * (kept.to(x.dtype) / (1 - probability))


class TrainingForward:
    """The packed forward with gradients and dropout."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        """Look at the HF `model`; matrix products are done in `dtype`, everything else in float32."""
        self.model = model
        self.dtype = dtype
        self.heads = int(model.config.num_attention_heads)

    def __call__(
        self,
        ids: Tensor,
        lengths: Tensor,
        parts: Sequence[Bucket],
        wanted: Collection[int],
        *,
        training: bool,
        kinds: Tensor | None = None,
        scale: Tensor | None = None,
    ) -> dict[int, Tensor]:
        """Hidden states of the wanted layers (0 is the embedding layer), each (N, h) float32.

        Args:
            ids: (N,) int64, the buckets' padded rows one after the other.
            lengths: (B,) int64, tokens of each text.
            parts: The buckets, in order.
            wanted: Layers to return; those above the highest are not computed.
            training: Whether dropout is active.
            kinds: (N,) int64, the token type (segment) of each token; None where all are of type 0.
            scale: (N, w), factors on the embedding layer's output; None for 1.
        """
        dropouts = dropouts_of(self.model.config) if training else Dropouts()
        masks = [None if part.exact else padding_mask(part, lengths) for part in parts]
        x = self._embed(ids, parts, dropouts.hidden, kinds, scale)
        found = {0: x} if 0 in wanted else {}
        for number, block in enumerate(blocks_of(self.model)[: max(wanted)], start=1):
            x = self._layer(x, block, parts, masks, dropouts)
            if number in wanted:
                found[number] = x
        return found

    def _linear(self, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return F.linear(x.to(self.dtype), weight.to(self.dtype), bias.to(self.dtype))

    def _embed(
        self,
        ids: Tensor,
        parts: Sequence[Bucket],
        hidden: float,
        kinds: Tensor | None,
        scale: Tensor | None,
    ) -> Tensor:
        table = embedder_of(self.model)
        x = F.embedding(ids, table.word.weight, sparse=table.word.sparse)
        if table.kind is not None:
            x = x + (table.kind.weight[0] if kinds is None else F.embedding(kinds, table.kind.weight))
        x = table.norm(x + F.embedding(positions(ids, parts, table.padding), table.position.weight))
        x = drop(x, hidden)
        x = x if scale is None else x * scale
        return (
            x if table.project is None else self._linear(x, table.project.weight, table.project.bias).float()
        )

    def _layer(
        self,
        x: Tensor,
        block: Block,
        parts: Sequence[Bucket],
        masks: Sequence[Tensor | None],
        dropouts: Dropouts,
    ) -> Tensor:
        weight = torch.cat([block.query.weight, block.key.weight, block.value.weight])  # (3h, h)
        bias = torch.cat([block.query.bias, block.key.bias, block.value.bias])
        mixed = self._attend(self._linear(x, weight, bias), parts, masks, dropouts.attention)
        mixed = self._linear(mixed, block.output.weight, block.output.bias).float()
        x = block.attention_norm(drop(mixed, dropouts.output) + x)
        y = block.activation(self._linear(x, block.up.weight, block.up.bias))
        y = self._linear(y, block.down.weight, block.down.bias).float()
        result: Tensor = block.output_norm(drop(y, dropouts.hidden) + x)
        return result

    def _attend(
        self, qkv: Tensor, parts: Sequence[Bucket], masks: Sequence[Tensor | None], attention: float
    ) -> Tensor:
        """Attention inside each sentence: `qkv` (N, 3h) → (N, h)."""
        width = qkv.shape[1] // 3
        mixed = []
        sizes = [part.count * part.length for part in parts]
        # cut once: the gradient of a slice would be a whole (N, 3h) of zeros around it, for each bucket
        for part, mask, mine in zip(parts, masks, qkv.split(sizes), strict=True):
            rows = mine.view(part.count, part.length, 3, self.heads, width // self.heads)
            q, k, v = rows.permute(2, 0, 3, 1, 4).unbind(0)  # (B, heads, T, h / heads)
            if qkv.device.type == "cpu":
                out = _plain_attention(q, k, v, mask, attention)
            else:
                allowed = None if mask is None else mask[:, None, None, :]
                out = F.scaled_dot_product_attention(q, k, v, attn_mask=allowed, dropout_p=attention)
            mixed.append(out.transpose(1, 2).reshape(part.count * part.length, width))
        return mixed[0] if len(mixed) == 1 else torch.cat(mixed)


def _plain_attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout: float) -> Tensor:
    """Softmax attention of (B, heads, T, ·) tensors by two batched products; `mask` (B, T) or None."""
    shape = q.shape
    q, k, v = (part.reshape(-1, shape[2], shape[3]) for part in (q, k, v))
    scores = torch.bmm(q * (1 / math.sqrt(shape[3])), k.transpose(1, 2))  # (B·heads, T, T)
    if mask is not None:
        hidden = (~mask).repeat_interleave(shape[1], dim=0)[:, None, :]  # (B·heads, 1, T)
        scores = scores.masked_fill(hidden, float("-inf"))
    return torch.bmm(drop(scores.softmax(dim=-1), dropout), v).view(shape)
