"""What stands around the ladder: its table, the matrix of the batch, one row over all temperatures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.temperature import ladder
from pages.temperature.recorded import recorded
from pages.ui.checkpoints import short
from pages.ui.exports import csv_button, echarts, plotly, show_data
from pages.ui.state import choice
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.in_batch import KNOWN, LIKELY, NOT
from simcse_core.figures.shares import share_curves, share_matrix
from simcse_core.theory.anatomy import anatomy
from simcse_core.theory.temperatures import over_temperatures

if TYPE_CHECKING:
    from pages.temperature.real import View

GRID: NDArray[np.float64] = np.geomspace(ladder.LOW, ladder.HIGH, 81)
SOLVED = 0.99


def probabilities(view: View) -> NDArray[np.float64]:
    """Probabilities (n, n) of the batch; InfoNCE always has them."""
    found = view.parts.probabilities
    return np.zeros_like(view.parts.shares) if found is None else found


def provenance(view: View) -> str:
    """Checkpoint, sentences, views, where the numbers were computed: in one line."""
    made = recorded()["made"]
    dropout = "on" if view.dropout else "off"
    said = t(
        f"temperature.real.what.{view.chosen.source}",
        name=plain(short(view.name)),
        count=len(view.chosen.batch.texts),
        dropout=t(f"temperature.real.dropout.{dropout}", rate=view.dropout),
    )
    if view.seen.fresh:
        origin = t("temperature.real.computed", precision=view.seen.fresh[0], device=view.seen.fresh[1])
    else:
        origin = t("temperature.real.recorded", date=made["date"], torch=made["versions"]["torch"])
    return f"{said} {origin} {t('temperature.real.flagged')}"


def table(view: View) -> None:
    """Every negative of the anchor, to look at and to take away."""
    row = view.row
    order = [int(k) for k in np.argsort(-view.seen.cosines[row], kind="stable") if k != row]
    flags = {NOT: "", LIKELY: t("temperature.real.likely"), KNOWN: t("temperature.real.known")}
    judged = view.seen.judged
    columns: dict[str, list[Any]] = {
        t("temperature.real.column.number"): [k + 1 for k in order],
        t("temperature.real.column.share"): [round(float(view.parts.shares[row, k]), 6) for k in order],
        t("temperature.real.column.cosine"): [round(float(view.seen.cosines[row, k]), 5) for k in order],
        t("temperature.real.column.p"): [round(float(probabilities(view)[row, k]), 6) for k in order],
        t("temperature.real.column.gradient"): [round(float(view.parts.gradient[row, k]), 5) for k in order],
        t("temperature.real.column.flag"): [flags[int(view.seen.flags[row, k])] for k in order],
        t("temperature.real.column.judge"): [judged[row, k].round(4) for k in order] if judged is not None
        else [None] * len(order),
        t("temperature.real.column.text"): [view.chosen.batch.texts[k] for k in order],
    }  # fmt: skip
    show_data(columns, "temperature-negatives", key="tp_s_table", alt=t("temperature.real.table_alt"))


def matrix(view: View) -> None:
    """The batch as a matrix: probabilities with the positives, or shares of the push without them."""
    kind = choice(
        t("temperature.real.matrix"),
        ("p", "share"),
        "p",
        key="tp_s_show",
        format_func=lambda k: t(f"temperature.real.matrix_of.{k}"),
    )
    values = probabilities(view) if kind == "p" else view.parts.shares
    figure = share_matrix(
        values, view.chosen.batch.texts, current_theme(), row=view.row, blank_diagonal=kind == "share",
        title=t(f"temperature.real.matrix_title.{kind}", tau=f"{view.tau:.3g}"),
        unit=t(f"temperature.real.unit.{kind}"),
    )  # fmt: skip
    means = _means(view)
    plotly(figure, key="tp_s_matrix", alt=t("temperature.real.matrix_alt", **means))
    st.caption(t("temperature.real.matrix_caption", row=view.row + 1))
    numbers = [str(k + 1) for k in range(len(values))]
    columns: Mapping[str, list[Any]] = {
        t("temperature.real.column.text"): list(view.chosen.batch.texts),
        **dict(zip(numbers, np.round(values, 6).T.tolist(), strict=True)),
    }
    csv_button(columns, f"temperature-{kind}", key="tp_s_matrix_csv")


def _means(view: View) -> dict[str, str]:
    """Numbers of the whole batch at this temperature, as texts."""
    positive = np.diag(probabilities(view))
    pushed = view.parts.total_push.sum()
    wasted = (view.parts.gradient * (view.seen.flags != NOT)).sum() / pushed if pushed > 0 else 0.0
    return {
        "top": f"{100 * view.parts.shares.max(axis=1).mean():.0f}",
        "effective": f"{view.parts.effective.mean():.1f}",
        "first": f"{100 * (view.seen.cosines.argmax(axis=1) == np.arange(len(positive))).mean():.0f}",
        "solved": f"{100 * (positive > SOLVED).mean():.0f}",
        "pairs": str(int((np.triu(view.seen.flags, 1) != NOT).sum())),
        "wasted": f"{100 * wasted:.0f}",
    }


@lru_cache(maxsize=32)
def _batch_curves(packed: bytes, size: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean top share and mean effective negatives of all rows, at every temperature of the grid."""
    cosines = np.frombuffer(packed).reshape(size, size)
    every = [anatomy(cosines, np.arange(size), temperature=float(tau)) for tau in GRID]
    tops = np.array([one.shares.max(axis=1).mean() for one in every])
    return tops, np.array([one.effective.mean() for one in every])


def curves(view: View) -> None:
    """The anchor and the batch over all temperatures, and the batch in numbers."""
    own = over_temperatures(view.seen.cosines[view.row], view.row, GRID)
    tops, counts = _batch_curves(view.seen.cosines.tobytes(), len(view.seen.cosines))
    one, all_of = t("temperature.real.this_anchor", row=view.row + 1), t("temperature.real.batch_mean")
    option = share_curves(
        GRID, [(one, own.top_share), (all_of, tops)], [(one, own.effective), (all_of, counts)],
        current_theme(), title=t("temperature.real.curves_title"), at=view.tau,
        most=len(view.seen.cosines) - 1,
    )  # fmt: skip
    top, effective = float(view.parts.shares[view.row].max()), float(view.parts.effective[view.row])
    alt = t(
        "temperature.real.curves_alt",
        tau=f"{view.tau:.3g}",
        top=f"{100 * top:.0f}",
        effective=f"{effective:.1f}",
    )
    echarts(option, key="tp_s_curves", alt=alt, height=480)
    st.markdown(t("temperature.real.batch_numbers", tau=f"{view.tau:.3g}", **_means(view)))
    data = {
        "τ": [float(f"{tau:.4g}") for tau in GRID],
        f"{one}: {t('temperature.real.column.top')}": np.round(own.top_share, 5).tolist(),
        f"{one}: {t('temperature.real.column.effective')}": np.round(own.effective, 4).tolist(),
        f"{all_of}: {t('temperature.real.column.top')}": np.round(tops, 5).tolist(),
        f"{all_of}: {t('temperature.real.column.effective')}": np.round(counts, 4).tolist(),
    }
    show_data(data, "temperature-curves", key="tp_s_curves_data", alt=t("temperature.real.curves_table"))
