"""Which sentences make the batch: shipped ones, the visitor's lines, or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.temperature.recorded import batch_of, recorded_batch
from pages.ui import messages
from pages.ui.state import choice, remember_default, seed_control
from pages.ui.text import t
from simcse_core.data.datasets import sentence_subjects
from simcse_core.data.readers import read_sentences
from simcse_core.data.tables import clean
from simcse_core.errors import DataError
from simcse_core.evaluation.in_batch import ALONE, Batch, draw_batch

SOURCES = ("shipped", "own", "upload")
SIZES, PARAPHRASES = (16, 32, 64), (0, 1, 2, 4)
SUBJECT = "video-clips"
OPENING = ((SUBJECT,), 32, 2, 0)
"""Subjects, size, pairs of paraphrases and seed of the batch that the page opens on."""
MOST, LONGEST = 64, 300
LINES = "tp-lines"
EXAMPLE = 8  # sentences of the shipped batch that the field for own lines opens with


@dataclass(frozen=True)
class Chosen:
    """A batch and where it comes from.

    Attributes:
        source: One of `SOURCES`.
        batch: Its sentences.
        recorded: The recorded batch it is; None where it is not recorded.
        drawn: Settings that draw it again; None for own sentences.
    """

    source: str
    batch: Batch
    recorded: Mapping[str, Any] | None = None
    drawn: tuple[tuple[str, ...], int, int, int] | None = None


@st.cache_data(max_entries=16, show_spinner=False)
def _drawn(subjects: tuple[str, ...], size: int, paraphrases: int, seed: int) -> Batch:
    return draw_batch(subjects, size, paraphrases=paraphrases, seed=seed)


@st.cache_data(max_entries=1, show_spinner=False)
def _subjects() -> list[str]:
    return list(dict.fromkeys(subject for _, subject in sentence_subjects()))


def pick() -> Chosen:
    """The controls; the shipped batch stays while own sentences are awaited or cannot be used."""
    source = choice(
        t("temperature.real.sentences"),
        SOURCES,
        "shipped",
        key="tp_s_from",
        format_func=lambda s: t(f"temperature.real.source.{s}"),
    )
    if source == "own":
        return _own() or _example()
    if source == "upload":
        return _upload() or _example()
    size = choice(t("temperature.real.size"), SIZES, OPENING[1], key="tp_s_size")
    with st.expander(t("temperature.real.drawn"), icon=":material/casino:"):
        paraphrases = choice(
            t("temperature.real.paraphrases"),
            PARAPHRASES,
            OPENING[2],
            key="tp_s_pairs",
            help=t("temperature.real.paraphrases_help"),
        )
        remember_default("tp_s_subjects", [SUBJECT])
        subjects = st.multiselect(
            t("temperature.real.subjects"),
            _subjects(),
            [SUBJECT],
            key="tp_s_subjects",
            bind="query-params",
            format_func=lambda s: str(s).replace("-", " "),
            placeholder=t("temperature.real.subjects_all"),
        )
        seed = seed_control(t("temperature.real.seed"), key="tp_s_seed")
    return _shipped(tuple(subjects), size, paraphrases, seed)


def _shipped(subjects: tuple[str, ...], size: int, paraphrases: int, seed: int) -> Chosen:
    drawn = (subjects, size, paraphrases, seed)
    known = recorded_batch(*drawn)
    batch = _drawn(*drawn) if known is None else batch_of(known)
    return Chosen("shipped", batch, known, drawn)


def _example() -> Chosen:
    return _shipped(*OPENING)


def _own() -> Chosen | None:
    if LINES not in st.session_state:
        st.session_state[LINES] = "\n".join(_example_lines())
    given = st.text_area(
        t("temperature.real.lines", most=MOST), key=LINES, persist_state="session", height=220,
        help=t("temperature.real.lines_help", longest=LONGEST),
    )  # fmt: skip
    return checked_lines("own", [clean(line) for line in (given or "").split("\n")])


def _example_lines() -> list[str]:
    """Sentences of the shipped batch, its paraphrases among them."""
    batch = _example().batch
    paired = [text for text, group in zip(batch.texts, batch.groups, strict=True) if group != ALONE]
    others = [text for text, group in zip(batch.texts, batch.groups, strict=True) if group == ALONE]
    return [*paired, *others][:EXAMPLE]


def _upload() -> Chosen | None:
    file = st.file_uploader(
        t("temperature.real.upload", most=MOST, longest=LONGEST),
        ["txt", "csv", "tsv", "jsonl"],
        key="tp-file",
        max_upload_size=2,
    )
    if file is None:
        st.caption(t("temperature.real.upload_wait"))
        return None
    try:
        return checked_lines("upload", read_sentences(file.getvalue(), name=file.name))
    except DataError as error:
        messages.refuse(error)
        return None


def checked_lines(source: str, given: Sequence[str]) -> Chosen | None:
    """The first distinct lines; None, with the reason, when there are too few."""
    lines = list(dict.fromkeys(line[:LONGEST] for line in given if line))
    if len(lines) < 3:
        st.info(t("temperature.real.too_few"), icon=":material/edit:")
        return None
    if any(len(line) > LONGEST for line in given):
        st.caption(t("temperature.real.shortened", longest=LONGEST))
    if len(lines) > MOST:
        st.caption(t("temperature.real.cut", count=f"{len(lines):,}", most=MOST))
    texts = tuple(lines[:MOST])
    return Chosen(source, Batch(texts, (ALONE,) * len(texts)))
