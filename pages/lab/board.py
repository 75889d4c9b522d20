"""All runs of this machine: scores, comparison, opening, deleting, taking away."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import streamlit as st

from pages.lab import data, jobs, session
from pages.lab.model import RECORDED, RunView, recorded, set_name, short_id, view_of
from pages.lab.panels import table
from pages.ui.exports import csv_button, json_button
from pages.ui.text import t
from pages.ui.theme import emphasis
from simcse_core.config import RunConfig
from simcse_core.errors import SimCSEError
from simcse_core.runs.store import Run

BESIDE_KEY, PICK_KEY = "lb_beside", "lb-pick"
MOST_BESIDE, MOST_OFFERED, MOST_ROWS = 4, 8, 40


def beside(front: str | None) -> list[RunView]:
    """Choose runs to draw beside the one in front; the recorded one unless told otherwise."""
    runs = {run.id: run for run in [r for r in jobs.store().list() if r.id != front][:MOST_OFFERED]}
    chosen = st.pills(
        t("lab.beside"), [RECORDED, *runs], selection_mode="multi", default=[RECORDED], key=BESIDE_KEY,
        bind="query-params", help=t("lab.beside_help"),
        format_func=lambda key: t("lab.recorded_name") if key == RECORDED else short_id(key),
    )  # fmt: skip
    views = [
        recorded() if key == RECORDED else _view(runs[key]) for key in chosen if key in {RECORDED, *runs}
    ]
    return views[:MOST_BESIDE]


def _view(run: Run) -> RunView:
    return view_of(run, run.snapshot())


def _title(run: Run) -> str:
    return f"{short_id(run.id)} · {summary_of(run.config)}"


def summary_of(config: RunConfig) -> str:
    """What sets a run apart, in a few words."""
    return t(
        "lab.board.summary", loss=config.loss.name, encoder=_encoder(config.encoder.name),
        batch=config.optim.batch_size, rate=f"{config.optim.learning_rate:g}", seed=config.seed,
    )  # fmt: skip


def _encoder(name: str) -> str:
    return name if "/" not in name else name.rstrip("/").rsplit("/", 1)[-1]


def draw(front: str | None) -> None:
    """The table, best first, and what can be done with each run."""
    st.subheader(t("lab.board.title"), anchor=False)
    runs = jobs.store().list()[:MOST_ROWS]
    found = [_row(run, front) for run in runs]
    rows = sorted(
        (row for row in found if row is not None), key=lambda row: -(row[t("lab.board.after")] or -1.0)
    )
    if not rows:
        st.caption(t("lab.board.empty"))
        return
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    st.dataframe(columns, hide_index=True, width="stretch", key="lb-board", alt=t("lab.board.alt"))
    csv_button(columns, "lab-runs", key="lb-board-csv")
    _actions(runs)


def _row(run: Run, front: str | None) -> dict[str, Any] | None:
    try:
        config, shot = run.config, jobs.snapshot(run)
    except SimCSEError:
        return None
    first, last = (shot.evaluations[0], shot.evaluations[-1]) if shot.evaluations else ({}, {})
    sets = last.get("sets", {})
    return {
        t("lab.board.run"): ("▶ " if run.id == front else "") + short_id(run.id),
        t("lab.board.status"): t(f"lab.board.state.{shot.status}"),
        t("lab.board.before"): _rounded(first.get("spearman")),
        t("lab.board.after"): _rounded(last.get("spearman")),
        t("lab.board.public"): ", ".join(f"{set_name(n)} {_score(sets[n])}" for n in list(sets)[1:]),
        t("lab.board.cosine"): None if not last else round(last["mean_cosine"], 2),
        t("lab.board.steps"): f"{shot.step}/{shot.total}",
        t("lab.board.seconds"): round(shot.seconds, 1),
        t("lab.board.what"): summary_of(config),
        t("lab.board.data"): data.data_name(config.data.train),
    }  # fmt: skip


def _score(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _actions(runs: list[Run]) -> None:
    known = {run.id: run for run in runs}
    picked = st.selectbox(
        t("lab.board.pick"), list(known), key=PICK_KEY, format_func=lambda key: _title(known[key])
    )
    if picked is None:
        return
    with st.container(horizontal=True):
        st.button(t("lab.board.open"), key="lb-open", icon=":material/visibility:", on_click=session.follow,
                  args=(picked,))  # fmt: skip
        with st.popover(t("lab.board.delete"), icon=":material/delete:"):
            st.markdown(t("lab.board.delete_sure", name=short_id(picked)))
            st.button(
                t("lab.board.delete_yes"), key="lb-delete", type=emphasis(), on_click=_delete, args=(picked,)
            )


def _delete(run_id: str) -> None:
    jobs.with_errors(lambda: jobs.store().delete(run_id))
    if session.run_id() == run_id and session.notice() is None:
        session.leave()
    st.session_state.pop(PICK_KEY, None)


def exports(view: RunView, run: Run | None) -> None:
    """Settings, measurements, checkpoint; and the pages that open it."""
    st.subheader(t("lab.export.title"), anchor=False)
    with st.container(horizontal=True):
        json_button(_document(view), f"lab-{view.key}", key="lb-json")
        csv_button(table(view), f"lab-{view.key}-metrics", key="lb-csv")
        if run is not None and run.checkpoints():
            _checkpoint(run)
    if run is not None and run.checkpoints():
        st.caption(t("lab.export.checkpoint_help"))


def _document(view: RunView) -> dict[str, Any]:
    return {
        "id": view.key, "status": view.status, "device": view.device, "seconds": view.seconds,
        "config": view.config.to_dict(), "steps": list(view.steps), "evaluations": list(view.evaluations),
    }  # fmt: skip


def _checkpoint(run: Run) -> None:
    step, folder = max(run.checkpoints().items())
    st.download_button(
        t("lab.export.checkpoint", step=step), lambda: _zipped(str(folder)), f"{run.id}-step-{step}.zip",
        "application/zip", key="lb-checkpoint", icon=":material/folder_zip:", on_click="ignore",
    )  # fmt: skip
    for page in ("pairs", "cone"):
        st.link_button(t(f"lab.export.{page}"), f"/{page}?ck={run.id}", icon=":material/open_in_new:")


def _zipped(folder: str) -> bytes:
    """A checkpoint folder as it is opened by sentence-transformers, without what only a resume needs."""
    out = io.BytesIO()
    root = Path(folder)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.name not in {"state.safetensors", "state.json"}:
                archive.write(path, Path(root.name) / path.relative_to(root))
    return out.getvalue()
