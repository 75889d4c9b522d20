"""The bench, recorded: a few checkpoints on all there is to measure them on, and every two of them compared.

Of the public sets only scores are kept. Of the shipped pairs the cosines are kept too, so that a page can
show errors pair by pair. The bench keeps its results on disk, so a broken recording goes on where it stopped.
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from simcse_core.bench import AGGREGATIONS, BenchResult, compare, run_bench, shipped_pairs
from simcse_core.bench.results import Interval
from simcse_core.bench.sheets import average_interval
from simcse_core.encoders import load_encoder
from simcse_core.evaluation.bootstrap import Difference
from simcse_core.evaluation.cone import digest_of_texts
from simcse_core.recording.checkpoints import ENCODERS, present
from simcse_core.recording.provenance import made, write_compact

RESAMPLES = 1000
SEED = 0
SCALE = 10_000  # cosines are kept as whole ten-thousandths
COMMAND = "python -m simcse_core record bench --data DIR"


def record(
    out: Path, sts: Path | None = None, *, encoders: Sequence[str] = ENCODERS, resamples: int = RESAMPLES
) -> dict[str, Any]:
    """Measure, compare and write.

    Args:
        out: Target file.
        sts: Folder with the public STS sets; without it only what ships is measured.
        encoders: Checkpoints; those that are not on this machine are left out.
        resamples: For every interval.
    """
    results = {name: _measured(name, sts, resamples) for name in present(encoders)}
    told = content(results, resamples)
    write_compact(out, told)
    return told


def _measured(name: str, sts: Path | None, resamples: int) -> BenchResult:
    encoder = load_encoder(name, device="cpu", precision="fp32")
    result = run_bench(encoder, sts=sts, bootstrap=resamples, seed=SEED).named(name)
    sys.stderr.write(f"{name}: average {result.average()}, shipped pairs {result.pairs.spearman['all']}\n")
    return result


def content(results: Mapping[str, BenchResult], resamples: int) -> dict[str, Any]:
    """The recorded file: `checkpoints` by name and the `differences` of every two, earlier minus later."""
    how = made(
        COMMAND, seed=SEED, device="cpu", precision="fp32", resamples=resamples,
        checkpoints={name: one.encoder.digest for name, one in results.items()},
        pairs={"count": next(iter(results.values())).pairs.n, "sha256": _digest_of_pairs()},
    )  # fmt: skip
    return {
        "made": how,
        "checkpoints": {
            name: {
                "result": _rounded(result.to_json(columns=False)),
                "averages": {how: _ends(average_interval(result, how)) for how in AGGREGATIONS},
                "cosines": [round(SCALE * float(value)) for value in result.pairs.cosine],
            }
            for name, result in results.items()
        },
        "differences": [
            {"first": one, "second": other, "by": _compared(results[one], results[other], resamples)}
            for one, other in itertools.combinations(results, 2)
        ],
    }


def _digest_of_pairs() -> str:
    pairs = shipped_pairs()
    return digest_of_texts([*pairs.first, *pairs.second])


def _compared(first: BenchResult, second: BenchResult, resamples: int) -> dict[str, dict[str, list[float]]]:
    """Aggregation → task, average or further measure → value, low, high, p."""
    found = {}
    for how in AGGREGATIONS:
        told = compare(first, second, aggregation=how, resamples=resamples, seed=SEED)
        found[how] = {one.name: _numbers(one.difference) for one in told.every()}
    return found


def _numbers(difference: Difference) -> list[float]:
    return [round(value, 5) for value in (difference.value, difference.low, difference.high, difference.p)]


def _ends(interval: Interval) -> list[float | None]:
    return [None if end is None else round(end, 5) for end in interval]


def _rounded(value: Any) -> Any:
    """Numbers to five decimals: more than anybody reads, and half the size."""
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, Mapping):
        return {key: _rounded(one) for key, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value
