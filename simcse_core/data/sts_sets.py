"""The seven STS tasks on disk: which files, how many pairs in each, and where the folder is.

Layout: `<folder>/<task>/<subset>.tsv` with the columns score, sentence1, sentence2 and no quoting.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from simcse_core import runtime
from simcse_core.data.readers import read_scored_pairs
from simcse_core.data.records import ScoredPairs, join
from simcse_core.errors import ConfigError, DataError

SOURCE = "SemEval STS 2012-2016, STS Benchmark and SICK; sizes as in SentEval, arXiv:1803.05449"

# Pairs with a gold score in each subset of the seven tasks, in the order in which SentEval concatenates them.
TASKS: dict[str, dict[str, int]] = {
    "STS12": {"MSRpar": 750, "MSRvid": 750, "SMTeuroparl": 459, "OnWN": 750, "SMTnews": 399},
    "STS13": {"FNWN": 189, "headlines": 750, "OnWN": 561},
    "STS14": {
        "deft-forum": 450,
        "deft-news": 300,
        "headlines": 750,
        "images": 750,
        "OnWN": 750,
        "tweet-news": 750,
    },
    "STS15": {"answers-forums": 375, "answers-students": 750, "belief": 375, "headlines": 750, "images": 750},
    "STS16": {
        "answer-answer": 254,
        "headlines": 249,
        "plagiarism": 230,
        "postediting": 244,
        "question-question": 209,
    },
    "STS-B": {"test": 1379},
    "SICK-R": {"test": 4927},
}
# Splits that are never part of the seven tasks.
OTHER_SPLITS: dict[str, dict[str, int]] = {
    "STS-B": {"train": 5749, "dev": 1500},
    "SICK-R": {"train": 4500, "dev": 500},
}
SICK_ALL = "SICK-R all"
"""SICK-R on all 9,927 pairs, as MTEB reports it; "SICK-R" is SentEval's test split."""


@dataclass(frozen=True)
class Task:
    """One of the seven tasks: its subsets in SentEval's order."""

    name: str
    subsets: dict[str, ScoredPairs]

    def pairs(self) -> ScoredPairs:
        """All subsets concatenated."""
        return join(list(self.subsets.values()), self.name)


def sts_folder() -> Path | None:
    """The folder of the STS sets: `SIMCSE_STS_DIR`, else `data/sts` here, else the downloads, or None."""
    named = os.environ.get("SIMCSE_STS_DIR")
    candidates = [Path(named)] if named else [Path("data/sts"), download_folder()]
    return next((folder for folder in candidates if folder.is_dir()), None)


def download_folder() -> Path:
    """Where a download from the Hub puts the STS sets."""
    return runtime.home() / "sts"


def load_split(folder: Path, task: str, split: str) -> ScoredPairs:
    """One file of the layout, its size checked.

    Raises:
        ConfigError: No such task or split.
        DataError: File missing, unreadable, or of another size than the official one.
    """
    sizes = {**TASKS.get(task, {}), **OTHER_SPLITS.get(task, {})}
    if split not in sizes:
        known = ", ".join(f"{t}/{s}" for t in TASKS for s in {**TASKS[t], **OTHER_SPLITS.get(t, {})})
        raise ConfigError(f"There is no STS set {task}/{split}.", hint=f"There are: {known}.")
    path = folder / task / f"{split}.tsv"
    if not path.is_file():
        raise DataError(
            f"{path} is missing.",
            hint="A folder holds <task>/<subset>.tsv (score, sentence1, sentence2); fetch it from the Hub.",
        )
    pairs = read_scored_pairs(path, name=f"{task}/{split}.tsv")
    if len(pairs) != sizes[split]:
        raise DataError(
            f"{path} holds {len(pairs):,} pairs; the official set has {sizes[split]:,}.",
            hint="Was it read with quoting on, or cut?",
        )
    return pairs


def load_task(folder: Path | str, name: str) -> Task:
    """All subsets of one of the seven tasks, sizes checked.

    Raises:
        ConfigError: No such task.
        DataError: A file is missing, unreadable or of the wrong size.
    """
    if name not in TASKS:
        raise ConfigError(f"There is no STS task called {name!r}.", hint=f"There are: {', '.join(TASKS)}.")
    return Task(name, {subset: load_split(Path(folder), name, subset) for subset in TASKS[name]})


def load_sick_all(folder: Path | str) -> Task:
    """All 9,927 pairs of SICK, its splits as subsets; MTEB's convention for SICK-R.

    Raises:
        DataError: As `load_task`.
    """
    splits = [*OTHER_SPLITS["SICK-R"], *TASKS["SICK-R"]]
    return Task(SICK_ALL, {split: load_split(Path(folder), "SICK-R", split) for split in splits})
