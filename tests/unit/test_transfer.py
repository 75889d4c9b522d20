"""Transfer tasks: both layouts on disk, SentEval's protocol as plain loops, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold
from unit.bench_factory import FakeEncoder

from simcse_core.bench import run_bench
from simcse_core.bench.transfer import GRID, GRID_OF_SPLITS, f1, features, transfer
from simcse_core.data.transfer_sets import Split, TransferTask, transfer_tasks
from simcse_core.errors import DataError

WORDS = ("good", "bad")


def write(path: Path, text: str, encoding: str = "utf-8") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))


def senteval(folder: Path) -> Path:
    """A few lines in each of SentEval's own formats."""
    write(folder / "MR" / "rt-polarity.pos", "a caf\xe9 that is good\n good  film \n\n", "latin-1")
    write(folder / "MR" / "rt-polarity.neg", "bad film\n")
    for split in ("train", "dev", "test"):
        write(folder / "SST" / "binary" / f"sentiment-{split}", f"{split} is good\t1\n{split} is bad\t0\n")
    write(folder / "TREC" / "train_5500.label", "DESC:manner How did it end ?\nNUM:count How many : ten ?\n")
    write(folder / "TREC" / "TREC_10.label", "NUM:date When was it ?\n")
    head = "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
    write(folder / "MRPC" / "msr_paraphrase_train.txt", f"\ufeff{head}1\t7\t8\tone\tuno\n0\t7\t8\ttwo\ttre\n")
    write(folder / "MRPC" / "msr_paraphrase_test.txt", f"{head}1\t7\t8\tthree\ttre\n")
    return folder


def test_the_files_of_senteval(tmp_path: Path) -> None:
    found = {task.name: task for task in transfer_tasks(senteval(tmp_path))}
    assert list(found) == ["MR", "SST2", "TREC", "MRPC"]
    everything = found["MR"].splits["all"]
    assert everything.first == ("bad film", "a café that is good", "good film")
    assert everything.label.tolist() == [0, 1, 1] and everything.second == ()
    assert list(found["SST2"].splits) == ["train", "dev", "test"]
    assert found["SST2"].splits["dev"].first == ("dev is good", "dev is bad")
    assert found["TREC"].splits["train"].first == ("How did it end ?", "How many : ten ?")
    assert found["TREC"].classes == ("DESC", "NUM") and found["TREC"].splits["test"].label.tolist() == [1]
    pairs = found["MRPC"].splits["train"]
    assert (pairs.first, pairs.second) == (("one", "two"), ("uno", "tre")) and pairs.label.tolist() == [1, 0]
    assert found["MRPC"].sentences() == ["one", "two", "uno", "tre", "three"]


def test_tables_are_read_too(tmp_path: Path) -> None:
    for split in ("train", "test"):
        write(tmp_path / "MRPC" / f"{split}.tsv", "label\tsentence1\tsentence2\n1\ta\tb\n0\tc\td\n")
    write(tmp_path / "CR" / "all.tsv", "sentence\tlabel\nfine\tup\nawful\tdown\n")
    cr, mrpc = transfer_tasks(tmp_path)
    assert (cr.name, cr.classes, cr.splits["all"].label.tolist()) == ("CR", ("down", "up"), [1, 0])
    assert list(mrpc.splits) == ["train", "test"] and mrpc.splits["test"].second == ("b", "d")


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("SST2/sentiment-train", "no label here\n", "SentEval's format"),
        ("SST2/sentiment-train", "good\t1\n", "cannot be read"),
        ("MR/all.tsv", "label\tsentence\n1\ta\n1\tb\n", "one class only"),
        ("MR/all.tsv", "mark\tsentence\n1\ta\n", "needs the columns label"),
        ("MR/train.tsv", "label\tsentence\n1\ta\n0\tb\n", "holds train"),
        ("other.txt", "x", "none of the transfer tasks"),
    ],
)
def test_broken_folders_are_refused(tmp_path: Path, file: str, text: str, told: str) -> None:
    write(tmp_path / file, text)
    with pytest.raises(DataError, match=told):
        transfer_tasks(tmp_path)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no folder"):
        transfer_tasks(tmp_path / "nowhere")


def made(n: int, seed: int, second: bool = False) -> tuple[dict[str, NDArray[Any]], Split]:
    """Sentences whose embeddings tell their class, but for noise."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 2, size=n)
    first = tuple(f"{seed} {i}" for i in range(n))
    other = tuple(f"{seed} {i} b" for i in range(n)) if second else ()
    rows = {text: rng.normal(size=5) + 0.8 * y for text, y in zip(first, label, strict=True)}
    rows |= {t: rows[f] + rng.normal(size=5) * (2 - y) for t, f, y in zip(other, first, label, strict=False)}
    return rows, Split(first, other, label)


def validated(c: float, x: NDArray[Any], y: NDArray[Any]) -> float:
    """Mean accuracy of a 3-fold cross-validation, to 0.01 %."""
    folds = StratifiedKFold(3, shuffle=True, random_state=1111).split(x, y)
    fits = [fit(c, x[a], y[a]).score(x[b], y[b]) for a, b in folds]
    return round(100 * float(np.mean(fits)), 2)


def fit(c: float, x: NDArray[Any], y: NDArray[Any]) -> Any:
    return LogisticRegression(C=c, max_iter=1000).fit(x, y)


def test_cross_validation_against_a_loop() -> None:
    rows, split = made(60, 0)
    task = TransferTask("MR", {"all": split}, WORDS)
    found = transfer(lambda texts: np.stack([rows[t] for t in texts]), task, folds=3, resamples=200)
    x, y = np.stack([rows[t] for t in split.first]), split.label
    predicted = np.zeros(60)
    for train, test in StratifiedKFold(3, shuffle=True, random_state=1111).split(x, y):
        scores = [validated(c, x[train], y[train]) for c in GRID]
        predicted[test] = fit(GRID[int(np.argmax(scores))], x[train], y[train]).predict(x[test])
    assert found.accuracy == pytest.approx(100 * np.mean(predicted == y)) and found.n == 60
    assert found.correct.tolist() == (predicted == y).tolist() and found.f1 is None
    low, high = found.interval
    assert low is not None and high is not None and low < found.accuracy < high
    assert found.protocol == "3-fold, C chosen by an inner 3-fold"


def test_pairs_are_compared_by_difference_and_product() -> None:
    (train_rows, train), (test_rows, test) = made(80, 1, second=True), made(40, 2, second=True)
    rows = {**train_rows, **test_rows}

    def lookup(texts: tuple[str, ...]) -> NDArray[Any]:
        return np.stack([rows[t] for t in texts])

    task = TransferTask("MRPC", {"train": train, "test": test}, WORDS)
    found = transfer(lookup, task, folds=3, resamples=0)
    u, v = lookup(train.first), lookup(train.second)
    x = np.concatenate([np.abs(u - v), u * v], axis=1)
    assert np.array_equal(features(lookup, train), x)
    scores = [validated(c, x, train.label) for c in GRID_OF_SPLITS]
    best = fit(GRID_OF_SPLITS[int(np.argmax(scores))], x, train.label)
    predicted = best.predict(features(lookup, test))
    assert found.accuracy == pytest.approx(100 * np.mean(predicted == test.label))
    assert found.f1 == pytest.approx(100 * f1_score(test.label, predicted))
    assert found.interval == (None, None) and "train" in found.protocol


def test_dev_chooses_c() -> None:
    splits = {name: made(50, seed) for seed, name in enumerate(("train", "dev", "test"))}
    rows = {text: row for table, _ in splits.values() for text, row in table.items()}
    task = TransferTask("SST2", {name: split for name, (_, split) in splits.items()}, WORDS)
    found = transfer(lambda texts: np.stack([rows[t] for t in texts]), task, resamples=0)
    assert "dev" in found.protocol and found.accuracy > 60


def test_f1_where_nothing_is_found() -> None:
    assert f1(np.zeros(4, dtype=np.int64), np.zeros(4, dtype=np.int64)) == 0
    assert f1(np.array([1, 0, 1, 1]), np.array([1, 1, 0, 1])) == pytest.approx(100 * 2 / 3)


def test_the_bench_keeps_transfer_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))
    lines = [f"{'good' if i % 2 else 'bad'} film {i}\t{i % 2}" for i in range(40)]
    write(tmp_path / "data" / "MR" / "all.tsv", "\n".join(["sentence\tlabel", *lines]) + "\n")

    def words(texts: list[str]) -> NDArray[Any]:
        seeds = np.array([[sum(map(ord, t)) % 97, len(t)] for t in texts], dtype=float)
        return np.column_stack([["good" in t for t in texts], ["bad" in t for t in texts], seeds / 50 + 1])

    encoder = FakeEncoder(words)
    first = run_bench(encoder, transfer=tmp_path / "data", bootstrap=50, folds=2)
    again = run_bench(encoder, transfer=tmp_path / "data", bootstrap=60, folds=2)
    assert len(encoder.calls) == 2 and again.cached
    assert first.transfer is not None and again.transfer is not None
    assert first.transfer["MR"].accuracy == again.transfer["MR"].accuracy == 100
    run_bench(encoder, transfer=tmp_path / "data", bootstrap=50, folds=3)
    assert len(encoder.calls) == 3  # other folds are another protocol
