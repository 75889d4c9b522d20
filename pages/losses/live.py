"""Train several objectives here, one after the other, and watch their curves grow together."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.losses import controls, group, recorded
from pages.losses.group import Member
from pages.ui import jobs
from pages.ui.exports import echarts
from pages.ui.state import choice, seed_control
from pages.ui.text import plain, t
from pages.ui.theme import current_theme, emphasis
from simcse_core.errors import SimCSEError
from simcse_core.figures.lab import RunCurve, nice_axis, run_panel

TICK = 1.0  # seconds
DATA = ("triples", "clips")
STEPS, RATES = (10, 20, 40, 80), (1e-5, 3e-5, 1e-4)
HEIGHT = 270


def settings() -> list[str]:
    """What would be trained: data, objectives that fit them, steps, rate and seed; the chosen objectives."""
    config = recorded.recorded()["made"]["config"]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        data = choice(t("losses.live.data"), DATA, config["data"]["train"], key="ls_data",
                      format_func=lambda name: t(f"losses.live.{name}"))  # fmt: skip
        most = jobs.limits().steps
        steps = choice(t("losses.live.steps"), [s for s in STEPS if s <= most] or [most],
                       min(config["optim"]["steps"], most), key="ls_steps")  # fmt: skip
        rate = choice(t("losses.live.rate"), RATES, config["optim"]["learning_rate"], key="ls_rate",
                      format_func=lambda value: f"{value:g}")  # fmt: skip
        seed = seed_control(t("losses.seed"), key="ls_seed", default=config["seed"])
    with st.spinner(t("losses.live.loading")):
        from simcse_core.training.fitting import losses_for  # imports torch: not before it is asked for
    chosen = controls.pick(losses_for(group.kind_of(data)), group.title, key="ls_train")
    changes = {"data.train": data, "optim.steps": steps, "optim.learning_rate": rate, "seed": seed}
    try:
        wanted = [one.to_dict() for one in group.configs(chosen, changes)]
    except SimCSEError as error:
        wanted = []
        st.error(plain(str(error)), icon=":material/error:")
    st.session_state[group.CONFIGS] = wanted
    return chosen


def follow() -> None:
    """Buttons, the state of every run, and the curves; redrawn only while something runs."""
    found = group.members()
    states = tuple(one.shot.status for one in found)
    every = TICK if any(one.shot.active for one in found) else None
    st.fragment(_draw, run_every=every)(states)


def _draw(states: tuple[str, ...]) -> None:
    found = group.members()
    if tuple(one.shot.status for one in found) != states:
        st.rerun()  # something began or ended: the figures below take it in, and the rhythm is set anew
    for device in {one.config.optim.device for one in found if one.shot.status == "queued"}:
        jobs.start_worker(device)  # a killed worker must not leave anybody waiting
    _buttons(found)
    if notice := st.session_state.get(group.NOTICE):
        st.error(plain(notice), icon=":material/error:")
    for one in found:
        _line(one)
    if found:
        _curves(found)


def _buttons(found: Sequence[Member]) -> None:
    working = any(one.open for one in found)
    count = len(st.session_state.get(group.CONFIGS, []))
    with st.container(horizontal=True, gap="small", key="ls-transport"):
        st.button(t("losses.live.start", count=count), key="ls-start", icon=":material/play_arrow:",
                  type=emphasis(), on_click=group.start, disabled=working or not count)  # fmt: skip
        st.button(t("losses.live.stop"), key="ls-stop", icon=":material/stop:", on_click=group.stop,
                  disabled=not working)  # fmt: skip
        if found:
            st.button(t("losses.live.leave"), key="ls-leave", icon=":material/close:", type="tertiary",
                      on_click=group.leave, disabled=working)  # fmt: skip


def _line(one: Member) -> None:
    name, words = group.title(one.config.loss.name), group.status_words(one)
    if one.shot.status in {"failed", "lost"}:
        st.error(f"**{plain(name)}**: {words} {plain(one.shot.error)} {plain(one.shot.hint)}",
                 icon=":material/error:")  # fmt: skip
        return
    share = min(1.0, one.shot.step / max(1, one.shot.total))
    st.progress(share, text=f"{plain(name)} · {words}")


def _curves(found: Sequence[Member]) -> None:
    """Rank correlation, and the loss as a share of its first value, one curve a run."""
    scores = [
        RunCurve(_name(one), [e["step"] for e in one.shot.evaluations],
                 [e["spearman"] for e in one.shot.evaluations], place)
        for place, one in enumerate(found)
    ]  # fmt: skip
    losses = [
        RunCurve(_name(one), [s["step"] for s in one.shot.steps], _shares(one), place)
        for place, one in enumerate(found)
    ]
    last = max(one.shot.total for one in found)
    left, right = st.columns(2)
    for column, what, curves, step, least in (
        (left, "scores", scores, 5.0, 10.0),
        (right, "losses", losses, 0.2, 1.0),
    ):
        values = [v for curve in curves for v in curve.y] + ([0.0] if what == "losses" else [])
        option = run_panel(
            curves, current_theme(), title=t(f"losses.live.{what}"), subtitle=t(f"losses.live.{what}_better"),
            steps=last, y_axis=nice_axis(values, step=step, least=least), legend=True,
        )  # fmt: skip
        ends = "; ".join(f"{c.name} {c.y[-1]:.2f}" for c in curves if c.y and c.y[-1] is not None)
        with column:
            echarts(option, key=f"ls_live_{what}", alt=t(f"losses.live.{what}_alt", ends=ends), height=HEIGHT)


def _name(one: Member) -> str:
    return group.title(one.config.loss.name)


def _shares(one: Member) -> list[float | None]:
    values = [float(s["loss"]) for s in one.shot.steps]
    return [v / values[0] if values[0] else None for v in values]
