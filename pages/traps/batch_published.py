"""Published rows on batches and on noise, apart from ours: another model, another measure."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.text import plain, t
from simcse_core.data.published import published


def tables() -> None:
    """Both tables with their source, and why they stand on no common axis with ours."""
    st.subheader(t("traps.batch.published"), anchor=False)
    noise, batch = published("noise"), published("batch")
    heads = (
        t("traps.batch.encoder"),
        t("traps.batch.objective.info_nce"),
        t("traps.batch.objective.gs_info_nce"),
    )
    left, right = st.columns(2, gap="large")
    with left:
        _table(
            heads, [(row["encoder"], f"{row['plain']:.2f}", f"{row['noise']:.2f}") for row in noise["rows"]]
        )
        _caption(noise)
    with right:
        _table(
            (t("traps.batch.column.size"), t("traps.batch.map")),
            [(str(row["size"]), f"{row['score']:.2f}") for row in batch["rows"]],
        )
        _caption(batch)
    st.caption(t("traps.batch.apart"))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    lines = ["| " + " | ".join(heads) + " |", "|:--" + "|--:" * (len(heads) - 1) + "|"]
    lines += ["| " + " | ".join(map(plain, row)) + " |" for row in rows]
    st.markdown("\n".join(lines))


def _caption(table: dict[str, str]) -> None:
    quoted = {key: plain(table[key]) for key in ("measure", "source", "model")}
    st.caption(t("traps.batch.quoted", **quoted))
