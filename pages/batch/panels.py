"""Under the board: the matrix as a table, the clouds of dropout views, masking in three number formats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import streamlit as st

from pages.batch.controls import Settings
from pages.batch.live import live_clouds
from pages.batch.recorded import recorded
from pages.ui.exports import csv_button, echarts, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.figures.batch import view_clouds
from simcse_core.theory.batch import Roles
from simcse_core.theory.batch_clouds import Cloud
from simcse_core.theory.batch_half import CASES, FORMATS
from simcse_core.theory.walk import LETTERS


def draw_pairs(found: Roles) -> None:
    """What the loss does to every pair of the matrix, as a table."""
    seen = found.anatomy
    assert seen.probabilities is not None  # InfoNCE is a softmax
    places = [(i, j) for i in range(len(found.rows)) for j in range(len(found.columns))]
    columns: dict[str, list[Any]] = {
        t("batch.column.row"): [found.rows[i] for i, _ in places],
        t("batch.column.candidate"): [found.columns[j] for _, j in places],
        t("batch.column.role"): [t(f"batch.board.role_{found.roles[i][j]}") for i, j in places],
        t("batch.column.cosine"): [_finite(seen.similarities[place]) for place in places],
        t("batch.column.probability"): [float(seen.probabilities[place]) for place in places],
        t("batch.column.slope"): [float(seen.gradient[place]) for place in places],
    }
    with st.expander(t("batch.pairs"), icon=":material/swap_horiz:"):
        st.dataframe(
            columns, hide_index=True, width="stretch", key="bt_pairs_table", alt=t("batch.pairs_alt")
        )
        csv_button(columns, "batch-pairs", key="bt_pairs_csv")


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def matrix_columns(found: Roles) -> dict[str, list[Any]]:
    """The matrix as it is drawn; a masked cell holds -inf."""
    grid = found.anatomy.similarities
    return {t("batch.column.row"): found.rows} | {
        name: grid[:, j].tolist() for j, name in enumerate(found.columns)
    }


def draw_clouds(settings: Settings) -> None:
    """Many views of every sentence: how far dropout scatters them."""
    st.subheader(t("batch.clouds"), anchor=False)
    clouds = _clouds(settings)
    cloud = clouds[settings.dropout]
    widest = max(float(np.abs(one.points).max()) for one in clouds.values())
    picked = LETTERS.index(settings.row[0])
    names = list(LETTERS[: len(cloud.points)])
    degrees, cosine = float(cloud.degrees[picked]), float(cloud.cosine[picked])
    values = {
        "row": names[picked], "degrees": f"{degrees:.1f}", "cosine": f"{cosine:.3f}",
        "count": cloud.points.shape[1], "dropout": f"{settings.dropout:g}",
    }  # fmt: skip
    option = view_clouds(
        cloud.points, names, current_theme(), picked=picked, limit=float(np.ceil(10 * widest) / 10),
        axes=(t("batch.first_axis"), t("batch.second_axis")),
    )  # fmt: skip
    echarts(option, key="bt_clouds", alt=t("batch.clouds_alt", **values), height=360)
    said = t("batch.clouds_point", **values) if settings.dropout == 0 else t("batch.clouds_wide", **values)
    share = f"{100 * cloud.explained:.0f}"
    st.caption(f"{said} " + t("batch.clouds_caption", share=share, count=values["count"]))
    show_data(
        {
            t("batch.column.sentence"): names,
            t("batch.column.text"): _texts(settings)[: len(names)],
            **{
                t("batch.column.degrees", dropout=f"{p:g}"): one.degrees.round(3).tolist()
                for p, one in clouds.items()
            },
        },
        "batch-clouds", key="bt_clouds_data", alt=t("batch.clouds_table"),
    )  # fmt: skip


def _texts(settings: Settings) -> list[str]:
    own = settings.own if settings.live else None
    return list(own or recorded().views[2, 0.0, False].texts)


def _clouds(settings: Settings) -> Mapping[float, Cloud]:
    if settings.live and settings.own:
        return live_clouds(settings.own)
    return {p: cloud.take(settings.size) for p, cloud in recorded().clouds.items()}


def draw_half() -> None:
    """Masking with a large number against masking with -inf, as torch computed both."""
    st.subheader(t("batch.half"), anchor=False)
    table = recorded().half
    head = " | ".join(["", *FORMATS])
    lines = [
        " | ".join([t(f"batch.half_case.{case}"), *(_cell(table[name][case]) for name in FORMATS)])
        for case in CASES
    ]
    rule = "|".join([":--", *("--:" for _ in FORMATS)])
    st.markdown("\n".join(f"| {line} |" for line in (head, rule, *lines)))
    made = recorded().made
    st.markdown(t("batch.half_text"))
    st.caption(
        t(
            "batch.half_caption", size=made["config"]["half_size"],
            temperature=f"{made['config']['half_temperature']:g}", date=made["date"],
            torch=plain(made["versions"]["torch"]),
        )
    )  # fmt: skip


def _cell(value: float | str | None) -> str:
    """A number as it is read: NaN in bold, infinities as signs, refused where torch raised an error."""
    if value is None:
        return t("batch.half_refused")
    told = float(value)
    if np.isnan(told):
        return "**NaN**"
    if np.isinf(told):
        return "∞" if told > 0 else "−∞"
    if 1000 <= abs(told) < 1e6:
        return f"{told:,.0f}"
    return f"{told:.4g}".replace("-", "−").replace("e+", "e")
