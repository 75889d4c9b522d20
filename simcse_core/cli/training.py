"""`train`, `runs` and the worker behind the pages."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

from simcse_core.cli.output import print_json, progress, say, table
from simcse_core.errors import ConfigError, RunError


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    train = commands.add_parser("train", help="train an encoder into a run folder")
    train.add_argument("--preset", default="live", metavar="NAME", help="see `list presets`")
    train.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", dest="settings")
    train.add_argument("--data", metavar="FILE", help="training text: a sentence a line, pairs or triples")
    train.add_argument("--out", required=True, metavar="RUN", help="run folder, made when missing")
    train.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in RUN")
    train.add_argument("--json", action="store_true", help="print the summary as JSON")
    train.set_defaults(run=run_train)

    runs = commands.add_parser("runs", help="list runs")
    runs.add_argument("folder", nargs="?", metavar="DIR", help="where to look; default: the app's runs")
    runs.add_argument("--json", action="store_true", help="print JSON")
    runs.set_defaults(run=run_runs)

    work = commands.add_parser("work", help="serve the training queue of one device")
    work.add_argument("--device", default="cpu")
    work.add_argument("--runs", metavar="DIR", help="where runs are kept")
    work.add_argument("--parent", type=int, help="end when this process is gone")
    work.set_defaults(run=run_work)


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """["loss.temperature=0.1"] -> {"loss.temperature": 0.1}; values are JSON where they can be, else text.

    Raises:
        ConfigError: A pair has no "=".
    """
    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise ConfigError(
                f"--set takes KEY=VALUE; got {pair!r}.", hint="Example: --set loss.temperature=0.1"
            )
        try:
            settings[key] = json.loads(value)
        except ValueError:
            settings[key] = value
    return settings


def run_train(options: argparse.Namespace) -> int:
    """Train in this process, following every event."""
    from simcse_core.runs.execute import execute

    run = _open_run(options)
    interrupted = _Interrupt()
    with progress("train", "steps") as bar, interrupted:
        state = execute(
            run,
            on_event=lambda event: _show(event, bar, run.config.optim.steps, quiet=options.json),
            interrupted=interrupted,
        )
    snapshot = run.snapshot()
    if state == "failed":
        last = run.events()[-1]
        told = f"{last.get('error', snapshot.error)} {last.get('hint', '')}".strip()
        sys.stderr.write(f"error: {told}\n")
        return 1 if last.get("kind") == "bug" else 2
    if options.json:
        print_json(run.summary())
    else:
        say(f"{state} after {snapshot.step} steps; {run.folder}")
    return 128 + signal.SIGINT if interrupted() else 0


def _open_run(options: argparse.Namespace) -> Any:
    from simcse_core.presets import preset
    from simcse_core.runs.store import Run, RunStore

    folder = Path(options.out)
    if options.resume and (folder / "config.json").exists():
        run = Run(folder)
        if options.settings or options.data:
            raise ConfigError("A resumed run keeps its configuration: drop --set and --data.")
        status = run.snapshot().status
        if status == "finished":
            raise RunError(f"{folder} is finished: there is nothing to resume.")
        run.command("run")
        return run
    settings = parse_settings(options.settings)
    if options.data:
        settings["data.train"] = str(Path(options.data).resolve())
        if not Path(options.data).exists():
            raise ConfigError(f"--data: there is no file {options.data}.")
    config = preset(options.preset).config.with_settings(settings)
    return RunStore(folder.parent).create(config, folder=folder)


def _show(event: Any, bar: Any, total: int, *, quiet: bool) -> None:
    if bar is not None and event.type == "step":
        bar(event.step, total)
    if event.type == "evaluated" and not quiet:
        sets = "  ".join(
            f"{name} {value:.2f}" if value is not None else f"{name} -" for name, value in event.sets.items()
        )
        pulled = "-" if event.alignment is None else f"{event.alignment:.3f}"
        say(
            f"step {event.step:>6}  {sets}  alignment {pulled}  uniformity {event.uniformity:.3f}  "
            f"mean cosine {event.mean_cosine:.3f}"
        )


class _Interrupt:
    """True after the first Ctrl-C, so that the loop can end with a checkpoint; a second one ends at once."""

    def __init__(self) -> None:
        self.asked = False
        self.before: Any = None

    def __call__(self) -> bool:
        return self.asked

    def __enter__(self) -> _Interrupt:
        self.before = signal.signal(signal.SIGINT, self.note)
        return self

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGINT, self.before)

    def note(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True


def run_runs(options: argparse.Namespace) -> int:
    """List the runs of a folder with their state and scores."""
    from simcse_core.runs.queue import Queue
    from simcse_core.runs.store import RunStore

    store = RunStore(Path(options.folder) if options.folder else None)
    if options.folder and not store.root.is_dir():
        raise RunError(f"There is no folder {options.folder}.")
    queue = Queue(store.root)
    rows = []
    for run in store.list():
        snapshot = run.snapshot(queue.position(run.id))
        scores = [e["spearman"] for e in snapshot.evaluations if e.get("spearman") is not None]
        rows.append(
            {
                "run": run.id,
                "status": snapshot.status,
                "step": f"{snapshot.step}/{snapshot.total}",
                "before": scores[0] if scores else None,
                "after": scores[-1] if scores else None,
                "seconds": round(snapshot.seconds, 1),
            }
        )
    if options.json:
        print_json(rows)
    elif not rows:
        say(f"No runs in {store.root}.")
    else:
        table(list(rows[0]), [["-" if v is None else v for v in row.values()] for row in rows])
    return 0


def run_work(options: argparse.Namespace) -> int:
    """Serve the queue until the parent is gone, or nobody needs the worker."""
    from simcse_core.runs.store import runs_root
    from simcse_core.runs.worker import serve

    root = Path(options.runs) if options.runs else runs_root()
    if not serve(root, options.device, parent=options.parent):
        say(f"Another worker serves {options.device} already.")
    return 0
