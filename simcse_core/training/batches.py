"""Which records make up which step: a function of the seed alone, so a resumed run sees the same batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simcse_core.errors import DataError


class Batches:
    """Records in a fresh order every epoch; the incomplete last batch of an epoch is dropped.

    Args:
        records: All training records.
        size: Records per batch, B.
        seed: Decides the order together with the number of the epoch.

    Raises:
        DataError: There are fewer records than one batch holds.
    """

    def __init__(self, records: Sequence[Any], *, size: int, seed: int) -> None:
        if len(records) < size:
            raise DataError(
                f"One batch needs {size} training records and there are {len(records)}.",
                hint="Give more text or a smaller optim.batch_size.",
            )
        self.records, self.size, self.seed = records, size, seed
        self.per_epoch = len(records) // size
        self._epoch, self._order = -1, np.zeros(0, dtype=np.int64)

    def at(self, step: int) -> list[Any]:
        """The B records of a step, counted from 0."""
        epoch, position = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            order = np.random.default_rng([self.seed, epoch]).permutation(len(self.records))
            self._epoch, self._order = epoch, order
        rows = self._order[position * self.size : (position + 1) * self.size]
        return [self.records[i] for i in rows]
