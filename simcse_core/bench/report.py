"""Results as files to hand on: Markdown, CSV, JSON and one HTML page that needs no network."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from simcse_core.bench.quoted import published_rows
from simcse_core.bench.results import AGGREGATIONS, PROTOCOL, BenchResult, Interval, plain
from simcse_core.bench.sheets import Cell, Sheet, average_interval, comparisons, geometry_task, label, sheets
from simcse_core.errors import ConfigError, DataError

TITLE = "Evaluation bench"
STYLE = """
:root{color-scheme:light dark;--text:#0f1820;--muted:#5b6673;--grid:#d5dbe0;--back:#fff}
@media(prefers-color-scheme:dark){:root{--text:#e6eaf0;--muted:#a3adba;--grid:#3a4550;--back:#12161c}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--text);background:var(--back);margin:2rem auto;
max-width:72rem;padding:0 1rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;border-bottom:1px solid var(--grid);text-align:right;white-space:nowrap}
th.words,td.words{text-align:left}td.words{white-space:normal;max-width:20rem}
small{color:var(--muted)}svg{max-width:40rem;width:100%;height:auto}svg text{fill:var(--text)}
svg g text{fill:#fff}.grid{stroke:var(--grid);fill:none}
""".strip()


def report(
    results: Sequence[BenchResult], out: Path, formats: Sequence[str] = ("md", "csv", "json", "html")
) -> list[Path]:
    """Write `bench.<format>` into a folder, which is made; returns the files.

    Raises:
        ConfigError: No such format.
        DataError: There is no result, or the folder cannot be written.
    """
    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise ConfigError(f"There is no format {unknown[0]!r}.", hint=f"There are: {', '.join(FORMATS)}.")
    texts = {f"bench.{name}": FORMATS[name](results) for name in dict.fromkeys(formats)}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (out / name).write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise DataError(f"{out} cannot be written: {error.strerror or error}.") from None
    return [out / name for name in texts]


def markdown(results: Sequence[BenchResult], *, aggregation: str = "all") -> str:
    """All tables as Markdown; names are escaped."""
    lines = [f"# {TITLE}"]
    for sheet in sheets(results, aggregation=aggregation):
        lines += ["", f"## {_inline(sheet.title)}", "", _bar(sheet.head), _bar(["---"] * len(sheet.head))]
        lines += [_bar(row) for row in sheet.rows]
        lines += [line for note in sheet.notes for line in ("", _inline(note))]
    return "\n".join(lines) + "\n"


def csv_text(results: Sequence[BenchResult]) -> str:
    """Every number on a line of its own, with its interval and how it was aggregated."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("model", "pooling", "part", "name", "measure", "value", "low", "high", "n"))
    for result in results:
        for row in _lines(result):
            writer.writerow((result.model, result.encoder.pooling, *row))
    for comparison in comparisons(results):
        for one in comparison.every():
            d = one.difference
            writer.writerow(
                (comparison.first, "", "difference", one.name, f"minus {comparison.second}", d.value, d.low,
                 d.high, one.n)
            )  # fmt: skip
    return out.getvalue()


def json_text(results: Sequence[BenchResult]) -> str:
    """Everything but the columns, with comparisons and the published rows that match."""
    if not results:
        raise DataError("A report needs a result.")
    told = {
        "format": PROTOCOL,
        "results": [result.to_json(columns=False) for result in results],
        "comparisons": [comparison.to_json() for comparison in comparisons(results)],
        "published": {label(r): [plain(row) for row in published_rows(r)] for r in results},
    }
    return json.dumps(told, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def html_text(results: Sequence[BenchResult], *, aggregation: str = "all") -> str:
    """One page with all tables and the alignment-uniformity figure; no script, no network, names escaped."""
    body = [f"<h1>{TITLE}</h1>"]
    for sheet in sheets(results, aggregation=aggregation):
        body.append(f"<h2>{html.escape(sheet.title)}</h2>")
        if sheet.name == "geometry":
            body.append(_figure(results))
        body.append(_html_table(sheet))
        body += [f"<p><small>{html.escape(note)}</small></p>" for note in sheet.notes]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{TITLE}</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


FORMATS: dict[str, Callable[[Sequence[BenchResult]], str]] = {
    "md": markdown,
    "csv": csv_text,
    "json": json_text,
    "html": html_text,
}


def _lines(result: BenchResult) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []

    def add(part: str, name: str, measure: str, value: float | None, ends: Interval, n: int) -> None:
        if value is not None:
            found.append((part, name, measure, value, *("" if end is None else end for end in ends), n))

    none: Interval = (None, None)
    for name, task in result.every_task().items():
        for way in AGGREGATIONS:
            add("sts", name, f"spearman {way}", task.spearman[way], task.intervals[way], task.n)
        add("sts", name, "alignment", task.alignment, none, task.n)
        add("sts", name, "uniformity", task.uniformity, none, task.n)
    for way in AGGREGATIONS:
        ends = average_interval(result, way)
        add("sts", "average", f"spearman {way}", result.average(way), ends, len(result.tasks))
    r = result.retrieval
    add("retrieval", "paraphrase", "accuracy", r.accuracy, r.accuracy_interval, r.queries)
    add("retrieval", "paraphrase", "mrr", r.mrr, r.mrr_interval, r.queries)
    for one in result.phenomena.values():
        add("phenomena", one.name, "order", one.order, one.order_interval, one.n)
        add("phenomena", one.name, "under paraphrase", one.under_paraphrase, one.under_interval, one.n)
        add("phenomena", one.name, "spearman", one.spearman, none, one.n)
    for name, moved in (result.transfer or {}).items():
        add("transfer", name, "accuracy", moved.accuracy, moved.interval, moved.n)
        add("transfer", name, "f1", moved.f1, none, moved.n)
    return found


def _inline(text: str) -> str:
    """Words that Markdown leaves alone, in a table too."""
    told = " ".join(html.escape(text, quote=False).split())
    for mark in "\\`*_[]|":
        told = told.replace(mark, f"\\{mark}")
    return told


def _bar(cells: Sequence[str | Cell]) -> str:
    plain_cells = [str(c) if isinstance(c, Cell) else c if c == "---" else _inline(c) for c in cells]
    return f"| {' | '.join(plain_cells)} |"


def _html_table(sheet: Sheet) -> str:
    """Numbers to the right, words and their headings to the left."""
    kinds = ["" if isinstance(cell, Cell) else ' class="words"' for cell in sheet.rows[0]]
    head = "".join(f"<th{k}>{html.escape(title)}</th>" for k, title in zip(kinds, sheet.head, strict=True))
    body = "".join(f"<tr>{''.join(map(_html_cell, row))}</tr>" for row in sheet.rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _html_cell(cell: str | Cell) -> str:
    if isinstance(cell, Cell):
        value, mark, interval = str(cell).partition(" [")
        return f"<td>{value}{f'<br><small>[{interval}</small>' if mark else ''}</td>"
    return f'<td class="words">{html.escape(cell)}</td>'


def _figure(results: Sequence[BenchResult]) -> str:
    """The figure with its key; results without positives have no place in it."""
    from simcse_core.figures.bench import Placed
    from simcse_core.figures.bench_report import plane_svg

    tasks = [(result, geometry_task(result)) for result in results]
    points = [
        Placed(label(result), task.alignment, task.uniformity, result.average())
        for result, task in tasks
        if task.alignment is not None
    ]
    if not points:
        return ""
    key = "".join(f"<li>{html.escape(point.name)}</li>" for point in points)
    return f"<figure>{plane_svg(points, 'Alignment against uniformity')}<ol>{key}</ol></figure>"
