"""The paper's tables on augmentations and on dropout, apart from ours: another model, another protocol."""

from __future__ import annotations

import streamlit as st

from pages.ui.text import plain, t
from simcse_core.data.published import published

TABLES = ("augmentation", "dropout")


def tables() -> None:
    """Both tables with their source, and why they stand on no common axis with ours."""
    st.subheader(t("race.published.title"), anchor=False)
    for name in TABLES:
        table = published(name)
        lines = [f"| {t(f'race.published.{name}')} | {t('race.published.score')} |", "|:--|--:|"]
        top = max(row["score"] for row in table["rows"])
        for row in table["rows"]:
            score = f"**{row['score']:.1f}**" if row["score"] == top else f"{row['score']:.1f}"
            lines.append(f"| {plain(row['positive'])} | {score} |")
        st.markdown("\n".join(lines))
        quoted = {key: plain(table[key]) for key in ("source", "table", "model", "measure")}
        st.caption(t("race.published.caption", **quoted))
    st.caption(t("race.published.apart"))
