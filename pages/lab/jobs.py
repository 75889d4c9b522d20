"""What the lab does with runs: start, steer, find, estimate. No torch before a run is started."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pages.lab import session
from pages.lab.model import RunView, recorded, set_name
from pages.ui.jobs import client, limits, start_worker, store
from pages.ui.text import t
from simcse_core.config import RunConfig
from simcse_core.errors import SimCSEError
from simcse_core.runs.snapshot import RunSnapshot
from simcse_core.runs.store import Run

OPEN = ("queued", "running", "paused")
MINILM_LAYERS = 6
PROBE = 360
SET_SENTENCES = {"pairs": 1344, "stsb-test": 2552, "stsb-dev": 2827}


def launch_worker(device: str = "auto") -> None:
    """See that the process that trains is there and warm; one for the whole app."""
    with_errors(lambda: start_worker(device))


def current() -> Run | None:
    """The run in front; an id that is no run (any more) is forgotten with a notice."""
    wanted = session.run_id()
    if wanted is None:
        return None
    try:
        run = store().get(wanted)
        _ = run.config
    except SimCSEError:
        session.leave()
        session.notify(t("lab.gone"), t("lab.gone_hint"))
        return None
    session.keep_address(run.id)
    return run


def snapshot(run: Run) -> RunSnapshot:
    """The run as it stands."""
    return client().snapshot(run)


def moving(run: Run, shot: RunSnapshot) -> bool:
    """Whether the run will change by itself: it works, waits, or has not yet obeyed the last button."""
    if shot.status != "paused":
        return shot.active
    command, until = run.wish()
    return command == "stop" or (command == "run" and (until is None or until > shot.step))


def others_open(but: str | None) -> list[Run]:
    """Runs that are waiting, running or paused, without the one in front."""
    return [run for run in store().list()[:20] if run.id != but and run.snapshot().status in OPEN]


def with_errors(action: Callable[[], Any]) -> Any:
    """Do something that may be refused; the refusal stays on the page."""
    try:
        return action()
    except SimCSEError as error:
        session.notify(error.message, error.hint)
    except OSError as error:
        session.notify(t("lab.disk", reason=error.strerror or str(error)), t("lab.disk_hint"))
    return None


def start(paused_after: int | None = None, changes: dict[str, Any] | None = None) -> None:
    """Queue a new run with the settings on the page and put it in front."""
    session.forget_notice()
    config = session.config()
    if config is None:
        session.notify(t("lab.not_ready"), t("lab.not_ready_hint"))
        return
    run = with_errors(lambda: client().submit(_within(config, changes or {}), paused_after=paused_after))
    if run is not None:
        session.follow(run.id)


def _within(config: RunConfig, changes: dict[str, Any]) -> RunConfig:
    """The configuration with changes, inside the page's limits whatever a browser sent."""
    config = config.with_settings(changes)
    most = limits()
    return config.with_settings(
        {
            "optim.steps": min(config.optim.steps, most.steps),
            "optim.batch_size": min(config.optim.batch_size, most.batch_size),
        }
    )


def play() -> None:
    """Go on with a paused run, else start a new one."""
    run = current()
    if run is not None and snapshot(run).status == "paused":
        with_errors(lambda: client().play(run))
    else:
        start()


def pause() -> None:
    """Pause the run in front."""
    run = current()
    if run is not None:
        with_errors(lambda: client().pause(run))


def advance(steps: int) -> None:
    """Do a few steps and pause: on the paused run, else on a new one."""
    run = current()
    if run is not None and snapshot(run).status == "paused":
        with_errors(lambda: client().advance(run, steps))
    else:
        start(paused_after=steps)


def stop() -> None:
    """End the run in front; a waiting one leaves the queue."""
    run = current()
    if run is not None:
        with_errors(lambda: client().stop(run))


def resume() -> None:
    """Go on from the newest checkpoint of a stopped, failed or lost run."""
    run = current()
    if run is not None:
        with_errors(lambda: client().resume(run))


def restart() -> None:
    """Back to the beginning with the same settings and seed; a run in progress is ended first."""
    run = current()
    if run is not None and snapshot(run).status in OPEN:
        with_errors(lambda: client().stop(run))
    session.forget_notice()
    session.leave()


def failure_kind(run: Run) -> str:
    """Class of the error that ended a run; empty where none did."""
    return next((str(e.get("kind", "")) for e in reversed(run.events()) if e["type"] == "failed"), "")


@dataclass(frozen=True)
class Pace:
    """How fast a reference run was, in seconds per sentence and layer: trained, and only read for a score."""

    step: float
    read: float


def evaluation_sentences(config: RunConfig) -> int:
    """Sentences that one evaluation reads, about."""
    return PROBE + sum(
        SET_SENTENCES.get(set_name(n.strip()), 2000) for n in config.evaluation.sets.split(",")
    )


def pace(view: RunView) -> Pace | None:
    """Pace of a run of MiniLM; None where it tells too little."""
    rates = [e["sentences_per_second"] for e in view.steps if e.get("sentences_per_second")]
    layers = minilm_layers(view.config.encoder.name)
    if len(rates) < 3 or layers is None or not view.evaluations:
        return None
    read = evaluation_sentences(view.config)
    stepping = sum(view.config.optim.batch_size / rate for rate in rates)
    return Pace(
        step=1.0 / statistics.median(rates) / layers,
        read=max(0.0, view.seconds - stepping) / (len(view.evaluations) * read * layers),
    )


def minilm_layers(name: str) -> int | None:
    """Layers of a MiniLM name; None for any other encoder, about whose speed nothing is known here."""
    base, _, layers = name.partition(":")
    if base != "minilm":
        return None
    return int(layers) if layers.isdigit() and int(layers) else MINILM_LAYERS


def seconds_for(config: RunConfig, reference: RunView | None) -> float | None:
    """Estimated seconds of a run, from the last one on this machine, else from the recorded one."""
    layers = minilm_layers(config.encoder.name)
    known = pace(reference) if reference else None
    known = known or pace(recorded())
    if layers is None or known is None:
        return None
    evaluations = 1 + -(-config.optim.steps // config.evaluation.every)
    trained = config.optim.steps * config.optim.batch_size
    read = evaluations * evaluation_sentences(config)
    return float(layers * (trained * known.step + read * known.read))
