"""`repair`, `calibrate`, `static-bias` and `doctor --model`: a checkpoint mended, understood and checked."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from simcse_core.cli.measure import encoder_options, load
from simcse_core.cli.output import (
    SENTENCES,
    SENTENCES_HELP,
    print_json,
    progress,
    read_input,
    say,
    table,
    writing,
)
from simcse_core.cli.training import parse_settings
from simcse_core.errors import ConfigError, DataError, RunError
from simcse_core.evaluation.words import percent

if TYPE_CHECKING:
    from simcse_core.data.records import ScoredPairs


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    repair = commands.add_parser("repair", help="fit a post-processor and keep it with the checkpoint")
    encoder_options(repair, precision="fp32")
    repair.add_argument("--fit", required=True, metavar=SENTENCES, help=f"corpus: {SENTENCES_HELP}")
    repair.add_argument("--method", required=True, metavar="NAME", help="see `list postprocessors`")
    repair.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", dest="settings")
    repair.add_argument("--out", required=True, metavar="DIR", help="checkpoint folder, made when missing")
    repair.add_argument("--json", action="store_true", help="print the result as JSON")
    repair.set_defaults(run=run_repair)

    calibrate = commands.add_parser("calibrate", help="what a cosine means for a checkpoint")
    encoder_options(calibrate, precision="fp32")
    calibrate.add_argument("--pairs", metavar="FILE", help="pairs scored 0 to 5; default: the shipped ones")
    calibrate.add_argument("--cosine", type=float, nargs="+", default=[0.72], metavar="C")
    calibrate.add_argument("--bootstrap", type=int, default=1000, help="resamples for the interval")
    calibrate.add_argument("--json", action="store_true", help="print JSON")
    calibrate.set_defaults(run=run_calibrate)

    bias = commands.add_parser("static-bias", help="STS by input embeddings, kinds of tokens left out")
    encoder_options(bias, precision="fp32")
    bias.add_argument(
        "--input",
        required=True,
        metavar=SENTENCES,
        help=f"text that counts the words: {SENTENCES_HELP}",
    )
    bias.add_argument("--pairs", metavar="FILE", help="scored pairs; default: the shipped ones")
    bias.add_argument("--bootstrap", type=int, default=1000, help="resamples for the intervals")
    bias.add_argument("--json", action="store_true", help="print JSON")
    bias.set_defaults(run=run_static_bias)


def run_repair(options: argparse.Namespace) -> int:
    """Fit, keep, and write a checkpoint whose `encode` applies the repair."""
    from simcse_core.encoders.repairs import fit_repair
    from simcse_core.metrics.anisotropy import mean_cosine
    from simcse_core.postprocess import postprocessors

    target = _empty(options.out)
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


def run_calibrate(options: argparse.Namespace) -> int:
    """Set the cosines of scored pairs against random pairs and human scores."""
    from simcse_core.evaluation.calibration import calibrate

    for cosine in options.cosine:
        if not -1.0 <= cosine <= 1.0:
            raise ConfigError(f"--cosine is {cosine:g}; a cosine lies between -1 and 1.")
    pairs = _pairs(options.pairs)
    encoder = load(options)
    found = calibrate(encoder, pairs, resamples=options.bootstrap)
    sentences = {f"{cosine:g}": found.sentence(cosine) for cosine in options.cosine}
    if options.json:
        told = {"model": options.model, "pooling": encoder.pooling, "set": pairs.name}
        print_json({**told, **found.to_dict(), "sentences": sentences})
        return 0
    random = found.to_dict()["random"]
    say(f"{encoder.name} ({encoder.pooling}) on {len(pairs)} pairs")
    say(f"random pairs: mean cosine {random['mean']:.3f}, 95 % below {random['quantiles']['0.95']:.3f}\n")
    shown = [
        (f"{b.low:g} to {b.high:g}", b.pairs, b.mean, *b.quantiles) for b in found.buckets if b.quantiles
    ]
    table(["score", "pairs", "mean", "5 %", "25 %", "median", "75 %", "95 %"], shown)
    if found.threshold is not None:
        t = found.threshold
        say(f"\nthe same in meaning from {t.value:.3f} (95 % {t.low:.3f} to {t.high:.3f}),")
        say(f"which is right for {percent(t.accuracy, 1)} of pairs of either kind")
    for sentence in sentences.values():
        say(sentence)
    return 0


def run_static_bias(options: argparse.Namespace) -> int:
    """Measure input-embedding averages before and after each removal."""
    from simcse_core.evaluation.static_bias import static_removals, token_map

    corpus, pairs = read_input(options.input), _pairs(options.pairs)
    encoder = load(options)
    found = static_removals(encoder, pairs, corpus, bootstrap=options.bootstrap)
    share = token_map(encoder, corpus).frequency_share
    if options.json:
        rows = [{**vars(one), "interval": list(one.interval)} for one in found]
        print_json({"model": options.model, "set": pairs.name, "removals": rows, "frequency_share": share})
        return 0
    say(f"{encoder.name}: means of input embeddings on {len(pairs)} pairs, no layer is run")
    table(
        ["left out", "share", "Spearman", "95 % low", "high", "mean cosine"],
        [[one.name, one.removed, one.spearman, *one.interval, one.mean_cosine] for one in found],
    )
    say(f"log-frequency explains {percent(share)} of the places on the two strongest components (R2)")
    return 0


def _pairs(file: str | None) -> ScoredPairs:
    """Scored pairs of a file, or the shipped ones."""
    from simcse_core.data.datasets import load_dataset_records
    from simcse_core.data.readers import read_scored_pairs

    return read_scored_pairs(Path(file)) if file else cast("ScoredPairs", load_dataset_records("pairs"))


def run_checkpoint_doctor(options: argparse.Namespace) -> int:
    """Check how an encoder is used; the exit code is 0 whatever is found."""
    from simcse_core.evaluation.doctor import examine
    from simcse_core.evaluation.patient import stated_use

    texts = read_input(options.input) if options.input else None
    encoder = load(options)
    found = examine(encoder, texts, stated=stated_use(options.model))
    if options.json:
        told = {"model": options.model, "pooling": encoder.pooling}
        print_json({**told, "findings": [vars(one) for one in found]})
        return 0
    say(f"{encoder.name} ({encoder.pooling}, {encoder.layers} layers)")
    for one in found:
        say(f"{one.state:<8} {one.check:<14} {one.told}")
        if one.fix:
            say(f"{'':<23} {one.fix}")
    return 0


def _empty(folder: str) -> Path:
    """A folder to write into, refused where something is in it already."""
    target = Path(folder)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"{target} exists and is not an empty folder.", hint="Choose another one.")
    return target


def _cosine(measure: Any, rows: Any) -> float | None:
    """Mean cosine; None where a repair left a row without direction."""
    try:
        return round(float(measure(rows)), 4)
    except DataError:
        return None
