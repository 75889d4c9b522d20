"""Where the sentences went: the globe over the steps, neighbours of a pinned one, cosines of random pairs."""

from __future__ import annotations

import streamlit as st

from pages.lab import jobs, model
from pages.lab.model import RunView
from pages.ui.exports import plotly, show_data
from pages.ui.state import choice
from pages.ui.text import t
from pages.ui.theme import current_theme
from simcse_core.evaluation.space import Space
from simcse_core.figures import histograms, maps

PIN_KEY, STEP_KEY = "lb_pin", "lb_at"


def draw(run_view: RunView, shown: Space) -> None:
    """Globe on the left; pinned sentence, its neighbours and the histogram on the right."""
    st.subheader(t("lab.space.title"), anchor=False)
    name = (
        t("lab.space.of_recorded")
        if run_view.key == model.RECORDED
        else t("lab.space.of_run", name=run_view.name)
    )
    st.markdown(f"{t('lab.space.look')} {name}")
    globe, lists = st.columns((0.5, 0.5), gap="large")
    with lists:
        pinned = _pin(shown)
    with globe:
        _globe(shown, pinned)
    with lists:
        _neighbours(shown, pinned)
    _histogram(shown)


def space_for(view: RunView) -> tuple[RunView, Space]:
    """The space of the run in front once it rests, else of the recorded one."""
    if view.key != model.RECORDED:
        run = jobs.current()
        found = model.space_of_run(run, view) if run is not None else None
        if found is not None:
            return view, found
    return model.recorded(), model.recorded_space()


def _pin(shown: Space) -> int:
    return choice(
        t("lab.space.pin"), list(range(len(shown.texts))), 0, key=PIN_KEY, kind="select",
        format_func=lambda row: shown.texts[row], help=t("lab.space.pin_help"),
    )  # fmt: skip


def _globe(shown: Space, pinned: int) -> None:
    same, other = t("lab.space.same_subject", subject=_subject(shown.subjects[pinned])), t("lab.space.others")
    groups = [same if subject == shown.subjects[pinned] else other for subject in shown.subjects]
    groups[pinned] = t("lab.space.pinned")
    figure = maps.sphere_frames(
        shown.points, shown.steps, current_theme(), title="",
        labels=shown.texts, groups=groups, start=len(shown.steps) - 1,
    )  # fmt: skip
    _dress(figure, same, other)
    st.markdown(f"**{t('lab.space.globe', count=len(shown.texts))}**")
    plotly(figure, key="lb-globe", alt=t("lab.space.globe_alt", first=_mean(shown, 0), last=_mean(shown, -1)))
    st.caption(t("lab.space.globe_note"))


def _dress(figure: object, same: str, other: str) -> None:
    """Pinned: a large mark in the text colour; its subject: positives; the rest: quiet."""
    theme = current_theme()
    looks = {same: ("positive", 4.5, "circle", 0.95), other: ("noise", 2.5, "circle", 0.55)}
    for trace in figure.data:  # type: ignore[attr-defined]
        if trace.mode == "markers":
            role, size, symbol, opacity = looks.get(trace.name, ("text", 9, "diamond", 1.0))
            trace.marker.update(color=getattr(theme, role), size=size, symbol=symbol, opacity=opacity)
    figure.update_layout(  # type: ignore[attr-defined]
        legend={"y": 1.0, "yanchor": "top", "itemsizing": "constant"}, margin={"t": 8}
    )


def _subject(name: str) -> str:
    return name.replace("-", " ")


def _mean(shown: Space, at: int) -> str:
    return f"{shown.means[at]:.2f}"


def _neighbours(shown: Space, pinned: int) -> None:
    first, last = shown.steps[0], shown.steps[-1]
    at = (
        choice(t("lab.space.step"), list(shown.steps), last, key=STEP_KEY, kind="ladder")
        if first != last
        else last
    )
    here = shown.steps.index(at)
    st.markdown(t("lab.space.neighbours", step=at))
    start = {int(row) for row in shown.neighbours[0][pinned]}
    rows = [int(row) for row in shown.neighbours[here][pinned]]
    columns = {
        t("lab.space.cosine"): [round(float(c), 2) for c in shown.cosines[here][pinned]],
        t("lab.space.sentence"): [shown.texts[row] for row in rows],
        t("lab.space.subject"): [_subject(shown.subjects[row]) for row in rows],
        t("lab.space.since_start"): ["" if row in start else t("lab.space.new") for row in rows],
    }
    st.dataframe(
        columns, hide_index=True, width="stretch", key="lb-neighbours", alt=t("lab.space.neighbours_alt")
    )
    same = sum(shown.subjects[row] == shown.subjects[pinned] for row in rows)
    st.caption(t("lab.space.neighbours_note", kept=len(start & set(rows)), count=len(rows), same=same))


def _histogram(shown: Space) -> None:
    theme = current_theme()
    before = histograms.Series(t("lab.space.before"), shown.density[0], "before", float(shown.means[0]))
    after = histograms.Series(
        t("lab.space.after", step=shown.steps[-1]), shown.density[-1], "after", float(shown.means[-1])
    )
    figure = histograms.cosine_histogram(
        histograms.EDGES, [before, after] if len(shown.steps) > 1 else [before], theme,
        title=t("lab.space.histogram", count=f"{len(shown.texts) * (len(shown.texts) - 1) // 2:,}"),
    )  # fmt: skip
    figure.update_layout(height=300)
    plotly(
        figure,
        key="lb-histogram",
        alt=t("lab.space.histogram_alt", first=_mean(shown, 0), last=_mean(shown, -1)),
    )
    st.caption(t("lab.space.histogram_note", first=_mean(shown, 0), last=_mean(shown, -1)))
    middles = (histograms.EDGES[:-1] + histograms.EDGES[1:]) / 2
    columns = {"cosine": [round(float(x), 3) for x in middles]}
    columns |= {
        f"density step {s}": [float(v) for v in row]
        for s, row in zip(shown.steps, shown.density, strict=True)
    }
    show_data(columns, "lab-random-cosines", key="lb-histogram-data", alt=t("lab.space.histogram_data_alt"))
