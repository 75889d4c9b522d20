"""Published rows that match in aggregation and reading, visibly apart; and the report to take away."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.bench.controls import Scores
from pages.bench.words import label, number
from pages.ui.text import plain, t
from simcse_core.bench import BenchResult, PublishedRow, published_rows
from simcse_core.data.sts_sets import TASKS

FILES = {"md": "text/markdown", "html": "text/html", "json": "application/json"}


def rows(settings: Scores) -> list[PublishedRow]:
    """Rows that match one of the chosen checkpoints, each once."""
    found: list[PublishedRow] = []
    for entry in settings.chosen:
        matching = published_rows(entry.result, aggregation=settings.aggregation)
        found += [row for row in matching if row not in found]
    return found


def draw(settings: Scores) -> None:
    """The published rows in a box of their own, each with its source."""
    with st.container(border=True, key="bn_published"):
        st.markdown(f"**{t('bench.published.title')}**")
        found = rows(settings)
        if not found:
            st.caption(t("bench.published.none"))
            return
        heads = [t("bench.published.model"), t("bench.table.average"), *TASKS]
        cells: dict[str, list[str]] = {head: [] for head in heads}
        for place, row in enumerate(found, 1):
            cells[heads[0]].append(f"{row.model} [{place}]")
            for task in TASKS:
                cells[task].append(number(row.scores.get(task)))
            cells[heads[1]].append(number(row.average))
        st.dataframe(cells, hide_index=True, width="stretch", key="bn_quoted", alt=t("bench.published.alt"))
        sources = " ".join(
            f"[{place}] " + plain(". ".join(filter(None, (row.source, row.note.rstrip("."))))) + "."
            for place, row in enumerate(found, 1)
        )
        st.caption(
            t(
                "bench.published.caption",
                how=t(f"bench.aggregations.{settings.aggregation}"),
                sources=sources,
            )
        )


def downloads(settings: Scores) -> None:
    """The report of the bench in three formats, made when it is asked for."""
    results = [entry.result.named(label(entry.name)) for entry in settings.chosen]
    for ending, mime in FILES.items():
        st.download_button(
            t(f"bench.published.{ending}"), _maker(results, ending, settings.aggregation), f"bench.{ending}",
            mime, key=f"bn_report_{ending}", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _maker(results: Sequence[BenchResult], ending: str, aggregation: str) -> Callable[[], bytes]:
    def make() -> bytes:
        from simcse_core.bench.report import html_text, json_text, markdown

        if ending == "json":
            return json_text(results).encode()
        text = markdown if ending == "md" else html_text
        return text(results, aggregation=aggregation).encode()

    return make
