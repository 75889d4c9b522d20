"""SentEval's transfer tasks on disk: sentences, or pairs of them, with a class.

Layout: `<folder>/<task>/`, with SentEval's own files (`rt-polarity.pos`, `msr_paraphrase_train.txt`) or
with `train.tsv`, `dev.tsv` and `test.tsv`, or one `all.tsv`, whose columns are label and sentence, or label,
sentence1 and sentence2. What SentEval keeps in `SST/binary` is looked for there too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.readers import PAIR, SENTENCE
from simcse_core.data.tables import clean, open_table
from simcse_core.errors import DataError

TRANSFER_TASKS = ("MR", "CR", "SUBJ", "MPQA", "SST2", "TREC", "MRPC")
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, eq=False)
class Split:
    """Examples of one split.

    Attributes:
        first: n sentences.
        second: n sentences they are compared with; empty for tasks on single sentences.
        label: (n,) class numbers from 0.
    """

    first: tuple[str, ...]
    second: tuple[str, ...]
    label: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.first)


@dataclass(frozen=True)
class TransferTask:
    """One task: its splits by name, `all` alone where there is no split.

    Attributes:
        name: Out of `TRANSFER_TASKS`.
        splits: Name → examples.
        classes: What the class numbers stand for.
    """

    name: str
    splits: dict[str, Split]
    classes: tuple[str, ...]

    def sentences(self) -> list[str]:
        """Every distinct sentence once."""
        return list(dict.fromkeys(t for s in self.splits.values() for t in (*s.first, *s.second)))


Rows = list[tuple[str, ...]]  # (label, sentence) or (label, sentence1, sentence2)


def transfer_tasks(folder: Path | str) -> list[TransferTask]:
    """Every task that the folder holds, in SentEval's order.

    Raises:
        DataError: There is none, a file is unreadable, or a task has one class only.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"There is no folder {root}.")
    found = [task for name in TRANSFER_TASKS if (task := _task(root, name)) is not None]
    if not found:
        raise DataError(
            f"{root} holds none of the transfer tasks {', '.join(TRANSFER_TASKS)}.",
            hint="It holds a folder for each task, with SentEval's files or train.tsv, dev.tsv and test.tsv.",
        )
    return found


def _task(root: Path, name: str) -> TransferTask | None:
    rows = _tables(root / name) or _senteval(root, name)
    if not rows:
        return None
    if (set(rows) != {"all"} and not {"train", "test"} <= set(rows)) or not all(rows.values()):
        raise DataError(
            f"{root / name} holds {', '.join(rows)}.", hint="It needs train and test with examples, or all."
        )
    classes = tuple(sorted({row[0] for split in rows.values() for row in split}))
    if len(classes) < 2:
        raise DataError(f"{root / name} has one class only: {classes[0]!r}.")
    number = {label: index for index, label in enumerate(classes)}
    splits = {
        split: Split(
            tuple(row[1] for row in lines),
            tuple(row[2] for row in lines if len(row) > 2),
            np.array([number[row[0]] for row in lines], dtype=np.int64),
        )
        for split, lines in rows.items()
    }
    return TransferTask(name, splits, classes)


def _tables(folder: Path) -> dict[str, Rows]:
    """Splits kept as tables."""
    found = {}
    for split in (*SPLITS, "all"):
        path = folder / f"{split}.tsv"
        if path.is_file():
            table = open_table(path)
            names = next((p for p in PAIR if all(map(table.has, p))), None) or next(
                ((s,) for s in SENTENCE if table.has(s)), ()
            )
            if not names or not table.has("label"):
                raise DataError(f"{path} needs the columns label and sentence, or label and two sentences.")
            found[split] = list(zip(table.texts("label"), *map(table.texts, names), strict=True))
    return found


def _senteval(root: Path, name: str) -> dict[str, Rows]:
    """Splits in SentEval's own files; nothing where the task is not there."""
    if name in _BINARY:
        files = [root / name / file for file in _BINARY[name]]
        if not all(file.is_file() for file in files):
            return {}
        return {"all": [(str(c), _folded(line)) for c, file in enumerate(files) for line in _lines(file)]}
    folders, files_of, parse = _SPLIT[name]
    for folder in folders:
        if (root / folder / files_of["train"]).is_file():
            return {split: _parsed(root / folder / file, parse) for split, file in files_of.items()}
    return {}


def _parsed(path: Path, parse: Callable[[list[str]], Rows]) -> Rows:
    try:
        return [tuple(map(_folded, row)) for row in parse(_lines(path))]
    except (IndexError, ValueError):
        raise DataError(f"{path} is not in SentEval's format.", hint="Fetch it again.") from None


def _folded(text: str) -> str:
    """A sentence with its white space folded, as SentEval joins its tokens."""
    return " ".join(clean(text).split())


def _lines(path: Path) -> list[str]:
    """Lines with something on them; UTF-8, or else Latin-1 as SentEval's older files are.

    Raises:
        DataError: The file is missing or unreadable.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]


def _sst(lines: list[str]) -> Rows:
    rows = [line.rsplit("\t", 1) for line in lines]
    return [(label, text) for text, label in rows]


def _trec(lines: list[str]) -> Rows:
    """`DESC:manner How did …` → the coarse class and the question."""
    parts = [line.split(":", 1) for line in lines]
    return [(label, rest.split(" ", 1)[1]) for label, rest in parts]


def _mrpc(lines: list[str]) -> Rows:
    cells = [line.split("\t") for line in lines[1:]]
    return [(row[0], row[3], row[4]) for row in cells]


_BINARY = {
    "MR": ("rt-polarity.neg", "rt-polarity.pos"),
    "CR": ("custrev.neg", "custrev.pos"),
    "SUBJ": ("subj.subjective", "subj.objective"),
    "MPQA": ("mpqa.neg", "mpqa.pos"),
}
_SPLIT: dict[str, tuple[tuple[str, ...], dict[str, str], Callable[[list[str]], Rows]]] = {
    "SST2": (
        ("SST2", "SST/binary", "SST"),
        {split: f"sentiment-{split}" for split in SPLITS},
        _sst,
    ),
    "TREC": (("TREC",), {"train": "train_5500.label", "test": "TREC_10.label"}, _trec),
    "MRPC": (
        ("MRPC",),
        {"train": "msr_paraphrase_train.txt", "test": "msr_paraphrase_test.txt"},
        _mrpc,
    ),
}
