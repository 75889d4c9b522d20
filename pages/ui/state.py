"""Settings in the address bar, seeds and solved challenges; every shared key is written here once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import streamlit as st

Option = TypeVar("Option")
Kind = Literal["segments", "pills", "select", "ladder", "radio"]

CHECKPOINT = "ck"
SEED = "seed"
_SOLVED = "solved"
_DEFAULTS = "defaults"
MAX_SEED = 9999


def choice(
    label: str,
    options: Sequence[Option],
    default: Option,
    *,
    key: str,
    kind: Kind = "segments",
    format_func: Callable[[Any], str] = str,
    help: str | None = None,
    label_visibility: Literal["visible", "hidden", "collapsed"] = "visible",
) -> Option:
    """One setting out of a few, kept in the address under `key`; an unknown value falls back to `default`.

    Args:
        label: Sentence case, no colon.
        options: Allowed values; their formatted text is what the address shows.
        default: The value that leaves the address clean.
        key: Page prefix and name, as `cn_pool`; `CHECKPOINT` and `SEED` are shared.
        kind: `segments` and `pills` for up to six short options, `ladder` for rising numbers,
            `select` for longer lists, `radio` for sentences.
        format_func: Text of an option.
        help: Tooltip.
        label_visibility: As in Streamlit.
    """
    remember_default(key, default)
    at = list(options).index(default)
    common: dict[str, Any] = {
        "key": key,
        "bind": "query-params",
        "format_func": format_func,
        "help": help,
        "label_visibility": label_visibility,
    }
    if kind == "ladder":
        chosen = st.select_slider(label, options, value=default, **common)
    elif kind == "select":
        chosen = st.selectbox(label, options, index=at, **common)
    elif kind == "radio":
        chosen = st.radio(label, options, index=at, **common)
    elif kind == "pills":
        chosen = st.pills(label, options, default=default, required=True, **common)
    else:
        chosen = st.segmented_control(label, options, default=default, required=True, **common)
    return chosen if chosen in options else default


def switch(label: str, *, key: str, default: bool = False, help: str | None = None) -> bool:
    """An on/off setting, kept in the address under `key`."""
    remember_default(key, default)
    return bool(st.toggle(label, value=default, key=key, bind="query-params", help=help))


def seed_control(label: str, *, key: str = SEED, default: int = 0) -> int:
    """The seed, kept in the address; between 0 and `MAX_SEED`."""
    remember_default(key, default)
    asked = st.query_params.get(key, "0")
    bind: Literal["query-params"] | None = "query-params"
    if not (asked.isascii() and asked.isdecimal()):
        del st.query_params[key]
        bind = None  # for this run: the widget would fail on "inf"
    return int(st.number_input(label, 0, MAX_SEED, default, 1, key=key, bind=bind))


def new_seed(key: str = SEED) -> None:
    """Callback of a "new seed" button: another seed than the current one."""
    current = st.session_state.get(key)
    st.session_state[key] = random.choice([s for s in range(1, MAX_SEED) if s != current])


def remember_default(key: str, default: Any) -> None:
    """Let `reset` bring back `default`; for a widget with a `key` that this module did not make."""
    st.session_state.setdefault(_DEFAULTS, {})[key] = default


def reset(prefix: str) -> None:
    """Callback of "reset page": every setting whose key starts with `<prefix>_` takes its default again."""
    known = st.session_state.get(_DEFAULTS, {})
    for key in [name for name in st.query_params if name.startswith(f"{prefix}_") and name not in known]:
        del st.query_params[key]
    for key, default in known.items():
        if key.startswith(f"{prefix}_") and key in st.session_state:
            st.session_state[key] = default


def solved() -> list[str]:
    """Challenges this visitor has solved, in the order of solving; lasts for the session."""
    return list(st.session_state.get(_SOLVED, []))


def mark_solved(challenge: str) -> bool:
    """Tick a challenge (`page.name`); true if it was not ticked before."""
    known = solved()
    if challenge in known:
        return False
    st.session_state[_SOLVED] = [*known, challenge]
    return True
