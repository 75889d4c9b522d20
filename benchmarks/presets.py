"""What every preset does in twenty steps: STS-B test and the geometry of its sentences, before and after.

    python -m benchmarks.presets --data DIR [--presets NAME …] [--seeds 42 43 44] [--set KEY=VALUE …] [--json]

Each preset as it is (batch size, rate, schedule, view, loss, read-out, text), but on the first 4 layers of
MiniLM and for 20 steps; text that would have to be downloaded is replaced by the shipped sentences. DIR holds
STS-B/test.tsv. Every finished run is a line of the file named by --cache and is not trained again, so the
command can be interrupted; remove the file after a change of the code. Prints min / median / max over the
seeds as a Markdown table.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

STEPS = 20
TEST_SIZED = {"encoder.name": "minilm:4", "optim.steps": STEPS, "evaluation.sets": "stsb-test"}
INSTEAD = "sentences"
"""Training text of a preset whose own text is not on this machine."""
MEASURES = {
    "spearman": ("Spearman x 100", 2),
    "alignment": ("alignment", 3),
    "uniformity": ("uniformity", 3),
    "mean_cosine": ("mean random cosine", 3),
}
Row = dict[str, Any]


def test_sized(name: str, seed: int, settings: Mapping[str, Any]) -> Any:
    """The checked configuration of a preset as it is trained here."""
    from simcse_core.data.datasets import available, datasets
    from simcse_core.presets import preset

    config = preset(name).config
    text = config.data.train
    own = {"data.train": INSTEAD, "data.limit": 0} if text in datasets and not available(text) else {}
    return config.with_settings({**TEST_SIZED, **own, **settings, "seed": seed}).check()


def measure(config: Any, starts: dict[str, Any]) -> Row:
    """Train one configuration and measure it before and after."""
    from simcse_core.runs.execute import encoder_to_train, training_records
    from simcse_core.training.evaluation import Evaluator, scored_sets
    from simcse_core.training.loop import measured
    from simcse_core.training.trainer import Trainer

    trainer = Trainer(config, encoder_to_train(config), training_records(config))
    evaluate = Evaluator(scored_sets(config.evaluation.sets), starts=starts)
    told = {"before": measured(trainer, evaluate)}
    loss = [trainer.advance().loss for _ in range(config.optim.steps)]
    told["after"] = measured(trainer, evaluate)
    found = {when: {k: dataclasses.asdict(event)[k] for k in MEASURES} for when, event in told.items()}
    return {"preset": config.preset, "seed": config.seed, "train": config.data.train, "loss": loss, **found}


def rows_of(
    names: Sequence[str], seeds: Sequence[int], settings: Mapping[str, Any], cache: Path
) -> Iterator[Row]:
    """A row for each preset and seed, from the cache or trained now; what cannot be trained is told."""
    from simcse_core.errors import SimCSEError

    lines = cache.read_text(encoding="utf-8").splitlines() if cache.is_file() else []
    known = {row["config"]: row for row in map(json.loads, lines)}
    starts: dict[str, Any] = {}
    for name in names:
        for seed in seeds:
            try:
                config = test_sized(name, seed, settings)
                if config.digest() not in known:
                    known[config.digest()] = {"config": config.digest(), **measure(config, starts)}
                    cache.parent.mkdir(parents=True, exist_ok=True)
                    with cache.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(known[config.digest()]) + "\n")
                yield known[config.digest()]
            except SimCSEError as error:
                sys.stderr.write(f"{name}, seed {seed}: {error}\n")
                break


def spread(values: Sequence[float | None], digits: int) -> str:
    """Min / median / max; one number where they are all the same."""
    given = [value for value in values if value is not None]
    if len(given) < len(values):
        return "not defined"
    told = [f"{x:.{digits}f}" for x in (min(given), statistics.median(given), max(given))]
    return told[0] if len(set(told)) == 1 else " / ".join(told)


def table(rows: Sequence[Row]) -> str:
    """Markdown: a line for each preset, before and after."""
    titles = [f"{title}, {when}" for title, _ in MEASURES.values() for when in ("before", "after")]
    lines = [f"| preset | text | {' | '.join(titles)} |", "|---" * (len(titles) + 2) + "|"]
    for name in dict.fromkeys(row["preset"] for row in rows):
        mine = [row for row in rows if row["preset"] == name]
        cells = [
            spread([row[when][key] for row in mine], digits)
            for key, (_, digits) in MEASURES.items()
            for when in ("before", "after")
        ]
        lines.append(f"| `{name}` | {mine[0]['train']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Train what is not known yet, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, help="folder of the STS sets; default: where the product looks")
    parser.add_argument("--presets", nargs="+", metavar="NAME", help="default: all")
    parser.add_argument("--seeds", type=int, nargs="+", default=[42, 43, 44])
    parser.add_argument("--set", nargs="+", action="extend", default=[], metavar="KEY=VALUE", dest="settings")
    parser.add_argument("--cache", type=Path, default=Path("build/presets.jsonl"))
    parser.add_argument("--json", action="store_true", help="print every run as JSON")
    options = parser.parse_args()
    if options.data:
        os.environ["SIMCSE_STS_DIR"] = str(options.data)
    warnings.filterwarnings("ignore")
    from simcse_core.cli.training import parse_settings
    from simcse_core.presets import PRESETS

    names = options.presets or list(PRESETS)
    rows = list(rows_of(names, options.seeds, parse_settings(options.settings), options.cache))
    print(json.dumps(rows, indent=1) if options.json else table(rows))


if __name__ == "__main__":
    main()
