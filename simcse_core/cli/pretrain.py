"""`pretrain`, `pretrain-report` and `ship`: the project's own encoders."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcse_core.cli.output import print_json, progress, say
from simcse_core.cli.training import parse_settings
from simcse_core.errors import ConfigError


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    command = commands.add_parser("pretrain", help="train a masked language model")
    command.add_argument("--config", default="warm", metavar="NAME|FILE", help="shipped name or TOML file")
    command.add_argument("--text", nargs="+", required=True, metavar="FILE", help="text files or folders")
    command.add_argument("--sts", metavar="DIR", help="evaluation sets, whose sentences are left out")
    command.add_argument("--out", required=True, metavar="DIR", help="run folder, made when missing")
    command.add_argument("--minutes", type=float, metavar="M", help="wall-clock budget of the training")
    command.add_argument("--resume", action="store_true", help="go on from the newest checkpoint in DIR")
    command.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", dest="settings"
    )
    command.add_argument("--json", action="store_true", help="print the facts as JSON")
    command.set_defaults(run=run_pretrain)

    measured = commands.add_parser(
        "pretrain-report", help="guesses for masked words, STS by layer and pooler"
    )
    measured.add_argument("source", metavar="M", help="shipped name, run or folder")
    measured.add_argument("--sts", metavar="DIR", help="folder with STS12 … STS-B, SICK-R")
    measured.add_argument("--no-tasks", action="store_true", help="leave out the seven tasks")
    measured.add_argument("--json", metavar="OUT", help="write the results to a file, - prints them")
    measured.set_defaults(run=run_report)

    shipped = commands.add_parser("ship", help="write a run's encoder into assets/encoders")
    shipped.add_argument("source", metavar="RUN", help="folder of `pretrain` or `train`, or RUN@STEP")
    shipped.add_argument("--name", required=True, metavar="NAME")
    shipped.add_argument("--title", required=True, metavar="TEXT")
    shipped.add_argument("--note", required=True, metavar="TEXT", help="what it is for, one sentence")
    shipped.add_argument("--licence", default="CC-BY-SA-4.0", metavar="SPDX")
    shipped.add_argument("--data", default="", metavar="TEXT", help="what `train` read, for the model card")
    shipped.add_argument("--sts", metavar="DIR", help="measure for the model card")
    shipped.add_argument("--no-scores", action="store_true", help="a card without scores")
    shipped.add_argument("--into", metavar="DIR", help="default: assets/encoders")
    shipped.set_defaults(run=run_ship)


def sts_of(given: str | None) -> Path:
    """The folder of the STS sets: as given, else where the product looks for it.

    Raises:
        ConfigError: There is none.
    """
    from simcse_core.data.sts_sets import sts_folder

    found = Path(given) if given else sts_folder()
    if found is None or not found.is_dir():
        raise ConfigError("The STS sets were not found.", hint="Give their folder as --sts DIR.")
    return found


def run_pretrain(options: argparse.Namespace) -> int:
    """Train in this process, following the events."""
    from simcse_core.pretraining.config import load_config
    from simcse_core.pretraining.run import pretrain

    config = load_config(options.config).with_settings(parse_settings(options.settings))
    if options.minutes is not None:
        config = config.with_settings({"minutes": options.minutes, "steps": 0})
    with progress("pretrain", "% of the budget") as bar:
        facts = pretrain(
            config,
            [Path(text) for text in options.text],
            sts_of(options.sts),
            Path(options.out),
            resume=options.resume,
            on_event=lambda event: _show(event, bar, quiet=options.json),
        )
    if options.json:
        print_json(facts)
    else:
        held_out = facts["held_out"]
        say(f"held-out loss {held_out['loss']:.3f}, accuracy {held_out['accuracy']:.3f}; {options.out}/model")
    return 0


def _show(event: Mapping[str, Any], bar: Any, *, quiet: bool) -> None:
    if bar is not None and "progress" in event:
        bar(min(100, round(100 * event["progress"])), 100)
    if quiet:
        return
    if event["type"] == "started":
        told = ", ".join(f"{s['name']} {s['lines']:,}" for s in event["sources"])
        say(f"{event['corpus_tokens']:,} tokens ({told}); {event['parameters']:,} parameters")
    if event["type"] == "evaluated":
        speed = event["tokens"] / max(event["seconds"], 1e-9)
        say(
            f"step {event['step']:>6}  held-out loss {event['loss']:.3f}  accuracy {event['accuracy']:.3f}  "
            f"{event['seconds']:.0f} s  {speed:,.0f} tokens/s"
        )


def run_report(options: argparse.Namespace) -> int:
    """Measure an encoder and print the report as Markdown or JSON."""
    from simcse_core.cli.output import write_json_file
    from simcse_core.pretraining.report import as_markdown, report

    found = report(_model_of(options.source), sts_of(options.sts), tasks=not options.no_tasks)
    if options.json == "-":
        print_json(found)
        return 0
    if options.json:
        write_json_file(options.json, found)
    say(as_markdown(found))
    return 0


def run_ship(options: argparse.Namespace) -> int:
    """Measure a run's encoder and write it with its model card."""
    from simcse_core.encoders.catalogue import shipped_folder
    from simcse_core.pretraining.report import report
    from simcse_core.pretraining.ship import ship

    scores = None if options.no_scores else report(_model_of(options.source), sts_of(options.sts))
    target = (Path(options.into) if options.into else shipped_folder()) / options.name
    size = ship(
        options.source,
        target,
        title=options.title,
        note=options.note,
        licence=options.licence,
        data=options.data,
        report=scores,
    )
    say(f"{options.name}: {size / 1e6:.1f} MB -> {target}")
    return 0


def _model_of(source: str) -> str:
    """A masked-LM run stands for the model in it."""
    inside = Path(source) / "model"
    return str(inside) if (inside / "pretraining.json").is_file() else source
