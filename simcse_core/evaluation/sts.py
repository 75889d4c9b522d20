"""The seven STS tasks: cosine, Spearman x 100, three ways to aggregate, and how sure each number is.

Protocol (Gao et al. 2021, arXiv:2104.08821, appendix B): cosines of the embeddings as they are, no regressor,
no truncation. `all` concatenates the subsets of a task (SimCSE, SBERT), `mean` averages their correlations,
`wmean` weights them by size (BERT-flow, BERT-whitening); never put two of them into one table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.data.sts_sets import TASKS, Task, load_sick_all, load_task
from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import bootstrap_spearman, interval
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.metrics.uniformity import uniformity

POSITIVE_ABOVE = 4.0  # SimCSE footnote 3: strictly above

Progress = Callable[[int, int | None], None]


class SentenceEncoder(Protocol):
    """What `load_encoder` gives, as far as it is needed here."""

    pooling: str

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> NDArray[Any]:
        """Sentences -> (n, d), in order."""
        ...


Encode = SentenceEncoder | Callable[[list[str]], NDArray[Any]]

__all__ = [
    "POSITIVE_ABOVE",
    "TASKS",
    "Task",
    "TaskResult",
    "embeddings_of",
    "evaluate_all",
    "evaluate_pairs",
    "evaluate_task",
    "load_task",
]


@dataclass(frozen=True, eq=False)
class TaskResult:
    """An encoder on one task.

    Attributes:
        name: Of the task.
        n: Pairs.
        spearman: x 100, under `all`, `mean` and `wmean`.
        interval: 95 % bootstrap interval of `all`; (None, None) without resamples.
        subsets: Name → (pairs, Spearman x 100 or None where it is undefined).
        alignment: Of the pairs scored strictly above 4; None if there are none.
        uniformity: Of the distinct sentences of the task.
        cosine: (n,) of every pair.
        gold: (n,) human scores.
    """

    name: str
    n: int
    spearman: dict[str, float | None]
    interval: tuple[float | None, float | None]
    subsets: dict[str, tuple[int, float | None]]
    alignment: float | None
    uniformity: float
    cosine: NDArray[np.float64]
    gold: NDArray[np.float64]

    def to_json(self) -> dict[str, Any]:
        """The contract of `evaluate --json`; the two columns are left out."""
        return {
            "n": self.n,
            "spearman": self.spearman,
            "interval": list(self.interval),
            "subsets": {name: {"n": n, "spearman": value} for name, (n, value) in self.subsets.items()},
            "alignment": self.alignment,
            "uniformity": self.uniformity,
        }


def evaluate_task(encode: Encode, task: Task, *, bootstrap: int = 1000, seed: int = 0) -> TaskResult:
    """Encode every distinct sentence of a task once, and measure.

    Args:
        encode: An encoder, or a function of sentences -> (n, d) in the order given; cosines are taken.
        task: From `load_task`.
        bootstrap: Resamples for the interval; 0 for none.
        seed: Of the resamples.

    Raises:
        DataError: The embeddings are not one finite, non-zero row a sentence, or all cosines are equal.
    """
    return _measure(_Lookup(encode, task.pairs().sentences()), task, bootstrap, seed)


def evaluate_pairs(encode: Encode, pairs: ScoredPairs, *, bootstrap: int = 1000, seed: int = 0) -> TaskResult:
    """Any scored pairs as a task; their labels, where there are some, become the subsets.

    Raises:
        DataError: As `evaluate_task`.
    """
    labels = pairs.labels or ("all",) * len(pairs)
    groups = {label: np.array([one == label for one in labels]) for label in dict.fromkeys(labels)}
    return evaluate_task(
        encode,
        Task(pairs.name, {k: pairs.take(rows) for k, rows in groups.items()}),
        bootstrap=bootstrap,
        seed=seed,
    )


def evaluate_all(
    encode: Encode,
    folder: Path | str,
    *,
    tasks: Iterable[str] | None = None,
    model: str = "",
    pooling: str = "",
    bootstrap: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
    sick_all: bool = False,
) -> dict[str, Any]:
    """The seven tasks, or some of them, as `evaluate --json` writes them.

    Every distinct sentence of all tasks together is encoded once: the sets share many.

    Args:
        encode: An encoder, or a function of sentences -> (n, d) in the order given.
        folder: In the layout of `simcse_core.data.sts_sets`.
        tasks: Names out of `TASKS`; all seven if None.
        model: Written into the result.
        pooling: Written into the result; an encoder's own if empty.
        bootstrap: Resamples for the intervals; 0 for none.
        seed: Of the resamples.
        progress: Called with (sentences encoded, sentences in all) by an encoder.
        sick_all: SICK-R on all 9,927 pairs besides, as the task `SICK_ALL`.

    Raises:
        ConfigError: No such task.
        DataError: A set is missing or of the wrong size; or as `evaluate_task`.
    """
    loaded = [load_task(folder, name) for name in (TASKS if tasks is None else tasks)]
    loaded += [load_sick_all(folder)] if sick_all else []
    sentences = dict.fromkeys(text for task in loaded for text in task.pairs().sentences())
    lookup = _Lookup(encode, list(sentences), progress)
    results = {task.name: _measure(lookup, task, bootstrap, seed).to_json() for task in loaded}
    return {"model": model, "pooling": pooling or getattr(encode, "pooling", ""), "tasks": results}


def embeddings_of(encode: Encode, sentences: list[str], progress: Progress | None = None) -> NDArray[Any]:
    """Rows (n, d) of n sentences by an encoder or a function.

    Raises:
        DataError: Not one row a sentence.
    """
    # its method first: an encoder may be a module, and calling that is a forward pass with gradients
    own = getattr(encode, "encode", None)
    rows = np.asarray(own(sentences, progress=progress) if own is not None else cast(Any, encode)(sentences))
    if rows.ndim != 2 or len(rows) != len(sentences):
        raise DataError(f"encode gave shape {rows.shape} for {len(sentences)} sentences.")
    return rows


class _Lookup:
    """Embeddings of distinct sentences by text."""

    def __init__(self, encode: Encode, sentences: list[str], progress: Progress | None = None) -> None:
        self.rows = embeddings_of(encode, sentences, progress)
        self.place = {text: row for row, text in enumerate(sentences)}

    def __call__(self, texts: Sequence[str]) -> NDArray[Any]:
        return self.rows[[self.place[text] for text in texts]]


def _measure(lookup: _Lookup, task: Task, bootstrap: int, seed: int) -> TaskResult:
    pairs = task.pairs()
    first, second = lookup(pairs.first), lookup(pairs.second)
    cosine = cosines(first, second)
    positive = pairs.score > POSITIVE_ABOVE
    overall = spearman(cosine, pairs.score)
    subsets, start = {}, 0
    for name, subset in task.subsets.items():
        subsets[name] = len(subset), _defined(cosine[start : start + len(subset)], subset.score)
        start += len(subset)
    return TaskResult(
        name=task.name,
        n=len(pairs),
        spearman={"all": overall, **_averages(subsets)},
        interval=_interval(cosine, pairs.score, bootstrap, seed),
        subsets=subsets,
        alignment=alignment(first[positive], second[positive]) if positive.any() else None,
        uniformity=uniformity(lookup(pairs.sentences())),
        cosine=cosine,
        gold=pairs.score,
    )


def _interval(
    cosine: NDArray[np.float64], gold: NDArray[np.float64], bootstrap: int, seed: int
) -> tuple[float | None, float | None]:
    """95 % interval; (None, None) without resamples, or if none of them has a correlation."""
    if not bootstrap:
        return None, None
    low, high = interval(bootstrap_spearman(cosine, gold, resamples=bootstrap, seed=seed))
    return (None, None) if np.isnan(low) else (low, high)


def _defined(cosine: NDArray[np.float64], gold: NDArray[np.float64]) -> float | None:
    """Spearman x 100; None where one side of a subset is constant or it holds one pair."""
    try:
        return spearman(cosine, gold)
    except DataError:
        return None


def _averages(subsets: Mapping[str, tuple[int, float | None]]) -> dict[str, float | None]:
    """Plain and size-weighted mean; None if any subset has no correlation, rather than a mean of fewer."""
    values = [value for _, value in subsets.values() if value is not None]
    if len(values) < len(subsets):
        return {"mean": None, "wmean": None}
    sizes = [n for n, _ in subsets.values()]
    return {"mean": float(np.mean(values)), "wmean": float(np.average(values, weights=sizes))}
