"""The live run from one shipped encoder against the same run from another.

    python -m benchmarks.live_models [--models minilm:4 lab-base] [--repeats 5]

The preset `live` as it is, twenty steps and their evaluations, loading left out, both in one process and
in turns (A B A B …), the first round not counted. Prints seconds of the whole run and of a step, and the
ratio of each round as min / median / max.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass

from simcse_core.presets import preset
from simcse_core.runs.execute import encoder_to_train, training_records
from simcse_core.training.evaluation import Evaluator, scored_sets
from simcse_core.training.events import StepDone
from simcse_core.training.loop import train
from simcse_core.training.trainer import Trainer


@dataclass(frozen=True)
class Timed:
    """Seconds of a whole run, evaluations included, and of its median step."""

    run: float
    step: float


def live_run(model: str) -> Timed:
    """Train once from `model`."""
    config = preset("live").config.with_settings({"encoder.name": model}).check()
    trainer = Trainer(config, encoder_to_train(config), training_records(config))
    evaluate = Evaluator(scored_sets(config.evaluation.sets))
    steps, last = [], time.perf_counter()
    start = last
    for event in train(trainer, evaluate):
        now = time.perf_counter()
        if isinstance(event, StepDone):
            steps.append(now - last)
        last = now
    return Timed(last - start, statistics.median(steps))


def spread(values: list[float]) -> str:
    """Min / median / max."""
    return f"{min(values):.2f} / {statistics.median(values):.2f} / {max(values):.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs=2, default=["minilm:4", "lab-base"])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    rounds = [[live_run(model) for model in options.models] for _ in range(options.repeats + 1)][1:]
    for model, timed in zip(options.models, zip(*rounds, strict=True), strict=True):
        print(f"{model}: run {spread([t.run for t in timed])} s, step {spread([t.step for t in timed])} s")
    first, second = options.models
    print(
        f"{second} / {first} = {spread([b.run / a.run for a, b in rounds])} for the run, "
        f"{spread([b.step / a.step for a, b in rounds])} for a step (min / median / max)"
    )


if __name__ == "__main__":
    main()
