"""The main figures: every repair in three numbers, arrows in the plane, and the chosen one's histogram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.repair.controls import Settings
from pages.repair.measured import Measured, Refused, State, recorded
from pages.ui.checkpoints import short
from pages.ui.exports import echarts, plotly, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.repairs import CORPORA, EDGES, ELSEWHERE, NUMBERS, TARGET, Effect, title_of
from simcse_core.figures.cone_curves import Hump, cosine_humps
from simcse_core.figures.repair import MEASURES, Mended, dumbbells, limits_of, plane
from simcse_core.metrics.uniformity import isotropic_uniformity
from simcse_core.postprocess import postprocessors

PLANE_AIR = 0.14


def signed(value: float, digits: int) -> str:
    """A number with a real minus sign, and no minus before a zero."""
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def change(value: float, digits: int) -> str:
    """A difference with its sign."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def rival_of(corpus: str) -> str:
    """The other corpus."""
    return next(one for one in CORPORA if one != corpus)


def numbers_of(state: State) -> dict[str, float | None]:
    """The three measures of a state; empty where it was refused or not measured."""
    return {m: getattr(state, m) for m in MEASURES} if isinstance(state, Effect) else {}


def mended(settings: Settings, measured: Measured) -> list[Mended]:
    """A row for every registered repair, the chosen corpus and the other one."""
    rows = []
    for name in postprocessors:
        chosen = settings.settings_of(name)
        state = measured.state(name, chosen, settings.corpus, settings.count)
        rival = measured.state(name, chosen, rival_of(settings.corpus), measured.counts[-1])
        note = t("repair.refused_row") if isinstance(state, Refused) else t("repair.absent_row")
        rows.append(
            Mended(
                title_of(name, chosen), numbers_of(state), numbers_of(rival), name == settings.repair, note
            )
        )
    return rows


def before_of(measured: Measured) -> dict[str, float]:
    """The three measures of the encoder as it is."""
    return {m: float(getattr(measured.before, m) or 0.0) for m in MEASURES}


def main_figure(settings: Settings, measured: Measured, rows: Sequence[Mended]) -> None:
    """Dumbbells, what they show in words, and where the numbers come from."""
    before = before_of(measured)
    words = {m: t(f"repair.axis.{m}") for m in MEASURES}
    words |= {
        "title": t("repair.figure.title", name=short(settings.checkpoint)),
        "before": t("repair.before"),
        "after": t(f"repair.after.{settings.corpus}"),
        "rival": t(f"repair.after.{rival_of(settings.corpus)}"),
    }
    figure = dumbbells(before, rows, current_theme(), words=words, limits=limits_of(before, rows))
    ends = "; ".join(
        f"{one.name}: {signed(float(one.after['spearman'] or 0), 1)}" for one in rows if one.after
    )
    alt = t("repair.figure.alt", before=signed(before["spearman"], 1), ends=ends)
    plotly(figure, key="rp_figure", alt=alt)
    st.markdown(found(settings, measured))
    st.caption(provenance(settings, measured))


def found(settings: Settings, measured: Measured) -> str:
    """What the chosen repair does, in a sentence that is computed."""
    state = measured.state(settings.repair, settings.parameters, settings.corpus, settings.count)
    before, name = measured.before, f"**{settings.title}**"
    if isinstance(state, Refused):
        return f"{name}: {plain(state.message)} {plain(state.hint)}"
    if state is None:
        return t("repair.absent", name=name)
    said = [
        t(
            "repair.found", name=name, checkpoint=plain(short(settings.checkpoint)),
            before=signed(before.spearman, 1), after=signed(state.spearman, 1),
            change=change(state.spearman - before.spearman, 1),
        )
    ]  # fmt: skip
    if before.alignment is not None and state.alignment is not None:
        said.append(
            t(
                "repair.found_plane", before=signed(before.uniformity, 2), after=signed(state.uniformity, 2),
                align_before=signed(before.alignment, 2), align_after=signed(state.alignment, 2),
            )
        )  # fmt: skip
    if few := _few(settings, state, measured):
        said.append(few)
    return " ".join(said)


def _few(settings: Settings, state: Effect, measured: Measured) -> str:
    """That there are fewer sentences than directions, and what follows."""
    if settings.corpus == TARGET or settings.count > measured.dimension:
        return ""
    return t(
        "repair.few", count=settings.count, dimension=measured.dimension, most=settings.count - 1,
        width=state.width,
    )  # fmt: skip


def provenance(settings: Settings, measured: Measured) -> str:
    """Checkpoint, read-out, corpora, number of pairs, machine."""
    made = recorded()["made"]
    config = made["config"]
    what = t(
        "repair.what", name=plain(short(settings.checkpoint)), pooling=poolers.info(settings.pooling).title,
        pairs=config["pairs"], sentences=f"{config['sentences']:,}", count=f"{measured.counts[-1]:,}",
        picked=f"{settings.count:,}" if settings.corpus == ELSEWHERE else f"{config['sentences']:,}",
    )  # fmt: skip
    how = measured.fresh or t(
        "repair.recorded", date=made["date"], precision=made["precision"], torch=made["versions"]["torch"]
    )
    return f"{what} {how}"


def plane_figure(settings: Settings, measured: Measured, rows: Sequence[Mended]) -> None:
    """Alignment against uniformity."""
    before = before_of(measured)
    words = {key: t(f"repair.plane.{key}") for key in ("title", "better", "even")}
    words |= {m: t(f"repair.axis.{m}") for m in MEASURES[1:]} | {"before": t("repair.before")}
    shown = [one for one in rows if one.after.get("alignment") is not None]
    ends = []
    for measure in MEASURES[1:]:
        values = [before[measure], *(float(one.after[measure] or 0.0) for one in shown)]
        air = PLANE_AIR * max(max(values) - min(values), 0.1)
        ends.append((min(values) - air, max(values) + air))
    even = isotropic_uniformity(len(rows), measured.dimension)
    figure = plane(before, shown, current_theme(), words=words, limits=(ends[0], ends[1]), even=even)
    alt = t("repair.plane.alt", before=f"{signed(before['alignment'], 2)}, {signed(before['uniformity'], 2)}")
    plotly(figure, key="rp_plane", alt=alt)


def histogram(settings: Settings, measured: Measured) -> None:
    """Cosines of all pairs of scored sentences before and after the chosen repair."""
    state = measured.state(settings.repair, settings.parameters, settings.corpus, settings.count)
    before = measured.before
    humps = [Hump(t("repair.before"), before.counts, before.mean_cosine, "before", "dashed")]
    if isinstance(state, Effect):
        humps.append(Hump(settings.title, state.counts, state.mean_cosine, "after"))
    option = cosine_humps(EDGES, humps, current_theme(), title=t("repair.humps.title"))
    means = ", ".join(f"{hump.name} {signed(float(hump.mean or 0), 2)}" for hump in humps)
    echarts(option, key="rp_humps", alt=t("repair.humps.alt", means=means), height=340)


def data(settings: Settings, measured: Measured, rows: Sequence[Mended]) -> None:
    """Every number of every repair, fitted either way."""
    columns: dict[str, list[Any]] = {"repair": [], "fitted on": [], "sentences": [], "width": []}
    columns |= {name: [] for name in NUMBERS}
    _append(columns, t("repair.before"), "", None, measured.before)
    for name in postprocessors:
        chosen = settings.settings_of(name)
        for corpus in CORPORA:
            count = settings.count if corpus == ELSEWHERE else len_of_target()
            state = measured.state(name, chosen, corpus, count)
            if isinstance(state, Effect):
                _append(columns, title_of(name, chosen), corpus, count, state)
    show_data(columns, f"repair-{short(settings.checkpoint)}", key="rp_data", alt=t("repair.table_alt"))


def len_of_target() -> int:
    """Distinct sentences of the scored pairs."""
    return int(recorded()["made"]["config"]["sentences"])


def _append(
    columns: Mapping[str, list[Any]], name: str, corpus: str, count: int | None, state: Effect
) -> None:
    facts = {"repair": name, "fitted on": corpus, "sentences": count, "width": state.width}
    for key, values in columns.items():
        values.append(facts[key] if key in facts else getattr(state, key))
