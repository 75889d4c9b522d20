"""Beside the map: neighbour lists at two steps, how the lists change, where it comes from, exports."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.checkpoints.map_controls import Settings, spaced, title
from pages.checkpoints.map_data import RECORDED, TWO, Recorded, View, recorded
from pages.checkpoints.taking_vectors import one_file
from pages.ui.exports import csv_button, echarts, json_button, show_data
from pages.ui.text import plain, t
from pages.ui.theme import current_theme
from simcse_core.data.vectors import make_vectors, vector_files
from simcse_core.evaluation.neighbours import overlap_with_last, overlap_with_previous, same_group, shared
from simcse_core.figures.maps_churn import churn


def step_name(view: View, at: int) -> str:
    """A step as it is spoken of: `step 40`, or a checkpoint's name."""
    return t("checkpoints.at_step", step=view.labels[at]) if view.source != TWO else view.labels[at]


def caption(view: View, settings: Settings) -> None:
    """What is drawn, how far it can be trusted, and where it comes from."""
    layout = view.atlas.layouts[settings.method]
    kept, chance = layout.kept[settings.at], layout.chance
    said = t("checkpoints.what", count=len(view.atlas.texts), method=title(settings.method), seed=layout.seed)
    if kept is not None and chance is not None:
        said += " " + t("checkpoints.trust", kept=f"{100 * kept:.0f}", chance=f"{100 * chance:.1f}")
    st.caption(f"{said} {provenance(view)}")


def provenance(view: View) -> str:
    """Which run or checkpoints, in a sentence."""
    if view.source == TWO:
        first, second = (plain(name) for name in view.labels)
        return t("checkpoints.from_two", first=first, second=second)
    if view.source != RECORDED:
        return t("checkpoints.from_run", name=plain(view.source))
    return _recorded_from(recorded())


def _recorded_from(found: Recorded) -> str:
    made: Any = found.made
    config = made["config"]
    return t(
        "checkpoints.from_recorded",
        steps=found.atlas.steps[-1],
        encoder=plain(config["encoder"]["name"]),
        data=plain(config["data"]["train"]),
        batch=config["optim"]["batch_size"],
        seed=made["seed"],
        precision=made["precision"],
        device=plain(made["device"]),
        date=plain(made["date"]),
    )


def lists(view: View, settings: Settings) -> None:
    """The pinned sentence's true neighbours at the two steps."""
    near = view.atlas.neighbours[:, settings.pin, : settings.k]
    at = list(dict.fromkeys([settings.other, settings.at]))
    st.subheader(t("checkpoints.lists"), anchor=False)
    st.text(view.atlas.texts[settings.pin])
    for place, number in zip(st.columns(len(at), gap="large"), at, strict=True):
        others = {row for other in at if other != number for row in near[other].tolist()}
        with place:
            _list(view, settings, number, others)
    if len(at) == 2:
        same = shared(near[at[:1]], near[at[1:]])[0]
        st.caption(t("checkpoints.same", same=int(same), k=settings.k))


def _list(view: View, settings: Settings, number: int, others: set[int]) -> None:
    """One list; `others` are the rows of the other one."""
    atlas, pin, step = view.atlas, settings.pin, step_name(view, number)
    rows = atlas.neighbours[number, pin, : settings.k].tolist()
    own = sum(atlas.subjects[row] == atlas.subjects[pin] for row in rows)
    subject = plain(spaced(atlas.subjects[pin]))
    st.markdown(t("checkpoints.list_of", step=plain(step), own=own, k=len(rows), subject=subject))
    cosines = atlas.cosines[number, pin, : settings.k]
    columns = {
        "cosine": [float(cosine) for cosine in cosines],
        "both": [t("checkpoints.yes") if row in others else "" for row in rows],
        "sentence": [atlas.texts[row] for row in rows],
        "subject": [spaced(atlas.subjects[row]) for row in rows],
    }
    heads: dict[str, Any] = {
        "cosine": st.column_config.NumberColumn(t("checkpoints.column.cosine"), format="%.2f", width=60),
        "both": st.column_config.TextColumn(t("checkpoints.column.both"), width=60),
        "sentence": st.column_config.TextColumn(t("checkpoints.column.sentence"), width=220),
        "subject": st.column_config.TextColumn(t("checkpoints.column.subject")),
    }
    st.dataframe(
        columns, hide_index=True, width="stretch", key=f"cp-list-{number}", height=38 + 35 * len(rows),
        column_config=heads, alt=t("checkpoints.list_alt", step=step),
    )  # fmt: skip


def changes(view: View, settings: Settings) -> None:
    """Overlap of the neighbour lists over the steps; of two checkpoints the one number."""
    atlas = view.atlas
    near = atlas.neighbours[..., : settings.k]
    last, own = overlap_with_last(near), same_group(near, atlas.subjects).mean(axis=1)
    st.subheader(t("checkpoints.changes"), anchor=False)
    if not view.scrub:
        if view.source == TWO:
            st.markdown(t("checkpoints.two_overlap", overlap=f"{last[0]:.2f}", k=settings.k,
                          own=f"{100 * own[0]:.0f}", other=f"{100 * own[1]:.0f}"))  # fmt: skip
        else:
            st.markdown(t("checkpoints.one_step"))
        return
    previous = overlap_with_previous(near)
    words = {name: t(f"checkpoints.churn.{name}") for name in ("step", "share", "previous", "last", "own")}
    words["title"] = t("checkpoints.churn.title", k=settings.k)
    marked = [atlas.steps[settings.at], atlas.steps[settings.other]]
    option = churn(
        atlas.steps, previous.tolist(), last.tolist(), own.tolist(), current_theme(), words=words, at=marked
    )
    alt = t("checkpoints.churn.alt", first=f"{previous[0]:.2f}", last=f"{previous[-1]:.2f}")
    echarts(option, key="cp-churn", alt=alt, height=380)
    st.caption(t("checkpoints.churn.caption", gap=atlas.steps[1] - atlas.steps[0], first=f"{previous[0]:.2f}",
                 last=f"{previous[-1]:.2f}", own_first=f"{100 * own[0]:.0f}",
                 own_last=f"{100 * own[-1]:.0f}"))  # fmt: skip
    show_data(_columns(view, previous, last, own), "neighbours-over-steps", key="cp-churn-data",
              alt=t("checkpoints.churn.table_alt"))  # fmt: skip


def _columns(view: View, previous: Any, last: Any, own: Any) -> dict[str, list[Any]]:
    """Columns of the curve, with the scores of the recorded run."""
    columns: dict[str, list[Any]] = {
        "step": list(view.atlas.steps),
        "overlap_with_previous": [None, *(round(float(v), 4) for v in previous)],
        "overlap_with_last": [round(float(v), 4) for v in last],
        "own_subject": [round(float(v), 4) for v in own],
    }
    for method, layout in view.atlas.layouts.items():
        columns[f"{method}_neighbours_kept"] = list(layout.kept)
        columns[f"{method}_trustworthiness"] = list(layout.trustworthiness)
    if view.source == RECORDED:
        scores = recorded().scores
        columns |= {name: [row[name] for row in scores] for name in scores[0] if name != "step"}
    return columns


def exports(view: View, settings: Settings) -> None:
    """The shown map as a table, the view as JSON, and for the Embedding Projector all that is at hand."""
    name = f"map-{settings.method}-{view.labels[settings.at]}".replace("/", "-")
    value = shown(view, settings)
    with st.container(horizontal=True, gap="small"):
        csv_button(value["points"], name, key="cp-map-csv")
        json_button(value, name, key="cp-map-json")
        st.download_button(
            t("checkpoints.projector" if view.clouds else "checkpoints.projector_map"),
            lambda: projector_files(view, settings, name), f"{name}-vectors.zip", "application/zip",
            key="cp-map-tsv", icon=":material/download:", on_click="ignore",
            help=t("checkpoints.projector_help"),
        )  # fmt: skip


def projector_files(view: View, settings: Settings, name: str) -> bytes:
    """Vectors of the shown step, or the places on the map where there are no vectors, with their labels."""
    atlas, step = view.atlas, view.atlas.steps[settings.at]
    rows = view.clouds.get(step, atlas.layouts[settings.method].points[settings.at])
    found = make_vectors(rows, atlas.texts, {"subject": atlas.subjects})
    return one_file(vector_files(found, f"{name}.tsv"), name)[1]


def shown(view: View, settings: Settings) -> dict[str, Any]:
    """The view as plain values: what is shown, the pin's neighbours, the selection, every point."""
    atlas, at, pin = view.atlas, settings.at, settings.pin
    layout = atlas.layouts[settings.method]
    near = zip(atlas.neighbours[at, pin, : settings.k], atlas.cosines[at, pin], strict=False)
    return {
        "source": view.source,
        "step": view.labels[at],
        "compared_with": view.labels[settings.other],
        "method": settings.method,
        "settings": dict(layout.settings),
        "seed": layout.seed,
        "pinned": atlas.texts[pin],
        "neighbours": [
            {"text": atlas.texts[row], "subject": atlas.subjects[row], "cosine": round(float(cosine), 4)}
            for row, cosine in near
        ],
        "selected": [atlas.texts[row] for row in settings.chosen],
        "points": {
            "text": list(atlas.texts),
            "subject": list(atlas.subjects),
            "x": [float(f"{x:.5g}") for x in layout.points[at, :, 0]],
            "y": [float(f"{y:.5g}") for y in layout.points[at, :, 1]],
        },
    }
