"""Encoding speed beside sentence-transformers, both in one run, interleaved.

    python -m benchmarks.encode [--data FOLDER|FILE] [--model minilm] [--repeats 3] [--threads N]
                                [--precision fp32 bf16] [--clock wall|cpu]

Both sides get the same texts, weights, precision and threads; sentence-transformers gets its best batch
size, found first. Ratios above 1 mean that this project is faster. The share of the matmul peak counts the
multiplications of distinct texts without padding, against the fastest plain product measured in between.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simcse_core import load_encoder, runtime
from simcse_core.encoders import Encoder
from simcse_core.encoders.tokens import distinct_rows

Clock = Callable[[], float]
BATCH_SIZES = (16, 32, 64, 128)
PEAK_SHAPES = ((2048, 2048, 2048), (4096, 1536, 384), (4096, 384, 1536))


def main() -> None:
    """Measure and print."""
    options = _options()
    clock = time.perf_counter if options.clock == "wall" else time.process_time
    torch.set_num_threads(options.threads)
    texts = read_texts(options.data)
    about = f"{options.model}, {options.threads} threads, {options.clock} time"
    print(f"{len(texts):,} texts ({len(set(texts)):,} distinct), {about}", flush=True)
    print("versions:", ", ".join(f"{name} {version}" for name, version in runtime.versions().items()))
    for precision in options.precision:
        compare(options.model, texts, precision, options.repeats, clock)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, help="STS folder, a .tsv with sentence1 and sentence2, or a .txt"
    )
    parser.add_argument("--model", default="minilm")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--clock", default="wall", choices=["wall", "cpu"], help="cpu: on a busy machine")
    parser.add_argument("--precision", nargs="+", default=["fp32", "bf16"], choices=["fp32", "bf16"])
    return parser.parse_args()


def read_texts(data: Path | None) -> list[str]:
    """Sentences of STS-B test where `data` leads to it, lines of a text file, or the shipped sentences."""
    if data is None:
        files = sorted((runtime.assets() / "data" / "sentences").glob("*.txt"))
        return [line for file in files for line in file.read_text(encoding="utf-8").splitlines() if line]
    if data.is_dir():
        data = next(p for p in (data / "test.tsv", data / "STS-B" / "test.tsv") if p.is_file())
    lines = data.read_text(encoding="utf-8").splitlines()
    if data.suffix != ".tsv":
        return [line for line in lines if line]
    rows = [line.split("\t") for line in lines]
    columns = [rows[0].index(name) for name in ("sentence1", "sentence2")]
    return [row[column] for column in columns for row in rows[1:]]


def compare(model: str, texts: Sequence[str], precision: str, repeats: int, clock: Clock) -> None:
    """Alternate the two sides `repeats` times and print rates, ratios and the share of the peak."""
    encoder = load_encoder(model, device="cpu", precision=precision)
    theirs = _sentence_transformer(model, precision)
    sizes = {size: _seconds(lambda s=size: theirs(texts[::4], s), clock) for size in BATCH_SIZES}  # type: ignore[misc]
    best = min(sizes, key=lambda size: sizes[size])
    encoder.encode(texts[:100])
    ours, others, peaks = [], [], []
    for _ in range(repeats):
        ours.append(_seconds(lambda: encoder.encode(texts), clock))
        others.append(_seconds(lambda: theirs(texts, best), clock))
        peaks.append(_peak(encoder.dtype, clock))
    rate = len(texts) / np.median(ours), len(texts) / np.median(others)
    shares = work(encoder, texts) / np.asarray(ours) / max(peaks)
    print(f"\n{precision}: texts/s: ours {rate[0]:,.0f}, sentence-transformers {rate[1]:,.0f} (batch {best})")
    print(f"  ratio                  {_spread(np.asarray(others) / np.asarray(ours))}")
    print(f"  share of matmul peak   {_spread(shares)}   (peak {max(peaks) / 1e12:.3f} TFLOP/s)")


def work(encoder: Encoder, texts: Sequence[str]) -> float:
    """Floating-point operations of the dense layers and attention over distinct texts, without padding."""
    rows, _ = distinct_rows(encoder.text_tokenizer.ids(texts))
    lengths = np.asarray([len(row) for row in rows], dtype=np.float64)
    config: Any = encoder.model.config
    width, inner = config.hidden_size, config.intermediate_size
    dense = 2 * lengths.sum() * (4 * width**2 + 2 * width * inner)
    attention = 4 * (lengths**2).sum() * width
    return float(encoder.layers * (dense + attention))


def _sentence_transformer(model: str, precision: str) -> Callable[[Sequence[str], int], Any]:
    warnings.filterwarnings("ignore")
    from sentence_transformers import SentenceTransformer

    with tempfile.TemporaryDirectory() as folder:
        load_encoder(model, device="cpu").save(folder)
        dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
        opened = SentenceTransformer(folder, device="cpu", model_kwargs={"dtype": dtype})
    return lambda texts, size: opened.encode(list(texts), batch_size=size, show_progress_bar=False)


def _peak(dtype: torch.dtype, clock: Clock) -> float:
    """Operations a second of the fastest plain product."""
    rates = []
    for rows, inner, columns in PEAK_SHAPES:
        a, b = torch.randn(rows, inner).to(dtype), torch.randn(inner, columns).to(dtype)
        rates.append(
            2 * rows * inner * columns / min(_seconds(lambda a=a, b=b: a @ b, clock) for _ in range(5))
        )  # type: ignore[misc]
    return max(rates)


def _seconds(call: Callable[[], Any], clock: Clock) -> float:
    start = clock()
    call()
    return clock() - start


def _spread(values: Any) -> str:
    return f"min {np.min(values):.2f}  median {np.median(values):.2f}  max {np.max(values):.2f}"


if __name__ == "__main__":
    main()
