"""Published rows that may stand beside a result: the same aggregation, pooling and repairs, and no others."""

from __future__ import annotations

from dataclasses import dataclass, field

from simcse_core.bench.results import BenchResult
from simcse_core.data.published import published


@dataclass(frozen=True)
class PublishedRow:
    """Scores of a checkpoint as a paper or repository prints them.

    Attributes:
        model: As it is called there.
        pooling: Registered pooling it was read with.
        aggregation: Of the subsets.
        scores: Task → Spearman x 100; a task that is not printed is not there.
        average: As printed; None where not all seven tasks are.
        source: Paper and table, or repository.
        note: What to know about it; may be empty.
        repairs: Post-processors applied, by name.
    """

    model: str
    pooling: str
    aggregation: str
    scores: dict[str, float]
    average: float | None
    source: str
    note: str = ""
    repairs: tuple[str, ...] = field(default=())


def published_rows(result: BenchResult, *, aggregation: str = "all") -> list[PublishedRow]:
    """Rows of published tables with this aggregation and the pooling and repairs of the result.

    Raises:
        DataError: The table that ships is missing or damaged.
    """
    wanted = (aggregation, result.encoder.pooling, result.encoder.repairs)
    return [row for row in _rows() if (row.aggregation, row.pooling, row.repairs) == wanted]


def _rows() -> list[PublishedRow]:
    return [
        PublishedRow(
            model=row["model"],
            pooling=row["pooling"],
            aggregation=row["aggregation"],
            scores=dict(row["scores"]),
            average=row.get("average"),
            source=row["source"],
            note=row.get("note", ""),
            repairs=tuple(row.get("repairs", ())),
        )
        for row in published("sts")["rows"]
    ]
