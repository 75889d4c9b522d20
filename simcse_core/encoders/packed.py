"""Forward pass of the BERT kind over buckets: one long row of tokens, next to no padding.

All dense layers see the tokens of a chunk as one (N, h) matrix; only attention looks at sentences, a
bucket at a time. The same numbers as the HF forward, to rounding. With gradients it reads the HF model's
own float32 parameters, so an optimiser on `model.parameters()` needs to know nothing of it.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from simcse_core.encoders.buckets import Bucket
from simcse_core.encoders.families import Block, blocks_of, embedder_of


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


class TrainingForward(nn.Module):
    """Differentiable packed forward with dropout; holds references, owns no parameters."""

    def __init__(self, model: Any, dtype: torch.dtype) -> None:
        """Look at `model`; matrix products are done in `dtype`, everything else in float32."""
        super().__init__()
        self.__dict__["hf"] = model  # hidden from nn.Module, so that parameters are not listed twice
        self.dtype = dtype
        self.heads = int(model.config.num_attention_heads)

    def forward(
        self, ids: Tensor, lengths: Tensor, parts: Sequence[Bucket], wanted: Collection[int]
    ) -> dict[int, Tensor]:
        """Hidden states of the wanted layers (0 is the embedding layer), each (N, h) float32.

        Args:
            ids: (N,) int64, the buckets' padded rows one after the other.
            lengths: (B,) int64, tokens of each text.
            parts: The buckets, in order.
            wanted: Layers to return.
        """
        config = self.hf.config
        hidden_p = float(config.hidden_dropout_prob) if self.training else 0.0
        attention_p = float(config.attention_probs_dropout_prob) if self.training else 0.0
        masks = [None if part.exact else padding_mask(part, lengths) for part in parts]
        found = {}
        x = self._embed(ids, parts, hidden_p)
        if 0 in wanted:
            found[0] = x
        for number, block in enumerate(blocks_of(self.hf), start=1):
            x = self._layer(x, block, parts, masks, hidden_p, attention_p)
            if number in wanted:
                found[number] = x
        return found

    def _linear(self, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.dtype == torch.float32:
            return F.linear(x, weight, bias)
        return F.linear(
            x.to(self.dtype), weight.to(self.dtype), None if bias is None else bias.to(self.dtype)
        )

    def _embed(self, ids: Tensor, parts: Sequence[Bucket], hidden_p: float) -> Tensor:
        table = embedder_of(self.hf)
        where = positions(ids, parts, table.padding)
        x = (
            F.embedding(ids, table.word.weight)
            + table.kind.weight[0]
            + F.embedding(where, table.position.weight)
        )
        x = F.dropout(table.norm(x), hidden_p, training=self.training)
        return (
            x if table.project is None else self._linear(x, table.project.weight, table.project.bias).float()
        )

    def _layer(
        self,
        x: Tensor,
        block: Block,
        parts: Sequence[Bucket],
        masks: Sequence[Tensor | None],
        hidden_p: float,
        attention_p: float,
    ) -> Tensor:
        weight = torch.cat([block.query.weight, block.key.weight, block.value.weight])  # (3h, h)
        bias = torch.cat([block.query.bias, block.key.bias, block.value.bias])
        mixed = self._attend(self._linear(x, weight, bias), parts, masks, attention_p)
        mixed = self._linear(mixed, block.output.weight, block.output.bias).float()
        x = block.attention_norm(F.dropout(mixed, hidden_p, training=self.training) + x)
        y = block.activation(self._linear(x, block.up.weight, block.up.bias))
        y = self._linear(y, block.down.weight, block.down.bias).float()
        result: Tensor = block.output_norm(F.dropout(y, hidden_p, training=self.training) + x)
        return result

    def _attend(
        self, qkv: Tensor, parts: Sequence[Bucket], masks: Sequence[Tensor | None], attention_p: float
    ) -> Tensor:
        width = qkv.shape[1] // 3
        size = width // self.heads
        mixed = []
        for part, mask in zip(parts, masks, strict=True):
            rows = qkv[part.start : part.stop].view(part.count, part.length, 3, self.heads, size)
            q, k, v = (
                rows.permute(2, 0, 3, 1, 4).reshape(3, part.count * self.heads, part.length, size).unbind(0)
            )
            scores = torch.bmm(q * (1 / math.sqrt(size)), k.transpose(1, 2))  # (B·heads, T, T)
            if mask is not None:
                hidden = ~mask[:, None, None, :].expand(-1, self.heads, -1, -1).reshape(-1, 1, part.length)
                scores = scores.masked_fill(hidden, float("-inf"))
            weights = F.dropout(scores.softmax(dim=-1), attention_p, training=self.training)
            out = torch.bmm(weights, v).view(part.count, self.heads, part.length, size)
            mixed.append(out.transpose(1, 2).reshape(part.count * part.length, width))
        return mixed[0] if len(mixed) == 1 else torch.cat(mixed)
