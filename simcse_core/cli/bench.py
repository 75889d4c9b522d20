"""`bench`: encoders measured on everything there is, compared and written as a report."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.cli.output import print_json, progress, say, table
from simcse_core.errors import ConfigError

if TYPE_CHECKING:
    from simcse_core.bench import BenchResult, Comparison

FORMATS = ("md", "csv", "json", "html")


def add_commands(commands: Any) -> None:
    """Add the parser of this file."""
    bench = commands.add_parser("bench", help="measure encoders on everything there is, and compare them")
    what = bench.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", nargs="+", metavar="M", help="encoders to measure")
    what.add_argument("--compare", nargs=2, metavar=("A", "B"), help="measure two and say what differs")
    bench.add_argument("--pooling", metavar="P", help="see `list poolers`; default: each checkpoint's own")
    bench.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    bench.add_argument("--precision", default="fp32", choices=("fp32", "bf16", "auto"))
    bench.add_argument("--sts", metavar="DIR", help="folder with STS12 … STS-B, SICK-R")
    bench.add_argument("--transfer", metavar="DIR", help="folder with MR, CR, SUBJ, MPQA, SST2, TREC, MRPC")
    bench.add_argument("--folds", type=int, default=10, help="of transfer's cross-validations")
    bench.add_argument("--bootstrap", type=int, default=1000, help="resamples for the intervals")
    bench.add_argument("--seed", type=int, default=0, help="draws the resamples")
    bench.add_argument("--no-cache", action="store_true", help="neither read nor keep what is measured")
    bench.add_argument("--out", metavar="DIR", help="write the report there")
    bench.add_argument("--format", nargs="+", choices=FORMATS, default=list(FORMATS), metavar="F")
    bench.add_argument("--json", action="store_true", help="print JSON")
    bench.set_defaults(run=run_bench_command)


def run_bench_command(options: argparse.Namespace) -> int:
    """Measure, print the tables, and write the report where asked."""
    from simcse_core.bench import compare
    from simcse_core.bench.report import json_text, report
    from simcse_core.bench.sheets import label, sheets

    if options.bootstrap < 0 or options.folds < 2:
        raise ConfigError("--bootstrap must be 0 or more and --folds 2 or more.")
    names = list(dict.fromkeys(options.compare or options.model))
    if options.compare and len(names) < 2:
        raise ConfigError("--compare needs two different encoders.")
    results = [_measured(name, options) for name in names]
    files = report(results, Path(options.out), options.format) if options.out else []
    if options.compare:
        first, second = (result.named(label(result)) for result in results)
        found = compare(first, second, resamples=options.bootstrap or 1000, seed=options.seed)
        print_json(found.to_json()) if options.json else _say_comparison(found)
    elif options.json:
        say(json_text(results).rstrip())
    else:
        for sheet in sheets(results):
            if sheet.name != "provenance":
                say(f"{sheet.title}\n")
                table(sheet.head, [[str(cell) for cell in row] for row in sheet.rows])
                say("".join(f"\n{note}" for note in sheet.notes) + "\n")
    if not options.json:
        for result in results:
            for note in result.notes:
                say(f"{result.model}: {note}")
        for file in files:
            say(str(file))
    return 0


def _measured(name: str, options: argparse.Namespace) -> BenchResult:
    from simcse_core.bench import run_bench
    from simcse_core.encoders import load_encoder

    encoder = load_encoder(name, pooling=options.pooling, device=options.device, precision=options.precision)
    with progress(f"bench {name}") as bar:
        return run_bench(
            encoder,
            sts=options.sts,
            transfer=options.transfer,
            bootstrap=options.bootstrap,
            seed=options.seed,
            folds=options.folds,
            progress=bar,
            cache=not options.no_cache,
        )


def _say_comparison(found: Comparison) -> None:
    say(f"{found.first} against {found.second}, aggregation '{found.aggregation}'\n")
    rows = [
        [
            one.name, one.first, one.second, one.difference.value, one.difference.low, one.difference.high,
            f"{one.difference.p:.3f}", "beyond noise" if one.beyond_noise else "within noise",
        ]
        for one in found.every()
    ]  # fmt: skip
    table(["", "first", "second", "difference", "95 % low", "high", "p", ""], rows)
    for name, why in found.left_out.items():
        say(f"{name} is left out: {why}.")
