"""From token numbers to hidden states, by the fastest way a family allows."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simcse_core.encoders.buckets import Bucket, buckets
from simcse_core.encoders.cutoff import Kept
from simcse_core.encoders.families import PACKED
from simcse_core.encoders.fast import InferenceForward
from simcse_core.encoders.packed import TrainingForward, padding_mask
from simcse_core.errors import EncoderError

LAUNCH = {"cpu": 8}  # what one more bucket costs, in tokens
LAUNCH_ELSEWHERE = 4096
Rows = Sequence[Sequence[int]]


@dataclass(frozen=True)
class Piece:
    """Texts computed together.

    Attributes:
        states: Layer (0 is the embedding layer) → (B, T, h).
        mask: (B, T) bool, true at real tokens.
        ids: (B, T) int64.
    """

    states: Mapping[int, Tensor]
    mask: Tensor
    ids: Tensor


class Engine:
    """Runs one HF model: packed where the family allows, through its own forward elsewhere."""

    def __init__(self, model: Any, dtype: torch.dtype, padding_id: int) -> None:
        """Look at `model`, whose parameters stay float32; matrix products are done in `dtype`."""
        self.model = model
        self.dtype = dtype
        self.padding_id = padding_id
        self.packed = model.config.model_type in PACKED
        self._frozen: tuple[bytes, Any] | None = None

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the prepared copy, which knows memory layouts that cannot be copied."""
        return {**self.__dict__, "_frozen": None}

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        found: torch.device = self.model.device
        return found

    def infer(self, rows: Rows, wanted: Collection[int], *, kinds: Rows | None = None) -> list[Piece]:
        """Hidden states without gradients or dropout; call it under `torch.inference_mode`.

        Args:
            rows: Token numbers of each text, sorted by rising length.
            wanted: Layers to return.
            kinds: Token type of each token, for pairs of texts; packed families only.
        """
        ids, lengths, parts = self._packed_rows(rows)
        frozen = self._frozen_model()
        if self.packed:
            states = frozen(ids, lengths, parts, wanted, kinds=self._kinds(kinds))
            return _cut(states, ids, lengths, parts)
        training = self.model.training
        frozen.eval()
        try:
            return [self._reference(frozen, piece, wanted) for piece in _cut({}, ids, lengths, parts)]
        finally:
            self.model.train(training)

    def learn(
        self,
        rows: Rows,
        wanted: Collection[int],
        *,
        training: bool,
        kinds: Rows | None = None,
        kept: Kept | None = None,
    ) -> list[Piece]:
        """Hidden states with gradients; dropout where `training`. Arguments as `infer`.

        Raises:
            EncoderError: Something is cut off (`kept`) and the family is not packed.
        """
        self._frozen = None  # whoever asks for gradients is about to change the weights
        ids, lengths, parts = self._packed_rows(rows)
        if self.packed:
            forward = TrainingForward(self.model, self.dtype)
            more = {"kinds": self._kinds(kinds), "scale": self._scale(kept)}
            return _cut(forward(ids, lengths, parts, wanted, training=training, **more), ids, lengths, parts)
        if kept is not None:
            raise EncoderError(
                f"Nothing can be cut off the embeddings of {self.model.config.model_type!r}.",
                hint=f"These families can: {', '.join(PACKED)}.",
            )
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            return [self._reference(self.model, piece, wanted) for piece in _cut({}, ids, lengths, parts)]

    def attend(self, ids: Tensor, mask: Tensor, wanted: Collection[int]) -> Piece:
        """Hidden states with gradients where any token may be hidden: `ids` and `mask`, both (B, T).

        By the HF forward, for the packed one only knows padding at the end.
        """
        self._frozen = None
        with torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.dtype == torch.bfloat16):
            return self._reference(self.model, Piece({}, mask, ids), wanted)

    def _frozen_model(self) -> Any:
        """The weights prepared for inference; prepared again whenever a parameter has changed."""
        mark = fingerprint(self.model)
        if self._frozen is None or self._frozen[0] != mark:
            self._frozen = (mark, self._prepare())
        return self._frozen[1]

    def _prepare(self) -> Any:
        if self.packed:
            return InferenceForward(self.model, self.dtype)
        if self.dtype == torch.float32:
            return self.model
        return copy.deepcopy(self.model).to(self.dtype)

    def _reference(self, model: Any, piece: Piece, wanted: Collection[int]) -> Piece:
        """`piece` with its states, computed by the HF forward."""
        every = model(
            input_ids=piece.ids, attention_mask=piece.mask.long(), output_hidden_states=True
        ).hidden_states
        return Piece({layer: every[layer] for layer in wanted}, piece.mask, piece.ids)

    def _packed_rows(self, rows: Rows) -> tuple[Tensor, Tensor, list[Bucket]]:
        """Padded rows of all buckets (N,), lengths (B,), both on the device, and the buckets."""
        lengths = np.asarray([len(row) for row in rows], dtype=np.int64)
        parts = buckets(lengths, overhead=LAUNCH.get(self.device.type, LAUNCH_ELSEWHERE))
        flat = np.full(parts[-1].stop, self.padding_id, dtype=np.int64)
        for part in parts:
            block = flat[part.start : part.stop].reshape(part.count, part.length)
            mine = rows[part.first : part.first + part.count]
            if part.exact:
                block[:] = mine
            else:
                for line, row in zip(block, mine, strict=True):
                    line[: len(row)] = row
        return self._moved(flat), self._moved(lengths), parts

    def _kinds(self, kinds: Rows | None) -> Tensor | None:
        """Token types (N,) in the order of the padded rows; padding, which nobody reads, has type 0 or 1."""
        return None if kinds is None else self._packed_rows(kinds)[0].clamp(max=1)

    def _scale(self, kept: Kept | None) -> Tensor | None:
        """Factors 0 and 1 (N, w) on the embedding layer's output, in the order of the padded rows."""
        if kept is None:
            return None
        whose = self._packed_rows([[number] * len(row) for number, row in enumerate(kept.tokens)])[0]
        features = self._moved(kept.features)[whose.clamp(max=len(kept.tokens) - 1)]  # padding: whoever's
        return features * self._packed_rows(kept.tokens)[0][:, None]

    def _moved(self, array: Any) -> Tensor:
        tensor = torch.from_numpy(array)
        if self.device.type == "cuda":
            return tensor.pin_memory().to(self.device, non_blocking=True)
        return tensor.to(self.device)


def fingerprint(model: torch.nn.Module) -> bytes:
    """Changes whenever a parameter is replaced, moved or updated.

    Fused optimisers update in place without raising a tensor's version, so 16 numbers of each parameter
    are looked at too: an update of a dense layer changes nearly all of its numbers.
    """
    own = [p.detach() for p in model.parameters()]
    sample = torch.cat([p.reshape(-1)[:: max(1, p.numel() // 16)][:16].float() for p in own])
    facts = np.asarray([(p.data_ptr(), p._version) for p in own], dtype=np.uint64)
    return facts.tobytes() + sample.cpu().numpy().tobytes()


def _cut(states: Mapping[int, Tensor], ids: Tensor, lengths: Tensor, parts: Sequence[Bucket]) -> list[Piece]:
    """The (N, …) tensors of a chunk as one piece of (B, T, …) views for each bucket."""
    sizes = [part.count * part.length for part in parts]
    pieces = {layer: x.split(sizes) for layer, x in states.items()}
    return [
        Piece(
            {layer: cut[n].view(part.count, part.length, -1) for layer, cut in pieces.items()},
            padding_mask(part, lengths),
            ids[part.start : part.stop].view(part.count, part.length),
        )
        for n, part in enumerate(parts)
    ]
