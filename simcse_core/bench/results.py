"""What a bench finds: plain frozen results, with a JSON shape that reads back to the same.

Spearman, accuracies, shares and reciprocal ranks are all x 100. Columns (a number for each pair, query or
test example) are float32 and may be empty: a result read without them can be shown but not compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from simcse_core.bench.plain import Column, Interval, built, column, pair_of, plain
from simcse_core.data.sts_sets import SICK_ALL
from simcse_core.errors import DataError

__all__ = [
    "AGGREGATIONS",
    "PROTOCOL",
    "SHIPPED",
    "SICK_ALL",
    "BenchResult",
    "BenchTask",
    "Column",
    "EncoderFacts",
    "Interval",
    "Phenomenon",
    "Retrieval",
    "Transfer",
    "built",
    "column",
    "plain",
    "task_from",
]

AGGREGATIONS = ("all", "mean", "wmean")
SHIPPED = "pairs"
PROTOCOL = 1
"""Raised whenever a number would come out differently: results kept on disk are then measured again."""


@dataclass(frozen=True)
class EncoderFacts:
    """Which encoder was measured, and read how.

    Attributes:
        digest: Of weights, reading and repairs (`Encoder.digest`).
        pooling: Registered pooling.
        layers: Transformer layers kept.
        precision: Number format of the matrix products, such as float32.
        width: Numbers in an embedding, d, after the repairs.
        max_length: Most tokens of a text that are read.
        template: Prompt around every text, or None.
        repairs: Names of the post-processors applied, in order.
        repairs_digest: Changes with any number they were fitted to; empty without repairs.
    """

    digest: str
    pooling: str
    layers: int
    precision: str
    width: int
    max_length: int
    template: str | None = None
    repairs: tuple[str, ...] = ()
    repairs_digest: str = ""


@dataclass(frozen=True, eq=False)
class BenchTask:
    """An encoder on one set of scored pairs.

    Attributes:
        name: Of the task: one of the seven, `SICK_ALL` or `SHIPPED`.
        n: Pairs.
        spearman: Aggregation (`AGGREGATIONS`) → Spearman x 100; None where a subset has no correlation.
        intervals: Aggregation → 95 % bootstrap interval; (None, None) without resamples.
        subsets: Name → (pairs, Spearman x 100 or None); their pairs follow one another in this order.
        alignment: Of the pairs scored strictly above 4; None if there are none.
        uniformity: Of the distinct sentences.
        cosine: (n,) of every pair, or empty.
        gold: (n,) human scores, or empty.
    """

    name: str
    n: int
    spearman: dict[str, float | None]
    intervals: dict[str, Interval]
    subsets: dict[str, tuple[int, float | None]]
    alignment: float | None
    uniformity: float
    cosine: Column = field(default_factory=column)
    gold: Column = field(default_factory=column)

    def rows(self) -> dict[str, slice]:
        """Subset → its rows in `cosine` and `gold`."""
        found, start = {}, 0
        for name, (n, _) in self.subsets.items():
            found[name] = slice(start, start + n)
            start += n
        return found


@dataclass(frozen=True, eq=False)
class Retrieval:
    """Finding the paraphrase of a sentence among n candidates, by cosine.

    Attributes:
        queries: Sentences asked for.
        pool: Candidates each is looked for among, its paraphrase included and itself left out.
        accuracy: Share of queries whose paraphrase is strictly nearest, x 100.
        accuracy_interval: 95 %, queries resampled.
        mrr: Mean of 1 / rank, x 100.
        mrr_interval: 95 %, queries resampled.
        told: What the queries and the pool are, one sentence.
        ranks: (q,) rank of each paraphrase, 1 the nearest; equal cosines share their mean rank.
    """

    queries: int
    pool: int
    accuracy: float
    accuracy_interval: Interval
    mrr: float
    mrr_interval: Interval
    told: str
    ranks: Column = field(default_factory=column)


@dataclass(frozen=True)
class Phenomenon:
    """One phenomenon of the shipped pairs.

    Attributes:
        name: Its label, such as negation.
        n: Pairs.
        gold: Mean human score.
        cosine: Mean cosine.
        spearman: x 100 among its own pairs; None where undefined.
        order: Share of couples of one of its pairs and a pair of another phenomenon, scored a point or more
            apart by people, that the cosines order as people do, x 100; ties half, 50 is chance.
        order_interval: 95 %, all pairs resampled.
        under_paraphrase: Share of couples with a paraphrase in which the paraphrase has the higher cosine,
            x 100; None for the paraphrases themselves.
        under_interval: 95 % of it.
    """

    name: str
    n: int
    gold: float
    cosine: float
    spearman: float | None
    order: float
    order_interval: Interval
    under_paraphrase: float | None
    under_interval: Interval


@dataclass(frozen=True, eq=False)
class Transfer:
    """A logistic regression on fixed embeddings, as in SentEval.

    Attributes:
        name: MR, CR, SUBJ, MPQA, SST2, TREC or MRPC.
        n: Examples it was tested on.
        accuracy: x 100.
        interval: 95 %, test examples resampled.
        f1: Of the positive class x 100, for MRPC; else None.
        protocol: How it was split and how C was chosen, in words.
        correct: (n,) 1 where the prediction was right, else 0.
    """

    name: str
    n: int
    accuracy: float
    interval: Interval
    f1: float | None
    protocol: str
    correct: Column = field(default_factory=column)


@dataclass(frozen=True, eq=False)
class BenchResult:
    """Everything the bench knows about one encoder.

    Attributes:
        model: Name it was asked for by.
        encoder: What was measured.
        tasks: The seven STS tasks, or those asked for, in order; empty without the public sets.
        sick_all: SICK-R on all 9,927 pairs, as MTEB reports it; `tasks["SICK-R"]` is SentEval's test split.
        pairs: The shipped pairs as a task; its subsets are the phenomena.
        retrieval: Find the paraphrase.
        phenomena: By name.
        transfer: By task; None where no data were given.
        made: `protocol`, `bootstrap`, `seed`, `data` (digests by part), `device`, `versions`, `date`.
        notes: What a reader must know, one sentence each.
        cached: Whether all of it was read from disk.
    """

    model: str
    encoder: EncoderFacts
    tasks: dict[str, BenchTask]
    sick_all: BenchTask | None
    pairs: BenchTask
    retrieval: Retrieval
    phenomena: dict[str, Phenomenon]
    transfer: dict[str, Transfer] | None
    made: dict[str, Any]
    notes: tuple[str, ...] = ()
    cached: bool = False

    def every_task(self) -> dict[str, BenchTask]:
        """The public tasks, SICK-R on all pairs where it is there, and the shipped pairs."""
        further = [self.pairs] if self.sick_all is None else [self.sick_all, self.pairs]
        return {**self.tasks, **{task.name: task for task in further}}

    def average(self, aggregation: str = "all") -> float | None:
        """Mean Spearman x 100 of the public tasks; None without tasks or where one is undefined."""
        values = [task.spearman[aggregation] for task in self.tasks.values()]
        kept = [value for value in values if value is not None]
        return float(np.mean(kept)) if kept and len(kept) == len(values) else None

    def named(self, model: str) -> BenchResult:
        """The same under another name."""
        return replace(self, model=model)

    def to_json(self, *, columns: bool = True) -> dict[str, Any]:
        """JSON-able and finite; `columns` False leaves out what there is one of for each pair."""
        told: dict[str, Any] = plain(self, columns=columns)
        del told["cached"]
        return {"format": PROTOCOL, **told}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """Back from `to_json`; columns that were left out are empty.

        Raises:
            DataError: Not what `to_json` writes, or written by another protocol.
        """
        if given.get("format") != PROTOCOL:
            raise DataError(f"This result has format {given.get('format')}; {PROTOCOL} is understood.")
        try:
            return cls(
                model=str(given["model"]),
                encoder=built(
                    EncoderFacts, {**given["encoder"], "repairs": tuple(given["encoder"]["repairs"])}
                ),
                tasks={name: task_from(one) for name, one in given["tasks"].items()},
                sick_all=None if given["sick_all"] is None else task_from(given["sick_all"]),
                pairs=task_from(given["pairs"]),
                retrieval=built(Retrieval, given["retrieval"]),
                phenomena={name: built(Phenomenon, one) for name, one in given["phenomena"].items()},
                transfer=None
                if given["transfer"] is None
                else {name: built(Transfer, one) for name, one in given["transfer"].items()},
                made=dict(given["made"]),
                notes=tuple(given["notes"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"This is no result of the bench: {error!r}.") from None


def task_from(given: Mapping[str, Any]) -> BenchTask:
    """A task from `plain`."""
    task: BenchTask = built(BenchTask, given)
    intervals = {name: pair_of(ends) for name, ends in given["intervals"].items()}
    subsets = {name: (int(n), value) for name, (n, value) in given["subsets"].items()}
    return replace(task, intervals=intervals, subsets=subsets)
