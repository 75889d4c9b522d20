"""What twenty steps do to STS-B, by training text: the reason for the live preset's data.

    SIMCSE_STS_DIR=DIR python -m benchmarks.live_data [--seeds 3] [--data clips sentences …]

Runs the preset `live` (unsupervised SimCSE on minilm:4) on each text and prints Spearman x 100 on STS-B
test and the mean cosine of random pairs, before and after: min / median / max over seeds.
"""

from __future__ import annotations

import argparse

import simcse_core  # noqa: F401  (first: sets how waiting threads behave)
from simcse_core.data.datasets import load_dataset_records
from simcse_core.presets import preset
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.evaluation import Evaluator, scored_sets
from simcse_core.training.events import Evaluated
from simcse_core.training.loop import train
from simcse_core.training.trainer import Trainer


def measure(data: str, seed: int) -> list[Evaluated]:
    """Evaluations before and after one run."""
    name, _, limit = data.partition("/")
    settings = {"data.train": name, "data.limit": int(limit or 0), "seed": seed, "evaluation.every": 20}
    config = preset("live").config.with_settings({**settings, "evaluation.sets": "stsb-test"}).check()
    records = list(load_dataset_records(name))
    trainer = Trainer(config, encoder_to_train(config), records[: config.data.limit or None])
    return [e for e in train(trainer, Evaluator(scored_sets("stsb-test"))) if isinstance(e, Evaluated)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=3)
    default = ["clips", "sentences", "stsb-train-sentences", "stsb-train-sentences/2000"]
    parser.add_argument(
        "--data", nargs="+", default=default, help="data sets; NAME/2000 takes the first 2,000"
    )
    options = parser.parse_args()
    for data in options.data:
        runs = [measure(data, seed) for seed in range(42, 42 + options.seeds)]
        before, after = runs[0][0], sorted(run[-1].sets["stsb-test"] or 0.0 for run in runs)
        cosines = sorted(run[-1].mean_cosine for run in runs)
        middle = len(runs) // 2
        scores = f"{after[0]:.2f} / {after[middle]:.2f} / {after[-1]:.2f}"
        spread = f"{cosines[0]:.3f} / {cosines[middle]:.3f} / {cosines[-1]:.3f}"
        print(f"{data:<26} STS-B test {before.spearman:.2f} -> {scores}   ", end="")
        print(f"mean random cosine {before.mean_cosine:.3f} -> {spread}", flush=True)


if __name__ == "__main__":
    main()
