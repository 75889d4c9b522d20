"""One stage at a time: its title and shape, its figure, what happens and what can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.exports import echarts, plotly, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from pages.walk import tensors
from pages.walk.controls import Settings, stage_title
from pages.walk.recorded import how_made
from pages.walk.words import axes_of, number, trap_of, what_of
from simcse_core.figures import walk as figures
from simcse_core.figures import walk_bars
from simcse_core.theory.walk import STAGES, Stage, Walk, walk_of
from simcse_core.theory.walk_arrays import LAYOUTS, half_precision

LONG_CODE = 20  # lines from which on the code of a stage opens folded
Draw = Callable[[Walk, Settings], None]


def row_index(found: Walk, settings: Settings) -> int:
    """Row of the matrix that is looked at; the first where the batch has fewer."""
    return found.rows.index(settings.row) if settings.row in found.rows else 0


def draw(found: Walk, settings: Settings) -> None:
    """The stage in the figure column."""
    stage = found.stages[settings.stage]
    st.subheader(f"{STAGES.index(stage.name) + 1} · {stage_title(stage.name)}", anchor=False)
    part = t("walk.excerpt", shape=shape_of(stage.array.shape)) if stage.excerpt else ""
    st.markdown(f"`{shape_text(stage)}` &nbsp; {axes_of(found, stage.name)}{part}")
    st.markdown(what_of(found, settings))
    DRAWN[stage.name](found, settings)
    st.warning(trap_of(found, settings), icon=":material/warning:")
    if stage.name == "masked" and found.layout == "interleaved":
        _half_table(found)
    code = f"{stage.code}\n\n{stage.call}"
    with st.expander(t("walk.code"), icon=":material/code:", expanded=code.count("\n") < LONG_CODE):
        st.code(code, language=None, wrap_lines=True)  # the colours of code are too pale to read
    st.caption(provenance(found, settings))
    columns, name = data_of(found, settings)
    show_data(columns, f"walk-{name}", key="wk_data", alt=t("walk.data_alt", stage=stage_title(stage.name)))


def shape_of(shape: Sequence[int]) -> str:
    """A shape as Python writes it: (8, 15, 384), (4,)."""
    return str(tuple(map(int, shape)))


def shape_text(stage: Stage) -> str:
    """Shape and number format, as in (8, 15, 384) float32."""
    return f"{shape_of(stage.shape)} {stage.dtype}"


def _matrix(found: Walk, settings: Settings, stage: str, cells: figures.Cells) -> None:
    divided = stage in {"logits", "labels"}
    figure = figures.matrix(
        found[stage if stage != "labels" else "logits"],
        current_theme(),
        rows=found.rows,
        columns=found.columns,
        limit=1 / found.temperature if divided else 1.0,
        unit=t("walk.unit_logit") if divided else t("walk.unit_cosine"),
        cells=cells,
    )
    at = row_index(found, settings)
    positive = int(found["labels"][at])
    alt = t(
        "walk.matrix_alt", rows=len(found.rows), columns=len(found.columns), row=found.rows[at],
        positive=found.columns[positive], value=number(float(found["similarities"][at, positive])),
    )  # fmt: skip
    plotly(figure, key=f"wk_{stage}", alt=alt)


def _similarities(found: Walk, settings: Settings) -> None:
    _matrix(found, settings, "similarities", figures.Cells(row=row_index(found, settings)))
    st.caption(t("walk.matrix_legend"))


def _masked(found: Walk, settings: Settings) -> None:
    _matrix(found, settings, "masked", figures.Cells(row=row_index(found, settings)))
    st.caption(t("walk.masked_legend") if found.layout == "interleaved" else t("walk.matrix_legend"))


def _logits(found: Walk, settings: Settings) -> None:
    _matrix(found, settings, "logits", figures.Cells(row=row_index(found, settings)))
    st.caption(t("walk.matrix_legend"))


def _labels(found: Walk, settings: Settings) -> None:
    _matrix(found, settings, "labels", figures.Cells(positives=found["labels"].tolist(), arrows=True))
    st.caption(t("walk.labels_legend", labels=", ".join(map(str, found["labels"].tolist()))))


def _loss(found: Walk, settings: Settings) -> None:
    """Softmax of the picked row, then the loss of every row."""
    at, theme = row_index(found, settings), current_theme()
    names = {role: t(f"walk.role.{role}") for role in ("positive", "negative", "hard")}
    share = walk_bars.percent(float(found.probabilities[at, found["labels"][at]]))
    st.markdown(t("walk.softmax_title", row=found.rows[at]))
    echarts(
        walk_bars.softmax_bars(_candidates(found, at), theme, names=names), key="wk_softmax", height=280,
        alt=t("walk.softmax_alt", row=found.rows[at], share=share),
    )  # fmt: skip
    mean = number(found.loss, 4)
    st.markdown(t("walk.losses_title", mean=mean))
    echarts(
        walk_bars.loss_bars(found["loss"], found.rows, theme, row=at), key="wk_losses", height=240,
        alt=t("walk.losses_alt", mean=mean),
    )  # fmt: skip
    for name, layout in LAYOUTS.items():
        if layout.parts == found.batch.parts and name != found.layout:
            value = number(walk_of(found.batch, name, found.temperature).loss, 4)
            st.caption(t("walk.other_layout", name=t(f"walk.layout_name.{name}").lower(), value=value))


def _candidates(found: Walk, at: int) -> list[walk_bars.Candidate]:
    """Bars of one row; a masked candidate has none."""
    hard = found.batch.size if found.layout == "triples" else len(found.columns)

    def role(column: int) -> str:
        if column == found["labels"][at]:
            return "positive"
        return "hard" if column >= hard else "negative"

    return [
        walk_bars.Candidate(name, float(found.probabilities[at, i]), role(i))
        for i, name in enumerate(found.columns)
        if np.isfinite(found["masked"][at, i])
    ]


DRAWN: dict[str, Draw] = {
    "tokens": tensors.draw_tokens,
    "dropout": tensors.draw_dropout,
    "hidden": tensors.draw_hidden,
    "pooled": tensors.draw_pooled,
    "unit": tensors.draw_unit,
    "similarities": _similarities,
    "masked": _masked,
    "logits": _logits,
    "labels": _labels,
    "loss": _loss,
}


def _half_table(found: Walk) -> None:
    """The same masking in float16, by subtracting and by filling."""
    half = half_precision(found["similarities"], found["labels"], found.temperature)
    lines = [
        ("float16(1e12)", half.constant),
        ("0 × float16(1e12)", half.off_diagonal),
        (f"float16(−60000) / {found.temperature:g}", half.divided),
        (t("walk.half_subtracted"), half.subtracted),
        (t("walk.half_filled"), half.filled),
    ]
    rows = "\n".join(f"| {name} | {number(value, 4)} |" for name, value in lines)
    st.markdown(f"| {t('walk.half_head')} | {t('walk.half_result')} |\n|:--|--:|\n{rows}")
    st.caption(t("walk.half_note", loss=number(found.loss)))


def provenance(found: Walk, settings: Settings) -> str:
    """Which checkpoint, pooling, seed, and whether this was recorded or computed now."""
    batch = found.batch
    said = t(
        "walk.what", name=plain(batch.encoder.rstrip("/").rsplit("/", 1)[-1]), pooling=batch.pooling,
        dropout=f"{batch.dropout:g}", seed=batch.seed,
    )  # fmt: skip
    if settings.own is not None and settings.layout == "triples":
        said += " " + t("walk.own_triples")
    if not settings.recorded:
        return f"{said} " + t("walk.computed", device=batch.device)
    made = how_made()
    return f"{said} " + t("walk.recorded", date=made["date"], torch=made["versions"]["torch"])


def data_of(found: Walk, settings: Settings) -> tuple[dict[str, list[Any]], str]:
    """The stage as columns, and its name."""
    name, batch = settings.stage, found.batch
    names = tensors.batch_names(batch)
    if name == "tokens":
        return {t("walk.row"): names} | {
            str(i): [
                f"{row[i]} {int(number)}" for row, number in zip(batch.pieces, batch.ids[:, i], strict=True)
            ]
            for i in range(batch.ids.shape[1])
        }, name
    if name in {"dropout", "hidden"}:
        rows = tensors.views_of(batch, settings)[:2]
        lines = [
            (names[r], batch.pieces[r][i], found[name][r, i])
            for r in rows
            for i in range(found[name].shape[1])
        ]
        head = {t("walk.row"): [line[0] for line in lines], t("walk.token"): [line[1] for line in lines]}
        return head | {
            str(k): [float(line[2][k]) for line in lines] for k in range(found[name].shape[2])
        }, name
    if name in {"pooled", "unit"}:
        values = found[name]
        return {t("walk.row"): names} | {str(k): values[:, k].tolist() for k in range(values.shape[1])}, name
    values = {"labels": found["labels"], "loss": found["loss"]}.get(name)
    if values is None:
        grid = {
            c: [str(v) if np.isinf(v) else float(v) for v in found[name][:, i]]
            for i, c in enumerate(found.columns)
        }
        return {t("walk.row"): found.rows} | grid, name
    return {t("walk.row"): found.rows, stage_title(name): values.tolist()}, name
