"""`project`: sentences or vectors to a map, as a table and as a page."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path
from typing import Any

from simcse_core.cli.measure import encoder_options, load
from simcse_core.cli.output import SENTENCES, SENTENCES_HELP, progress, read_input, say, writing
from simcse_core.data.vectors import Vectors, make_vectors
from simcse_core.errors import ConfigError
from simcse_core.evaluation.words import percent
from simcse_core.projection import Projection, project, projections
from simcse_core.registry import checked, params_of


def add_commands(commands: Any) -> None:
    """Add the parser of this file."""
    parser = commands.add_parser("project", help="sentences or vectors to a map in two or three dimensions")
    encoder_options(parser, required=False)
    parser.add_argument("--input", metavar=SENTENCES, help=f"with --model: {SENTENCES_HELP}")
    parser.add_argument("--vectors", metavar="FILE", help="instead: .npy, .parquet or .tsv of vectors")
    parser.add_argument("--method", default="pca", help=f"{', '.join(projections)}; default: pca")
    parser.add_argument("--dimensions", type=int, default=2, help="2 or 3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", nargs="+", default=[], metavar="KEY=VALUE", help=f"settings: {_settings()}")
    parser.add_argument("--output", required=True, metavar="MAP.csv", help="row, x, y, texts and labels")
    parser.add_argument("--html", metavar="MAP.html", help="also a page to look at, in one file")
    parser.set_defaults(run=run_project)


def _settings() -> str:
    return "; ".join(
        f"{name}: {', '.join(f'{key}={p.default}' for key, p in params_of(projections[name]).items())}"
        for name in projections
        if params_of(projections[name])
    )


def run_project(options: argparse.Namespace) -> int:
    """Write a map and say how far it can be trusted."""
    if Path(options.output).suffix != ".csv":
        raise ConfigError(f"--output is {options.output}; it must end in .csv.")
    if options.html and Path(options.html).suffix != ".html":
        raise ConfigError(f"--html is {options.html}; it must end in .html.")
    # refused before anything is read
    settings = checked("projection", options.method, projections[options.method], _parsed(options.set))
    vectors, of = _given(options)
    found = project(
        vectors.embeddings, options.method, dimensions=options.dimensions, seed=options.seed, **settings
    )
    _write_table(found, vectors, options.output)
    if options.html:
        _write_page(found, vectors, options.html, f"{projections.info(options.method).title} of {of}")
    say(f"{_told(found)} -> {options.output}{f' {options.html}' if options.html else ''}")
    if found.note:
        say(found.note)
    return 0


def _parsed(pairs: list[str]) -> dict[str, str]:
    for pair in pairs:
        if "=" not in pair:
            raise ConfigError(f"--set takes KEY=VALUE; got {pair!r}.")
    return dict(pair.split("=", 1) for pair in pairs)


def _given(options: argparse.Namespace) -> tuple[Vectors, str]:
    """What is mapped, and its name."""
    from simcse_core.data.vector_reading import read_vectors

    if options.vectors:
        if options.model or options.input:
            raise ConfigError("--vectors are embeddings already; leave out --model and --input.")
        return read_vectors(options.vectors), Path(options.vectors).name
    if not (options.model and options.input):
        raise ConfigError("project needs --model and --input, or --vectors.")
    texts = read_input(options.input)
    encoder = load(options)
    with progress("encode") as bar:
        return make_vectors(encoder.encode(texts, progress=bar), texts), options.model


def _write_table(found: Projection, vectors: Vectors, path: str) -> None:
    names = ["x", "y", "z"][: found.points.shape[1]]
    with writing(path), Path(path).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["row", *names, *vectors.columns])
        for row, point in zip(found.rows.tolist(), found.points, strict=True):
            table.writerow(
                [row, *(f"{value:.6g}" for value in point), *(c[row] for c in vectors.columns.values())]
            )


def _write_page(found: Projection, vectors: Vectors, path: str, title: str) -> None:
    """The figure with everything it needs inside, so that it opens without a network."""
    from simcse_core.figures.projection import projection_map
    from simcse_core.figures.theme import LIGHT, plotly_text

    texts = vectors.texts or [f"row {i}" for i in range(len(vectors.embeddings))]
    shown = [texts[i] for i in found.rows]
    figure = projection_map(found.points, shown, LIGHT, title=plotly_text(title))
    with writing(path):
        figure.write_html(path, include_plotlyjs=True)


def _told(found: Projection) -> str:
    settings = ", ".join(f"{key}={value}" for key, value in found.settings.items())
    method = f"{projections.info(found.method).title}{f' ({settings})' if settings else ''}"
    told = f"{len(found.points):,} points, {method}, seed {found.seed}"
    if found.explained is not None:
        told += f", {percent(sum(found.explained))} of the variance"
    if found.trustworthiness is None or found.neighbours_kept is None or found.by_chance is None:
        return f"{told}, too few rows to say how far it can be trusted"
    chance = percent(found.by_chance, 1)
    kept = f"{percent(found.neighbours_kept)} of the {found.k} nearest kept ({chance} by chance)"
    return f"{told}, trustworthiness {found.trustworthiness:.3f}, {kept}"
