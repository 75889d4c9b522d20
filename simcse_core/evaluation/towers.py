"""What two towers and one tower cost: forward passes counted, and seconds measured side by side."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder
    from simcse_core.encoders.cross import CrossEncoder

REPEATS = 3


@dataclass(frozen=True)
class Passes:
    """Forward passes of a transformer.

    Attributes:
        bi: Two towers: every text once, whoever it is compared with.
        bi_again: Two towers once the candidates' embeddings are kept: the queries alone.
        cross: One tower: every pair.
    """

    bi: int
    bi_again: int
    cross: int


def forward_passes(queries: int, candidates: int) -> Passes:
    """Passes needed to score every query against every candidate."""
    return Passes(bi=queries + candidates, bi_again=queries, cross=queries * candidates)


@dataclass(frozen=True)
class Latency:
    """Medians for one query, in milliseconds.

    Attributes:
        candidates: Number of texts it is compared with, n.
        embed: Two towers: encoding the n candidates, once for all queries.
        search: Two towers: encoding the query and n cosines.
        cross: One tower: n pairs.
    """

    candidates: int
    embed: float
    search: float
    cross: float


def measure_latency(
    encoder: Encoder,
    cross: CrossEncoder,
    query: str,
    texts: Sequence[str],
    counts: Sequence[int],
    *,
    repeats: int = REPEATS,
) -> Iterator[Latency]:
    """Time both towers in turns on the same texts; what is warmed up first is not counted.

    Args:
        encoder: The two towers.
        cross: The one tower; how well it is trained does not matter here.
        query: Compared with every candidate.
        texts: At least as many different texts as the largest count; the same text is encoded once only.
        counts: Numbers of candidates.
        repeats: Measurements of each; their median is reported.

    Yields:
        One row for each count, as soon as it is measured.
    """
    cross.score([(query, text) for text in texts[:2]])
    encoder.encode([query, *texts[:2]])
    for count in counts:
        rows = [_once(encoder, cross, query, list(texts[:count])) for _ in range(repeats)]
        yield Latency(count, *(statistics.median(column) for column in zip(*rows, strict=True)))


def _once(
    encoder: Encoder, cross: CrossEncoder, query: str, texts: Sequence[str]
) -> tuple[float, float, float]:
    """Milliseconds of encoding the texts, of a search among them, and of scoring the query with each."""
    vectors = encoder.encode(texts)
    return (
        _milliseconds(lambda: encoder.encode(texts)),
        _milliseconds(lambda: vectors @ encoder.encode([query])[0]),
        _milliseconds(lambda: cross.score([(query, text) for text in texts])),
    )


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)
