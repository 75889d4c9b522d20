"""Embeddings read off hidden states, and whole streams of texts embedded in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from simcse_core.encoders.buckets import chunks
from simcse_core.encoders.engine import Piece
from simcse_core.encoders.poolers import poolers
from simcse_core.encoders.repairs import Repair, repaired
from simcse_core.encoders.tokens import blocks, distinct_rows
from simcse_core.errors import EncoderError
from simcse_core.registry import inputs_of

if TYPE_CHECKING:
    from simcse_core.encoders.encoder import Encoder

Progress = Callable[[int, int | None], None]
Key = TypeVar("Key")
CHUNK_BYTES = 8192  # bytes of one hidden unit in a chunk: 2,048 tokens in float32, 4,096 in bfloat16
CHUNK_ELSEWHERE = 65_536  # tokens in a chunk on an accelerator


@dataclass(frozen=True)
class Reading:
    """One embedding read off the hidden states.

    Attributes:
        pooling: Registered pooling.
        layers: Layer as the pooler names it (1, -2, -1) → layer counted from 0, the embedding layer.
    """

    pooling: str
    layers: Mapping[int, int]


def reading_of(encoder: Encoder, pooling: str, last: int) -> Reading:
    """`pooling` as if the encoder ended at layer `last`.

    Raises:
        ConfigError: No such pooling.
        EncoderError: It needs a head or a mask token that is not there.
    """
    needs = inputs_of(poolers[pooling])
    if "head" in needs and encoder.head is None:
        raise EncoderError(
            f"{encoder.name} was not loaded with its head.", hint="Load it with pooling='cls' to read cls."
        )
    if "marks" in needs and encoder.mask_id is None:
        raise EncoderError(f"{encoder.name} has no mask token.", hint="Use another pooling, such as mean.")
    named = poolers.info(pooling).traits["layers"]
    return Reading(pooling, {n: max(last + 1 + n, 0) if n < 0 else min(n, last) for n in named})


def pool(encoder: Encoder, piece: Piece, reading: Reading) -> Tensor:
    """(B, d) float32 embeddings of a piece, through the head where there is one."""
    needs = inputs_of(poolers[reading.pooling])
    states = {name: piece.states[layer] for name, layer in reading.layers.items()}
    extra: dict[str, Any] = {"head": encoder.head} if "head" in needs else {}
    if "marks" in needs:
        extra["marks"] = piece.ids == encoder.mask_id
    pooled: Tensor = poolers[reading.pooling](states, piece.mask, **extra).float()
    return encoder.head(pooled) if encoder.head is not None and "head" not in needs else pooled


def embed(
    encoder: Encoder,
    texts: Iterable[str],
    readings: Mapping[Key, Reading],
    *,
    normalize: bool,
    progress: Progress | None,
    repairs: Sequence[Repair] = (),
) -> dict[Key, NDArray[np.float32]]:
    """Every reading of every text, (n, d) each, in input order; texts are read block by block."""
    total = len(texts) if isinstance(texts, Sequence) else None
    done: dict[Key, list[NDArray[np.float32]]] = {key: [] for key in readings}
    count = 0
    with torch.inference_mode():
        for block in blocks(texts):
            rows = encoder.text_tokenizer.ids(block, first_row=count)
            report = None if progress is None else _offset(progress, count, total)
            plain = normalize and not repairs  # repairs are fitted on rows that are not normalised
            for key, values in _embed_rows(encoder, rows, readings, plain, report).items():
                done[key].append(repaired(values, repairs, normalize=normalize) if repairs else values)
            count += len(block)
    empty = np.zeros((0, encoder.dimension if repairs else encoder.width), dtype=np.float32)
    return {key: np.concatenate(parts) if parts else empty for key, parts in done.items()}


def _offset(progress: Progress, done: int, total: int | None) -> Callable[[int], None]:
    return lambda now: progress(done + now, total)


def _embed_rows(
    encoder: Encoder,
    rows: Sequence[Sequence[int]],
    readings: Mapping[Key, Reading],
    normalize: bool,
    report: Callable[[int], None] | None,
) -> dict[Key, NDArray[np.float32]]:
    """Every reading of token rows, (n, d) each; equal rows are computed once."""
    distinct, place = distinct_rows(rows)
    lengths = np.asarray([len(row) for row in distinct], dtype=np.int64)
    order = np.argsort(lengths, kind="stable")
    texts_done = np.bincount(place)[order].cumsum()  # after each distinct row, in order of computing
    wanted = {layer for reading in readings.values() for layer in reading.layers.values()}
    result = {key: np.empty((len(distinct), encoder.width), dtype=np.float32) for key in readings}
    on_cpu = encoder.device.type == "cpu"
    tokens = CHUNK_BYTES // encoder.dtype.itemsize if on_cpu else CHUNK_ELSEWHERE
    for part in chunks(lengths[order], tokens=tokens):
        chosen = order[part]
        with encoder.lock:
            pieces = encoder.engine.infer([distinct[i] for i in chosen], wanted)
            for key, reading in readings.items():
                pooled = torch.cat([pool(encoder, piece, reading) for piece in pieces])
                result[key][chosen] = (F.normalize(pooled, dim=-1) if normalize else pooled).cpu().numpy()
        if report is not None:
            report(int(texts_done[part.stop - 1]))
    return {key: values[place] for key, values in result.items()}
