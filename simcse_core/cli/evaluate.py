"""`evaluate`: an encoder, or every reading of one, on the seven STS tasks."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simcse_core.bench import AGGREGATIONS
from simcse_core.cli.measure import encoder_options, load
from simcse_core.cli.output import print_json, progress, say, table, write_json_file
from simcse_core.errors import ConfigError, DataError, EncoderError

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder


def add_commands(commands: Any) -> None:
    """Add the parser of this file."""
    evaluate = commands.add_parser("evaluate", help="the seven STS tasks")
    encoder_options(evaluate, precision="fp32")
    evaluate.add_argument("--data", required=True, metavar="DIR", help="folder with STS12 … STS-B, SICK-R")
    evaluate.add_argument("--tasks", nargs="+", metavar="TASK", help="a part of the seven")
    evaluate.add_argument("--bootstrap", type=int, default=1000, help="resamples for the interval")
    evaluate.add_argument(
        "--all-poolers", action="store_true", help="every pooling the encoder can be read by"
    )
    evaluate.add_argument(
        "--sick-all", action="store_true", help="SICK-R on all 9,927 pairs too, as MTEB; not in the average"
    )
    evaluate.add_argument("--json", metavar="OUT", help="write the results to a file, - prints them")
    evaluate.set_defaults(run=run_evaluate)


def run_evaluate(options: argparse.Namespace) -> int:
    """Measure on the STS tasks."""
    if options.bootstrap < 0:
        raise ConfigError(f"--bootstrap is {options.bootstrap}; it must be 0 or more.")
    if not Path(options.data).is_dir():
        raise DataError(f"There is no folder {options.data}.", hint="Give the folder with STS12 to SICK-R.")
    if options.all_poolers and options.pooling:
        raise ConfigError("--all-poolers reads by every pooling; leave out --pooling.")
    encoder = load(options)
    report = _every_pooling(options, encoder) if options.all_poolers else _one_pooling(options, encoder)
    if options.json == "-":
        print_json(report)
        return 0
    if options.json:
        write_json_file(options.json, report)
    precision = str(encoder.dtype).removeprefix("torch.")
    _say_poolings(report, precision) if options.all_poolers else _say_tasks(report, precision)
    return 0


def _one_pooling(options: argparse.Namespace, encoder: Encoder) -> dict[str, Any]:
    from simcse_core.evaluation.sts import evaluate_all

    with progress("evaluate") as bar:
        report = evaluate_all(
            encoder,
            Path(options.data),
            tasks=options.tasks,
            bootstrap=options.bootstrap,
            progress=bar,
            sick_all=options.sick_all,
        )
    return {"model": options.model, "pooling": encoder.pooling, "tasks": report["tasks"]}


def _every_pooling(options: argparse.Namespace, own: Encoder) -> dict[str, Any]:
    """One pass over the texts a pooling; those that it cannot be read by are told with the reason."""
    from simcse_core.encoders import load_encoder
    from simcse_core.encoders.poolers import poolers
    from simcse_core.evaluation.cone import PROMPT

    found: dict[str, Any] = {}
    refused: dict[str, str] = {}
    for pooling in poolers:
        template = own.template or PROMPT if pooling == "mask" else None
        try:
            encoder = load_encoder(
                options.model,
                pooling=pooling,
                device=options.device,
                precision=options.precision,
                template=template,
            )
            read = _one_pooling(options, encoder)
            told = {"template": encoder.template} if encoder.template else {}
            found[pooling] = {**told, "tasks": read["tasks"]}
        except EncoderError as error:
            refused[pooling] = error.message
    return {"model": options.model, "own": own.pooling, "poolers": found, "refused": refused}


def _seven(tasks: Mapping[str, Any]) -> list[float]:
    """Scores under 'all' of the seven tasks, or those asked for; SICK-R counts once."""
    from simcse_core.data.sts_sets import TASKS

    return [task["spearman"]["all"] for name, task in tasks.items() if name in TASKS]


def _say_tasks(report: Mapping[str, Any], precision: str) -> None:
    head = ["task", "pairs", *AGGREGATIONS, "95 % low", "high", "alignment", "uniformity"]
    rows = [
        [
            name,
            t["n"],
            *(t["spearman"][k] for k in AGGREGATIONS),
            *t["interval"],
            t["alignment"],
            t["uniformity"],
        ]
        for name, t in report["tasks"].items()
    ]
    table(head, rows)
    how = f"{report['model']}, {report['pooling']}, {precision}"
    count = len(_seven(report["tasks"]))
    say(f"\naverage of {count} tasks ('all'): {np.mean(_seven(report['tasks'])):.2f}   {how}")


def _say_poolings(report: Mapping[str, Any], precision: str) -> None:
    """A row a pooling under 'all'; the checkpoint's own is marked."""
    first = next(iter(report["poolers"].values()))["tasks"]
    rows = []
    for pooling, one in report["poolers"].items():
        mark = " *" if pooling == report["own"] else ""
        scores = [task["spearman"]["all"] for task in one["tasks"].values()]
        rows.append([f"{pooling}{mark}", *scores, float(np.mean(_seven(one["tasks"])))])
    table(["pooling", *first, "average"], rows)
    say(f"\n{report['model']}, {precision}: Spearman x 100 ('all'); * is the checkpoint's own pooling")
    for pooling, one in report["poolers"].items():
        if "template" in one:
            say(f"{pooling} reads the texts as: {one['template']}")
    for pooling, why in report["refused"].items():
        say(f"{pooling} is left out: {why}")
