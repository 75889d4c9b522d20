"""The figures of the encoder's half: tokens, dropout, hidden states, pooled rows, lengths."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.exports import echarts, plotly
from pages.ui.text import t
from pages.ui.theme import current_theme
from pages.walk.controls import Settings, sentence_of
from simcse_core.figures import walk as figures
from simcse_core.figures import walk_bars
from simcse_core.theory.walk import LETTERS, Walk
from simcse_core.theory.walk_batch import TOKENS_KEPT, Batch

FOLDER = Path(__file__).parent
SHARPEST = 0.98  # quantile at which the colours of a map end


@lru_cache(maxsize=1)
def _component() -> Any:
    html, css, js = (
        (FOLDER / f"tokens.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")
    )
    return st.components.v2.component("walk_tokens", html=html, css=css, js=js)


def draw_tokens(found: Walk, settings: Settings) -> None:
    """The batch as a table of pieces and numbers."""
    batch = found.batch
    names = batch_names(batch)
    rows = [
        {
            "name": name,
            "first": i > 0 and i % batch.size == 0,
            "cells": [
                [piece, str(number), kind]
                for piece, number, kind in zip(
                    batch.pieces[i], batch.ids[i].tolist(), batch.kinds[i], strict=True
                )
            ][:TOKENS_KEPT],
        }
        for i, name in enumerate(names)
    ]
    picked = [names[i] for i in views_of(batch, settings)]
    label = t("walk.tokens_alt", rows=len(rows), length=batch.ids.shape[1])
    data = {"rows": rows, "picked": picked, "label": label, "corner": t("walk.position")}
    _component()(key="wk_tokens", data=data)
    length = batch.ids.shape[1]
    cut = " " + t("walk.tokens_cut", shown=TOKENS_KEPT, length=length) if length > TOKENS_KEPT else ""
    st.caption(t("walk.tokens_legend") + cut)


def batch_names(batch: Batch) -> list[str]:
    """Names of the R rows of a batch in the order in which they are fed."""
    marks = ["", "′" if batch.copies else "⁺", "⁻"][: batch.parts]
    return [f"{LETTERS[i]}{mark}" for mark in marks for i in range(batch.size)]


def views_of(batch: Batch, settings: Settings) -> list[int]:
    """Rows of the batch that belong to the picked sentence."""
    sentence = min(sentence_of(settings), batch.size - 1)
    return [sentence + part * batch.size for part in range(batch.parts)]


def _tokens(batch: Batch, row: int) -> list[str]:
    return list(batch.pieces[row][: batch.before.shape[1]])


def limit_of(values: Any) -> float:
    """Where the colours end: most of the absolute values lie below, so that one outlier pales nothing."""
    return max(float(np.quantile(np.abs(np.asarray(values, dtype=np.float64)), SHARPEST)), 1e-6)


def draw_dropout(found: Walk, settings: Settings) -> None:
    """What the first dropout did to both views of the picked sentence."""
    batch, rows = found.batch, views_of(found.batch, settings)[:2]
    names = batch_names(batch)
    panels = [
        figures.Panel(
            t("walk.dropout_panel", name=names[row], share=f"{100 * batch.zeroed[row]:.1f}"),
            batch.after[row],
            _tokens(batch, row),
            zeroed=(batch.after[row] == 0) & (batch.before[row] != 0),
        )
        for row in rows
    ]
    shares = [f"{100 * batch.zeroed[row]:.1f}" for row in rows]
    figure = figures.number_maps(
        panels,
        current_theme(),
        limit=limit_of(batch.after[rows]),
        across=_across(batch, batch.embedding_width),
    )
    plotly(figure, key="wk_dropout", alt=t("walk.dropout_alt", first=shares[0], second=shares[1]))
    st.caption(t("walk.dropout_legend") if batch.dropout else t("walk.dropout_none"))


def _across(batch: Batch, width: int) -> str:
    return t("walk.across", shown=batch.before.shape[2], width=width)


def draw_hidden(found: Walk, settings: Settings) -> None:
    """The last layer for both views of the picked sentence, and their difference."""
    batch, rows = found.batch, views_of(found.batch, settings)[:2]
    names = batch_names(batch)
    panels = [
        figures.Panel(t("walk.hidden_panel", name=names[row]), batch.hidden[row], _tokens(batch, row))
        for row in rows
    ]
    if batch.copies:
        gap = batch.hidden[rows[1]].astype(np.float32) - batch.hidden[rows[0]].astype(np.float32)
        panels.append(
            figures.Panel(
                t("walk.hidden_gap", first=names[rows[0]], second=names[rows[1]]),
                gap,
                _tokens(batch, rows[0]),
            )
        )
    figure = figures.number_maps(
        panels, current_theme(), limit=limit_of(batch.hidden[rows]), across=_across(batch, batch.width)
    )
    alt = t("walk.hidden_alt", name=names[rows[0]], tokens=int(batch.lengths[rows[0]]))
    plotly(figure, key="wk_hidden", alt=alt)
    st.caption(t("walk.hidden_legend"))


def draw_pooled(found: Walk, settings: Settings) -> None:
    """One row a text."""
    batch = found.batch
    shown = batch.embeddings[:, : batch.hidden.shape[2]]
    panel = figures.Panel(t("walk.pooled_panel"), shown, batch_names(batch))
    figure = figures.number_maps(
        [panel], current_theme(), limit=limit_of(shown), across=_across(batch, batch.embeddings.shape[1])
    )
    plotly(
        figure,
        key="wk_pooled",
        alt=t("walk.pooled_alt", rows=len(batch.texts), width=batch.embeddings.shape[1]),
    )
    st.caption(t("walk.pooled_legend"))


def draw_unit(found: Walk, settings: Settings) -> None:
    """Lengths before and after."""
    batch = found.batch
    before = np.linalg.norm(batch.embeddings.astype(np.float64), axis=1)
    after = np.linalg.norm(found["unit"], axis=1)
    option = walk_bars.length_bars(
        before,
        after,
        batch_names(batch),
        current_theme(),
        words=(t("walk.length_before"), t("walk.length_after")),
    )
    alt = t("walk.unit_alt", low=f"{before.min():.2f}", high=f"{before.max():.2f}")
    echarts(option, key="wk_unit", alt=alt, height=360)
    st.caption(t("walk.unit_legend"))
