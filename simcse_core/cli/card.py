"""`card` and `export`: a checkpoint told of, and taken along."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from simcse_core.cli.measure import encoder_options, load
from simcse_core.cli.output import SENTENCES, SENTENCES_HELP, progress, read_input, say, writing


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    card = commands.add_parser("card", help="a checkpoint's model card, all numbers measured")
    encoder_options(card, precision="fp32")
    card.add_argument("--out", required=True, metavar="FILE|-", help="Markdown file, - prints it")
    card.add_argument(
        "--input", metavar=SENTENCES, help=f"its use: {SENTENCES_HELP}; default: the shipped ones"
    )
    card.add_argument(
        "--data",
        metavar="DIR",
        help="folder with the STS sets; default: scores the bench kept",
    )
    card.add_argument("--licence", metavar="SPDX", help="of the weights, where the checkpoint does not say")
    card.add_argument("--language", metavar="CODE", help="of the texts, such as en")
    card.set_defaults(run=run_card)

    export = commands.add_parser("export", help="a checkpoint for other libraries, with its card")
    export.add_argument("source", metavar="RUN", help="run folder, RUN@STEP, or any checkpoint")
    export.add_argument("--to", required=True, metavar="DIR")
    export.add_argument(
        "--format", default="sentence-transformers", choices=("sentence-transformers", "transformers")
    )
    export.add_argument("--no-card", action="store_true", help="leave the model card out")
    export.set_defaults(run=run_export)


def run_card(options: argparse.Namespace) -> int:
    """Measure, and write the card."""
    from simcse_core.cards.package import card_of
    from simcse_core.evaluation.checkup import check_up
    from simcse_core.evaluation.patient import stated_use

    texts = read_input(options.input) if options.input else None
    encoder = load(options)
    with progress("check-up", "stages") as bar:
        checkup = check_up(encoder, texts, stated=stated_use(options.model), progress=bar)
    scores = _scores(encoder, Path(options.data)) if options.data else None
    text = card_of(options.model, checkup, scores=scores, licence=options.licence, language=options.language)
    if options.out == "-":
        say(text.rstrip())
        return 0
    with writing(options.out):
        Path(options.out).write_text(text, encoding="utf-8")
    say(f"{encoder.name} ({encoder.pooling}), {checkup.verdict} -> {options.out}")
    return 0


def _scores(encoder: Any, folder: Path) -> dict[str, Any]:
    """Scores on the seven STS tasks, kept for the bench."""
    from simcse_core.bench import run_bench
    from simcse_core.cards.scores import scores_from

    with progress("bench", "sentences") as bar:
        return scores_from(run_bench(encoder, sts=folder, progress=bar).tasks)


def run_export(options: argparse.Namespace) -> int:
    """Write a checkpoint in another library's layout."""
    from simcse_core.cards.package import export

    with progress("check-up", "stages") as bar:
        made = export(
            options.source, Path(options.to), layout=options.format, card=not options.no_card, progress=bar
        )
    say(f"{made.told} -> {made.folder}")
    for sentence in made.missing:
        say(sentence)
    if made.second is not None:
        say(f"That is the first of two towers; the second one -> {made.second}")
    return 0
