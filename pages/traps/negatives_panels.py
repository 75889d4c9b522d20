"""The figure of the batch: what each likely false negative receives, and what the whole batch wastes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from pages.traps.negatives_data import Seen
from pages.traps.recorded import recorded
from pages.ui.checkpoints import loadable, short
from pages.ui.exports import code_panel, plotly, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.false_negatives import flagged_pairs, wasted
from simcse_core.evaluation.in_batch import JUDGE, KNOWN, NOT
from simcse_core.figures import traps as figures

if TYPE_CHECKING:
    from pages.traps.negatives import View

CODE = """import numpy as np
from simcse_core import load_encoder
from simcse_core.evaluation.in_batch import draw_batch, view_cosines
from simcse_core.theory.remedies import remedies

texts = {texts}
encoder = load_encoder("{name}", precision="{precision}")
judge = load_encoder("{judge}", precision="fp32").encode(texts).astype(np.float64)
cosines = view_cosines(encoder, texts, dropout={dropout}, seed=0)
found = remedies(cosines, judge @ judge.T, {settings})
print({{way: one.gradient[{row}, {column}] for way, one in found.items()}})"""


def ordered(seen: Seen) -> list[tuple[int, int]]:
    """Flagged (anchor, negative), the strongest push first."""
    push = seen.ways["plain"].gradient
    return sorted(flagged_pairs(seen.flags), key=lambda at: -push[at])


def strongest(seen: Seen) -> tuple[int, int]:
    """The negative with the strongest push: a flagged one, or any where none is flagged."""
    marked = ordered(seen)
    if marked:
        return marked[0]
    push = seen.ways["plain"].gradient
    row, column = np.unravel_index(int(push.argmax()), push.shape)
    return int(row), int(column)


def way_title(way: str, view: View) -> str:
    """What a way of training is called, with its setting."""
    settings = view.settings
    return t(
        f"traps.negatives.way.{way}", tau=f"{settings.temperature:g}", threshold=f"{settings.threshold:.2f}",
        prior=f"{settings.prior:g}", other=f"{settings.other_temperature:g}",
    )  # fmt: skip


def figure(view: View) -> None:
    """Bars, the sentences they stand for, the table of the batch, data and code."""
    seen = view.seen
    marked = ordered(seen)
    if marked:
        _bars(view, marked[: figures.MOST_PAIRS])
    else:
        st.info(t("traps.negatives.none", threshold=f"{view.settings.threshold:.2f}"),
                icon=":material/search_off:")  # fmt: skip
    _whole(view)
    st.caption(_provenance(view))
    _data(view, marked)
    code_panel(_code(view))


def _bars(view: View, marked: list[tuple[int, int]]) -> None:
    seen = view.seen
    values = {
        way: [float((one.gradient if view.measure == "push" else 100 * one.shares)[at]) for at in marked]
        for way, one in seen.ways.items()
    }
    words = {way: way_title(way, view) for way in values}
    words |= {part: t(f"traps.negatives.{part}.{view.measure}") for part in ("title", "x")}
    option = figures.pushes(
        [f"{i + 1} → {j + 1}" for i, j in marked], values, current_theme(), words=words,
        limit=100.0 if view.measure == "share" else None,
    )  # fmt: skip
    i, j = marked[0]
    told = ", ".join(f"{words[way]}: {numbers[0]:.3g}" for way, numbers in values.items())
    plotly(option, key="tr_pushes", alt=t("traps.negatives.alt", pair=f"{i + 1} → {j + 1}", told=told))
    shown = list(dict.fromkeys(k for at in marked for k in at))
    st.text("\n".join(f"{k + 1}  {seen.batch.texts[k]}" for k in sorted(shown)))


def _whole(view: View) -> None:
    """The batch in numbers, a row a way."""
    heads = [t(f"traps.negatives.head.{part}") for part in ("way", "wasted", "others", "silent")]
    lines = ["| " + " | ".join(heads) + " |", "|:--" + "|--:" * (len(heads) - 1) + "|"]
    others = (view.seen.flags == NOT) & ~np.eye(len(view.seen.cosines), dtype=bool)
    for way, one in view.seen.ways.items():
        cells = [
            way_title(way, view),
            f"{100 * wasted(one.shares, view.seen.flags):.1f} %" if one.shares.any() else "–",
            f"{float(one.gradient[others].mean()):.3f}",
            f"{one.silent} / {len(others)}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    st.markdown("\n".join(lines))


def _provenance(view: View) -> str:
    made, seen = recorded()["made"], view.seen
    rows = t(
        f"traps.negatives.what.{view.source}", count=len(seen.batch.texts), name=plain(short(view.name)),
        dropout=recorded()["batch"]["dropout"], judge=JUDGE, threshold=f"{view.settings.threshold:.2f}",
        flagged=len(flagged_pairs(seen.flags)),
    )  # fmt: skip
    if seen.fresh:
        return f"{rows} {t('traps.negatives.computed', precision=seen.fresh[0], device=seen.fresh[1])}"
    return f"{rows} {t('traps.negatives.recorded', date=made['date'], torch=made['versions']['torch'])}"


def _data(view: View, marked: list[tuple[int, int]]) -> None:
    seen = view.seen
    columns: dict[str, list[Any]] = {
        t("traps.negatives.column.anchor"): [i + 1 for i, _ in marked],
        t("traps.negatives.column.negative"): [j + 1 for _, j in marked],
        t("traps.negatives.column.flag"): [
            t("traps.negatives.known" if seen.flags[at] == KNOWN else "traps.negatives.likely")
            for at in marked
        ],
        t("traps.negatives.column.judge"): [round(float(seen.judged[at]), 4) for at in marked],
        t("traps.negatives.column.cosine"): [round(float(seen.cosines[at]), 4) for at in marked],
    }
    for way, one in seen.ways.items():
        name = way_title(way, view)
        columns[f"{t('traps.negatives.measures.push')}: {name}"] = [
            round(float(one.gradient[at]), 5) for at in marked
        ]
        columns[f"{t('traps.negatives.measures.share')}: {name}"] = [
            round(float(one.shares[at]), 5) for at in marked
        ]
    columns[t("traps.negatives.column.first")] = [seen.batch.texts[i] for i, _ in marked]
    columns[t("traps.negatives.column.second")] = [seen.batch.texts[j] for _, j in marked]
    show_data(columns, "traps-false-negatives", key="tr_negatives_data", alt=t("traps.negatives.data_alt"))


def _code(view: View) -> str:
    told = recorded()["batch"]["drawn"]
    size = len(view.seen.batch.texts)
    texts = repr(list(view.seen.batch.texts))
    if view.source == "shipped":
        texts = (
            f"draw_batch({told['subjects']!r}, {size}, paraphrases={told['paraphrases']}, "
            f"seed={told['seed']}).texts"
        )
    row, column = strongest(view.seen)
    precision = "bf16" if view.seen.fresh and view.seen.fresh[0] == "bfloat16" else "fp32"
    settings = ", ".join(f"{name}={value!r}" for name, value in vars(view.settings).items())
    return CODE.format(
        texts=texts, name=loadable(view.name), precision=precision, judge=JUDGE, settings=settings, row=row,
        column=column, dropout=recorded()["batch"]["dropout"],
    )  # fmt: skip
