"""`repair`: a checkpoint with a post-processor fitted and kept beside its weights."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from simcse_core.cli.measure import encoder_options, load
from simcse_core.cli.output import print_json, progress, read_input, say, writing
from simcse_core.cli.training import parse_settings
from simcse_core.errors import DataError, RunError


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    repair = commands.add_parser("repair", help="fit a post-processor and keep it with the checkpoint")
    encoder_options(repair, precision="fp32")
    repair.add_argument(
        "--fit", required=True, metavar="FILE|-", help="corpus: one sentence a line, or a table"
    )
    repair.add_argument("--method", required=True, metavar="NAME", help="see `list postprocessors`")
    repair.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", dest="settings")
    repair.add_argument("--out", required=True, metavar="DIR", help="checkpoint folder, made when missing")
    repair.add_argument("--json", action="store_true", help="print the result as JSON")
    repair.set_defaults(run=run_repair)


def run_repair(options: argparse.Namespace) -> int:
    """Fit, keep, and write a checkpoint whose `encode` applies the repair."""
    from simcse_core.encoders.repairs import fit_repair
    from simcse_core.metrics.anisotropy import mean_cosine
    from simcse_core.postprocess import postprocessors

    target = Path(options.out)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"{target} exists and is not an empty folder.", hint="Choose another one.")
    postprocessors.info(options.method)
    settings = parse_settings(options.settings)
    texts = list(dict.fromkeys(read_input(options.fit)))
    if len(texts) < 2:
        raise DataError(f"{options.fit} has one distinct sentence; a repair needs two or more.")
    encoder = load(options)
    named = "standard input" if options.fit == "-" else Path(options.fit).name
    with progress("encode") as bar:
        repair = fit_repair(encoder, texts, options.method, fitted_on=named, progress=bar, **settings)
    before = encoder.encode(texts)
    width = encoder.dimension
    encoder.repairs = (*encoder.repairs, repair)
    after = encoder.encode(texts)
    with writing(options.out):
        encoder.save(target)
    told = {
        "model": options.model,
        "pooling": encoder.pooling,
        **repair.facts(),
        "dimension": width,
        "mean_cosine_before": _cosine(mean_cosine, before),
        "mean_cosine_after": _cosine(mean_cosine, after),
        "folder": str(target),
    }
    if options.json:
        print_json(told)
        return 0
    say(f"{repair.name} of {encoder.name} ({encoder.pooling}), fitted on {len(texts)} sentences of {named}")
    say(f"dimensions {width} -> {repair.width}")
    say(f"mean cosine {told['mean_cosine_before']} -> {told['mean_cosine_after']} -> {target}")
    if len(texts) <= width:
        say(f"{len(texts)} sentences are few for {width} dimensions: directions they lack are not repaired.")
    return 0


def _cosine(measure: Any, rows: Any) -> float | None:
    """Mean cosine; None where a repair left a row without direction."""
    try:
        return round(float(measure(rows)), 4)
    except DataError:
        return None
