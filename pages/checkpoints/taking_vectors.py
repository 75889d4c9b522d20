"""Vectors of sentences as a file: NumPy, a table for data frames, or what the Embedding Projector loads."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence

import streamlit as st

from pages.checkpoints.checkup_data import sentences_of
from pages.checkpoints.checkup_tasks import Work, tasks, wait
from pages.checkpoints.taking_files import safe_name
from pages.ui.cache import digest_of, embed
from pages.ui.checkpoints import loadable, short
from pages.ui.state import choice
from pages.ui.text import plain, t
from simcse_core.data.datasets import sentence_subjects
from simcse_core.data.vectors import make_vectors, vector_files
from simcse_core.evaluation.checkup import Progress

FORMATS = ("npy", "parquet", "tsv")
SOURCES = ("shipped", "own")
MOST, LONGEST = 2_000, 200_000  # sentences, characters


def draw_vectors(name: str) -> None:
    """Sentences, format, and the file."""
    st.subheader(t("taking.vectors"), anchor=False)
    with st.container(horizontal=True, gap="medium"):
        source = choice(
            t("taking.sentences"), SOURCES, SOURCES[0], key="cp_t_texts", format_func=_source_title
        )
        kind = choice(
            t("taking.format"), FORMATS, FORMATS[0], key="cp_t_format", help=t("taking.format_help")
        )
    texts, subjects = _sentences(source)
    if not texts:
        st.caption(t("taking.no_sentences"))
        return
    key = f"vectors {loadable(name)} {kind} {digest_of(texts)}"
    task = tasks().get(key)
    st.caption(t("taking.count", count=f"{len(texts):,}"))
    if task is None or task.error is not None:
        if not st.button(t("taking.embed"), key="cp-t-embed", icon=":material/grid_on:"):
            return
        task = tasks().start(key, _embedding(name, texts, subjects, kind))
    wait(task, t("taking.embedding", name=plain(short(name))))
    file, content = task.outcome()
    st.download_button(
        t("taking.fetch", megabytes=f"{len(content) / 1e6:.1f}"),
        content,
        file,
        "application/octet-stream",
        key="cp-t-vectors",
        icon=":material/download:",
        on_click="ignore",
    )


def _source_title(source: str) -> str:
    return t(f"taking.source.{source}")


def _sentences(source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts, and a subject of each; no subjects for the visitor's own."""
    if source == "shipped":
        pairs = sentence_subjects()[:MOST]
        return tuple(text for text, _ in pairs), tuple(subject for _, subject in pairs)
    typed = st.text_area(
        t("taking.own"), key="cp-t-own", max_chars=LONGEST, height=160, persist_state="session"
    )
    return sentences_of(typed or "", MOST), ()


def _embedding(name: str, texts: Sequence[str], subjects: Sequence[str], kind: str) -> Work:
    """What embeds the sentences and writes the file, or the files as one archive."""

    def work(hear: Progress) -> tuple[str, bytes]:
        rows = embed(loadable(name), texts)
        labels = {"subject": subjects} if subjects else None
        files = vector_files(make_vectors(rows, texts, labels), f"{safe_name(name)}.{kind}")
        return one_file(files, safe_name(name))

    return work


def one_file(files: Mapping[str, bytes], name: str) -> tuple[str, bytes]:
    """Name and bytes of a file to fetch: the only one, or all of them in one archive."""
    if len(files) == 1:
        return next(iter(files.items()))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            archive.writestr(file, content)
    return f"{name}-vectors.zip", out.getvalue()
