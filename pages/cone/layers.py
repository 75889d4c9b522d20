"""The curve over the layers, for every read-out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from pages.cone import live
from pages.cone.controls import Settings
from pages.cone.panels import METRICS, short
from pages.cone.recorded import recorded_curves, recorded_layer
from pages.cone.sentences import Sentences
from pages.cone.shared import brief
from pages.cone.views import Views
from pages.ui.cache import digest_of
from pages.ui.exports import echarts, show_data
from pages.ui.state import choice
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.cone import Spread
from simcse_core.figures.layer_curves import Layers, layer_curves
from simcse_core.metrics.uniformity import isotropic_uniformity


def draw_layers(settings: Settings, sentences: Sentences, views: Views) -> None:
    """One number over the layers of A or B, for every read-out."""
    metric = choice(
        t("cone.metric"),
        METRICS,
        "mean_cosine",
        key="cn_metric",
        format_func=lambda m: t(f"cone.metrics.{m}"),
        label_visibility="collapsed",
    )
    name = _layers_of(settings)
    found = recorded_curves(name, metric) if sentences.source == "shipped" else None
    rows = views.raw.rows
    if found is None:
        found, rows = _computed_curves(name, metric, sentences)
    if found is None:
        return
    marks = _marks(settings, name, max(max(values) for values in found.values()))
    order = list(poolers)
    curves = [
        Layers(brief(pooling), values, order.index(pooling), pooling == settings.pooling)
        for pooling, values in found.items()
    ]
    reference, limits = _scale(metric, rows, views.reference)
    option = layer_curves(
        curves,
        current_theme(),
        title=t("cone.layers_title", name=short(name)),
        y_label=t(f"cone.axis.{metric}"),
        limits=limits,
        marks=marks,
        reference=reference,
    )
    echarts(option, key="cn_layers", alt=t("cone.layers_alt", name=short(name)), height=376)
    st.caption(t("cone.layers_caption", name=plain(short(name)), rows=f"{rows:,}"))
    layers = sorted({layer for values in found.values() for layer in values})
    table: dict[str, Sequence[Any]] = {t("cone.layer"): layers}
    table |= {curve.name: [curve.values.get(layer) for layer in layers] for curve in curves}
    show_data(table, f"cone-layers-{metric}", key="cn_layers_data", alt=t("cone.layers_table"))


def _layers_of(settings: Settings) -> str:
    """The checkpoint whose layers are drawn; two cuts of one encoder need no choice: the deeper has both."""
    depths = {name: recorded_layer(name, None) for name in (settings.second, settings.first)}
    if None not in depths.values():
        return max(depths, key=lambda name: depths[name] or 0)
    letter = choice(
        t("cone.layers_of"),
        ("A", "B"),
        "A" if depths[settings.first] is not None else "B",
        key="cn_of",
        format_func=lambda x: f"{x} · {short(settings.first if x == 'A' else settings.second)}",
    )
    return settings.first if letter == "A" else settings.second


def _scale(
    metric: str, rows: int, even: Spread
) -> tuple[tuple[str, float] | None, tuple[float | None, float | None]]:
    """Level of evenly spread directions and fixed ends of the axis; a rank needs a sample of the same n."""
    if metric == "mean_cosine":
        return (t("cone.even"), 0.0), (-0.1, 1.0)
    if metric == "uniformity":
        return (t("cone.even"), isotropic_uniformity(rows, even.dimension)), (-4.2, 0.0)
    same = rows == even.rows
    return ((t("cone.even"), even.effective_rank) if same else None), (0.0, None)


def _marks(settings: Settings, name: str, deepest: int) -> dict[str, int]:
    """Where the page reads A and B, as far as this encoder's layers tell."""
    marks: dict[str, int] = {}
    for letter, checkpoint in (("A", settings.first), ("B", settings.second)):
        at = recorded_layer(checkpoint, settings.layer)
        if checkpoint == name:
            at = deepest if settings.layer is None else min(settings.layer, deepest)
        elif recorded_layer(name, None) is None:
            at = None
        if at is not None and at <= deepest:
            same = next((label for label, layer in marks.items() if layer == at), None)
            if same:
                del marks[same]
            marks[f"{same}, {letter}" if same else letter] = at
    return marks


def _ask(key: str) -> None:
    st.session_state[key] = True


def _computed_curves(
    name: str, metric: str, sentences: Sentences
) -> tuple[dict[str, dict[int, float]] | None, int]:
    """Curves of an encoder that was not recorded: on request, because every layer takes a while."""
    texts = sentences.texts[: live.CURVE_SENTENCES]
    key = f"cn-curves {name} {digest_of(texts)}"
    if not st.session_state.get(key):
        st.caption(t("cone.layers_wait", name=plain(short(name)), rows=f"{len(texts):,}"))
        st.button(
            t("cone.layers_go"), key="cn-layers-go", icon=":material/play_arrow:", on_click=_ask, args=(key,)
        )
        return None, len(texts)
    with st.spinner(t("cone.layers_busy", name=short(name))):
        digest = live.encoder_facts(name, None).digest
        found = live.curves_of(name, digest, digest_of(texts), texts, tuple(poolers))
    return found[metric], len(texts)
