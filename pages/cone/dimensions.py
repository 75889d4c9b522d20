"""The view of single dimensions: which of them make the cosines, and what leaving them out does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.cone import controls
from pages.cone.recorded import recorded_geometry, story
from pages.cone.sentences import pick
from pages.cone.shared import Side, brief, markdown_table, number, origins, sides
from pages.ui import messages
from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel, echarts, plotly, show_data
from pages.ui.frame import Frame
from pages.ui.state import choice
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.evaluation.cone import PROMPT
from simcse_core.evaluation.geometry import REMOVED, Dimensions, Effect
from simcse_core.figures.geometry import dimension_bars
from simcse_core.figures.geometry_curves import Line, curves

LARGEST = 3  # dimensions of the guess
BUCKETS = ((0.05, "< 5 %"), (0.2, "5–20 %"), (0.4, "20–40 %"), (0.6, "40–60 %"), (np.inf, "> 60 %"))
CONE = 0.1  # a mean cosine below this is no cone to open
FORMULA = r"\overline{\cos}=\sum_j c_j,\qquad c_j=\frac{(\sum_i\hat h_{ij})^2-\sum_i\hat h_{ij}^2}{n(n-1)}"
CODE = """from simcse_core import load_encoder
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.dimensions import cosine_contributions

texts = [text for text, subject in sample_sentences({rows})]
encoder = load_encoder("{name}", pooling="{pooling}", precision="fp32"{more})
rows = encoder.encode(texts, normalize=False)
order = cosine_contributions(rows).argsort()[::-1]   # largest first
print(order[:3], mean_cosine(rows), mean_cosine(rows[:, order[{out}:]]))"""


def draw(page: Frame) -> None:
    """Fill the page with the view."""
    with page.controls, messages.boundary():
        st.markdown(t("cone_views.dimensions.look"))
        out = choice(
            t("cone_views.dimensions.out"),
            REMOVED,
            0,
            key="cn_out",
            kind="ladder",
            help=t("cone_views.dimensions.out_help"),
        )
        first, second = controls.pick_checkpoints()
        pooling, layer = controls.pick_pooling(), controls.pick_layer(first, second)
        sentences = pick()
        found = _read(sides(page, first, second, sentences), pooling, layer)
        if found:
            _fill(page, found, out, pooling, layer)
        else:
            st.caption(t("cone_views.dimensions.nothing", pooling=brief(pooling)))
    with page.details():
        st.markdown(prose("cone", "dimensions"))


Study = tuple[Side, Dimensions]


def _read(found: Sequence[Side], pooling: str, layer: int | None) -> list[Study]:
    read = []
    for side in found:
        state = side.geometry.states.get((side.layer(layer), pooling))
        if state is not None:
            read.append((side, state.dimensions))
    return read


def _fill(page: Frame, found: Sequence[Study], out: int, pooling: str, layer: int | None) -> None:
    with page.figure:
        _bars(found, out)
        _table(found, out)
        origins([side for side, _ in found])
        _data(found)
        code_panel(_code(found[0][0], out, pooling, layer))
    _why(page, found)
    with page.challenge():
        _guess()
        if found[0][0].letter == "A":
            _goal(found[0][1], out)
    with page.below, messages.boundary():
        for column, measure in zip(st.columns(2, gap="large"), ("mean_cosine", "spearman"), strict=True):
            with column:
                _curves(found, measure, out)


def _bars(found: Sequence[Study], out: int) -> None:
    every = np.concatenate([dimensions.contributions for _, dimensions in found])
    top = max(float(every.max()), 1e-4)
    limits = (min(float(every.min()), 0.0) - 0.05 * top, 1.15 * top)
    for side, dimensions in found:
        added, order = dimensions.contributions, dimensions.order
        figure = dimension_bars(side.title, added, out, current_theme(), role=side.role, limits=limits)
        alt = t(
            "cone_views.dimensions.alt", name=side.title, dimension=order[0], value=f"{added[order[0]]:.3f}"
        )
        plotly(figure, key=f"cn_bars_{side.letter}", alt=alt)
    st.caption(t("cone_views.dimensions.caption"))


def _effects(dimensions: Dimensions, out: int) -> list[tuple[str, Effect | None]]:
    return [
        (t("cone_views.dimensions.as_is"), dimensions.largest[0]),
        (t("cone_views.dimensions.without", count=out), dimensions.largest.get(out)),
        (t("cone_views.dimensions.drawn", count=out), dimensions.drawn.get(out)),
        (t("cone_views.dimensions.standardised"), dimensions.standardised),
    ]


def _table(found: Sequence[Study], out: int) -> None:
    """What was done, and both numbers of each encoder."""
    head = [t("cone_views.dimensions.done")]
    for side, _ in found:
        head += [
            f"{side.letter}: {t('cone_views.measures.mean_cosine')}",
            f"{side.letter}: {t('cone_views.measures.spearman')}",
        ]
    rows = []
    for place, (name, _) in enumerate(_effects(found[0][1], out)):
        effects = [_effects(dimensions, out)[place][1] for _, dimensions in found]
        cells = [
            cell
            for one in effects
            for cell in (number(one and one.mean_cosine, 3), number(one and one.spearman, 1))
        ]
        rows.append([name, *cells])
    markdown_table(head, rows if out else [rows[0], rows[-1]])


def _curves(found: Sequence[Study], measure: str, out: int) -> None:
    """One number against how many dimensions are left out, the largest and as many at random."""
    places = list(found[0][1].largest)
    lines = []
    for side, dimensions in found:
        drawn = t("cone_views.dimensions.random", letter=side.letter)
        lines.append(Line(side.title, _points(dimensions.largest, measure), side.role, side.dash))
        lines.append(Line(drawn, _points(dimensions.drawn, measure), side.role, "dotted", marked=False))
    option = curves(
        lines,
        current_theme(),
        title=t(f"cone_views.dimensions.title.{measure}"),
        x_label=t("cone_views.dimensions.x"),
        y_label=t(f"cone_views.dimensions.y.{measure}"),
        limits=(-0.1, 1.0) if measure == "mean_cosine" else (0, 80),
        categories=[str(count) for count in places],
        cursor=str(out),
    )
    told = ", ".join(
        f"{side.title}: {number(getattr(d.largest[0], measure), 2)} – "
        f"{number(getattr(d.largest[places[-1]], measure), 2)}"
        for side, d in found
    )
    alt = t("cone_views.dimensions.curve_alt", measure=t(f"cone_views.measures.{measure}"), told=told)
    echarts(option, key=f"cn_removal_{measure}", alt=alt, height=340)


def _points(effects: Any, measure: str) -> list[tuple[float, float | None]]:
    return [(float(count), getattr(effect, measure)) for count, effect in effects.items()]


def _data(found: Sequence[Study]) -> None:
    longest = max(len(dimensions.contributions) for _, dimensions in found)
    table: dict[str, Sequence[Any]] = {t("cone_views.dimensions.dimension"): list(range(longest))}
    for side, dimensions in found:
        added = np.round(dimensions.contributions, 6).tolist()
        table[side.title] = [*added, *([None] * (longest - len(added)))]
    show_data(table, "cone-dimensions", key="cn_bars_data", alt=t("cone_views.dimensions.table"))


def _why(page: Frame, found: Sequence[Study]) -> None:
    told = []
    for side, dimensions in found:
        total = dimensions.largest[0].mean_cosine or 0.0
        tops = "+".join(f"{dimensions.contributions[d]:.3f}" for d in dimensions.order[:LARGEST])
        told.append(rf"\text{{{side.letter}}}: {total:.3f}={tops}+\dots")
    page.why(t("cone_views.dimensions.why"), formula=FORMULA, live=r",\quad ".join(told))


def _guess() -> None:
    """How much of the mean cosine of the opening's A three dimensions make."""
    name = story()[0]
    geometry = recorded_geometry(name)
    if geometry is None:
        return
    dimensions = geometry.states[geometry.layers, "mean"].dimensions
    added, total = dimensions.contributions, dimensions.contributions.sum()
    share = float(added[dimensions.order[:LARGEST]].sum() / total)
    right = next(label for limit, label in BUCKETS if share < limit)
    guess(
        "cone.rogue",
        t("cone_views.dimensions.guess", name=plain(name), count=LARGEST, all=len(added)),
        tuple(label for _, label in BUCKETS),
        is_right=lambda answer: answer == right,
        reveal=t(
            "cone_views.dimensions.reveal",
            share=f"{100 * share:.0f}",
            even=f"{100 * LARGEST / len(added):.1f}",
        ),
    )


def _goal(dimensions: Dimensions, out: int) -> None:
    before = dimensions.largest[0]
    now = dimensions.largest.get(out)
    if before.mean_cosine is None or now is None or now.mean_cosine is None:
        return
    half = before.mean_cosine / 2
    enough = [
        k for k, one in dimensions.largest.items() if one.mean_cosine is not None and one.mean_cosine < half
    ]
    if before.mean_cosine < CONE or not enough:
        st.markdown(t("cone_views.dimensions.task"))
        st.caption(t("cone_views.dimensions.impossible", before=number(before.mean_cosine, 2)))
        return
    goal(
        "cone.dimensions",
        t("cone_views.dimensions.task"),
        reached=out == min(enough),
        status=t("cone_views.dimensions.status", value=number(now.mean_cosine, 3), half=number(half, 3)),
        praise=t(
            "cone_views.dimensions.praise",
            count=min(enough),
            drawn=number(dimensions.drawn[min(enough)].mean_cosine, 2),
            before=number(before.spearman, 1),
            after=number(dimensions.largest[min(enough)].spearman, 1),
        ),
    )


def _code(side: Side, out: int, pooling: str, layer: int | None) -> str:
    from pages.cone.live import name_at

    name, _ = name_at(side.name, layer)
    more = f",\n                       template='{PROMPT}'" if pooling == "mask" else ""
    return CODE.format(rows=side.geometry.sentences, name=name, pooling=pooling, more=more, out=out)
