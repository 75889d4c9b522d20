"""What to take from a run: a guess before the first Play, a target to reach, the loss in numbers."""

from __future__ import annotations

import math
import shlex
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.lab import session
from pages.lab.model import RECORDED, RunView, recorded
from pages.ui import challenge
from pages.ui.text import t

PLACES = {"data.train", "encoder.name", "evaluation.sets"}  # settings that may name a file or a folder
GUESSES = ("uniformity", "alignment", "spearman")
BUDGET = 20  # steps
TARGET = 4.0  # points of rank correlation above the start, on the shipped pairs; the preset falls short of it


def half_way(view: RunView, measure: str) -> int | None:
    """First evaluated step at which a measure has done half of its largest move; None if it never moved."""
    values = view.measured(measure)
    if len(values) < 2 or any(v is None for v in values):
        return None
    moves = [abs(v - values[0]) for v in values if v is not None and values[0] is not None]
    if max(moves) == 0:
        return None
    at = next(i for i, move in enumerate(moves) if move >= max(moves) / 2)
    return int(view.evaluations[at]["step"])


def draw_guess() -> None:
    """Which measure is the first to have done half of its move; told by the recorded run."""
    view = recorded()
    halves = {m: half_way(view, m) for m in GUESSES}
    known = {m: step for m, step in halves.items() if step is not None}
    titles = {t(f"lab.measure.{m}"): m for m in GUESSES}
    facts = "; ".join(
        t("lab.guess.fact", measure=t(f"lab.measure.{m}"), step=known[m])
        for m in sorted(known, key=known.__getitem__)
    )
    challenge.guess(
        "lab.first", t("lab.guess.question"), list(titles),
        is_right=lambda answer: known.get(titles[answer]) == min(known.values()),
        reveal=t("lab.guess.reveal", facts=facts),
    )  # fmt: skip


def draw_goal(view: RunView) -> None:
    """Raise the rank correlation by `TARGET` points within `BUDGET` steps, on a run of one's own."""
    own = view.key != RECORDED and view.lead == "pairs"
    scores = [(int(e["step"]), e["spearman"]) for e in view.evaluations if e["spearman"] is not None]
    start = scores[0][1] if scores else None
    best = max((s for step, s in scores if step <= BUDGET), default=None)
    reached = own and start is not None and best is not None and best - start >= TARGET
    gained = "–" if not own or best is None or start is None else f"{best - start:+.1f}"
    challenge.goal(
        "lab.target", t("lab.goal.task", target=TARGET, budget=BUDGET), reached=bool(reached),
        status=t("lab.goal.status", gained=gained, target=TARGET), praise=t("lab.goal.praise"),
    )  # fmt: skip


def live_formula(view: RunView) -> str:
    """The loss of the run in front, with its temperature and batch, in LaTeX."""
    tau = view.config.loss.parameters.get("temperature")
    if not view.steps or tau is None or view.config.loss.name != "info_nce":
        return ""
    size = view.config.optim.batch_size
    first, last = view.steps[0], view.steps[-1]
    return (
        rf"\tau={tau:g},\;N={size},\;\log N={math.log(size):.2f};\quad "
        rf"\ell_{{{first['step']}}}={first['loss']:.3f}\;\to\;\ell_{{{last['step']}}}={last['loss']:.3f}"
    )


def code(view: RunView) -> str:
    """The command and the lines of Python that do the same."""
    from simcse_core.presets import PRESETS

    flags = " ".join(f"--set {shlex.quote(f'{key}={value}')}" for key, value in _differences(view))
    preset = view.config.preset if view.config.preset in PRESETS else "live"
    return (
        f"# on the command line\n# python -m simcse_core train --preset {preset} {flags} --out my-run\n\n"
        "from simcse_core.presets import preset\n"
        "from simcse_core.runs.client import Client\n"
        "from simcse_core.runs.store import RunStore\n\n"
        f'config = preset("{preset}").config.with_settings({dict(_differences(view))!r})\n'
        "run = Client(RunStore()).submit(config)\n"
    )


def _portable(key: str, value: object) -> object:
    """A setting without the folders of this machine: of a file or folder, its name."""
    if key not in PLACES:
        return value
    parts = (Path(part) for part in str(value).split(","))
    return ",".join(part.name if part.is_absolute() else str(part) for part in parts)


def _differences(view: RunView) -> Sequence[tuple[str, object]]:
    from simcse_core.presets import PRESETS

    base = PRESETS[view.config.preset].config if view.config.preset in PRESETS else None
    plain, start = view.config.to_dict(), base.to_dict() if base else {}
    found: list[tuple[str, object]] = []
    for section, values in plain.items():
        if isinstance(values, dict):
            before = start.get(section, {})  # holds no parameter of a component that has its defaults
            found += [
                (f"{section}.{k}", _portable(f"{section}.{k}", v))
                for k, v in values.items()
                if before.get(k) != v
            ]
    if plain["seed"] != start.get("seed"):
        found.append(("seed", plain["seed"]))
    return found


def draw_open_runs() -> None:
    """Who else is at work, so that a run of a closed tab is found again."""
    from pages.lab import jobs
    from pages.lab.model import short_id

    for run in jobs.others_open(session.run_id())[:3]:
        left, right = st.columns((0.75, 0.25), vertical_alignment="center")
        shot = jobs.snapshot(run)
        left.caption(t("lab.found", name=short_id(run.id), state=t(f"lab.board.state.{shot.status}"),
                       step=shot.step, steps=shot.total))  # fmt: skip
        right.button(t("lab.watch"), key=f"lb-watch-{run.id}", icon=":material/visibility:",
                     on_click=session.follow, args=(run.id,))  # fmt: skip
