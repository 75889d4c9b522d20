"""Arrays in a JSON file: little, and the same on every machine."""

from __future__ import annotations

from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

COSINE, COSINES_A_UNIT = "<i2", 10_000  # whole ten-thousandths in two bytes


def packed(array: ArrayLike, kind: str) -> str:
    """Numbers of type `kind` (as `<f2`) in base64."""
    return b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode()


def unpacked(text: str, kind: str) -> NDArray[Any]:
    """Inverse of `packed`, flat."""
    return np.frombuffer(b64decode(text), dtype=kind)


def rounded(value: float | None, digits: int = 5) -> float | None:
    """A number with few digits; None stays."""
    return None if value is None else round(float(value), digits)


def packed_cosines(values: ArrayLike) -> str:
    """(n,) cosines in base64, to four digits."""
    return packed(np.round(np.asarray(values, dtype=np.float64) * COSINES_A_UNIT), COSINE)


def unpacked_cosines(rows: Sequence[str]) -> NDArray[np.float64]:
    """(m, n) cosines out of m texts by `packed_cosines`."""
    return np.array([unpacked(row, COSINE) for row in rows], dtype=np.float64) / COSINES_A_UNIT


def packed_rows(rows: Sequence[int], count: int) -> str:
    """Some rows out of `count`, one bit a row, in characters that an address holds unchanged (base64url)."""
    bits = np.zeros(count, dtype=bool)
    bits[list(rows)] = True
    return urlsafe_b64encode(np.packbits(bits, bitorder="little").tobytes()).decode().rstrip("=")


def unpacked_rows(text: str, count: int) -> tuple[int, ...]:
    """Inverse of `packed_rows`, rising.

    Raises:
        ValueError: Not a text of `packed_rows` for as many rows.
    """
    raw = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8), bitorder="little")
    if len(raw) != -(-count // 8) or bits[count:].any():
        raise ValueError(f"not a selection out of {count} rows")
    return tuple(np.flatnonzero(bits).tolist())
