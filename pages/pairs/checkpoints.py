"""Which checkpoints are compared: shipped ones, layers of MiniLM, finished runs, and whatever is typed in."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.pairs.recorded import OPENING
from pages.ui import state
from pages.ui.checkpoints import loadable as loadable
from pages.ui.checkpoints import run_of
from pages.ui.text import plain, t
from simcse_core.encoders import list_encoders
from simcse_core.encoders.poolers import poolers
from simcse_core.errors import ConfigError, SimCSEError
from simcse_core.runs.store import RunStore

KEY, ADDRESS = "pr_models", "pr_ck"
ADD, ADDED = "pr_add", "pr_added"
_READ = "pairs_address_read"  # the address is read once: Reset must not bring it back
POOLING = "pr_pool"
OWN = "own"
MOST = 4
RUNS_SHOWN, RUNS_OFFERED = 20, 2


def title(name: str) -> str:
    """Human name of a checkpoint; not yet disarmed for Markdown."""
    base, _, layers = name.partition(":")
    known = {entry.name: entry for entry in list_encoders()}
    if base in known and layers.isdigit():
        return t("pairs.first_layers", model=known[base].title, layers=layers)
    if base in known:
        return known[base].title
    run = run_of(name)
    if run is not None:
        step = name.partition("@")[2] or max(run.checkpoints(), default=0)
        return t("pairs.run", name=run.id, step=step)
    return Path(name).name if "/" in name and Path(name).expanduser().is_dir() else name


def role(name: str) -> str:
    """`before` for a checkpoint cut from a trained one, `after` for the rest."""
    return "before" if ":" in name and run_of(name) is None else "after"


def known_names() -> list[str]:
    """Names to choose from, the opening two first."""
    entries = [entry for entry in list_encoders() if entry.available or entry.name in OPENING]
    cut = [f"{e.name}:{k}" for e in entries for k in range(1, e.layers)]
    return list(dict.fromkeys([*OPENING, *(e.name for e in entries), *_finished(), *cut]))


def _finished() -> list[str]:
    """Runs that have a checkpoint, newest first."""
    return [run.id for run in RunStore().list()[:RUNS_SHOWN] if run.checkpoints()]


def opening(asked: str | None) -> list[str]:
    """What is compared at first: the usual two, or what the address asks for beside what it was made from."""
    if not asked:
        return list(OPENING)
    run = run_of(asked)
    if run is None:
        return list(dict.fromkeys([asked, "minilm"]))
    try:
        return list(dict.fromkeys([run.config.encoder.name, asked]))
    except SimCSEError:
        return [asked]


def choose() -> list[str]:
    """The checkpoints to compare, one to four, kept in the address as `pr_ck`."""
    default = opening(st.query_params.get(state.CHECKPOINT))
    if KEY not in st.session_state:
        linked = [] if st.session_state.get(_READ) else st.query_params.get_all(ADDRESS)
        st.session_state[KEY] = (
            list(dict.fromkeys(name.strip() for name in linked if name.strip()))[:MOST] or default
        )
        st.session_state[_READ] = True
    added = st.session_state.get(ADDED, [])
    offered = [*OPENING, *default, *_finished()[:RUNS_OFFERED], *added, *st.session_state[KEY]]
    with st.container(gap="xsmall"):
        chosen = st.pills(
            t("pairs.checkpoints"), list(dict.fromkeys(offered)), key=KEY, selection_mode="multi",
            format_func=lambda name: plain(title(name)), on_change=_limit, persist_state="session",
            help=t("pairs.checkpoints_help"),
        )  # fmt: skip
        with st.popover(t("pairs.add"), icon=":material/add:", type="tertiary"):
            st.selectbox(
                t("pairs.add_label"), [name for name in known_names() if name not in offered], index=None,
                key=ADD, accept_new_options=True, format_func=title, on_change=_add,
                placeholder=t("pairs.add_placeholder"), help=t("pairs.add_help"),
            )  # fmt: skip
    _remember(list(chosen), default)
    return list(chosen)


def _remember(chosen: list[str], default: list[str]) -> None:
    """Keep the choice in the address, which stays clean for the opening one."""
    if chosen != default:
        st.query_params[ADDRESS] = chosen
    elif ADDRESS in st.query_params:
        del st.query_params[ADDRESS]


def _limit() -> None:
    """Callback: of more than four the last ones stay."""
    st.session_state[KEY] = st.session_state[KEY][-MOST:]


def _add() -> None:
    """Callback: compare under one more checkpoint."""
    name = (st.session_state.get(ADD) or "").strip()
    st.session_state[ADD] = None
    if name:
        st.session_state[ADDED] = list(dict.fromkeys([*st.session_state.get(ADDED, []), name]))
        st.session_state[KEY] = list(dict.fromkeys([*st.session_state[KEY], name]))[-MOST:]


def drop(name: str) -> None:
    """Callback: go on without a checkpoint that gave trouble."""
    st.session_state[KEY] = [n for n in st.session_state.get(KEY, []) if n != name] or list(OPENING)
    st.session_state[ADDED] = [n for n in st.session_state.get(ADDED, []) if n != name]


def choose_pooling() -> str | None:
    """The pooling for all checkpoints; None for each checkpoint's own."""
    names = [OWN, *(name for name in poolers if name != "mask")]
    chosen = state.choice(
        t("pairs.pooling"), names, OWN, key=POOLING, kind="select", help=t("pairs.pooling_help"),
        format_func=lambda n: t("pairs.pooling_own") if n == OWN else poolers.info(n).title,
    )  # fmt: skip
    return None if chosen == OWN else chosen


def one_of(names: list[str], *, key: str) -> str:
    """The checkpoint a list or a search uses: the last of the chosen ones unless another is picked.

    Raises:
        ConfigError: No checkpoint is chosen.
    """
    if not names:
        raise ConfigError(t("pairs.no_checkpoint"))
    if len(names) == 1:
        return names[0]
    default = "minilm" if "minilm" in names else names[-1]
    return state.choice(
        t("pairs.which"), names, default, key=key, kind="radio", format_func=lambda n: plain(title(n))
    )
