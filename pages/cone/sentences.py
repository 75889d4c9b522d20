"""The sentences the page looks at, and the scored pairs that judge the order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import streamlit as st

from pages.ui import messages
from pages.ui.state import choice
from pages.ui.text import t
from simcse_core.data.datasets import load_dataset_records
from simcse_core.data.readers import read_sentences
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.cone import sample_sentences

LEAST, MOST, LONGEST = 20, 2000, 300
MEGABYTES = 32  # of a file
SOURCES = ("shipped", "chinese", "upload")


@dataclass(frozen=True)
class Sentences:
    """What is looked at.

    Attributes:
        source: One of `SOURCES`.
        texts: The sentences.
        subjects: Their subjects; None where they have none.
        pairs: Scored pairs in the same language.
        pairs_title: What to call them.
    """

    source: str
    texts: tuple[str, ...]
    subjects: tuple[str, ...] | None
    pairs: ScoredPairs
    pairs_title: str


@st.cache_data(max_entries=2, show_spinner=False)
def _shipped() -> list[tuple[str, str]]:
    return sample_sentences()


@st.cache_data(max_entries=4, show_spinner=False)
def _records(name: str) -> Any:
    return load_dataset_records(name)


def pick() -> Sentences:
    """The control; the shipped sentences stay while an upload is awaited or cannot be used."""
    source = choice(
        t("cone.sentences"), SOURCES, "shipped", key="cn_ds", format_func=lambda s: t(f"cone.source.{s}")
    )
    if source == "chinese":
        pairs = cast(ScoredPairs, _records("pairs-zh"))
        return Sentences(source, tuple(_records("sentences-zh")), None, pairs, t("cone.pairs.chinese"))
    pairs = cast(ScoredPairs, _records("pairs"))
    uploaded = _uploaded() if source == "upload" else ()
    if uploaded:
        return Sentences(source, uploaded, None, pairs, t("cone.pairs.shipped"))
    texts, subjects = zip(*_shipped(), strict=True)
    return Sentences("shipped", texts, subjects, pairs, t("cone.pairs.shipped"))


def _uploaded() -> tuple[str, ...]:
    """Sentences of the visitor's file, cut to the limits; empty without a usable one, with the reason."""
    file = st.file_uploader(
        t("cone.upload", most=MOST, longest=LONGEST), type=["txt", "csv", "tsv", "jsonl"], key="cn_file",
        max_upload_size=MEGABYTES,
    )  # fmt: skip
    if file is None:
        st.caption(t("cone.upload_wait"))
        return ()
    try:
        texts = _cut(read_sentences(file.getvalue(), name=file.name))
        if len(texts) < LEAST:
            raise DataError(t("cone.too_few", count=len(texts), least=LEAST))
    except DataError as error:
        messages.refuse(error)
        return ()
    return texts


def _cut(texts: Sequence[str]) -> tuple[str, ...]:
    distinct = list(dict.fromkeys(text[:LONGEST] for text in texts))
    return tuple(distinct[:MOST])
