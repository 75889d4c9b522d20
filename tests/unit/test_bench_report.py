"""The report: every format reads back, nothing is loaded from elsewhere, and names stay names."""

from __future__ import annotations

import csv
import html.parser
import io
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from unit.bench_factory import make_result

from simcse_core.bench.report import csv_text, html_text, json_text, markdown, report
from simcse_core.bench.results import BenchResult
from simcse_core.bench.sheets import Cell, sheets
from simcse_core.errors import ConfigError, DataError
from simcse_core.figures.bench import Placed
from simcse_core.figures.bench_report import plane_svg

NASTY = '<script>alert("1")</script>|`x`'


def results() -> list[BenchResult]:
    return [
        make_result(NASTY, level=0.5, pooling="cls_before_pooler"),
        make_result("b", level=3.0, seed=2, pooling="cls_before_pooler"),
    ]


class Page(html.parser.HTMLParser):
    """Tags, attributes and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def test_html_stands_alone_and_escapes_names() -> None:
    text = html_text(results())
    page = Page(text)
    assert "script" not in page.tags and "<script" not in text and NASTY in page.words
    loads = {"src", "href", "srcset", "data", "action"}
    assert not any(name in loads or name.startswith("on") for name, _ in page.attributes)
    assert "url(" not in text and "@import" not in text
    assert page.tags.count("table") == len(sheets(results())) and page.tags.count("svg") == 1
    assert "76.25" in page.words and "arXiv:2104.08821" in page.words  # a row of the same protocol
    assert "beyond noise" in page.words and "digest-b" in page.words
    (svg,) = re.findall(r"<svg.*?</svg>", text, flags=re.S)
    ElementTree.fromstring(svg)


def test_markdown_tables_keep_their_columns() -> None:
    lines = markdown(results()).splitlines()
    assert not any("<script" in line for line in lines)
    width = 0
    for line in lines:
        if not line.startswith("|"):
            width = 0
            continue
        cells = len(re.findall(r"(?<!\\)\|", line))
        assert width in (0, cells), line
        width = cells
    assert sum(line.startswith("## ") for line in lines) == len(sheets(results()))


def test_csv_holds_every_number() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(results()))))
    assert {row["model"].split(" (")[0] for row in rows} == {NASTY, "b"}
    first = results()[0]
    found = {(r["part"], r["name"], r["measure"]): r for r in rows if r["model"] == NASTY}
    stsb = found["sts", "STS-B", "spearman wmean"]
    assert float(stsb["value"]) == first.tasks["STS-B"].spearman["wmean"]
    assert float(stsb["low"]) == first.tasks["STS-B"].intervals["wmean"][0]
    average = found["sts", "average", "spearman all"]
    assert float(average["low"]) < float(average["value"]) < float(average["high"]) and average["n"] == "7"
    assert ("transfer", "MR", "accuracy") in found and ("transfer", "MR", "f1") not in found
    assert [r for r in rows if r["part"] == "difference" and r["name"] == "average"]


def test_json_reads_back() -> None:
    told = json.loads(json_text(results()))
    assert [BenchResult.from_json(one).model for one in told["results"]] == [NASTY, "b"]
    assert told["comparisons"][0]["average"]["beyond_noise"] is True
    assert all(row["pooling"] == "cls_before_pooler" for rows in told["published"].values() for row in rows)


def test_files_are_written_where_asked(tmp_path: Path) -> None:
    written = report(results()[:1], tmp_path / "new" / "folder", ("csv", "html"))
    assert [path.name for path in written] == ["bench.csv", "bench.html"]
    assert all(path.read_text(encoding="utf-8") for path in written)
    with pytest.raises(ConfigError, match="pdf"):
        report(results(), tmp_path, ("pdf",))
    with pytest.raises(DataError, match="needs a result"):
        report([], tmp_path)
    with pytest.raises(DataError, match="cannot be written"):
        report(results()[:1], written[0], ("csv",))


def test_without_public_tasks_nothing_published_is_shown() -> None:
    names = [sheet.name for sheet in sheets([make_result(tasks=())])]
    assert "published" not in names and "sts" not in names and "comparison" not in names
    assert (
        str(Cell(None)) == "–"
        and str(Cell(1379)) == "1,379"
        and str(Cell(1.0, (0.5, 2))) == "1.00 [0.50, 2.00]"
    )


def test_results_without_columns_are_told_but_not_compared() -> None:
    bare = [BenchResult.from_json(r.to_json(columns=False)) for r in results()]
    names = [sheet.name for sheet in sheets(bare)]
    assert "comparison" not in names and "sts" in names


def test_points_lie_where_their_numbers_say() -> None:
    points = [Placed("near", 0.1, -3.9, None), Placed("<far>", 0.6, -1.0, 50.0)]
    tree = ElementTree.fromstring(plane_svg(points, "t"))
    circles = [c for c in tree.iter() if c.tag.endswith("circle")]
    near, far = (tuple(float(c.attrib[k]) for k in ("cx", "cy")) for c in circles)
    assert near[0] < far[0] and near[1] > far[1]  # lower uniformity left, lower alignment down
    assert "<far>: alignment 0.600, uniformity -1.000" in "".join(tree.itertext())
