"""`encode`, `similarity` and `geometry`: texts in, numbers out."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simcse_core.cli.output import (
    SENTENCES,
    SENTENCES_HELP,
    print_json,
    progress,
    read_input,
    say,
    table,
    write_json_file,
)
from simcse_core.data.vectors import FORMATS, make_vectors, save_vectors
from simcse_core.errors import ConfigError, DataError

if TYPE_CHECKING:
    from simcse_core.encoders import Encoder


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    encode = commands.add_parser("encode", help="sentences to vectors")
    encoder_options(encode)
    encode.add_argument("--input", required=True, metavar=SENTENCES, help=SENTENCES_HELP)
    encode.add_argument("--output", required=True, metavar="OUT", help="OUT.npy, OUT.parquet or OUT.tsv")
    encode.add_argument("--no-normalize", action="store_true", help="keep the length of the vectors")
    encode.add_argument(
        "--texts", action="store_true", help="with OUT.npy: also the texts, in OUT.metadata.tsv"
    )
    encode.set_defaults(run=run_encode)

    similarity = commands.add_parser("similarity", help="cosines between texts")
    encoder_options(similarity)
    similarity.add_argument("texts", nargs="+", metavar="TEXT")
    similarity.add_argument("--json", action="store_true", help="print JSON")
    similarity.set_defaults(run=run_similarity)

    geometry = commands.add_parser("geometry", help="anisotropy, uniformity, spectrum")
    encoder_options(geometry, precision="fp32")
    geometry.add_argument("--input", required=True, metavar=SENTENCES, help=SENTENCES_HELP)
    geometry.add_argument("--pairs", metavar="FILE", help="scored pairs; those above 4 give the alignment")
    geometry.add_argument("--json", metavar="OUT", help="write the results to a file, - prints them")
    geometry.add_argument(
        "--layers", action="store_true", help="every layer by every pooling, and the tokens"
    )
    geometry.set_defaults(run=run_geometry)


def encoder_options(
    parser: argparse.ArgumentParser, precision: str = "auto", *, required: bool = True
) -> None:
    """Which encoder, read how, on what; every command that loads one takes these."""
    parser.add_argument(
        "--model", required=required, metavar="M", help="shipped name, run, folder or Hub id; M:k"
    )
    parser.add_argument("--pooling", metavar="P", help="see `list poolers`; default: the checkpoint's own")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument("--precision", default=precision, choices=("fp32", "bf16", "auto"))


def load(options: argparse.Namespace) -> Encoder:
    """The encoder that `encoder_options` describe."""
    from simcse_core.encoders import load_encoder

    return load_encoder(
        options.model, pooling=options.pooling, device=options.device, precision=options.precision
    )


def run_encode(options: argparse.Namespace) -> int:
    """Write one vector per sentence."""
    suffix = Path(options.output).suffix
    if suffix not in FORMATS:
        raise ConfigError(f"--output is {options.output}; it must end in .npy, .parquet or .tsv.")
    texts = read_input(options.input)
    encoder = load(options)
    with progress("encode") as bar:
        vectors = encoder.encode(texts, normalize=not options.no_normalize, progress=bar)
    told = None if suffix == ".npy" and not options.texts else texts  # scripts expect one file of .npy
    files = save_vectors(make_vectors(vectors, told), options.output)
    shape = f"{len(texts)} sentences, {vectors.shape[1]} dimensions"
    say(f"{shape}, {encoder.name} ({encoder.pooling}) -> {' '.join(map(str, files))}")
    return 0


def run_similarity(options: argparse.Namespace) -> int:
    """Print the cosine of every two texts."""
    if len(options.texts) < 2:
        raise DataError("similarity needs two or more texts.")
    for number, text in enumerate(options.texts, start=1):
        if not text.strip():
            raise DataError(f"Text {number} is empty.")
    encoder = load(options)
    vectors = encoder.encode(options.texts).astype(np.float64)
    cosines = vectors @ vectors.T
    if options.json:
        told = {"model": options.model, "pooling": encoder.pooling, "texts": options.texts}
        print_json({**told, "similarity": cosines.round(6).tolist()})
    elif len(options.texts) == 2:
        say(f"{cosines[0, 1]:.4f}")
    else:
        numbers = [str(i) for i in range(1, len(options.texts) + 1)]
        rows = zip(numbers, cosines, options.texts, strict=True)
        table(["", *numbers, "text"], [[n, *map(float, row), text] for n, row, text in rows])
    return 0


def run_geometry(options: argparse.Namespace) -> int:
    """Measure the shape of the embedding space."""
    texts = list(dict.fromkeys(read_input(options.input)))
    if len(texts) < 2:
        raise DataError(f"{options.input} has one distinct sentence; geometry needs two or more.")
    encoder = load(options)
    if options.layers and options.pairs:
        raise ConfigError("--pairs gives the alignment of one reading; leave it out with --layers.")
    report = {"model": options.model, "pooling": encoder.pooling}
    if options.layers:
        report |= _layers(encoder, texts)
    else:
        report |= _one_reading(encoder, texts, options.pairs)
    if options.json == "-":
        print_json(report)
        return 0
    if options.json:
        write_json_file(options.json, report)
    _print_layers(report) if options.layers else _print_geometry(report)
    return 0


def _one_reading(encoder: Encoder, texts: list[str], pairs: str | None) -> dict[str, Any]:
    from simcse_core.evaluation.anisotropy import isotropic_numbers, spread_numbers
    from simcse_core.metrics.report import geometry_report

    with progress("encode") as bar:
        vectors = encoder.encode(texts, normalize=False, progress=bar)
    report = geometry_report(vectors, _close_pairs(encoder, pairs) if pairs else None)
    suite, even = spread_numbers(vectors), isotropic_numbers(*vectors.shape)
    return {**suite, **report, "isotropic": {**even, **report["isotropic"]}}


def _layers(encoder: Encoder, texts: list[str]) -> dict[str, Any]:
    from simcse_core.evaluation.anisotropy import anisotropy_suite

    with progress("read") as bar:
        return anisotropy_suite(encoder, texts, progress=bar).to_dict()


def _print_geometry(report: dict[str, Any]) -> None:
    """Every number, with that of evenly spread directions beside it where there is one."""
    even = report["isotropic"]
    for name, value in report.items():
        if name == "isotropic":
            continue
        beside = f"   (isotropic {even[name]:.4f})" if isinstance(even.get(name), float) else ""
        say(f"{name:<24} {value:.4f}{beside}" if isinstance(value, float) else f"{name:<24} {value}")


COLUMNS = {
    "mean_cosine": "cosine",
    "partition": "I(W)",
    "isoscore": "isoscore",
    "participation_ratio": "PR",
    "effective_rank": "eff. rank",
    "top_1": "top 1",
    "top_10": "top 10",
    "dominant_share": "dominant",
    "informativity": "r2 without",
    "standardised_cosine": "std cosine",
    "standardised_rank": "std rank",
    "hubness": "hubness",
}


def _print_layers(report: dict[str, Any]) -> None:
    say(f"{report['model']}: {report['sentences']} sentences, {report['dimension']} dimensions")
    rows = [[s["layer"], s["pooling"], *(_shown(s[key]) for key in COLUMNS)] for s in report["states"]]
    rows.append(["-", "isotropic", *(_shown(report["isotropic"][key]) for key in COLUMNS)])
    table(["layer", "pooling", *COLUMNS.values()], rows)
    say("\ntokens")
    head = ["baseline", "self_similarity", "intra_similarity", "max_explainable_variance", "norm_frequency"]
    lines = [[t["layer"], *(_shown(t[key]) for key in head)] for t in report["tokens"]]
    lines.append(["-", *(_shown(report["isotropic_tokens"][key]) for key in head)])
    table(["layer", "baseline", "self-similarity", "intra-sentence", "MEV", "norm-frequency"], lines)
    say("\ndominant: share of the mean cosine made by three dimensions; r2 without: what of the cosines")
    say("is left without them; std: after standardising; the last line of each: evenly spread directions.")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{round(value, 3) + 0.0:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _close_pairs(encoder: Encoder, file: str) -> tuple[Any, Any]:
    from simcse_core.data.readers import read_scored_pairs

    pairs = read_scored_pairs(Path(file))
    close = [i for i, score in enumerate(pairs.score) if score > 4]
    if not close:
        raise DataError(f"{file} has no pair scored above 4, so there is no alignment to measure.")
    first, second = [pairs.first[i] for i in close], [pairs.second[i] for i in close]
    return encoder.encode(first), encoder.encode(second)
