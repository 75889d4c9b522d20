"""A visitor's checkpoint as a .zip: unpacked with care, added to the list, and chosen."""

from __future__ import annotations

import tempfile
from pathlib import Path

import streamlit as st

from pages.ui.checkpoints import ADDED
from pages.ui.state import CHECKPOINT
from pages.ui.text import plain, t
from simcse_core.errors import SimCSEError

MEGABYTES = 200
_PROBLEM = "checkpoints-zip-problem"


def bring(key: str) -> None:
    """The uploader in a popover; `key` is that of its widget."""
    with st.popover(t("checkup.zip.open"), icon=":material/folder_zip:", type="tertiary"):
        st.file_uploader(
            t("checkup.zip.label"), "zip", key=key, max_upload_size=MEGABYTES, on_change=_unpack, args=(key,),
            help=t("checkup.zip.help"),
        )  # fmt: skip
        st.caption(t("checkup.zip.limits", megabytes=MEGABYTES))
        if problem := st.session_state.get(_PROBLEM):
            st.error(plain(problem))


def _unpack(key: str) -> None:
    """Callback: keep the archive's checkpoint and choose it."""
    from simcse_core.encoders.unpacking import unpack_checkpoint

    file = st.session_state.get(key)
    st.session_state[_PROBLEM] = ""
    if file is None:
        return
    with tempfile.NamedTemporaryFile(suffix=".zip") as kept:
        kept.write(file.getbuffer())
        kept.flush()
        try:
            name = str(unpack_checkpoint(Path(kept.name)))
        except SimCSEError as error:
            st.session_state[_PROBLEM] = f"{error.message} {error.hint}"
            return
    st.session_state[ADDED] = list(dict.fromkeys([*st.session_state.get(ADDED, []), name]))
    st.session_state[CHECKPOINT] = name
