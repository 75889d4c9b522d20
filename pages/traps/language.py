"""The trap of language: an English checkpoint gives a Chinese pair a cosine, whatever it can read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.traps.language_data import Reading, read_pairs
from pages.traps.provenance import signed
from pages.traps.recorded import recorded
from pages.ui import checkpoints, messages
from pages.ui.challenge import goal, guess
from pages.ui.checkpoints import loadable, short
from pages.ui.exports import code_panel, echarts, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice, switch
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.data.datasets import load_scored_pairs
from simcse_core.data.records import ScoredPairs
from simcse_core.data.tables import clean
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.language import unknown_share
from simcse_core.figures import pair_rulers
from simcse_core.figures.traps import gold_against_cosine

OPENING, LONGEST, PIECES = "minilm", 300, 60
ANSWERS = ("5 %", "20 %", "40 %", "60 %")
FAR, RARE, HALF = 1.0, 0.99, 0.5
FORMULA = r"\text{place}=\frac{\#\{\text{random pairs with a lower cosine}\}}{\#\{\text{random pairs}\}}"
CODE = """from simcse_core import load_encoder
from simcse_core.evaluation.language import pieces
from simcse_core.search.background import Background, background_sentences

encoder = load_encoder("{name}", precision="{precision}")
pair = {pair}
first, second = encoder.encode(pair)
english = Background.measure(encoder.encode(background_sentences()))
print(float(first @ second), english.share_below(float(first @ second)))
print([pieces(encoder, text) for text in pair])"""


@dataclass(frozen=True)
class View:
    """What is shown: a checkpoint, a pair, what people gave it (None for the visitor's own), the reading."""

    name: str
    pair: tuple[str, str]
    gold: float | None
    reading: Reading
    cosine: float
    tokens: list[list[str]]


def draw(page: Frame) -> None:
    """Fill the frame of the page."""
    with page.figure:
        sign = st.container()
    with page.controls, messages.boundary():
        st.markdown(t("traps.language.look"))
        names = list(recorded()["chinese"])
        name = checkpoints.pick(names, OPENING, key="tr_ck")
        pairs = load_scored_pairs("pairs-zh")
        row, own = _pair(pairs)
        try:
            reading = read_pairs(name, own, sign)
        except SimCSEError as error:
            with sign:
                messages.refuse(error)
            return
        at = row if own is None else len(pairs)
        pair = (pairs.first[row], pairs.second[row]) if own is None else own
        gold = float(pairs.score[row]) if own is None else None
        view = View(name, pair, gold, reading, float(reading.cosines[at]), reading.tokens[at])
        _why(page, view)
        with page.challenge():
            _guess()
            _goal(view)
        with page.details():
            st.markdown(prose("traps", "language"))
        with page.figure, messages.boundary():
            _figure(view)
        with page.below, messages.boundary():
            _all(view, pairs)


def _pair(pairs: ScoredPairs) -> tuple[int, tuple[str, str] | None]:
    """Row of the shipped pair, and the visitor's own pair where it is asked for."""
    row = choice(
        t("traps.language.pair"), range(len(pairs)), 0, key="tr_pair", kind="select",
        format_func=lambda i: f"{i + 1} · {pairs.score[i]:g} · {pairs.first[i]}",
        help=t("traps.language.pair_help"),
    )  # fmt: skip
    if not switch(t("traps.language.own"), key="tr_own", help=t("traps.language.own_help")):
        return row, None
    texts = []
    for side, opening in (("first", pairs.first[row]), ("second", pairs.second[row])):
        key = f"tr-{side}"
        if key not in st.session_state:
            st.session_state[key] = opening
        given = st.text_input(
            t(f"traps.language.{side}"), key=key, max_chars=LONGEST, persist_state="session"
        )
        texts.append(clean(given or ""))
    if not all(texts):
        st.info(t("traps.language.both"), icon=":material/edit:")
        return row, None
    return row, (texts[0], texts[1])


def _share(view: View, language: str) -> float:
    return view.reading.backgrounds[language].share_below(view.cosine)


def _percent(share: float) -> str:
    """A share as a percentage that keeps its meaning near the ends."""
    ends = {True: "0", False: "100"}
    if not 0.00005 <= share < 0.99995:
        return ends[share < HALF]
    return f"{100 * share:.1f}" if 0.0005 <= share < 0.9995 else f"{100 * share:.2f}"


def _why(page: Frame, view: View) -> None:
    page.why(
        t("traps.language.why"),
        formula=FORMULA,
        live=rf"\cos={signed(view.cosine, 3).replace('−', '-')}:\quad "
        rf"\text{{English}}\;{_percent(_share(view, 'en'))}\,\%,\quad "
        rf"\text{{Chinese}}\;{_percent(_share(view, 'zh'))}\,\%",
    )


def _figure(view: View) -> None:
    rulers = []
    for language, role in (("en", "before"), ("zh", "after")):
        share = _share(view, language)
        label = t("traps.language.above", cosine=signed(view.cosine, 2), share=_percent(share))
        mark = pair_rulers.Mark(t("traps.language.this"), view.cosine, label, "positive")
        title = t(f"traps.language.ruler.{language}", name=short(view.name))
        rulers.append(pair_rulers.Ruler(title, view.reading.backgrounds[language], [mark], role))
    told = {language: _percent(_share(view, language)) for language in ("en", "zh")}
    st.markdown(f"**{t('traps.language.title')}**")
    echarts(
        pair_rulers.pair_rulers(rulers, current_theme()), key="tr_rulers",
        alt=t("traps.language.alt", cosine=signed(view.cosine, 2), **told), height=pair_rulers.height(2),
    )  # fmt: skip
    gold = t("traps.language.gold", score=f"{view.gold:g}") + " " if view.gold is not None else ""
    st.markdown(gold + t("traps.language.said", cosine=signed(view.cosine, 2), **told))
    for text, tokens in zip(view.pair, view.tokens, strict=True):
        st.text(text)
        shown = " ".join(tokens[:PIECES]) + (" …" if len(tokens) > PIECES else "")
        st.code(shown or "–", language=None, wrap_lines=True)
    unknown = unknown_share(view.tokens, view.reading.unknown)
    st.markdown(
        t("traps.language.unknown", share=f"{100 * unknown:.0f}", count=sum(map(len, view.tokens)))
        if view.reading.unknown
        else t("traps.language.no_unknown")
    )
    st.caption(_provenance(view))
    code_panel(_code(view))


def _provenance(view: View) -> str:
    made, reading = recorded()["made"], view.reading
    counts = {f"{language}_sentences": f"{one.sentences:,}" for language, one in reading.backgrounds.items()}
    pairs = {f"{language}_pairs": f"{one.pairs:,}" for language, one in reading.backgrounds.items()}
    what = t("traps.language.what", name=plain(short(view.name)), **counts, **pairs)
    if reading.fresh:
        return f"{what} {t('traps.negatives.computed', precision=reading.fresh[0], device=reading.fresh[1])}"
    return f"{what} {t('traps.negatives.recorded', date=made['date'], torch=made['versions']['torch'])}"


def _all(view: View, pairs: ScoredPairs) -> None:
    """All shipped pairs: what people gave them, and what the checkpoint does."""
    reading = view.reading
    cosines = np.asarray(reading.cosines[: len(pairs)])
    words = {part: t(f"traps.language.{part}") for part in ("x", "y", "english", "chosen")}
    words["title"] = t("traps.language.all_title", count=len(pairs))
    row = pairs.first.index(view.pair[0]) if view.pair[0] in pairs.first else None
    english = reading.backgrounds["en"].quantile(RARE)
    figure = gold_against_cosine(pairs.score, cosines, english, row, current_theme(), words=words)
    left, right = st.columns((0.62, 0.38), gap="large")
    above = int((cosines > english).sum())
    with left:
        plotly(figure, key="tr_all", alt=t("traps.language.all_alt", above=above, count=len(pairs)))
        _data(view, pairs)
    with right:
        st.subheader(t("traps.language.all"), anchor=False)
        st.markdown(
            t("traps.language.all_said", above=above, count=len(pairs), zh=signed(reading.spearman["zh"], 1),
              en=signed(reading.spearman["en"], 1))
        )  # fmt: skip


def _data(view: View, pairs: ScoredPairs) -> None:
    reading = view.reading
    shares = {
        language: [round(100 * one.share_below(c), 2) for c in reading.cosines[: len(pairs)]]
        for language, one in reading.backgrounds.items()
    }
    unknown = [100 * unknown_share(pair, reading.unknown) for pair in reading.tokens[: len(pairs)]]
    columns: dict[str, Sequence[Any]] = {
        t("traps.language.column.gold"): [float(score) for score in pairs.score],
        t("traps.language.column.cosine"): [round(float(c), 4) for c in reading.cosines[: len(pairs)]],
        t("traps.language.column.en"): shares["en"],
        t("traps.language.column.zh"): shares["zh"],
        t("traps.language.column.unknown"): [round(value, 1) for value in unknown],
        t("traps.language.first"): list(pairs.first),
        t("traps.language.second"): list(pairs.second),
    }
    show_data(columns, "traps-language", key="tr_language_data", alt=t("traps.language.data_alt"))


def _guess() -> None:
    """About all shipped pairs under the checkpoint that the page opens with."""
    told = recorded()["chinese"][OPENING]
    true = 100 * unknown_share([side for pair in told["tokens"] for side in pair], told["unknown"])
    right = min(ANSWERS, key=lambda answer: abs(float(answer.removesuffix(" %")) - true))
    guess(
        "traps.unknown", t("traps.language.guess"), ANSWERS, is_right=lambda a: a == right,
        reveal=t("traps.language.reveal", share=f"{true:.0f}"),
    )  # fmt: skip


def _goal(view: View) -> None:
    """A pair that people find unlike and the checkpoint puts above nearly all random English pairs."""
    share = _share(view, "en")
    reached = view.gold is not None and view.gold <= FAR and share >= RARE
    goal(
        "traps.chinese",
        t("traps.language.task", score=f"{FAR:g}", share=f"{100 * RARE:g}"),
        reached=reached,
        status=t("traps.language.status", gold="–" if view.gold is None else f"{view.gold:g}",
                 share=_percent(share)),
        praise=t("traps.language.praise", gold=f"{view.gold:g}", share=_percent(share))
        if reached else t("traps.language.praise_before"),
    )  # fmt: skip


def _code(view: View) -> str:
    precision = "bf16" if view.reading.fresh and view.reading.fresh[0] == "bfloat16" else "fp32"
    return CODE.format(name=loadable(view.name), precision=precision, pair=list(view.pair))
