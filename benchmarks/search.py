"""How long an exact search takes, and what indexing costs: one run, medians, on this machine.

    python -m benchmarks.search [--rows 100000] [--dimension 384] [--encode 2000]

With `--encode N` it also embeds N shipped sentences with MiniLM and says what that means for all rows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable

import numpy as np

from simcse_core import load_encoder
from simcse_core.data.datasets import sentence_subjects
from simcse_core.runtime import versions
from simcse_core.search import CosineIndex


def milliseconds(task: Callable[[], object], *, repeats: int = 15) -> dict[str, float]:
    """Median and worst of a few runs after one to warm up."""
    task()
    took = []
    for _ in range(repeats):
        began = time.perf_counter()
        task()
        took.append(1000 * (time.perf_counter() - began))
    return {"median_ms": round(statistics.median(took), 2), "worst_ms": round(max(took), 2)}


def main() -> None:
    """Measure and print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--encode", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((options.rows, options.dimension), dtype=np.float32)
    began = time.perf_counter()
    index = CosineIndex(rows, copy=False)
    result = {
        "rows": options.rows, "dimension": options.dimension, "megabytes": round(index.nbytes / 1e6),
        "cores": os.cpu_count(), "load": os.getloadavg()[0], "versions": versions(),
        "build_ms": round(1000 * (time.perf_counter() - began)),
        "top 10": milliseconds(lambda: index.search(rows[:1], top=10)),
        "top 100, threshold 0.1": milliseconds(lambda: index.search(rows[:1], top=100, threshold=0.1)),
        "32 queries": milliseconds(lambda: index.search(rows[:32], top=10), repeats=5),
    }  # fmt: skip
    if options.encode:
        texts = [text for text, _ in sentence_subjects()][: options.encode]
        encoder = load_encoder("minilm")
        encoder.encode(texts[:64])
        began = time.perf_counter()
        encoder.encode(texts)
        speed = len(texts) / (time.perf_counter() - began)
        result["sentences_per_second"] = round(speed)
        result["seconds_for_all_rows"] = round(options.rows / speed)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
