"""What leaves a page: tables, settings, code, links. Figures export themselves through their mode bar."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

import numpy as np
import streamlit as st

from pages.ui.text import t

PLOTLY_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d", "toggleSpikelines"],
    "toImageButtonOptions": {"format": "png", "scale": 3},
}
"""Mode bar of every Plotly chart: a sharp picture, no advertisement."""


def plotly(figure: Any, *, key: str, alt: str) -> None:
    """Draw a Plotly figure; `alt` states the takeaway in one sentence."""
    st.plotly_chart(figure, key=key, alt=alt, theme=None, config=PLOTLY_CONFIG, width="stretch")


def echarts(option: dict[str, Any], *, key: str, alt: str, height: int = 320) -> None:
    """Draw an ECharts option; the chart of a `key` is updated in place."""
    st.echarts_chart(option, key=key, alt=alt, width="stretch", height=height)


def csv_bytes(columns: Mapping[str, Sequence[Any]]) -> bytes:
    """Columns of equal length as UTF-8 CSV with a header."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*columns.values(), strict=True))
    return out.getvalue().encode("utf-8")


def _plain_value(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} cannot be exported")


def json_bytes(value: Any) -> bytes:
    """A JSON document, indented, NumPy values included."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=_plain_value).encode("utf-8")


def csv_button(columns: Mapping[str, Sequence[Any]], name: str, *, key: str) -> None:
    """Offer columns as `<name>.csv`."""
    st.download_button(
        t("shell.csv"), csv_bytes(columns), f"{name}.csv", "text/csv", key=key, icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def json_button(value: Any, name: str, *, key: str) -> None:
    """Offer a value as `<name>.json`."""
    st.download_button(
        t("shell.json"), json_bytes(value), f"{name}.json", "application/json", key=key,
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


@st.fragment
def show_data(columns: Mapping[str, Sequence[Any]], name: str, *, key: str, alt: str) -> None:
    """The collapsed "Show data" block under a figure: its table and a CSV; `alt` says what it holds."""
    panel = st.expander(t("shell.show_data"), icon=":material/table:", key=f"{key}_panel", on_change="rerun")
    if opened(panel):
        with panel:
            st.dataframe(dict(columns), hide_index=True, width="stretch", key=f"{key}_table", alt=alt)
            csv_button(columns, name, key=f"{key}_csv")


@st.fragment
def code_panel(code: str) -> None:
    """The few lines that make the figure, to copy."""
    panel = st.expander(t("shell.code"), icon=":material/code:", key="code_panel", on_change="rerun")
    if opened(panel):
        with panel:
            st.code(code, language="python")


def opened(panel: Any) -> bool:
    """Whether a panel is drawn: a closed one costs neither a table nor a highlighter of code."""
    return bool(panel.open)


def page_address(path: str) -> str:
    """Address of this view: the page and every setting that differs from its default."""
    parts = urlsplit(st.context.url or "")
    query = urlencode([(name, value) for name in st.query_params for value in st.query_params.get_all(name)])
    return urlunsplit((parts.scheme, parts.netloc, "/" + path, query, ""))
