"""A report's tables, made once and written in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simcse_core.bench.compare import Comparison, compare
from simcse_core.bench.draws import average_draws, ends
from simcse_core.bench.quoted import published_rows
from simcse_core.bench.results import BenchResult, BenchTask, Interval
from simcse_core.errors import DataError

NONE: Interval = (None, None)


@dataclass(frozen=True)
class Cell:
    """A number with its 95 % interval, where there is one."""

    value: float | int | None
    interval: Interval = NONE

    def __str__(self) -> str:
        """To two decimals, with the interval in brackets; a dash for nothing."""
        if self.value is None:
            return "–"
        if isinstance(self.value, int):
            return f"{self.value:,}"
        low, high = self.interval
        told = f"{self.value:.2f}"
        return told if low is None or high is None else f"{told} [{low:.2f}, {high:.2f}]"


@dataclass(frozen=True)
class Sheet:
    """One table.

    Attributes:
        name: Short, for the CSV.
        title: Heading.
        head: Column titles; the first names the rows.
        rows: As wide as the head.
        notes: Sentences below it.
    """

    name: str
    title: str
    head: tuple[str, ...]
    rows: list[tuple[str | Cell, ...]]
    notes: tuple[str, ...] = ()


def label(result: BenchResult) -> str:
    """What a row is called: the model and how it is read."""
    repairs = "".join(f" + {name}" for name in result.encoder.repairs)
    return f"{result.model} ({result.encoder.pooling}{repairs})"


def sheets(results: Sequence[BenchResult], *, aggregation: str = "all") -> list[Sheet]:
    """All tables of a report; those without a row are left out.

    Raises:
        DataError: There is no result.
    """
    if not results:
        raise DataError("A report needs a result.")
    made = [
        _sts(results, aggregation),
        _quoted(results, aggregation),
        _further(results),
        _phenomena(results),
        _transfer(results),
        _geometry(results),
        *(_compared(one) for one in comparisons(results, aggregation=aggregation)),
        _provenance(results),
    ]
    return [sheet for sheet in made if sheet.rows]


def comparisons(results: Sequence[BenchResult], *, aggregation: str = "all") -> list[Comparison]:
    """Every other result against the first, under the names of `label`; none where columns are missing."""
    found = []
    first = results[0].named(label(results[0]))
    for other in results[1:]:
        try:
            found.append(
                compare(
                    first, other.named(label(other)), aggregation=aggregation, resamples=_resamples(results)
                )
            )
        except DataError:
            continue  # numbers without columns, or other data: the tables still say what was measured
    return found


def average_interval(result: BenchResult, aggregation: str = "all") -> Interval:
    """95 % interval of the average over the tasks; (None, None) where columns or resamples are missing."""
    tasks = list(result.tasks.values())
    resamples = int(result.made.get("bootstrap", 0))
    if not tasks or not resamples or result.average(aggregation) is None:
        return NONE
    if not all(task.cosine.size for task in tasks):
        return NONE
    seed = int(result.made["seed"])
    return ends(average_draws(tasks, aggregation, resamples=resamples, seed=seed))


def geometry_task(result: BenchResult) -> BenchTask:
    """The task whose alignment and uniformity stand for a checkpoint: STS-B, else the shipped pairs."""
    return result.tasks.get("STS-B", result.pairs)


def _resamples(results: Sequence[BenchResult]) -> int:
    return max(int(result.made.get("bootstrap", 0)) for result in results) or 1000


def _score(task: BenchTask | None, aggregation: str) -> Cell:
    return Cell(None) if task is None else Cell(task.spearman[aggregation], task.intervals[aggregation])


def _sts(results: Sequence[BenchResult], aggregation: str) -> Sheet:
    names = list(dict.fromkeys(name for result in results for name in result.tasks))
    rows: list[tuple[str | Cell, ...]] = [
        (
            label(r),
            *(_score(r.tasks.get(name), aggregation) for name in names),
            Cell(r.average(aggregation), average_interval(r, aggregation)),
        )
        for r in results
        if r.tasks
    ]
    told = (
        f"Spearman x 100, aggregation '{aggregation}', 95 % bootstrap interval over pairs.",
        "SICK-R is SentEval's test split of 4,927 pairs.",
    )
    return Sheet("sts", f"STS tasks, aggregation '{aggregation}'", ("model", *names, "average"), rows, told)


def _quoted(results: Sequence[BenchResult], aggregation: str) -> Sheet:
    names = list(dict.fromkeys(name for result in results for name in result.every_task()))
    found: dict[tuple[str, str], tuple[str | Cell, ...]] = {}
    for result in results:
        for row in published_rows(result, aggregation=aggregation) if result.tasks else ():
            scores = [Cell(row.scores.get(name)) for name in names if name != result.pairs.name]
            source = f"{row.source}. {row.note}".strip()
            found[row.model, row.source] = (
                f"{row.model} ({row.pooling})",
                *scores,
                Cell(row.average),
                source,
            )
    head = ("published model", *(n for n in names if n != results[0].pairs.name), "average", "source")
    told = ("Not measured here: as printed, with the same aggregation, pooling and repairs as a row above.",)
    return Sheet("published", "Published rows", head, list(found.values()), told)


def _further(results: Sequence[BenchResult]) -> Sheet:
    rows: list[tuple[str | Cell, ...]] = [
        (
            label(r),
            _score(r.sick_all, "all"),
            _score(r.pairs, "all"),
            Cell(r.retrieval.accuracy, r.retrieval.accuracy_interval),
            Cell(r.retrieval.mrr, r.retrieval.mrr_interval),
        )
        for r in results
    ]
    head = ("model", "SICK-R, all 9,927 pairs", "shipped pairs", "paraphrase found first", "MRR x 100")
    told = ("SICK-R on all pairs is MTEB's convention.", *dict.fromkeys(r.retrieval.told for r in results))
    return Sheet("further", "Further checks", head, rows, told)


def _phenomena(results: Sequence[BenchResult]) -> Sheet:
    names = list(dict.fromkeys(name for result in results for name in result.phenomena))
    rows: list[tuple[str | Cell, ...]] = []
    for name in names:
        found = [result.phenomena.get(name) for result in results]
        told = (Cell(None) if one is None else Cell(one.order, one.order_interval) for one in found)
        rows.append((name, *told))
    note = (
        "Share x 100 of couples with a pair of another phenomenon, scored a point or more apart by people, "
        "that the cosines order as people do; 50 is chance."
    )
    return Sheet("phenomena", "Phenomena", ("phenomenon", *map(label, results)), rows, (note,))


def _transfer(results: Sequence[BenchResult]) -> Sheet:
    names = list(dict.fromkeys(name for result in results for name in result.transfer or {}))
    rows: list[tuple[str | Cell, ...]] = []
    for r in results:
        found = [(r.transfer or {}).get(name) for name in names]
        told = [Cell(None) if one is None else Cell(one.accuracy, one.interval) for one in found]
        if r.transfer:
            rows.append((label(r), *told))
    notes = dict.fromkeys(
        f"{one.name}: {one.protocol}, {one.n:,} examples."
        + (f" F1 {one.f1:.2f} for {label(r)}." if one.f1 is not None else "")
        for r in results
        for one in (r.transfer or {}).values()
    )
    return Sheet("transfer", "Transfer, accuracy x 100", ("model", *names), rows, tuple(notes))


def _geometry(results: Sequence[BenchResult]) -> Sheet:
    rows: list[tuple[str | Cell, ...]] = []
    for result in results:
        task = geometry_task(result)
        alignment = "–" if task.alignment is None else f"{task.alignment:.3f}"
        rows.append((label(result), task.name, alignment, f"{task.uniformity:.3f}"))
    told = ("Positives are pairs scored strictly above 4; lower is better in both.",)
    return Sheet(
        "geometry",
        "Alignment and uniformity",
        ("model", "sentences of", "alignment", "uniformity"),
        rows,
        told,
    )


def _compared(comparison: Comparison) -> Sheet:
    rows: list[tuple[str | Cell, ...]] = [
        (
            one.name,
            Cell(one.first),
            Cell(one.second),
            Cell(one.difference.value, (one.difference.low, one.difference.high)),
            f"{one.difference.p:.3f}",
            "beyond noise" if one.beyond_noise else "within noise",
        )
        for one in comparison.every()
    ]
    title = f"{comparison.first} against {comparison.second}"
    told = (
        "Difference: first minus second, paired bootstrap on the same resampled pairs, 95 % interval.",
        *(f"{name} is left out: {why}." for name, why in comparison.left_out.items()),
    )
    return Sheet("comparison", title, ("number", "first", "second", "difference", "p", "verdict"), rows, told)


def _provenance(results: Sequence[BenchResult]) -> Sheet:
    facts = [dict(_facts(result)) for result in results]
    keys = list(dict.fromkeys(key for one in facts for key in one))
    rows: list[tuple[str | Cell, ...]] = [(key, *(one.get(key, "–") for one in facts)) for key in keys]
    notes = tuple(f"{label(result)}: {note}" for result in results for note in result.notes)
    return Sheet("provenance", "How it was measured", ("", *map(label, results)), rows, notes)


def _facts(result: BenchResult) -> Iterator[tuple[str, str]]:
    encoder, made = result.encoder, result.made
    yield "encoder digest", encoder.digest
    yield "pooling", encoder.pooling
    yield "layers", str(encoder.layers)
    yield "width", str(encoder.width)
    yield "most tokens", str(encoder.max_length)
    yield "precision", encoder.precision
    yield "template", encoder.template or "none"
    yield "repairs", ", ".join(encoder.repairs) or "none"
    for key in ("device", "date", "protocol", "bootstrap", "seed"):
        yield key, str(made.get(key, "–"))
    yield "data", ", ".join(f"{name} {digest}" for name, digest in made.get("data", {}).items())
    yield "versions", ", ".join(f"{name} {number}" for name, number in made.get("versions", {}).items())
