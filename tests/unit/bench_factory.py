"""Encoders without a model, public sets without public texts, and results without an encoder."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.bench import BenchResult, BenchTask, EncoderFacts, Phenomenon, Retrieval, Transfer
from simcse_core.bench.draws import spearman_intervals
from simcse_core.bench.results import column
from simcse_core.data.sts_sets import OTHER_SPLITS, TASKS
from simcse_core.metrics.sts import spearman

Embed = Callable[[list[str]], NDArray[Any]]
SENTENCES = [
    f"sentence number {i} of {i % 7} about {w}" for i in range(20) for w in ("cats", "rain", "bread")
]


class FakeEncoder:
    """What `run_bench` asks of an encoder, around a function of texts; counts its calls."""

    pooling, layers, dimension, max_length, template = "mean", 1, 8, 128, None
    dtype, device = "torch.float32", "cpu"
    repairs: tuple[Any, ...] = ()

    def __init__(self, embed: Embed, digest: str = "fake", name: str = "fake") -> None:
        self.embed, self.digest, self.name = embed, digest, name
        self.calls: list[int] = []

    def encode(
        self, texts: Iterable[str], *, normalize: bool = True, progress: Any = None
    ) -> NDArray[np.float32]:
        given = list(texts)
        self.calls.append(len(given))
        if progress is not None:
            progress(len(given), len(given))
        return np.asarray(self.embed(given), dtype=np.float32)


def noise(seed: int, dimension: int = 16) -> Embed:
    """Unrelated directions: an encoder that knows nothing."""

    def embed(texts: list[str]) -> NDArray[Any]:
        seeds = (zlib.crc32(f"{seed}/{text}".encode()) for text in texts)
        return np.stack([np.random.default_rng(s).normal(size=dimension) for s in seeds])

    return embed


def write_sts(folder: Path, tasks: Iterable[str], *, every: bool = False) -> Path:
    """Public tasks of the official sizes, with made-up sentences and scores; all splits if `every`."""
    rng = np.random.default_rng(0)
    for task in tasks:
        for subset, size in {**TASKS[task], **(OTHER_SPLITS.get(task, {}) if every else {})}.items():
            rows = rng.integers(0, len(SENTENCES), size=(size, 2))
            rows[:, 1] = (rows[:, 0] + 1 + rows[:, 1] % (len(SENTENCES) - 1)) % len(SENTENCES)  # never itself
            scores = np.round(rng.uniform(1, 5, size=size), 1)
            lines = [f"{s}\t{SENTENCES[i]}\t{SENTENCES[j]}" for s, (i, j) in zip(scores, rows, strict=True)]
            path = folder / task / f"{subset}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(["score\tsentence1\tsentence2", *lines]) + "\n", encoding="utf-8")
    return folder


def make_task(
    name: str, noise_level: float, *, seed: int = 0, sizes: tuple[int, ...] = (40, 60)
) -> BenchTask:
    """A task whose cosines follow the scores, up to noise; the same scores for every level."""
    n = sum(sizes)
    gold = np.random.default_rng(zlib.crc32(name.encode())).uniform(0, 5, size=n)
    cosine = np.tanh((gold + noise_level * np.random.default_rng(seed).normal(size=n)) / 6)
    subsets: dict[str, tuple[int, float | None]] = {}
    start = 0
    for number, size in enumerate(sizes):
        rows = slice(start, start + size)
        subsets[f"part {number}"] = size, spearman(column(cosine)[rows], column(gold)[rows])
        start += size
    values = [value for _, value in subsets.values() if value is not None]
    scores = {"all": spearman(column(cosine), column(gold))}
    scores["mean"] = float(np.mean(values))
    scores["wmean"] = float(np.average(values, weights=sizes))
    task = BenchTask(name, n, dict(scores), {}, subsets, 0.3, -2.0, column(cosine), column(gold))
    intervals = spearman_intervals(task, resamples=50, seed=0)
    return BenchTask(name, n, dict(scores), intervals, subsets, 0.3, -2.0, column(cosine), column(gold))


def make_result(
    model: str = "model",
    *,
    level: float = 1.0,
    seed: int = 0,
    tasks: Iterable[str] = TASKS,
    pooling: str = "mean",
) -> BenchResult:
    """A result of an encoder that never was; a higher `level` is a worse encoder."""
    rng = np.random.default_rng(seed)
    right = column(rng.random(80) > 0.2 * level)
    return BenchResult(
        model=model,
        encoder=EncoderFacts(f"digest-{model}", pooling, 6, "float32", 384, 256),
        tasks={name: make_task(name, level, seed=seed) for name in tasks},
        sick_all=None,
        pairs=make_task("pairs", level, seed=seed),
        retrieval=Retrieval(
            30, 99, 60.0, (40.0, 80.0), 70.0, (50.0, 90.0), "a pool", column(rng.integers(1, 3, size=30))
        ),
        phenomena={
            "negation": Phenomenon("negation", 9, 2.0, 0.5, None, 61.0, (50.0, 70.0), 20.0, (10.0, 30.0))
        },
        transfer={
            "MR": Transfer("MR", 80, 100 * float(right.mean()), (70.0, 90.0), None, "10-fold", right)
        },
        made={
            "protocol": 1, "bootstrap": 200, "seed": 0, "data": {"shipped": "0"}, "device": "cpu",
            "date": "2026-01-01", "versions": {"numpy": "2"},
        },
    )  # fmt: skip
