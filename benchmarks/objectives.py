"""Every objective against its peer in another library, and the memory of gradient caching.

    python -m benchmarks.objectives parity            largest difference of value and gradient, float64
    python -m benchmarks.objectives speed [--rows 64 1024] [--rounds 7] [--only NAME …]
    python -m benchmarks.objectives memory [--pairs 1024] [--chunk 64]

Speed is processor time of forward and backward in float32 at d = 384 on one thread, both sides in one
process and in turns (A B A B …), the first round of each not counted; the ratio is the peer's time over ours,
so above 1 ours is the faster.
Memory is the peak of a fresh process for each line. Peers: see `benchmarks/peers.py`.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from benchmarks.peers import PEERS, Peer, differences

DIMENSION = 384
LEAST_SECONDS = 0.01  # a round repeats a call until it takes this long
SHAPES = ((6, 4), (16, 10), (33, 6), (64, 32))


def available() -> Iterator[Peer]:
    """Peers whose library is installed; the others are named."""
    for peer in PEERS:
        try:
            peer.module()
        except ImportError:
            print(f"{peer.objective}: {peer.told} is not installed")
        else:
            yield peer


def parity() -> None:
    """Print the parity table: four shapes, ten seeds each."""
    print("| objective | peer | largest difference, value | gradient |\n|---|---|---|---|")
    for peer in available():
        found = [differences(peer, peer.batch(rows, dim, seed)) for rows, dim in SHAPES for seed in range(10)]
        value, gradient = (max(column) for column in zip(*found, strict=True))
        print(f"| `{peer.objective}` | {peer.told} | {value:.1e} | {gradient:.1e} |")


def speed(rows: list[int], rounds: int, only: list[str]) -> None:
    """Print the time of both sides and their ratio."""
    torch.set_num_threads(1)
    print("| objective | peer | B | ours, ms | peer, ms | peer / ours, min / median / max |")
    print("|---|---|---|---|---|---|")
    for peer in available():
        for size in rows:
            if size <= peer.most_rows and (not only or peer.objective in only):
                mine, theirs = in_turns(peer, size, rounds)
                ratios = sorted(t / m for m, t in zip(mine, theirs, strict=True))
                told = f"{ratios[0]:.2f} / {statistics.median(ratios):.2f} / {ratios[-1]:.2f}"
                times = " | ".join(f"{1000 * statistics.median(x):.2f}" for x in (mine, theirs))
                print(f"| `{peer.objective}` | {peer.told} | {size} | {times} | {told} |", flush=True)


def in_turns(peer: Peer, rows: int, rounds: int) -> tuple[list[float], list[float]]:
    """Seconds per call of ours and of the peer's, round by round."""
    batch = peer.batch(rows, DIMENSION, 0, torch.float32)
    leaves = [x for x in batch.values() if x.requires_grad]
    module = peer.module()

    def differentiate(function: Callable[[], Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(function(), leaves)

    sides = (differentiate(lambda: peer.ours(batch)), differentiate(lambda: peer.theirs(module, batch)))
    repeats = [max(1, round(LEAST_SECONDS / seconds_of(side, 1))) for side in sides if side() is not None]
    seconds = [
        [seconds_of(side, n) for side, n in zip(sides, repeats, strict=True)] for _ in range(rounds + 1)
    ]
    mine, theirs = zip(*seconds[1:], strict=True)
    return list(mine), list(theirs)


def seconds_of(call: Callable[[], object], times: int) -> float:
    """Mean processor seconds of a call: what else runs on the machine does not count."""
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) / times


def memory(pairs: int, chunk: int) -> None:
    """Print the peak of a step at a small batch, and at a large one with and without caching."""
    small = peak_of(chunk, 0, chunk)
    print(f"batch {chunk}, plain: {small[0]:.0f} MB, of these {small[1]:.0f} MB in the step")
    for size, told in ((chunk, f"cached in chunks of {chunk}"), (0, "plain")):
        whole, step = peak_of(pairs, size, chunk)
        print(
            f"batch {pairs}, {told}: {whole:.0f} MB, of these {step:.0f} MB in the step; "
            f"{whole / small[0]:.2f} x and {step / small[1]:.2f} x batch {chunk}"
        )


def peak_of(pairs: int, chunk: int, distinct: int) -> tuple[float, float]:
    """Peak resident MB of a process that does one step, and by how much the step raised it."""
    options = {"--pairs": pairs, "--chunk": chunk, "--distinct": distinct}
    command = [sys.executable, "-m", "benchmarks.objectives", "step"]
    command += [str(word) for option in options.items() for word in option]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return float(told[0]), float(told[1])


def step(pairs: int, chunk: int, distinct: int) -> None:
    """One forward and backward pass of unsupervised SimCSE; prints the peak and its rise, MB."""
    from simcse_core import load_encoder
    from simcse_core.data.datasets import load_dataset_records
    from simcse_core.losses import losses
    from simcse_core.losses.wrappers import encode_cached

    encoder = load_encoder("minilm:4", dropout=0.1, max_length=64, precision="fp32").train()
    shipped = list(load_dataset_records("sentences"))
    texts = [shipped[i % distinct] for i in range(pairs)]  # every chunk as long as the small batch
    both = [*texts, *texts]
    size = 2 * chunk or len(both)
    one = both[:2]
    encoder.forward_train(one).sum().backward()  # libraries load and gradients are there before the count
    before = peak()
    if chunk:
        rows = encode_cached(encoder.forward_train, [both[i : i + size] for i in range(0, len(both), size)])
    else:
        rows = encoder.forward_train(both)
    losses["info_nce"](*rows.chunk(2)).backward()
    print(peak(), peak() - before)


def peak() -> float:
    """Largest resident set of this process so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        1024 if sys.platform != "darwin" else 1024**2
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("parity", "speed", "memory", "step"))
    parser.add_argument("--rows", type=int, nargs="+", default=[64, 1024])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--pairs", type=int, default=1024)
    parser.add_argument("--chunk", type=int, default=64)
    parser.add_argument("--distinct", type=int, default=64, help=argparse.SUPPRESS)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    if options.what == "parity":
        parity()
    elif options.what == "speed":
        speed(options.rows, options.rounds, options.only)
    elif options.what == "memory":
        memory(options.pairs, options.chunk)
    else:
        step(options.pairs, options.chunk, options.distinct)


if __name__ == "__main__":
    main()
