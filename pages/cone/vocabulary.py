"""The view of the tokens: where input embeddings lie, what explains it, and what leaving kinds out does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.cone import controls
from pages.cone.recorded import recorded_geometry, story
from pages.cone.sentences import pick
from pages.cone.shared import Side, markdown_table, number, origins, sides
from pages.ui import messages
from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.static_bias import FREQUENT, PROPERTIES, REMOVALS, TokenMap
from simcse_core.figures import vocabulary as figures

RELATION = 0.1  # rank correlations closer to 0 than this are called none
ANSWERS = ("longer", "shorter", "neither")
FORMULA = r"e(x)=\frac{1}{|K|}\sum_{t\in K}E_t,\qquad K=\text{tokens of }x\text{ that stay}"
CODE = """from simcse_core import load_encoder
from simcse_core.data.datasets import load_dataset_records
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.evaluation.static_bias import static_removals, token_map

texts = [text for text, subject in sample_sentences({rows})]
encoder = load_encoder("{name}", precision="fp32")
found = token_map(encoder, texts, count={count})
print(found.explained_by("{kind}"), found.norm_frequency)
for one in static_removals(encoder, load_dataset_records("pairs"), texts, bootstrap=0):
    print(one.name, one.spearman)"""


def draw(page: Frame) -> None:
    """Fill the page with the view."""
    with page.controls, messages.boundary():
        st.markdown(t("cone_views.vocabulary.look"))
        kind = choice(
            t("cone_views.vocabulary.colour"),
            PROPERTIES,
            PROPERTIES[0],
            key="cn_kind",
            kind="pills",
            format_func=lambda k: t(f"cone_views.vocabulary.kind.{k}"),
        )
        removal = choice(
            t("cone_views.vocabulary.out"),
            REMOVALS,
            REMOVALS[0],
            key="cn_removal",
            kind="select",
            format_func=_removal_title,
            help=t("cone_views.vocabulary.out_help", count=FREQUENT),
        )
        first, second = controls.pick_checkpoints()
        sentences = pick()
        found = sides(page, first, second, sentences)
        if found:
            _fill(page, found, kind, removal)
    with page.details():
        st.markdown(prose("cone", "vocabulary"))


def _removal_title(removal: str) -> str:
    return t(f"cone_views.vocabulary.removal.{removal}")


def _fill(page: Frame, found: Sequence[Side], kind: str, removal: str) -> None:
    with page.figure:
        _map(found[0], kind, removal)
        _rows(found, removal)
        origins(found)
        _data(found[0])
        code_panel(_code(found[0], kind))
    _why(page, found[0], removal)
    with page.challenge():
        _guess()
        if found[0].letter == "A":
            _goal(found[0], removal)
    with page.below, messages.boundary():
        _norms(found)


def _left_out(tokens: TokenMap, removal: str) -> NDArray[np.bool_]:
    """Which of the tokens on the map a removal takes, (m,)."""
    frequent = np.arange(len(tokens.tokens)) < FREQUENT  # most frequent first
    kinds = {
        "frequent": frequent,
        "subword": tokens.piece,
        "punctuation": tokens.punctuation,
        "every": frequent | tokens.piece | tokens.punctuation,
    }
    return kinds.get(removal, np.zeros(len(tokens.tokens), dtype=bool))


def _map(side: Side, kind: str, removal: str) -> None:
    tokens = side.geometry.vocabulary
    values = getattr(tokens, kind)
    shown = figures.Kind(
        values,
        scale=t("cone_views.vocabulary.scale"),
        yes=t(f"cone_views.vocabulary.kind.{kind}"),
        no=t("cone_views.vocabulary.rest"),
    )
    shares = [f"{100 * share:.1f} %" for share in tokens.explained]
    figure = figures.token_map(
        figures.Tokens(tokens.tokens, tokens.points, _left_out(tokens, removal)),
        shown,
        current_theme(),
        labels=tuple(t("cone_views.vocabulary.axis", place=i + 1, share=shares[i]) for i in (0, 1)),  # type: ignore[arg-type]
        title=t("cone_views.vocabulary.title", name=side.title),
    )
    share = f"{100 * tokens.explained_by(kind):.0f}"
    what = t(f"cone_views.vocabulary.property.{kind}")
    plotly(figure, key="cn_map", alt=t("cone_views.vocabulary.alt", name=side.title, what=what, share=share))
    st.caption(
        t("cone_views.vocabulary.caption", count=len(tokens.tokens), what=what, share=share, first=shares[0],
          second=shares[1])
    )  # fmt: skip


def _rows(found: Sequence[Side], removal: str) -> None:
    """Rank correlation after every removal, as a figure and as a table."""
    labels = [_removal_title(name) for name in REMOVALS]
    told = [
        figures.Removals(
            side.title,
            [one.spearman for one in side.geometry.removals],
            [one.interval for one in side.geometry.removals],
            side.role,
            side.symbol,
        )
        for side in found
    ]
    title = t("cone_views.vocabulary.rows_title", pairs=found[0].geometry.pairs)
    figure = figures.removal_rows(told, labels, current_theme(), title=title, chosen=REMOVALS.index(removal))
    best = max(found[0].geometry.removals, key=lambda one: one.spearman or 0.0)
    alt = t(
        "cone_views.vocabulary.rows_alt",
        name=found[0].title,
        best=_removal_title(best.name),
        value=number(best.spearman, 1),
    )
    plotly(figure, key="cn_removals", alt=alt)
    head = [t("cone_views.vocabulary.out"), t("cone_views.vocabulary.share")]
    for side in found:
        head += [
            f"{side.letter}: {t('cone_views.measures.spearman')}",
            f"{side.letter}: {t('cone_views.measures.mean_cosine')}",
        ]
    rows = []
    for place, label in enumerate(labels):
        every = [side.geometry.removals[place] for side in found]
        cells = [cell for one in every for cell in (number(one.spearman, 1), number(one.mean_cosine, 3))]
        rows.append([label, f"{100 * every[0].removed:.0f}\u00a0%", *cells])
    markdown_table(head, rows)


def _norms(found: Sequence[Side]) -> None:
    told = [
        figures.Lengths(
            side.title,
            side.geometry.vocabulary.frequency,
            side.geometry.vocabulary.norm,
            side.geometry.vocabulary.tokens,
            side.role,
            side.symbol,
        )
        for side in found
    ]
    figure = figures.norm_against_frequency(
        told,
        current_theme(),
        title=t("cone_views.vocabulary.norm_title"),
        labels=(t("cone_views.vocabulary.scale"), t("cone_views.vocabulary.norm")),
    )
    ranks = ", ".join(f"{s.title}: {number(s.geometry.vocabulary.norm_frequency, 2)}" for s in found)
    plotly(figure, key="cn_norms", alt=t("cone_views.vocabulary.norm_alt", ranks=ranks))
    st.caption(t("cone_views.vocabulary.norm_caption", ranks=plain(ranks)))


def _data(side: Side) -> None:
    tokens = side.geometry.vocabulary
    columns: dict[str, Sequence[Any]] = {
        t("cone_views.vocabulary.column.token"): list(tokens.tokens),
        "x": np.round(tokens.points[:, 0], 4).tolist(),
        "y": np.round(tokens.points[:, 1], 4).tolist(),
        t("cone_views.vocabulary.scale"): np.round(tokens.frequency, 3).tolist(),
        t("cone_views.vocabulary.norm"): np.round(tokens.norm, 3).tolist(),
    }
    for kind in PROPERTIES[1:]:
        columns[t(f"cone_views.vocabulary.kind.{kind}")] = getattr(tokens, kind).tolist()
    show_data(columns, "cone-vocabulary", key="cn_map_data", alt=t("cone_views.vocabulary.table"))


def _why(page: Frame, side: Side, removal: str) -> None:
    known = {one.name: one for one in side.geometry.removals}
    before, after = known["none"], known[removal]
    cosine = f"{number(before.mean_cosine, 3)}\\to {number(after.mean_cosine, 3)}"
    order = f"{number(before.spearman, 1)}\\to {number(after.spearman, 1)}"
    live = rf"\text{{{side.letter}}}: \overline{{\cos}}={cosine},\quad \rho={order}"
    page.why(t("cone_views.vocabulary.why"), formula=FORMULA, live=live)


def _guess() -> None:
    """Whether frequent tokens of the opening's A have longer vectors."""
    name = story()[0]
    geometry = recorded_geometry(name)
    rank = None if geometry is None else geometry.vocabulary.norm_frequency
    if rank is None:
        return
    right = "neither" if abs(rank) < RELATION else "longer" if rank > 0 else "shorter"
    words = {answer: t(f"cone_views.vocabulary.answer.{answer}") for answer in ANSWERS}
    guess(
        "cone.norms",
        t("cone_views.vocabulary.guess", name=plain(name)),
        tuple(words.values()),
        is_right=lambda answer: answer == words[right],
        reveal=t("cone_views.vocabulary.reveal", value=number(rank, 2)),
    )


def _goal(side: Side, removal: str) -> None:
    known = {one.name: one for one in side.geometry.removals}
    scored = {name: one.spearman for name, one in known.items() if one.spearman is not None}
    if "none" not in scored or removal not in scored:
        return
    best = max(scored.values())
    before, now = scored["none"], scored[removal]
    if best <= before:
        st.markdown(t("cone_views.vocabulary.task"))
        st.caption(t("cone_views.vocabulary.impossible"))
        return
    state = side.geometry.states.get((side.geometry.layers, "mean"))
    goal(
        "cone.tokens",
        t("cone_views.vocabulary.task"),
        reached=now >= best,
        status=t("cone_views.vocabulary.status", value=number(now, 1), before=number(before, 1)),
        praise=t(
            "cone_views.vocabulary.praise",
            before=number(before, 1),
            best=number(best, 1),
            whole=number(None if state is None else state.numbers["spearman"], 1),
        ),
    )


def _code(side: Side, kind: str) -> str:
    count = len(side.geometry.vocabulary.tokens)
    return CODE.format(rows=side.geometry.sentences, name=side.name, count=count, kind=kind)
