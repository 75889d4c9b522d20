"""Keep a repair with the checkpoint: a copy that `encode` repairs by itself, to download or to open here."""

from __future__ import annotations

import io
import re
import shutil
import zipfile
from pathlib import Path

import streamlit as st

from pages.repair import live
from pages.repair.controls import Settings
from pages.ui.checkpoints import loadable, short
from pages.ui.text import plain, t
from simcse_core import runtime
from simcse_core.evaluation.repairs import ELSEWHERE, learns_in_passes, other_sentences

MOST = 6  # copies that are kept; the oldest goes first
LOAD = """from simcse_core import load_encoder
encoder = load_encoder("{folder}", pooling="{pooling}")
rows = encoder.encode(["A man is playing a guitar."])"""


def draw(settings: Settings) -> None:
    """Button, then download and the lines that open the copy."""
    st.subheader(t("repair.keep.title"), anchor=False)
    st.markdown(t("repair.keep.told", name=settings.title, checkpoint=plain(short(settings.checkpoint))))
    given = loadable(settings.checkpoint)
    folder = _folder(settings, given)
    if learns_in_passes(settings.repair):
        st.caption(t("repair.keep.slow"))
    if st.button(t("repair.keep.go"), key="rp-keep", icon=":material/build:"):
        with st.spinner(t("repair.keep.busy")):
            make(settings, given, folder)
    if (folder / "postprocess" / "repairs.json").is_file():
        st.download_button(
            t("repair.keep.zip"), lambda: _zipped(folder), f"{folder.name}.zip", "application/zip",
            key="rp-zip", icon=":material/folder_zip:", on_click="ignore",
        )  # fmt: skip
        st.caption(t("repair.keep.load"))
        st.code(LOAD.format(folder=folder, pooling=settings.pooling), language="python", wrap_lines=True)
        st.caption(t("repair.keep.elsewhere"))


def _folder(settings: Settings, given: str) -> Path:
    """Where the copy lies; its name says what it is."""
    told = "-".join(f"{key}{value}" for key, value in settings.parameters.items())
    corpus = f"{settings.count}" if settings.corpus == ELSEWHERE else settings.corpus
    parts = [short(given), settings.pooling, settings.repair, told, corpus]
    return runtime.home() / "repaired" / "-".join(re.sub(r"[^\w.@]+", "-", part) for part in parts if part)


def make(settings: Settings, given: str, folder: Path) -> None:
    """Fit the repair as the page does and write the copy.

    Raises:
        SimCSEError: The checkpoint cannot be loaded, or the repair cannot be fitted.
        OSError: The folder cannot be written.
    """
    from simcse_core.encoders import load_encoder
    from simcse_core.encoders.repairs import fit_repair

    pairs = live.scored_pairs()
    shipped = settings.corpus == ELSEWHERE
    texts = other_sentences(pairs, settings.count) if shipped else pairs.sentences()
    encoder = load_encoder(given, pooling=settings.pooling, precision="fp32")
    repair = fit_repair(
        encoder, texts, settings.repair, fitted_on=t(f"repair.keep.corpus.{settings.corpus}"),
        **settings.parameters,
    )  # fmt: skip
    encoder.repairs = (*encoder.repairs, repair)
    shutil.rmtree(folder, ignore_errors=True)
    _make_room(folder.parent)
    encoder.save(folder)


def _make_room(root: Path) -> None:
    """Only the newest copies stay: each is as large as its checkpoint."""
    known = sorted((one for one in root.glob("*") if one.is_dir()), key=lambda one: one.stat().st_mtime)
    for old in known[: max(len(known) - MOST + 1, 0)]:
        shutil.rmtree(old, ignore_errors=True)


def _zipped(folder: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, Path(folder.name) / path.relative_to(folder))
    return out.getvalue()
