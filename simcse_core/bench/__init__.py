"""The bench: what an encoder is worth, on everything there is to measure it on, kept and compared.

Importing this package loads no torch; an encoder that is measured does.
"""

from __future__ import annotations

from simcse_core.bench.results import (
    AGGREGATIONS,
    SHIPPED,
    SICK_ALL,
    BenchResult,
    BenchTask,
    EncoderFacts,
    Phenomenon,
    Retrieval,
    Transfer,
)

__all__ = [
    "AGGREGATIONS",
    "SHIPPED",
    "SICK_ALL",
    "BenchResult",
    "BenchTask",
    "EncoderFacts",
    "Phenomenon",
    "Retrieval",
    "Transfer",
]
