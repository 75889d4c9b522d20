"""One checkpoint out of all there are: shipped encoders and their layers, runs, folders and Hub ids."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.ui.state import CHECKPOINT, choice
from pages.ui.text import plain, t
from simcse_core.encoders.catalogue import list_encoders, resolve
from simcse_core.errors import SimCSEError
from simcse_core.runs.store import RUN_ID, Run, RunStore

ADDED = "checkpoints-added"  # folders and ids this visitor named; shared by the pages
_PROBLEM = "checkpoints-problem"
RUNS_OFFERED = 20


def run_of(name: str) -> Run | None:
    """The run behind `RUN` or `RUN@STEP`, if there is one."""
    run_id = name.partition("@")[0]
    if not RUN_ID.fullmatch(run_id):
        return None
    try:
        return RunStore().get(run_id)
    except SimCSEError:
        return None


def loadable(name: str) -> str:
    """What `load_encoder` is given: a run becomes its folder at a fixed step, so that the name stays true."""
    run = run_of(name)
    if run is None:
        return name.strip()
    step = name.partition("@")[2] or str(max(run.checkpoints(), default="last"))
    return f"{run.folder}@{step}"


def short(name: str) -> str:
    """A checkpoint's name without its folder."""
    return name.rstrip("/").rsplit("/", 1)[-1] if name.startswith(("/", "~", ".")) else name


def names(first: Sequence[str]) -> tuple[str, ...]:
    """What can be chosen: `first`, shipped encoders and their first layers, runs, and what was added."""
    found = [*first]
    for entry in list_encoders():
        if entry.available:
            found += [*(f"{entry.name}:{k}" for k in range(1, entry.layers)), entry.name]
    runs = [run.id for run in RunStore().list()[:RUNS_OFFERED] if run.checkpoints()]
    return tuple(dict.fromkeys([*found, *runs, *st.session_state.get(ADDED, [])]))


def pick(first: Sequence[str], default: str, *, key: str = CHECKPOINT, help: str | None = None) -> str:
    """Choose a checkpoint, and add one to the list; kept in the address.

    Args:
        first: Names at the top of the list, such as those a page has recorded results for.
        default: The one a page opens with; on the list.
        key: Of the setting; the pages share `CHECKPOINT`.
        help: Tooltip.
    """
    with st.container(gap="xsmall"):
        chosen = choice(
            t("shell.checkpoint.label"), names(first), default, key=key, kind="select", format_func=short,
            help=help,
        )  # fmt: skip
        with st.popover(t("shell.checkpoint.another"), icon=":material/add:", type="tertiary"):
            st.text_input(
                t("shell.checkpoint.field"),
                key=f"{key}-name",
                persist_state="session",
                placeholder="org/name",
            )
            st.caption(t("shell.checkpoint.help"))
            st.button(t("shell.checkpoint.add"), key=f"{key}-add", on_click=_add, args=(key,))
            if problem := st.session_state.get(_PROBLEM):
                st.error(plain(problem))
    return chosen


def _add(key: str) -> None:
    """Callback: check the name and what is behind it, which may fetch it, and choose it."""
    from simcse_core.encoders.checks import check_weights, checked_config  # with torch, slow at first
    from simcse_core.encoders.families import SUPPORTED

    name = str(st.session_state.get(f"{key}-name", "")).strip()
    st.session_state[_PROBLEM] = ""
    try:
        folder = resolve(name).folder
        checked_config(folder, SUPPORTED)
        check_weights(folder)
    except SimCSEError as error:
        st.session_state[_PROBLEM] = f"{error.message} {error.hint}"
        return
    name = str(Path(name).expanduser()) if name.startswith("~") else name
    st.session_state[ADDED] = list(dict.fromkeys([*st.session_state.get(ADDED, []), name]))
    st.session_state[key] = name
