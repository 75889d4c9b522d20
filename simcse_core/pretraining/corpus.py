"""Token numbers of a corpus in one array, and batches of a fixed number of tokens out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from simcse_core.encoders.buckets import Bucket, buckets
from simcse_core.errors import DataError

SHORTEST = 5  # tokens of a row, special tokens included; shorter ones teach nothing about context
LAUNCH = {"cpu": 8}  # what one more bucket costs, in tokens; as encoders.engine
LAUNCH_ELSEWHERE = 4096
_BLOCK = 16_384


@dataclass(frozen=True)
class TokenRows:
    """Rows of token numbers, one after the other.

    Attributes:
        flat: (N,) uint16 or int32, every row with its special tokens.
        starts: (n + 1,) int64; row i is flat[starts[i]:starts[i + 1]].
    """

    flat: NDArray[np.generic]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(n,) tokens of each row."""
        return np.diff(self.starts)

    def row(self, index: int) -> NDArray[np.generic]:
        """Tokens of row `index`."""
        return self.flat[self.starts[index] : self.starts[index + 1]]

    def take(self, rows: NDArray[np.int64]) -> TokenRows:
        """Some of the rows, in the order given."""
        lengths = self.lengths[rows]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        flat = np.concatenate([self.row(int(i)) for i in rows]) if len(rows) else self.flat[:0]
        return TokenRows(flat, starts)


@dataclass(frozen=True)
class Packed:
    """A batch for the packed forward.

    Attributes:
        ids: (N,) int64, padded rows of all buckets one after the other.
        lengths: (B,) int64, real tokens of each row, rising.
        parts: The buckets.
    """

    ids: NDArray[np.int64]
    lengths: NDArray[np.int64]
    parts: list[Bucket]


def tokenise(backend: Tokenizer, texts: Sequence[str], max_length: int) -> TokenRows:
    """Token numbers of the texts, cut to `max_length` tokens; rows under `SHORTEST` tokens are left out.

    Raises:
        DataError: Nothing is left.
    """
    backend.no_padding()
    backend.enable_truncation(max_length)
    small = np.uint16 if backend.get_vocab_size() < 2**16 else np.int32
    pieces, lengths = [], []
    for start in range(0, len(texts), _BLOCK):
        rows = [e.ids for e in backend.encode_batch_fast(list(texts[start : start + _BLOCK]))]
        rows = [row for row in rows if len(row) >= SHORTEST]
        lengths += [len(row) for row in rows]
        pieces.append(np.asarray([number for row in rows for number in row], dtype=small))
    backend.no_truncation()
    if not lengths:
        raise DataError(f"No line of the text has {SHORTEST} tokens or more.")
    return TokenRows(np.concatenate(pieces), np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64))


def split(rows: TokenRows, held_out: int, seed: int) -> tuple[TokenRows, NDArray[np.int64]]:
    """Held-out rows, drawn at random, and the numbers of those to train on (never equal to a held-out one).

    Raises:
        DataError: Nothing would be left to train on.
    """
    order = np.random.default_rng([seed, 1]).permutation(len(rows))
    kept = rows.take(order[:held_out])
    barred = {kept.row(i).tobytes() for i in range(len(kept))}
    rest = np.asarray(
        [i for i in order[held_out:] if rows.row(int(i)).tobytes() not in barred], dtype=np.int64
    )
    if not len(rest):
        raise DataError(f"{len(rows)} lines of text are too few to hold out {held_out}.")
    return kept, np.sort(rest)


def batch_bounds(lengths: NDArray[np.int64], tokens: int) -> NDArray[np.int64]:
    """(m + 1,) where to cut rows into batches of at most `tokens` tokens; rows left at the end are dropped.

    An epoch smaller than one batch is one batch.
    """
    bounds, total = [0], 0
    for index, length in enumerate(lengths.tolist()):
        if total + length > tokens and index > bounds[-1]:
            bounds.append(index)
            total = 0
        total += length
    return np.asarray(bounds if len(bounds) > 1 else [0, len(lengths)], dtype=np.int64)


def pack(rows: TokenRows, chosen: NDArray[np.int64], padding: int, device: str) -> Packed:
    """The chosen rows, sorted by length and cut into buckets."""
    lengths = rows.lengths[chosen]
    order = np.argsort(lengths, kind="stable")
    lengths = lengths[order]
    parts = buckets(lengths, overhead=LAUNCH.get(device, LAUNCH_ELSEWHERE))
    ids = np.full(parts[-1].stop, padding, dtype=np.int64)
    for part in parts:
        block = ids[part.start : part.stop].reshape(part.count, part.length)
        mine = chosen[order[part.first : part.first + part.count]]
        for line, index in zip(block, mine, strict=True):
            row = rows.row(int(index))
            line[: len(row)] = row
    return Packed(ids, lengths, parts)
