"""What every repair does to STS under the three aggregations, fitted on the target and elsewhere.

    SIMCSE_STS_DIR=DIR python -m benchmarks.repairs [--models lab-base minilm …] [--pooling mean]
        [--tasks STS-B …] [--elsewhere FILE] [--sentences 3200]

"target" fits on both columns of the task that is scored, as BERT-whitening's own tables do; "elsewhere" on
other text: the shipped sentences, or a file (one sentence a line), such as those of an NLI set. Prints
Spearman x 100 under all, mean and wmean; STS-B has one subset, so its three columns are equal. Flows take
most of the time: about ten seconds for 3,000 sentences, fitted once elsewhere and once on every task.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import simcse_core  # noqa: F401  (first: sets how waiting threads behave)
from simcse_core.data.readers import read_sentences
from simcse_core.data.sts_sets import TASKS, Task, load_task, sts_folder
from simcse_core.encoders import load_encoder
from simcse_core.errors import DataError, SimCSEError
from simcse_core.evaluation.cone import fitted, sample_sentences
from simcse_core.evaluation.sts import evaluate_task
from simcse_core.postprocess import PostProcessor
from simcse_core.recording.repair import ENCODERS, available

REPAIRS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("centering", {}),
    ("standardising", {}),
    ("component_removal", {"k": 1}),
    ("component_removal", {"k": 4}),
    ("whitening", {}),
    ("whitening", {"k": 256}),
    ("flow", {}),
)
AGGREGATIONS = ("all", "mean", "wmean")


class Embedded:
    """Raw embeddings of many sentences, looked up by text."""

    def __init__(self, rows: NDArray[np.float32], texts: Sequence[str]) -> None:
        self.rows = rows
        self.place = {text: number for number, text in enumerate(texts)}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d) of n texts."""
        return self.rows[[self.place[text] for text in texts]]


Fitted = PostProcessor | str | None


def learned(name: str, settings: Mapping[str, Any], corpus: NDArray[Any]) -> Fitted:
    """A fitted repair, or why there is none."""
    try:
        return fitted(name, corpus, **settings)
    except DataError as error:  # fewer rows than the repair needs
        return error.message[:30]


def score(task: Task, embedded: Embedded, repair: Fitted) -> str:
    """The three aggregations of a task after one repair."""
    if isinstance(repair, str):
        return repair
    result = evaluate_task(
        lambda texts: embedded(texts) if repair is None else repair.transform(embedded(texts)),
        task,
        bootstrap=0,
    )
    values = (result.spearman[key] for key in AGGREGATIONS)
    return " / ".join(f"{value:6.2f}" if value is not None else "     -" for value in values)


def table(model: str, pooling: str | None, tasks: Sequence[Task], elsewhere: Sequence[str]) -> None:
    """One encoder: every repair, every task; what is fitted elsewhere is fitted once."""
    began = time.monotonic()
    encoder = load_encoder(model, pooling=pooling, device="cpu", precision="fp32", repaired=False)
    texts = list(dict.fromkeys([*elsewhere, *(t for task in tasks for t in task.pairs().sentences())]))
    embedded = Embedded(encoder.encode(texts, normalize=False), texts)
    print(
        f"\n{model} ({encoder.pooling}, {encoder.dimension} dimensions), Spearman x 100: all / mean / wmean"
    )
    other = [learned(name, settings, embedded(elsewhere)) for name, settings in REPAIRS]
    for task in tasks:
        target = embedded(task.pairs().sentences())
        print(f"{task.name}: {len(task.pairs())} pairs, {len(task.subsets)} subsets, {len(target)} sentences")
        print(f"  {'as it is':<24} {score(task, embedded, None)}")
        for (name, settings), away in zip(REPAIRS, other, strict=True):
            told = " ".join([name, *(f"{key}={value}" for key, value in settings.items())])
            own = score(task, embedded, learned(name, settings, target))
            print(f"  {told:<24} target {own}   elsewhere {score(task, embedded, away)}", flush=True)
    print(f"{time.monotonic() - began:.0f} s", flush=True)


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models", nargs="+", default=available(ENCODERS))
    parser.add_argument("--pooling", help="default: the checkpoint's own")
    parser.add_argument("--tasks", nargs="+", default=["STS-B"], choices=list(TASKS))
    parser.add_argument("--elsewhere", metavar="FILE", help="default: the shipped sentences")
    parser.add_argument("--sentences", type=int, default=3200, help="most sentences of it")
    options = parser.parse_args()
    folder = sts_folder()
    if folder is None:
        parser.error("the public STS files are not here: set SIMCSE_STS_DIR to their folder")
    try:
        tasks = [load_task(folder, name) for name in options.tasks]
        if options.elsewhere:
            other = list(dict.fromkeys(read_sentences(Path(options.elsewhere))))[: options.sentences]
        else:
            other = list(dict.fromkeys(text for text, _ in sample_sentences(options.sentences)))
        print(f"elsewhere: {len(other)} sentences of {options.elsewhere or 'the shipped texts'}")
        for model in options.models:
            table(model, options.pooling, tasks, other)
    except SimCSEError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
