"""Some of the rows of a map: which groups they are of, and whether they lie together in full dimension."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.errors import DataError


@dataclass(frozen=True)
class GroupShare:
    """How much of a selection is of one group.

    Attributes:
        name: Of the group.
        count: Selected rows of it, at least 1.
        share: Of the selected rows, in (0, 1].
        overall: Share of the group among all rows, in (0, 1].
    """

    name: str
    count: int
    share: float
    overall: float


@dataclass(frozen=True)
class Inside:
    """Neighbours of selected rows that are selected too.

    Attributes:
        k: Neighbours of each row that were counted.
        shares: (s,) share of them at each step, in [0, 1]; higher: the rows lie closer together.
        chance: What as many rows drawn at random have on average.
    """

    k: int
    shares: tuple[float, ...]
    chance: float


def groups_in(rows: Sequence[int], groups: Sequence[str]) -> list[GroupShare]:
    """The groups of some rows, the largest first, of equal ones by name; empty for no row.

    Args:
        rows: Numbers of rows, none twice.
        groups: (n,) group of every row, its subject for example.

    Raises:
        DataError: A row is not in 0 … n - 1, or comes twice.
    """
    _check(rows, len(groups))
    inside, everywhere = Counter(groups[row] for row in rows), Counter(groups)
    return [
        GroupShare(name, count, count / len(rows), everywhere[name] / len(groups))
        for name, count in sorted(inside.items(), key=lambda item: (-item[1], item[0]))
    ]


def neighbours_inside(lists: ArrayLike, rows: Sequence[int]) -> Inside:
    """Share of the nearest neighbours of some rows that are among these rows.

    Of m rows each can have no more than m - 1 neighbours inside; where the lists are longer, only the first
    m - 1 of a list count, so that 1 can be reached.

    Args:
        lists: (s, n, k) neighbours' rows at every step, nearest first.
        rows: (m,) two or more numbers of rows, none twice.

    Raises:
        DataError: Lists of another shape, fewer than two rows, a row that is not there or comes twice.
    """
    near = np.asarray(lists)
    if near.ndim != 3 or len(rows) < 2:
        raise DataError(f"Needs two or more rows and lists (s, n, k); got {len(rows)} rows and {near.shape}.")
    _check(rows, near.shape[1])
    k = min(near.shape[2], len(rows) - 1)
    chosen = np.zeros(near.shape[1], dtype=bool)
    chosen[list(rows)] = True
    shares = chosen[near[:, chosen, :k]].mean(axis=(1, 2))  # (s, m, k) -> (s,)
    return Inside(k, tuple(shares.tolist()), (len(rows) - 1) / (near.shape[1] - 1))


def _check(rows: Sequence[int], count: int) -> None:
    if len(set(rows)) != len(rows) or any(not 0 <= row < count for row in rows):
        raise DataError(f"Selected rows must differ and lie in 0 to {count - 1}.")
