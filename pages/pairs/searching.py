"""A query against many sentences: those that ship, or a visitor's file; exact, with its milliseconds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from pages.pairs import checkpoints, models, recorded, uploads
from pages.pairs.compare import report
from pages.pairs.jobs import SHORT, Job, jobs
from pages.pairs.scores import Trouble, percent, standing
from pages.pairs.tries import HIGH
from pages.ui.challenge import goal
from pages.ui.exports import code_panel, csv_button
from pages.ui.frame import Frame
from pages.ui.messages import refuse
from pages.ui.state import choice
from pages.ui.text import plain, prose, t
from simcse_core.data.datasets import sentence_subjects
from simcse_core.data.tables import clean
from simcse_core.errors import DataError, SimCSEError
from simcse_core.search.background import Background

QUERY, READY = "pr_query", "pr_ready"
TOPS = (5, 10, 20, 50, 100)
OFF = 0.0
THRESHOLDS = (OFF, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LONGEST = 2_000
RECORDED_UP_TO = 20
SENTENCE_WIDTH, ROW, HEAD, ROWS = 330, 44, 38, 10  # pixels, and rows before the table scrolls


@dataclass(frozen=True)
class Answer:
    """What a query found.

    Attributes:
        texts: Found sentences, best first.
        places: Subject or line of each.
        cosines: Of each with the query.
        above: Sentences that reach the threshold.
        threshold: Lowest cosine asked for; below 0 where none was.
        sentences: Sentences searched.
        encoded_ms: Time to embed the query; None where the answer is recorded.
        searched_ms: Time to search.
    """

    texts: Sequence[str]
    places: Sequence[str]
    cosines: Sequence[float]
    above: int
    threshold: float
    sentences: int
    encoded_ms: float | None = None
    searched_ms: float | None = None


@st.cache_resource(show_spinner=False)
def _shipped() -> uploads.Corpus:
    texts = dict(sentence_subjects())
    return uploads.Corpus(tuple(texts), tuple(texts.values()), place="subject")


def draw(page: Frame, names: list[str], pooling: str | None) -> None:
    """Fill the frame for a search."""
    with page.controls:
        name = checkpoints.one_of(names, key="pr_search_of")
        top = choice(t("pairs.top"), TOPS, 10, key="pr_top", kind="ladder")
        threshold = choice(
            t("pairs.threshold"), THRESHOLDS, OFF, key="pr_min", kind="ladder",
            help=t("pairs.threshold_help"),
            format_func=lambda value: t("pairs.threshold_off") if value == OFF else f"{value:g}",
        )  # fmt: skip
        corpus = _corpus()
    with page.figure:
        query = _query()
        place = st.container()
    with page.details():  # before the answer, which may take its time
        st.markdown(prose("pairs", "details"))
        code_panel(_code(name, pooling, query, top))
    with place:
        try:
            _answer(page, name, pooling, query, corpus, top, threshold or -1.0)
        except DataError as error:
            refuse(error)
        except SimCSEError as error:
            report(Trouble(name, error))


def _corpus() -> uploads.Corpus | None:
    """The sentences to search in; None while a file is still missing or cannot be read."""
    where = choice(
        t("pairs.where"), ("shipped", "file"), "shipped", key="pr_where",
        format_func=lambda kind: t(f"pairs.corpus.{kind}"),
    )  # fmt: skip
    if where == "shipped":
        return _shipped()
    try:
        return uploads.upload()
    except SimCSEError as error:
        refuse(error)
        return None


def _fill() -> None:
    """Callback of the ready-made queries."""
    if st.session_state.get(READY):
        st.session_state[QUERY] = st.session_state[READY]


def _query() -> str:
    ready = recorded.recorded()["search"]["queries"]
    if QUERY not in st.session_state:
        st.session_state[QUERY] = ready[0]
    given = st.text_input(
        t("pairs.query"), key=QUERY, type="search", persist_state="session", live="300ms",
        placeholder=t("pairs.query_placeholder"), icon=":material/search:",
    )  # fmt: skip
    st.pills(t("pairs.ready"), ready, key=READY, on_change=_fill, label_visibility="collapsed", wrap=True)
    return clean((given or "")[:LONGEST])


def _answer(
    page: Frame,
    name: str,
    pooling: str | None,
    query: str,
    corpus: uploads.Corpus | None,
    top: int,
    threshold: float,
) -> None:
    if corpus is None:
        st.info(t("pairs.no_file"), icon=":material/upload_file:")
        return
    if not query:
        st.info(t("pairs.no_query"), icon=":material/search:")
        return
    answer = _recorded(name, pooling, query, corpus, top, threshold)
    if answer is None:
        with st.spinner(t("pairs.loading")):
            job = models.start_list(name, pooling, corpus.texts)
        if job.active:
            _waiting(job)
        models.wait(
            job, t("pairs.indexing", count=f"{len(corpus.texts):,}", name=plain(checkpoints.title(name)))
        )
        answer = _search(name, pooling, query, corpus, top, threshold, job)
    background = models.background(name, pooling)
    _show(answer, background, name, corpus.place)
    page.why(t("pairs.search_why"), formula=r"\operatorname{top}_k\; E q,\qquad E\in\mathbb{R}^{n\times d}")
    with page.challenge():
        _try(answer, background, query)


def _try(answer: Answer, background: Background, query: str) -> None:
    """A query to which nothing fits: a search answers all the same."""
    share = background.share_below(answer.cosines[0]) if answer.cosines else 1.0
    own = query not in recorded.recorded()["search"]["queries"]
    goal(
        "pairs.nothing_fits",
        t("pairs.nothing_fits"),
        reached=own and share < HIGH,
        status=t("pairs.nothing_fits_status", percent=percent(share)),
        praise=t("pairs.nothing_fits_done"),
    )


def _waiting(job: Job) -> None:
    """Place in line, and a way out of a long job."""
    ahead = jobs().ahead(job)
    if ahead:
        st.caption(t("pairs.ahead", count=ahead))
    if job.total > SHORT:
        st.button(t("pairs.stop"), key="pr-stop", icon=":material/stop:", on_click=job.stop.set)


def _recorded(
    name: str, pooling: str | None, query: str, corpus: uploads.Corpus, top: int, threshold: float
) -> Answer | None:
    """The recorded answer to a ready-made query over the shipped sentences, where there is one."""
    known = recorded.recorded()["search"]
    fits = pooling is None and top <= RECORDED_UP_TO and threshold < 0 and corpus is _shipped()
    if not (fits and query in known["queries"] and name in known["hits"]):
        return None
    hits = known["hits"][name][known["queries"].index(query)][:top]
    return Answer(
        [h["text"] for h in hits],
        [h["subject"] for h in hits],
        [h["cosine"] for h in hits],
        known["sentences"],
        threshold,
        known["sentences"],
    )


def _search(
    name: str, pooling: str | None, query: str, corpus: uploads.Corpus, top: int, threshold: float, job: Job
) -> Answer:
    index, shared = job.index, models.load(name, pooling)
    began = time.perf_counter()
    with shared.lock:
        asked = shared.encoder.encode([query])
    embedded = time.perf_counter()
    hits = index.search(asked, top=top, threshold=threshold)[0]
    done = time.perf_counter()
    return Answer(
        [corpus.texts[i] for i in hits.rows],
        [corpus.places[i] for i in hits.rows],
        [float(c) for c in hits.cosines],
        hits.above,
        threshold,
        index.size,
        1000 * (embedded - began),
        1000 * (done - embedded),
    )


def _show(answer: Answer, background: Background, name: str, place: str) -> None:
    st.caption(_timing(answer))
    if not answer.texts:
        st.info(t("pairs.nothing_found"), icon=":material/search_off:")
        return
    st.markdown(
        t("pairs.best", cosine=f"{answer.cosines[0]:.2f}", name=plain(checkpoints.title(name)),
          standing=standing(background, answer.cosines[0]))
    )  # fmt: skip
    table = {
        "cosine": [round(c, 4) for c in answer.cosines],
        "sentence": list(answer.texts),
        "% of random pairs below": [round(100 * background.share_below(c), 2) for c in answer.cosines],
        "from": list(answer.places),
    }
    st.dataframe(
        table, hide_index=True, width="stretch", key="pr-hits", alt=t("pairs.hits_alt"),
        row_height=ROW, height=ROW * min(len(answer.texts), ROWS) + HEAD,
        column_config={
            "cosine": st.column_config.ProgressColumn(
                t("pairs.column_cosine"), min_value=0.0, max_value=1.0, format="%.3f", width=96
            ),
            "sentence": st.column_config.TextColumn(t("pairs.column_sentence"), width=SENTENCE_WIDTH),
            "% of random pairs below": st.column_config.NumberColumn(
                t("pairs.column_share"), format="%.2f", width=72
            ),
            "from": st.column_config.TextColumn(t(f"pairs.place.{place}"), width="small"),
        },
    )  # fmt: skip
    csv_button({"rank": list(range(1, len(answer.texts) + 1)), **table}, "search", key="pr-hits-csv")


def _timing(answer: Answer) -> str:
    """How much was searched and how long it took."""
    count = f"{answer.sentences:,}"
    if answer.encoded_ms is None or answer.searched_ms is None:
        return t("pairs.timing_recorded", count=count)
    above = "" if answer.threshold < 0 else t("pairs.timing_above", above=f"{answer.above:,}")
    return t("pairs.timing", count=count, above=above, encoded=f"{answer.encoded_ms:.0f}",
             searched=f"{answer.searched_ms:.1f}")  # fmt: skip


def _code(name: str, pooling: str | None, query: str, top: int) -> str:
    option = "" if pooling is None else f", pooling={pooling!r}"
    return (
        "from simcse_core import load_encoder\n"
        "from simcse_core.data import datasets\n"
        "from simcse_core.search import CosineIndex\n\n"
        f"encoder = load_encoder({checkpoints.loadable(name)!r}{option})\n"
        "texts = datasets.load_dataset_records('sentences')\n"
        "index = CosineIndex(encoder.encode(texts), copy=False)\n"
        f"hits = index.search(encoder.encode([{query[:300]!r}]), top={top})[0]\n"
        "for row, cosine in zip(hits.rows, hits.cosines):\n"
        "    print(f'{cosine:.3f}  {texts[row]}')\n"
    )
