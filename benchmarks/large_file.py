"""A file of 100,000 sentences through encode, map and search: time and peak memory of every stage.

    python -m benchmarks.large_file [--rows 100000] [--model minilm] [--methods pca umap tsne] [--repeats 3]

The sentences are the shipped ones with words exchanged within a subject, all different. Encoding and the
first call of a method are timed once: UMAP's compiles. PCA and the search are repeated, and the least, the
middle and the longest time are given. Memory is that of the process, read fifty times a second, before the
stage and at its highest. CPU seconds tell a busy machine from a slow one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from simcse_core import load_encoder
from simcse_core.data.datasets import sentence_subjects
from simcse_core.data.readers import read_sentences
from simcse_core.data.vectors import make_vectors, save_vectors
from simcse_core.projection import project
from simcse_core.runtime import versions
from simcse_core.search import CosineIndex

QUERIES = 32
MEGABYTE = 1e6


class Stages:
    """Runs stages and keeps their times and memory."""

    def __init__(self) -> None:
        self.process = psutil.Process()
        self.told: dict[str, dict[str, Any]] = {}

    def __call__(self, name: str, task: Callable[[], Any], *, repeats: int = 1) -> Any:
        """Run `task` `repeats` times; returns what the last run gave."""
        began, done = self.process.memory_info().rss, threading.Event()
        peak = [began]

        def watch() -> None:
            while not done.wait(0.02):
                peak[0] = max(peak[0], self.process.memory_info().rss)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        clock, cpu, found = [], time.process_time(), None
        for _ in range(repeats):
            start = time.perf_counter()
            found = task()
            clock.append(time.perf_counter() - start)
        cpu = (time.process_time() - cpu) / repeats
        done.set()
        watcher.join()
        peak[0] = max(peak[0], self.process.memory_info().rss)
        times = {"seconds": clock[0]} if repeats == 1 else spread_of(clock)
        self.told[name] = {
            **{key: round(value, 3) for key, value in times.items()},
            "cpu_seconds": round(cpu, 3),
            "memory_before_mb": round(began / MEGABYTE),
            "memory_peak_mb": round(peak[0] / MEGABYTE),
        }
        print(name, json.dumps(self.told[name]), flush=True)
        return found


def spread_of(seconds: list[float]) -> dict[str, float]:
    """Least, middle and longest."""
    return {"min_s": min(seconds), "median_s": statistics.median(seconds), "max_s": max(seconds)}


def varied(rows: int, *, seed: int = 0) -> list[str]:
    """Different sentences: of each shipped one, a word in four is exchanged for another of its subject."""
    rng = np.random.default_rng(seed)
    shipped = sentence_subjects()
    words: dict[str, list[str]] = {}
    for text, subject in shipped:
        words.setdefault(subject, []).extend(text.rstrip(".").split())
    found: dict[str, None] = {}
    while len(found) < rows:
        text, subject = shipped[len(found) % len(shipped)]
        mine, others = text.split(), words[subject]
        for place in rng.choice(len(mine), max(1, len(mine) // 4), replace=False):
            mine[place] = others[rng.integers(len(others))]
        found[" ".join(mine)] = None
    return list(found)


def main() -> None:
    """Measure and print, a stage a line, then the machine."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--methods", nargs="*", default=["pca", "umap", "tsne"])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    stages = Stages()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.txt"
        texts = varied(options.rows)
        stages("write the file", lambda: file.write_text("\n".join(texts), encoding="utf-8"))
        del texts
        texts = stages("read the file", lambda: read_sentences(file))
        encoder = stages("open the encoder", lambda: load_encoder(options.model))
        encoder.encode(texts[:64])
        vectors = stages("encode", lambda: encoder.encode(texts))
        for ending in (".npy", ".parquet", ".tsv"):
            out = Path(folder) / f"large{ending}"
            stages(f"write {ending}", partial(save_vectors, make_vectors(vectors, texts), out))
            out.unlink()
    for method in options.methods:
        repeats = options.repeats if method == "pca" else 1
        found = stages(f"map, {method}", partial(project, vectors, method), repeats=repeats)
        print(f"  trustworthiness {found.trustworthiness:.3f}, {found.neighbours_kept:.1%} of the neighbours "
              f"kept ({found.by_chance:.2%} by chance). {found.note}", flush=True)  # fmt: skip
    index = stages("index", lambda: CosineIndex(vectors), repeats=options.repeats)
    stages("search, one query", lambda: index.search(vectors[:1]), repeats=5 * options.repeats)
    stages(f"search, {QUERIES} queries", lambda: index.search(vectors[:QUERIES]), repeats=options.repeats)
    print(json.dumps({"rows": options.rows, "model": options.model, "shape": vectors.shape,
                      "cores": os.cpu_count(), "load": os.getloadavg(), "versions": versions()}))  # fmt: skip


if __name__ == "__main__":
    main()
