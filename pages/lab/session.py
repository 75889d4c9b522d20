"""What the lab remembers for one visitor: the run in front, what went wrong, who they are in the queue."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import streamlit as st

from simcse_core.config import RunConfig

RUN = "lb-run"  # in the session
RUN_ADDRESS = "lb_run"  # in the address
CONFIG = "lb-config"
NOTICE = "lb-notice"
DISMISSED = "lb-dismissed"
OWN_DATA = "lb-own-data"


@dataclass(frozen=True)
class Notice:
    """Something that went wrong and stays on the page until it is dismissed."""

    message: str
    hint: str = ""


def run_id() -> str | None:
    """Id of the run in front: that of the address, else the one last followed here."""
    found = st.query_params.get(RUN_ADDRESS) or st.session_state.get(RUN)
    return str(found) if found else None


def follow(run: str) -> None:
    """Put a run in front, here and in the address."""
    st.session_state[RUN] = run
    st.query_params[RUN_ADDRESS] = run


def keep_address(run: str) -> None:
    """Write the run into the address where coming back from another page has lost it."""
    if st.query_params.get(RUN_ADDRESS) != run:
        st.query_params[RUN_ADDRESS] = run
    st.session_state[RUN] = run


def leave() -> None:
    """Show the recorded run again."""
    st.session_state.pop(RUN, None)
    st.query_params.pop(RUN_ADDRESS, None)


def keep_config(config: RunConfig | None) -> None:
    """What Play would start; None while the settings are wrong."""
    st.session_state[CONFIG] = config.to_dict() if config else None


def config() -> RunConfig | None:
    """What Play would start."""
    plain = st.session_state.get(CONFIG)
    return RunConfig.from_dict(plain) if plain else None


def notify(message: str, hint: str = "") -> None:
    """Keep something that went wrong."""
    st.session_state[NOTICE] = asdict(Notice(message, hint))


def notice() -> Notice | None:
    """What went wrong and was not dismissed yet."""
    plain: dict[str, Any] | None = st.session_state.get(NOTICE)
    return Notice(**plain) if plain else None


def forget_notice() -> None:
    """Dismiss it."""
    st.session_state.pop(NOTICE, None)


def dismiss(run: str, step: int) -> None:
    """Hide the failure of a run; another failure of it shows again."""
    st.session_state[DISMISSED] = [run, step]


def is_dismissed(run: str, step: int) -> bool:
    """Whether this failure was hidden."""
    return bool(st.session_state.get(DISMISSED) == [run, step])
