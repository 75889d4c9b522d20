"""One line on what the machine is doing; what went wrong stays until it is dismissed."""

from __future__ import annotations

import streamlit as st

from pages.lab import jobs, session
from pages.lab.model import recorded, set_name
from pages.ui.jobs import ahead, worker_is_warm
from pages.ui.text import plain, t
from pages.ui.theme import emphasis
from simcse_core.runs.snapshot import RunSnapshot
from simcse_core.runs.store import Run

FAILED = ("failed", "lost")
COLLAPSED = 0.98  # mean cosine from which all sentences look alike


def draw_status(run: Run | None, shot: RunSnapshot | None) -> None:
    """Draw the line, and the box of what went wrong, if anything did."""
    _notice()
    if run is None or shot is None:
        _recorded_line()
    elif shot.status in FAILED:
        _broken(run, shot)
    elif shot.status == "queued":
        _queued(run, shot)
    elif shot.status in {"running", "paused"}:
        _progress(run, shot)
    else:
        _ended(shot)


def _notice() -> None:
    found = session.notice()
    if found is None:
        return
    with st.container(key="lb-notice"):
        hint = f"\n\n{plain(found.hint)}" if found.hint else ""
        st.error(f"**{plain(found.message)}**{hint}", icon=":material/error:")
        st.button(t("lab.dismiss"), key="lb-dismiss-notice", on_click=session.forget_notice, type="tertiary",
                  icon=":material/close:")  # fmt: skip


def _recorded_line() -> None:
    view = recorded()
    line = t("lab.status.recorded", date=view.made["date"], device=view.device, seed=view.config.seed)
    if not worker_is_warm():
        line += " " + t("lab.status.warming")
    st.caption(line)


def _queued(run: Run, shot: RunSnapshot) -> None:
    before = ahead(run, shot)
    if before:
        words = t("lab.status.queued", ahead=before)
    else:
        words = t("lab.status.starting") if worker_is_warm() else t("lab.status.loading")
    st.progress(0.0, text=words)


def _progress(run: Run, shot: RunSnapshot) -> None:
    share = min(1.0, shot.step / max(1, shot.total))
    if shot.status == "paused" and not jobs.moving(run, shot):
        st.progress(share, text=t("lab.status.paused", step=shot.step, steps=shot.total))
        return
    words = [t("lab.status.running", step=shot.step, steps=shot.total)]
    if shot.seconds_left is not None and shot.step < shot.total:
        words.append(t("lab.status.left", seconds=max(1, round(shot.seconds_left))))
    if shot.steps:
        words.append(t("lab.status.speed", rate=f"{shot.steps[-1]['sentences_per_second']:,.0f}"))
    st.progress(share, text=" · ".join(words))


def _ended(shot: RunSnapshot) -> None:
    if shot.status == "stopped":
        left, right = st.columns((0.7, 0.3), vertical_alignment="center")
        left.caption(t("lab.status.stopped", step=shot.step, steps=shot.total))
        if shot.step:
            right.button(t("lab.resume"), key="lb-resume", on_click=jobs.resume, icon=":material/resume:")
        return
    first, last = shot.evaluations[0], shot.evaluations[-1]
    lead = next(iter(last["sets"]))
    scores = (f"{e['sets'][lead]:.1f}" if e["sets"][lead] is not None else "–" for e in (first, last))
    before, after = scores
    if last["mean_cosine"] > COLLAPSED:
        st.warning(t("lab.status.collapsed", cosine=f"{last['mean_cosine']:.2f}"), icon=":material/compress:")
    st.caption(
        t("lab.status.finished", steps=shot.total, seconds=round(shot.seconds), name=set_name(lead),
          before=before, after=after)
    )  # fmt: skip


def _broken(run: Run, shot: RunSnapshot) -> None:
    if session.is_dismissed(run.id, shot.step):
        st.caption(t("lab.status.ended_early", step=shot.step, steps=shot.total))
        return
    with st.container(border=True, key="lb-broken"):
        if shot.status == "lost":
            st.warning(_lost_words(shot), icon=":material/link_off:")
        else:
            hint = f"\n\n{plain(shot.hint)}" if shot.hint else ""
            st.error(
                f"**{t('lab.status.failed', step=shot.step, steps=shot.total)}** {plain(shot.error)}{hint}",
                icon=":material/error:",
            )
        _ways_out(run, shot)


def _lost_words(shot: RunSnapshot) -> str:
    if shot.checkpoint:
        saved = int(shot.checkpoint.rsplit("-", 1)[-1])
        return t("lab.status.lost", step=shot.step, steps=shot.total, saved=saved)
    return t("lab.status.lost_early", step=shot.step, steps=shot.total)


def _ways_out(run: Run, shot: RunSnapshot) -> None:
    batch = run.config.optim.batch_size
    kind = jobs.failure_kind(run) if shot.status == "failed" else ""
    with st.container(horizontal=True):
        if kind == "memory" and batch >= 4:
            changes: dict[str, float] = {"optim.batch_size": batch // 2}
            st.button(t("lab.retry_batch", batch=batch // 2), key="lb-retry", icon=":material/replay:",
                      on_click=jobs.start, kwargs={"changes": changes})  # fmt: skip
        elif kind == "loss":
            rate = run.config.optim.learning_rate / 10
            changes = {"optim.learning_rate": rate}
            st.button(t("lab.retry_rate", rate=f"{rate:g}"), key="lb-retry", icon=":material/replay:",
                      on_click=jobs.start, kwargs={"changes": changes})  # fmt: skip
        elif kind in {"", "disk", "bug"}:
            st.button(t("lab.resume"), key="lb-resume", on_click=jobs.resume, icon=":material/resume:",
                      type=emphasis())  # fmt: skip
        st.button(t("lab.dismiss"), key="lb-dismiss", on_click=session.dismiss, args=(run.id, shot.step),
                  type="tertiary", icon=":material/close:")  # fmt: skip
