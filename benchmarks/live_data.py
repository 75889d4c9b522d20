"""What twenty steps do to STS-B, by training text and learning rate: the reasons for the live preset's.

    SIMCSE_STS_DIR=DIR python -m benchmarks.live_data [--seeds 3] [--data clips sentences …] [--rates 1e-4 …]

Runs the preset `live` (unsupervised SimCSE on minilm:4) with each text and rate, and prints Spearman x 100 on
STS-B dev, on which settings may be chosen, and on STS-B test, and the mean cosine of random pairs of dev
sentences, before and after: min / median / max over seeds.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

import simcse_core  # noqa: F401  (first: sets how waiting threads behave)
from simcse_core.data.datasets import load_dataset_records
from simcse_core.presets import preset
from simcse_core.runs.execute import encoder_to_train
from simcse_core.training.evaluation import Evaluator, Starts, scored_sets
from simcse_core.training.events import Evaluated
from simcse_core.training.loop import train
from simcse_core.training.trainer import Trainer

SETS = ("stsb-dev", "stsb-test")


def measure(data: str, rate: float, seed: int, starts: Starts) -> list[Evaluated]:
    """Evaluations before and after one run."""
    name, _, limit = data.partition("/")
    settings = {"data.train": name, "data.limit": int(limit or 0), "seed": seed, "evaluation.every": 20}
    config = preset("live").config.with_settings({**settings, "optim.learning_rate": rate}).check()
    records = list(load_dataset_records(name))
    trainer = Trainer(config, encoder_to_train(config), records[: config.data.limit or None])
    evaluate = Evaluator(scored_sets(",".join(SETS)), starts=starts)
    return [e for e in train(trainer, evaluate) if isinstance(e, Evaluated)]


def spread(values: Sequence[float], digits: int) -> str:
    """Min / median / max."""
    ordered = sorted(values)
    return " / ".join(f"{v:.{digits}f}" for v in (ordered[0], ordered[len(ordered) // 2], ordered[-1]))


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
    own = preset("live").config.optim.learning_rate
    parser.add_argument("--rates", nargs="+", type=float, default=[own], help="learning rates")
    options = parser.parse_args()
    starts: Starts = {}
    for data in options.data:
        for rate in options.rates:
            runs = [measure(data, rate, seed, starts) for seed in range(42, 42 + options.seeds)]
            before, after = runs[0][0], [run[-1] for run in runs]
            print(f"{data:<26} {rate:<7g}", end="")
            for name in SETS:
                scores = spread([e.sets[name] or 0.0 for e in after], 2)
                print(f"{name} {before.sets[name]:.2f} -> {scores}   ", end="")
            cosines = spread([e.mean_cosine for e in after], 3)
            print(f"cosine {before.mean_cosine:.3f} -> {cosines}", flush=True)


if __name__ == "__main__":
    main()
