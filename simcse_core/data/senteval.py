"""The STS sets of SentEval's archive, rewritten into this project's layout.

The archive `senteval.tar` that SimCSE evaluates on keeps the subsets of STS12-16 apart (the copies made for
MTEB do not) and SICK's own test split (MTEB's copy joins all splits). Its formats: `STS.input.<subset>.txt`
with two sentences a line beside `STS.gs.<subset>.txt` with a score or an empty line; the STS-B csv,
tab-separated and unquoted, with the score in column 5; SICK's text table with one header line.
"""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from pathlib import Path

from simcse_core.data.sts_sets import OTHER_SPLITS, TASKS
from simcse_core.data.tables import clean, decode
from simcse_core.errors import DataError

SURPRISE = {"OnWN": "surprise.OnWN", "SMTnews": "surprise.SMTnews"}  # names of two STS12 files in the archive
SICK_FILES = {"train": "SICK_train", "dev": "SICK_trial", "test": "SICK_test_annotated"}

Row = tuple[str, str, str]  # score, sentence1, sentence2


def unpack_senteval(archive: Path, folder: Path) -> None:
    """Write every STS set of the archive as `<folder>/<task>/<subset>.tsv`; sizes are checked before writing.

    Raises:
        DataError: The archive is broken, lacks a file, or a set has the wrong size.
    """
    files = _members(archive)
    tables = {}
    for task, sizes in TASKS.items():
        for subset, size in {**sizes, **OTHER_SPLITS.get(task, {})}.items():
            rows = _rows(files, task, subset)
            if len(rows) != size:
                raise DataError(
                    f"{archive.name}: {task}/{subset} has {len(rows):,} scored pairs, not {size:,}."
                )
            tables[folder / task / f"{subset}.tsv"] = rows
    for path, rows in tables.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["\t".join(row) for row in [("score", "sentence1", "sentence2"), *rows]]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _members(archive: Path) -> dict[str, list[str]]:
    """Lines of the files below STS/ and SICK/, by path from there; nothing is extracted to disk."""
    found = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                path = "/".join(Path(member.name).parts[-3:])
                start = max(path.rfind("STS/"), path.rfind("SICK/"))
                if not member.isfile() or start < 0 or not path.endswith((".txt", ".csv")):
                    continue
                data = tar.extractfile(member)
                lines = decode(data.read() if data else b"", path).replace("\r\n", "\n").split("\n")
                found[path[start:]] = lines[:-1] if lines[-1] == "" else lines
    except (tarfile.TarError, OSError, EOFError) as error:
        raise DataError(f"{archive} is not a readable archive: {error}.", hint="Fetch it again.") from None
    return found


def _rows(files: Mapping[str, list[str]], task: str, subset: str) -> list[Row]:
    if task == "STS-B":
        return _columns(_file(files, f"STS/STSBenchmark/sts-{subset}.csv"), 4, 5, 6)
    if task == "SICK-R":
        return _columns(_file(files, f"SICK/{SICK_FILES[subset]}.txt")[1:], 3, 1, 2)
    name = SURPRISE.get(subset, subset) if task == "STS12" else subset
    texts = _file(files, f"STS/{task}-en-test/STS.input.{name}.txt")
    scores = _file(files, f"STS/{task}-en-test/STS.gs.{name}.txt")
    if len(texts) != len(scores):
        raise DataError(f"{task}/{name}: {len(texts)} pairs but {len(scores)} lines of scores.")
    joined = [f"{score}\t{text}" for score, text in zip(scores, texts, strict=True) if score.strip()]
    return _columns(joined, 0, 1, 2)


def _file(files: Mapping[str, list[str]], path: str) -> list[str]:
    if path not in files:
        raise DataError(f"The archive has no file {path}.")
    return files[path]


def _columns(lines: list[str], score: int, first: int, second: int) -> list[Row]:
    """Three columns of unquoted, tab-separated lines, white space folded."""
    rows = []
    for number, line in enumerate(lines, 1):
        cells = line.split("\t")
        if len(cells) <= max(score, first, second):
            raise DataError(f"Row {number} of an STS set has {len(cells)} columns: {line[:80]!r}.")
        one, other = (" ".join(clean(cells[i]).split()) for i in (first, second))
        rows.append((cells[score].strip(), one, other))
    return rows
