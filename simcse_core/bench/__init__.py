"""The bench: what an encoder is worth, on everything there is to measure it on, kept and compared.

Importing this package loads no torch; an encoder that is measured does.
"""

from __future__ import annotations

from simcse_core.bench.compare import Compared, Comparison, compare
from simcse_core.bench.parts import shipped_pairs
from simcse_core.bench.quoted import PublishedRow, published_rows
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
from simcse_core.bench.run import facts_of, run_bench

__all__ = [
    "AGGREGATIONS",
    "SHIPPED",
    "SICK_ALL",
    "BenchResult",
    "BenchTask",
    "Compared",
    "Comparison",
    "EncoderFacts",
    "Phenomenon",
    "PublishedRow",
    "Retrieval",
    "Transfer",
    "compare",
    "facts_of",
    "published_rows",
    "run_bench",
    "shipped_pairs",
]
