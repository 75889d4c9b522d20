"""A group of runs that differ in the objective alone: started together, kept in the address, read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from pages.losses import recorded
from pages.ui import jobs
from pages.ui.text import t
from simcse_core.config import RunConfig
from simcse_core.data.datasets import datasets
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.compare import auc, negatives, positives
from simcse_core.figures.histograms import density
from simcse_core.figures.losses import GROUPS, LOOKS, Trained
from simcse_core.runs.snapshot import RunSnapshot
from simcse_core.runs.store import RUN_ID, Run

ADDRESS = "ls_runs"
CONFIGS, NOTICE = "ls-configs", "ls-notice"  # in the session
MOST = 4
OPEN = ("queued", "running", "paused")


@dataclass(frozen=True)
class Member:
    """One run of the group as it stands."""

    run: Run
    config: RunConfig
    shot: RunSnapshot

    @property
    def open(self) -> bool:
        """Whether it waits or works."""
        return self.shot.status in OPEN


def members() -> list[Member]:
    """The runs named in the address, in its order; names of no run are passed over."""
    asked = str(st.query_params.get(ADDRESS, "")).split(",")[:MOST]
    found = [_member(name) for name in dict.fromkeys(asked) if RUN_ID.fullmatch(name)]
    return [one for one in found if one is not None]


def _member(name: str) -> Member | None:
    try:
        run = jobs.store().get(name)
        return Member(run, run.config, jobs.client().snapshot(run))
    except SimCSEError:
        return None


def kind_of(data: str) -> str:
    """Kind of the records of a shipped data set."""
    return str(datasets.info(data).traits["kind"])


def base() -> RunConfig:
    """What the recorded runs shared."""
    return RunConfig.from_dict(recorded.recorded()["made"]["config"])


def configs(names: Sequence[str], changes: dict[str, Any]) -> list[RunConfig]:
    """One configuration an objective; they share everything but the loss and, where it must differ, the view.

    Args:
        names: Objectives.
        changes: What the visitor set, by dotted names.

    Raises:
        ConfigError: A value is out of range, or an objective does not fit the data.
    """
    from simcse_core.training.comparison import for_loss

    shared = base().with_settings({**changes, "evaluation.sets": recorded.PAIRS})
    return [for_loss(shared, name, kind_of(shared.data.train)) for name in names]


def start() -> None:
    """Callback: queue what the settings on the page ask for, and follow it."""
    st.session_state.pop(NOTICE, None)
    started: list[str] = []
    try:
        for plain in st.session_state.get(CONFIGS, []):
            started.append(jobs.client().submit(RunConfig.from_dict(plain)).id)
    except (SimCSEError, OSError) as error:
        hint = getattr(error, "hint", "")
        st.session_state[NOTICE] = f"{getattr(error, 'message', error)} {hint}".strip()
    if started:
        st.query_params[ADDRESS] = ",".join(started)


def stop() -> None:
    """Callback: end every run of the group that is still open."""
    for one in members():
        if one.open:
            jobs.client().stop(one.run)


def leave() -> None:
    """Callback: show the recorded results again."""
    st.query_params.pop(ADDRESS, None)


def trained(one: Member, place: int) -> Trained | None:
    """An ended run as the figures take it; None without a measurement that kept its pairs."""
    steps = tuple(int(e["step"]) for e in one.shot.evaluations)
    found = _measured(str(one.run.folder), steps, one.shot.status)
    if found is None:
        return None
    name = title(one.config.loss.name)
    return Trained(name, LOOKS[place % len(LOOKS)], *found)


def title(loss: str) -> str:
    """What a registered objective is called."""
    from simcse_core.losses import losses

    return losses.info(loss).title if loss in losses else loss.replace("_", " ")


@st.cache_data(max_entries=32, show_spinner=False)
def _measured(folder: str, steps: tuple[int, ...], status: str) -> tuple[Any, ...] | None:
    """Steps, seed, measures, densities and cosines of a run folder."""
    run = Run(Path(folder))
    events = {int(e["step"]): e for e in run.snapshot().evaluations}
    kept = {step: pairs for step in steps if (pairs := run.pairs(step)) is not None and step in events}
    if not kept:
        return None
    gold = recorded.scored().score
    high, low = positives(gold), negatives(gold)
    rows = {
        m: np.array([[_number(events[step].get(m)) for step in kept]])
        for m in recorded.MEASURES
        if m != "auc"
    }
    rows["auc"] = np.array([[auc(found.scored[high], found.scored[low]) for found in kept.values()]])
    parts = [
        {"positive": f.scored[high], "negative": f.scored[low], "random": f.random} for f in kept.values()
    ]
    edges = recorded.recorded()["bins"]
    shapes = {group: np.stack([density(part[group], edges) for part in parts]) for group in GROUPS}
    cosines = np.stack([found.scored for found in kept.values()])[None]
    return list(kept), [run.config.seed], rows, shapes, cosines


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def status_words(one: Member) -> str:
    """Where a run stands, in one line."""
    shot = one.shot
    if shot.status == "queued":
        before = jobs.ahead(one.run, shot)
        return t("losses.live.queued", ahead=before) if before else t("losses.live.starting")
    known = {"running", "paused", "finished", "stopped", "failed", "lost"}
    state = shot.status if shot.status in known else "lost"
    return t(f"losses.live.{state}", step=shot.step, steps=shot.total)
