"""Up to fifty lines, every pair of them: a matrix, its closest pairs, a CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.pairs import checkpoints, models, recorded
from pages.pairs.compare import report
from pages.pairs.scores import Trouble, percent
from pages.ui.challenge import goal
from pages.ui.exports import code_panel, csv_button, echarts, show_data
from pages.ui.frame import Frame
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.data.tables import clean
from simcse_core.errors import SimCSEError
from simcse_core.figures.pair_matrix import height, pair_matrix
from simcse_core.search.background import Background

LINES = "pr_lines"
MOST = 50
LONGEST = 2_000
TOP_PAIRS = 10
STRANGERS, STRANGE = 5, 90.0  # lines, and percent of random pairs no two of them may reach


def draw(page: Frame, names: list[str], pooling: str | None) -> None:
    """Fill the frame for a list."""
    if LINES not in st.session_state:
        st.session_state[LINES] = "\n".join(recorded.recorded()["list"]["texts"])
    with page.controls:
        name = checkpoints.one_of(names, key="pr_list_of")
        given = st.text_area(
            t("pairs.lines", most=MOST), key=LINES, persist_state="session", height=260,
            help=t("pairs.lines_help", longest=f"{LONGEST:,}"),
        )  # fmt: skip
        texts = _lines(given or "")
    with page.figure:
        if len(texts) < 2:
            st.info(t("pairs.lines_empty"), icon=":material/edit:")
        else:
            _matrix(page, name, pooling, texts)
    with page.details():
        st.markdown(prose("pairs", "details"))
        code_panel(_code(name, pooling, texts))


def _lines(given: str) -> list[str]:
    """The first fifty lines that hold anything; says what was left out."""
    lines = [text for line in given.split("\n") if (text := clean(line))]
    if len(lines) > MOST:
        st.caption(t("pairs.lines_cut", count=f"{len(lines):,}", most=MOST))
    if any(len(line) > LONGEST for line in lines[:MOST]):
        st.caption(t("pairs.lines_long", longest=f"{LONGEST:,}"))
    return [line[:LONGEST] for line in lines[:MOST]]


def cosines_of(name: str, pooling: str | None, texts: Sequence[str]) -> NDArray[np.float64]:
    """All cosines (n, n) of a list, recorded for the opening list."""
    known = recorded.recorded()["list"]
    if pooling is None and list(texts) == known["texts"] and name in known["cosines"]:
        return np.asarray(known["cosines"][name], dtype=np.float64)
    rows = models.embed_few(name, pooling, texts).astype(np.float64)
    return np.clip(rows @ rows.T, -1.0, 1.0)


def _matrix(page: Frame, name: str, pooling: str | None, texts: list[str]) -> None:
    try:
        with st.spinner(t("pairs.loading")):
            cosines = cosines_of(name, pooling, texts)
        background = models.background(name, pooling)
    except SimCSEError as error:
        report(Trouble(name, error))
        return
    st.markdown(f"**{t('pairs.matrix', name=plain(checkpoints.title(name)))}**")
    table = closest(texts, cosines, background)
    option = pair_matrix(cosines, texts, current_theme())
    echarts(option, key="pr-matrix", alt=_takeaway(table, plainly=False), height=height(len(texts)))
    st.caption(_takeaway(table))
    csv_button(
        {"": [f"{i + 1} {text}" for i, text in enumerate(texts)],
         **{f"{i + 1}": [round(float(c), 4) for c in column] for i, column in enumerate(cosines.T)}},
        "similarity-matrix", key="pr-matrix-csv",
    )  # fmt: skip
    with page.below:
        st.subheader(t("pairs.closest"), anchor=False)
        top = {key: values[:TOP_PAIRS] for key, values in table.items()}
        st.dataframe(top, hide_index=True, width="stretch", key="pr-closest", alt=t("pairs.closest_alt"))
        show_data(table, "all-pairs", key="pr-all", alt=t("pairs.all_alt"))
    shares = [float(share) for share in table["% of random pairs below"]]
    page.why(t("pairs.list_why", percent=percent(float(np.median(shares)) / 100)))
    with page.challenge():
        _try(texts, max(shares))


def _try(texts: Sequence[str], highest: float) -> None:
    """A list of strangers: no two of its lines alike."""
    goal(
        "pairs.strangers",
        t("pairs.strangers", count=STRANGERS, percent=f"{STRANGE:.0f}"),
        reached=len(texts) >= STRANGERS and highest < STRANGE,
        status=t("pairs.strangers_status", count=len(texts), percent=f"{highest:.0f}"),
        praise=t("pairs.strangers_done"),
    )


def closest(
    texts: Sequence[str], cosines: NDArray[np.float64], background: Background
) -> dict[str, list[object]]:
    """Every pair, the closest first."""
    left, right = np.triu_indices(len(texts), 1)
    order = np.argsort(-cosines[left, right], kind="stable")
    pairs = [(texts[left[i]], texts[right[i]], float(cosines[left[i], right[i]])) for i in order]
    return {
        "cosine": [round(c, 4) for _, _, c in pairs],
        "% of random pairs below": [round(100 * background.share_below(c), 2) for _, _, c in pairs],
        "first": [a for a, _, _ in pairs],
        "second": [b for _, b, _ in pairs],
    }


def _takeaway(table: dict[str, list[Any]], *, plainly: bool = True) -> str:
    first, second = (str(table[key][0])[:120] for key in ("first", "second"))
    if plainly:
        first, second = plain(first), plain(second)
    return t("pairs.takeaway", count=f"{len(table['cosine']):,}", first=first, second=second,
             cosine=f"{table['cosine'][0]:.2f}")  # fmt: skip


def _code(name: str, pooling: str | None, texts: Sequence[str]) -> str:
    option = "" if pooling is None else f", pooling={pooling!r}"
    shown = "".join(f"    {text[:120]!r},\n" for text in texts[:5])
    return (
        "from simcse_core import load_encoder\n\n"
        f"encoder = load_encoder({checkpoints.loadable(name)!r}{option})\n"
        f"rows = encoder.encode([\n{shown}    ...\n])\n"
        "print(rows @ rows.T)  # cosines: the rows have length 1\n"
    )
