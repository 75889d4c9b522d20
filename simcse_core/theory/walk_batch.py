"""What the encoder makes of a batch on the way to the loss: small enough to be recorded with the product."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

TOKENS_KEPT, NUMBERS_KEPT = 24, 20
"""Tokens of a text and numbers of a token that an excerpt keeps; embeddings are kept whole."""
TEMPERATURES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""The ladder of InfoNCE, here without loading torch."""
ARRAYS = {"before": "<f2", "after": "<f2", "hidden": "<f2", "embeddings": "<f4", "zeroed": "<f4"}
Array = NDArray[Any]


@dataclass(frozen=True)
class PaddingCheck:
    """Whether padding changes an embedding, without dropout.

    Attributes:
        row: The shortest text of the batch.
        alone: Largest difference between its embedding in the batch and alone, relative to its length.
        unmasked: Cosine between its mean over the real tokens and its mean over all tokens.
    """

    row: int
    alone: float
    unmasked: float


@dataclass(frozen=True)
class Batch:
    """R = parts · B rows in train mode: all anchors, then all positives, then all hard negatives.

    Attributes:
        encoder: Name of the checkpoint.
        pooling: Its pooling.
        device: Where it was computed; masks of one seed differ between kinds of devices.
        texts: R texts, as fed.
        parts: 2, or 3 with hard negatives.
        copies: Whether the positives are the anchors once more.
        dropout: Probability, in [0, 1).
        same_mask: Whether all parts were computed under the same masks.
        seed: Of the masks.
        ids: (R, L) token numbers, padded on the right.
        lengths: (R,) real tokens of each row.
        pieces: R × L tokens as text.
        kinds: R × L: word, inside (continues a word), special, unknown or padding.
        width: Numbers in a hidden state, h.
        before: Excerpt of what entered the first dropout, (R, min(L, 24), min(width, 20)) float16.
        after: The same of what left it.
        embedding_width: Numbers in a token embedding; differs from `width` in small ELECTRA.
        zeroed: (R,) share of the numbers of the real tokens that the first dropout set to zero.
        hidden: The same excerpt of the last layer.
        embeddings: (R, d) float32, pooled, not normalised.
        padding: What padding does.
        objectives: Registered objective → temperature as text → its value on `embeddings`, float32.
    """

    encoder: str
    pooling: str
    device: str
    texts: tuple[str, ...]
    parts: int
    copies: bool
    dropout: float
    same_mask: bool
    seed: int
    ids: Array
    lengths: Array
    pieces: tuple[tuple[str, ...], ...]
    kinds: tuple[tuple[str, ...], ...]
    width: int
    embedding_width: int
    before: Array
    after: Array
    zeroed: Array
    hidden: Array
    embeddings: Array
    padding: PaddingCheck
    objectives: Mapping[str, Mapping[str, float]]

    @property
    def size(self) -> int:
        """Sentences, B."""
        return len(self.texts) // self.parts

    @property
    def mask(self) -> Array:
        """(R, L) bool, true at real tokens."""
        found: Array = np.arange(self.ids.shape[1]) < self.lengths[:, None]
        return found

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; arrays of numbers as base64."""
        plain: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name in ARRAYS:
                value = packed(value, ARRAYS[field.name])
            elif isinstance(value, np.ndarray):
                value = value.tolist()
            elif isinstance(value, PaddingCheck):
                value = vars(value)
            plain[field.name] = value
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Batch:
        """The batch in a decoded file.

        Raises:
            KeyError: A field is missing.
        """
        values = {field.name: plain[field.name] for field in fields(cls)}
        values |= {name: unpacked(values[name]) for name in ARRAYS}
        values |= {name: np.asarray(values[name], dtype=np.int64) for name in ("ids", "lengths")}
        values |= {name: tuple(map(tuple, values[name])) for name in ("pieces", "kinds")}
        values["texts"] = tuple(values["texts"])
        values["padding"] = PaddingCheck(**values["padding"])
        return cls(**values)


def packed(values: Array, kind: str) -> dict[str, Any]:
    """An array as JSON-ready base64 of the dtype `kind`."""
    raw = np.ascontiguousarray(values, dtype=kind)
    return {"dtype": kind, "shape": list(raw.shape), "data": base64.b64encode(raw.tobytes()).decode()}


def unpacked(plain: Mapping[str, Any]) -> Array:
    """The array of `packed`."""
    raw = np.frombuffer(base64.b64decode(plain["data"]), dtype=plain["dtype"])
    return raw.reshape(plain["shape"])
