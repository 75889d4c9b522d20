"""From an exception to what happened, why, and what to do; nothing a visitor sees is a traceback."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitDuplicateElementKey

from pages.ui.text import plain, t
from simcse_core.errors import SimCSEError

FAILURE_KEY = "page_failure"
log = logging.getLogger("simcse")


def refuse(error: SimCSEError) -> None:
    """Show what the core refused and what to do instead."""
    hint = f"\n\n{plain(error.hint)}" if error.hint else ""
    st.error(f"**{plain(error.message)}**{hint}", icon=":material/error:")


def failed(error: BaseException) -> None:
    """Show and log a fault of ours: one friendly sentence, details on request."""
    log.error("a page failed", exc_info=error)
    with _failure_box():
        st.error(f"**{t('shell.failed')}** {t('shell.failed_hint')}", icon=":material/error:")
        with st.expander(t("shell.failed_details")):
            st.code("".join(traceback.format_exception(error)), language=None, wrap_lines=True)


def _failure_box() -> DeltaGenerator:
    """A box that tests find by its key; a second fault on the same page has one without."""
    try:
        return st.container(key=FAILURE_KEY)
    except StreamlitDuplicateElementKey:
        return st.container()


@contextmanager
def boundary() -> Iterator[None]:
    """Catch what the enclosed part of a page raises; the rest of the page lives on.

    Streamlit's own control flow (rerun, stop, switch page) passes through.
    """
    try:
        yield
    except SimCSEError as error:
        refuse(error)
    except Exception as error:
        failed(error)


def on_script_error(error: Exception) -> bool:
    """Handler for faults outside every boundary, such as a widget callback; true: already shown."""
    if isinstance(error, SimCSEError):
        refuse(error)
    else:
        failed(error)
    return True
