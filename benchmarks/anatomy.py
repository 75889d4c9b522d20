"""The anatomy of one anchor at many temperatures: in one pass, and temperature by temperature.

    python -m benchmarks.anatomy [--temperatures 1000] [--negatives 512] [--repeats 9]

Prints min / median / max in milliseconds of both ways, and the ratio of each repeat.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from simcse_core.theory.anatomy import anatomy
from simcse_core.theory.temperatures import over_temperatures


def milliseconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def spread(values: Sequence[float]) -> str:
    """Min / median / max with one decimal."""
    return f"{min(values):.1f} / {statistics.median(values):.1f} / {max(values):.1f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--temperatures", type=int, default=1000)
    parser.add_argument("--negatives", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()
    row = np.random.default_rng(0).uniform(-1, 1, options.negatives + 1)
    taus = np.geomspace(0.001, 10, options.temperatures)
    together, singly = [], []
    for _ in range(options.repeats):
        together.append(milliseconds(lambda: over_temperatures(row, 0, taus)))
        singly.append(milliseconds(lambda: [anatomy([row], [0], temperature=tau) for tau in taus]))
    print(f"{options.temperatures} temperatures x {options.negatives} negatives, float64")
    print("one pass, ms        ", spread(together))
    print("one by one, ms      ", spread(singly))
    print("one by one / one pass", spread([slow / fast for slow, fast in zip(singly, together, strict=True)]))


if __name__ == "__main__":
    main()
