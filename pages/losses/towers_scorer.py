"""One tower trained here, in a thread of its own, to score the visitor's pairs."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import streamlit as st

from pages.ui.cache import embed
from pages.ui.text import plain, t
from simcse_core.config import OptimConfig
from simcse_core.data.datasets import available, load_scored_pairs
from simcse_core.errors import SimCSEError
from simcse_core.runs.store import runs_root

if TYPE_CHECKING:
    from simcse_core.encoders.cross import CrossEncoder

ENCODER, DATA, SEED = "minilm:4", "stsb-train", 42
OPTIM = OptimConfig(steps=200, batch_size=16, learning_rate=1e-4, warmup=0.1)
REFRESH = "1s"
MAX_CHARACTERS = 300


@dataclass
class Job:
    """The one training of this process; written by its thread, read by every visitor's page.

    Attributes:
        step: Steps done.
        problem: What went wrong, or nothing.
        thread: Alive while it trains.
        stopping: Set to end it after the step in progress.
        lock: Held while it is started.
    """

    step: int = 0
    problem: str = ""
    thread: threading.Thread | None = None
    stopping: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def running(self) -> bool:
        """Whether it trains now."""
        return self.thread is not None and self.thread.is_alive()

    def start(self, folder: Path, encoder: str, optim: OptimConfig) -> None:
        """Begin, unless it trains already."""
        with self.lock:
            if self.running:
                return
            self.step, self.problem = 0, ""
            self.stopping.clear()
            self.thread = threading.Thread(target=self._train, args=(folder, encoder, optim), daemon=True)
            self.thread.start()

    def _train(self, folder: Path, encoder: str, optim: OptimConfig) -> None:
        from simcse_core.encoders import load_encoder
        from simcse_core.encoders.cross import CrossEncoder
        from simcse_core.training.cross import CrossTrainer

        try:
            pairs = load_scored_pairs(DATA)
            cross = CrossEncoder(load_encoder(encoder, dropout=0.1))
            trainer = CrossTrainer(optim, cross, pairs, seed=SEED)
            while trainer.step < optim.steps and not self.stopping.is_set():
                self.step = trainer.advance().step
            if not self.stopping.is_set():
                fresh = folder.with_name(folder.name + ".new")
                shutil.rmtree(fresh, ignore_errors=True)
                cross.save(fresh)
                shutil.rmtree(folder, ignore_errors=True)
                fresh.replace(folder)
        except SimCSEError as error:
            self.problem = error.message
        except Exception as error:  # a thread has nobody to raise to
            self.problem = f"{type(error).__name__}: {error}"


@st.cache_resource(show_spinner=False)
def job() -> Job:
    """The training of this process."""
    return Job()


def folder() -> Path:
    """Where the trained scorer lies: below the runs, one level deeper than a run's own folder."""
    return runs_root() / "scorers" / "cross-encoder"


def draw() -> None:
    """The section: train, watch, score."""
    busy = job().running
    with st.container(border=True):
        st.subheader(t("objectives.towers.scorer.title"), anchor=False)
        st.fragment(_body, run_every=REFRESH if busy else None)(busy)


def _body(was_busy: bool) -> None:
    if job().running:
        st.progress(job().step / OPTIM.steps)
        st.caption(t("objectives.towers.scorer.progress", step=job().step, steps=OPTIM.steps))
        st.button(
            t("objectives.towers.scorer.stop"), key="ls-t-stop", icon=":material/stop:",
            on_click=job().stopping.set,
        )  # fmt: skip
        return
    if was_busy:
        st.rerun()
    there = (folder() / "config.json").is_file()
    st.markdown(t("objectives.towers.scorer.intro", steps=OPTIM.steps))
    if job().problem:
        st.error(t("objectives.towers.scorer.failed", problem=plain(job().problem)), icon=":material/error:")
    label = t("objectives.towers.scorer.again" if there else "objectives.towers.scorer.train")
    if not available(DATA):
        st.info(t("objectives.towers.scorer.absent"))
    elif st.button(label, key="ls-t-train", icon=":material/model_training:"):
        job().start(folder(), ENCODER, OPTIM)
        st.rerun()
    if there:
        _score()


def _score() -> None:
    first, second = (
        st.text_input(
            t(f"objectives.towers.scorer.{side}"), t(f"objectives.towers.scorer.{side}_default"),
            key=f"ls-t-{side}", max_chars=MAX_CHARACTERS, persist_state="session",
        )
        for side in ("first", "second")
    )  # fmt: skip
    if not (first.strip() and second.strip()):
        return
    cross = _loaded(str(folder()), (folder() / "model.safetensors").stat().st_mtime_ns)
    vectors = embed(ENCODER, [first, second])
    st.markdown(
        t(
            "objectives.towers.scorer.scores", cross=f"{float(cross.score([(first, second)])[0]):.2f}",
            encoder=plain(ENCODER), cosine=f"{float(vectors[0] @ vectors[1]):.2f}".replace("-", "−"),
        )
    )  # fmt: skip


@st.cache_resource(max_entries=1, show_spinner=False)
def _loaded(where: str, changed: int) -> CrossEncoder:
    from simcse_core.encoders.cross import load_cross_encoder

    return cast("CrossEncoder", load_cross_encoder(where))
