"""Transfer: a logistic regression on embeddings that stay as they are, with SentEval's splits and grid.

Conneau & Kiela 2018, arXiv:1803.05449, and facebookresearch/SentEval, `tools/validation.py`: without a split,
10-fold cross-validation with C chosen by an inner 10-fold on each training part; with train and test, C
chosen by 10-fold on train; with train, dev and test, C chosen on dev. For pairs the features are |u - v| and
u * v.
Scores are rounded to 0.01 % before C is chosen, as there: ties go to the smaller C.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.bench.draws import ends, mean_draws, seed_of
from simcse_core.bench.results import Transfer, column
from simcse_core.data.transfer_sets import Split, TransferTask

FOLDS = 10
GRID = tuple(2.0**t for t in range(-2, 4))
GRID_OF_SPLITS = tuple(2.0**t for t in range(-1, 6))
FOLD_SEED = 1111  # SentEval's
ITERATIONS = 1000  # scikit-learn's 100 do not converge on unscaled embeddings

Rows = NDArray[np.floating]
Labels = NDArray[np.int64]
Lookup = Callable[[tuple[str, ...]], Rows]


def features(lookup: Lookup, split: Split) -> Rows:
    """(n, d) embeddings, or (n, 2d) |u - v| and u * v of pairs."""
    first = lookup(split.first)
    if not split.second:
        return first
    second = lookup(split.second)
    return np.concatenate([np.abs(first - second), first * second], axis=1)


def transfer(
    lookup: Lookup, task: TransferTask, *, folds: int = FOLDS, resamples: int = 1000, seed: int = 0
) -> Transfer:
    """Accuracy of a logistic regression on the embeddings of a task.

    Args:
        lookup: Sentences of the task -> (n, d), not normalised.
        task: From `transfer_tasks`.
        folds: Of each cross-validation; SentEval's 10, less to be quicker.
        resamples: Of the test examples, for the interval.
        seed: Draws them.
    """
    data = {name: (features(lookup, split), split.label) for name, split in task.splits.items()}
    if "all" in data:
        predicted, protocol = _nested(*data["all"], folds)
        truth = data["all"][1]
    else:
        c, protocol = _chosen(data, folds)
        predicted = _fitted(c, *data["train"]).predict(data["test"][0])
        truth = data["test"][1]
    correct = column(predicted == truth)
    draws = mean_draws(100 * correct, resamples=resamples, seed=seed_of(seed, f"transfer/{task.name}"))
    return Transfer(
        name=task.name,
        n=len(correct),
        accuracy=100 * float(correct.mean()),
        interval=ends(draws),
        f1=f1(predicted, truth) if any(split.second for split in task.splits.values()) else None,
        protocol=protocol,
        correct=correct,
    )


def f1(predicted: Labels, truth: Labels) -> float:
    """Harmonic mean of precision and recall of class 1, x 100; 0 where nothing of it was found."""
    hit = int(((predicted == 1) & (truth == 1)).sum())
    asked = int((predicted == 1).sum() + (truth == 1).sum())
    return 200.0 * hit / asked if asked else 0.0


def _nested(x: Rows, y: Labels, folds: int) -> tuple[Labels, str]:
    """Every example predicted by a fit that did not see it."""
    predicted = np.empty_like(y)
    for train, test in _folds(x, y, folds):
        c = _best(GRID, lambda one: _validated(one, x[train], y[train], folds))  # noqa: B023 (called at once)
        predicted[test] = _fitted(c, x[train], y[train]).predict(x[test])
    return predicted, f"{folds}-fold, C chosen by an inner {folds}-fold"


def _chosen(data: dict[str, tuple[Rows, Labels]], folds: int) -> tuple[float, str]:
    """C for given splits, and how it was chosen."""
    x, y = data["train"]
    if "dev" in data:
        return _best(GRID, lambda c: _score(c, (x, y), data["dev"])), "test split, C chosen on dev"
    told = f"test split, C chosen by {folds}-fold on train"
    return _best(GRID_OF_SPLITS, lambda c: _validated(c, x, y, folds)), told


def _best(grid: tuple[float, ...], score: Callable[[float], float]) -> float:
    scores = [round(100 * score(c), 2) for c in grid]
    return grid[int(np.argmax(scores))]


def _validated(c: float, x: Rows, y: Labels, folds: int) -> float:
    parts = _folds(x, y, folds)
    return float(np.mean([_score(c, (x[i], y[i]), (x[j], y[j])) for i, j in parts]))


def _score(c: float, train: tuple[Rows, Labels], test: tuple[Rows, Labels]) -> float:
    return float((_fitted(c, *train).predict(test[0]) == test[1]).mean())


def _fitted(c: float, x: Rows, y: Labels) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=c, max_iter=ITERATIONS).fit(x, y)


def _folds(x: Rows, y: Labels, folds: int) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    from sklearn.model_selection import StratifiedKFold

    split: Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]] = StratifiedKFold(
        folds, shuffle=True, random_state=FOLD_SEED
    ).split(x, y)
    return split
