"""What leaves the tab: the folder as a .zip, the card, and vectors of sentences."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import streamlit as st

from pages.checkpoints.checkup_tasks import Work, tasks, wait
from pages.ui.checkpoints import loadable, short
from pages.ui.text import plain, t
from pages.ui.theme import emphasis
from simcse_core import runtime
from simcse_core.cards.package import card_of
from simcse_core.encoders.catalogue import resolve
from simcse_core.evaluation.checkup import Checkup, Progress

ZIPS = 3  # kept on disk, the newest


@st.cache_data(max_entries=32, show_spinner=False)
def _affine(folder: str, changed: int, width: int) -> bool:
    """Whether the repairs in a folder can be carried as dense layers."""
    from simcse_core.encoders.repairs import kept_as_affine

    return kept_as_affine(Path(folder), width)


def carried(name: str, checkup: Checkup, layout: str, repaired: bool) -> bool:
    """Whether all repairs that are kept lie in the folder as dense layers."""
    if not repaired or not checkup.facts["repairs"]:
        return True
    root = resolve(loadable(name)).root
    told = root / "postprocess" / "repairs.json"
    return layout == "sentence-transformers" and _affine(
        str(root), told.stat().st_mtime_ns, checkup.facts["width"]
    )


def draw_files(name: str, checkup: Checkup, layout: str, repaired: bool) -> None:
    """The .zip on request, the card at once."""
    st.subheader(t("taking.files"), anchor=False)
    whole = carried(name, checkup, layout, repaired)
    card = card_of(loadable(name), checkup, title=safe_name(name), carried=whole)
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        _zip(name, layout, repaired)
        st.download_button(
            t("taking.card"),
            card.encode(),
            f"{safe_name(name)}-README.md",
            "text/markdown",
            key="cp-t-card",
            icon=":material/download:",
            on_click="ignore",
        )
    with st.expander(t("taking.card_text"), icon=":material/article:"):
        st.code(card, language="markdown", wrap_lines=True)


def safe_name(name: str) -> str:
    """A checkpoint's name as a name of a file or folder."""
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in short(name))
    return kept.strip("-.")[:60] or "checkpoint"


def _zip(name: str, layout: str, repaired: bool) -> None:
    """A button that makes the archive; once it is made, one that fetches it."""
    key = f"zip {loadable(name)} {layout} {repaired}"
    task = tasks().get(key)
    words = t("taking.packing", name=plain(short(name)))
    if task is None or task.error is not None:
        if not st.button(t("taking.pack"), key="cp-t-pack", type=emphasis(), icon=":material/folder_zip:"):
            return
        task = tasks().start(key, _packing(name, layout, repaired))
    wait(task, words)
    made: Path = task.outcome()
    if made.is_file():
        st.download_button(
            t("taking.fetch", megabytes=f"{made.stat().st_size / 1e6:.1f}"),
            lambda: made.open("rb"),
            made.name,
            "application/zip",
            key="cp-t-fetch",
            icon=":material/download:",
            on_click="ignore",
            type=emphasis(),
        )


def _packing(name: str, layout: str, repaired: bool) -> Work:
    """What writes the folder with its card, and zips it."""
    title = safe_name(name)

    def work(hear: Progress) -> Path:
        from simcse_core.cards.package import export, zip_folder

        home = runtime.home() / "exports"
        digest = hashlib.sha256(f"{loadable(name)} {layout} {repaired}".encode()).hexdigest()[:12]
        folder = home / digest
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            export(loadable(name), folder / title, layout=layout, repaired=repaired, progress=hear)
            made = zip_folder(folder / title, home / f"{title}-{digest}.zip")
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        for old in sorted(home.glob("*.zip"), key=lambda path: path.stat().st_mtime)[:-ZIPS]:
            old.unlink(missing_ok=True)
        return made

    return work
