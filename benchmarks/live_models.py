"""The live run from one shipped encoder against the same run from another.

    python -m benchmarks.live_models [--models minilm:4 lab-base] [--repeats 5] [--same-pieces]

The preset `live` as it is, twenty steps and their evaluations, loading left out, both in one process and
in turns (A B A B …), the first round not counted. With --same-pieces it trains on the sentences that both
tokenizers cut into as many pieces, so that what is left is the encoders' own difference. Prints seconds of
the whole run and of a step, and the ratio of each round as min / median / max.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass

from simcse_core.encoders import load_encoder
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


def same_pieces(texts: Sequence[str], models: Sequence[str]) -> list[str]:
    """The texts that every model's tokenizer cuts into the same number of pieces; tells how many."""
    tokenizers = [load_encoder(model).tokenizer for model in models]
    counts = [[len(tokenizer.tokenize(text)) for text in texts] for tokenizer in tokenizers]
    for model, each in zip(models, counts, strict=True):
        print(f"{model}: {statistics.fmean(each):.2f} pieces a sentence on average")
    found = [text for text, *each in zip(texts, *counts, strict=True) if len(set(each)) == 1]
    print(f"{len(found)} of {len(texts)} sentences have as many pieces for both")
    return found


def live_run(model: str, texts: Sequence[str]) -> Timed:
    """Train once from `model`."""
    config = preset("live").config.with_settings({"encoder.name": model}).check()
    trainer = Trainer(config, encoder_to_train(config), texts)
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
    parser.add_argument("--same-pieces", action="store_true")
    options = parser.parse_args()
    texts = [str(text) for text in training_records(preset("live").config)]
    if options.same_pieces:
        texts = same_pieces(texts, options.models)
    rounds = [[live_run(model, texts) for model in options.models] for _ in range(options.repeats + 1)][1:]
    for model, timed in zip(options.models, zip(*rounds, strict=True), strict=True):
        print(f"{model}: run {spread([t.run for t in timed])} s, step {spread([t.step for t in timed])} s")
    first, second = options.models
    print(
        f"{second} / {first} = {spread([b.run / a.run for a, b in rounds])} for the run, "
        f"{spread([b.step / a.step for a, b in rounds])} for a step (min / median / max)"
    )


if __name__ == "__main__":
    main()
