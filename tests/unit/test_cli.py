"""The command line as a person meets it: results, exit codes, one-line errors."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from unit.training_factory import SENTENCES, tiny_config

from simcse_core.cli import build_parser, main
from simcse_core.cli.inspect import KINDS
from simcse_core.cli.output import read_input
from simcse_core.cli.training import parse_settings
from simcse_core.errors import ConfigError

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^python -m simcse_core (.+)$", README, re.MULTILINE)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that must fail with exit code 2 and one line on standard error; returns the line."""
    try:
        code = main(list(arguments))
    except SystemExit as stop:
        code = stop.code
    error = capsys.readouterr().err
    assert code == 2, error
    assert error.startswith("error: ") and error.count("\n") == 1, error
    return error


@pytest.fixture
def sentences(tmp_path: Path) -> Path:
    file = tmp_path / "in.txt"
    file.write_text("\n".join(SENTENCES), encoding="utf-8")
    return file


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_list(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", kind]) == 0
    assert "name" in capsys.readouterr().out
    assert main(["list", kind, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows and all(row["name"] and row["title"] for row in rows)
    assert [row["name"] for row in rows] == sorted(row["name"] for row in rows)


def test_a_table_is_folded_where_a_terminal_is_narrower(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["list", "losses"])
    piped = capsys.readouterr().out.splitlines()
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "100")
    main(["list", "losses"])
    folded = re.sub("\x1b[^m]*m", "", capsys.readouterr().out)  # without colours
    assert max(map(len, piped)) > 200 and max(map(len, folded.splitlines())) <= 100
    for line in piped[2:]:
        assert line.split()[0] in folded


@pytest.mark.parametrize("command", COMMANDS)
def test_the_command_lines_of_the_readme_are_understood(command: str) -> None:
    options = build_parser().parse_args(shlex.split(command))
    given = getattr(options, "input", None) or getattr(options, "fit", None)
    assert given is None or len(read_input(given)) > 1000


def test_a_missing_file_is_told_with_the_sets_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    told = refused(capsys, "geometry", "--model", "minilm:1", "--input", "nothing.txt")
    assert "nothing.txt" in told and "sentences" in told


def test_a_file_goes_before_a_data_set_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sentences").write_text("A cat.\nA dog.\n", encoding="utf-8")
    assert read_input("sentences") == ["A cat.", "A dog."]


def test_doctor(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["encoders"]["minilm"] == "ready" and report["versions"]["torch"]
    assert main(["doctor"]) == 0


def test_encode(tmp_path: Path, tiny_checkpoint: Path, sentences: Path) -> None:
    model = ["--model", str(tiny_checkpoint), "--precision", "fp32"]
    for name in ("out.npy", "out.parquet"):
        assert main(["encode", *model, "--input", str(sentences), "--output", str(tmp_path / name)]) == 0
    rows = np.load(tmp_path / "out.npy")
    assert rows.shape == (len(SENTENCES), 32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    import pandas as pd

    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert list(frame["text"]) == SENTENCES and np.allclose(np.stack(frame["embedding"]), rows)


def test_similarity(capsys: pytest.CaptureFixture[str], tiny_checkpoint: Path) -> None:
    model = ["--model", str(tiny_checkpoint)]
    assert main(["similarity", *model, "the cat", "the cat"]) == 0
    assert float(capsys.readouterr().out) == pytest.approx(1.0, abs=1e-3)
    assert main(["similarity", *model, "--json", "the cat", "a dog", "猫 🐈 שלום"]) == 0
    values = np.array(json.loads(capsys.readouterr().out)["similarity"])
    assert values.shape == (3, 3) and np.allclose(values, values.T)


def test_geometry(capsys: pytest.CaptureFixture[str], tiny_checkpoint: Path, sentences: Path) -> None:
    assert main(["geometry", "--model", str(tiny_checkpoint), "--input", str(sentences), "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert -4.5 < report["uniformity"] <= 0 and -1 <= report["mean_cosine"] <= 1


def test_train_runs_export(tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tiny_config(tmp_path, tiny_checkpoint).to_dict()
    settings = [f"{s}.{k}={v}" for s in ("encoder", "optim", "evaluation") for k, v in config[s].items()]
    target = tmp_path / "runs" / "mine"
    train = ["train", "--set", *settings, "--data", config["data"]["train"], "--out", str(target)]
    assert main([*train, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "finished"
    assert "not empty" in refused(capsys, *train)
    assert "nothing to resume" in refused(capsys, "train", "--out", str(target), "--resume")
    assert main(["runs", str(target.parent), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["status"] == "finished"
    for layout in ("sentence-transformers", "transformers"):
        to = tmp_path / layout
        assert main(["export", str(target), "--to", str(to), "--format", layout]) == 0
        assert (to / "model.safetensors").exists()
        assert (to / "modules.json").exists() == (layout == "sentence-transformers")
    assert "not an empty folder" in refused(
        capsys, "export", str(target), "--to", str(tmp_path / "transformers")
    )


def test_evaluate(sts_folder: Path, tmp_path: Path, tiny_checkpoint: Path) -> None:
    out = tmp_path / "scores.json"
    command = ["evaluate", "--model", str(tiny_checkpoint), "--data", str(sts_folder), "--tasks", "STS16"]
    assert main([*command, "--bootstrap", "50", "--json", str(out)]) == 0
    task = json.loads(out.read_text())["tasks"]["STS16"]
    assert task["n"] == 1186 and set(task["spearman"]) == {"all", "mean", "wmean"}
    low, high = task["interval"]
    assert low < task["spearman"]["all"] < high and len(task["subsets"]) == 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["fly"], "invalid choice"),
        (["list", "clouds"], "invalid choice"),
        (["similarity", "--model", "minilm", "one"], "two or more"),
        (["similarity", "--model", "minilm", "one", "  "], "Text 2 is empty"),
        (["similarity", "--model", "minilm:99", "one", "two"], "99"),
        (["similarity", "--model", "./nowhere", "one", "two"], "nowhere"),
        (["similarity", "--model", "minilm", "--pooling", "median", "one", "two"], "median"),
        (["similarity", "--model", "minilm", "--device", "cuda:9", "one", "two"], "cuda:9"),
        (["encode", "--model", "minilm", "--input", "absent.txt", "--output", "x.npy"], "absent.txt"),
        (["encode", "--model", "minilm", "--input", "a.txt", "--output", "x.csv"], ".npy, .parquet or .tsv"),
        (["evaluate", "--model", "minilm", "--data", "/nowhere"], "/nowhere"),
        (["train", "--preset", "nope", "--out", "x"], "nope"),
        (["train", "--set", "loss.temperature", "--out", "x"], "KEY=VALUE"),
        (["train", "--set", "loss.temperature=-1", "--out", "x"], "temperature is -1"),
        (["train", "--set", "optim.steps=0", "optim.batch_size=1", "--out", "x"], "batch_size is 1"),
        (["train", "--data", "absent.txt", "--out", "x"], "absent.txt"),
        (["runs", "/nowhere"], "/nowhere"),
        (["export", "/nowhere", "--to", "x"], "/nowhere"),
        (["record", "nope"], "nope"),
    ],
)
def test_wrong_input(
    arguments: list[str],
    told: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert told in refused(capsys, *arguments)


def test_bad_files(tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = ["--model", str(tiny_checkpoint)]
    empty, one = tmp_path / "empty.txt", tmp_path / "one.txt"
    empty.write_text("\n\n")
    one.write_text("just one\n")
    assert "empty.txt" in refused(
        capsys, "encode", *model, "--input", str(empty), "--output", str(tmp_path / "o.npy")
    )
    assert "one distinct sentence" in refused(capsys, "geometry", *model, "--input", str(one))
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text("score\tsentence1\tsentence2\n4.5\ta\tb\nnan\tc\td\n")
    error = refused(capsys, "geometry", *model, "--input", str(pairs), "--pairs", str(pairs))
    assert "pairs.tsv" in error
    table = tmp_path / "t.csv"
    table.write_text("left,right\na,b\n")
    assert "left" in refused(capsys, "train", "--data", str(table), "--out", str(tmp_path / "r"))


def test_standard_input(
    tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Pipe:
        buffer = io.BytesIO("the cat\n猫\n".encode())

    monkeypatch.setattr(sys, "stdin", Pipe())
    out = tmp_path / "o.npy"
    assert main(["encode", "--model", str(tiny_checkpoint), "--input", "-", "--output", str(out)]) == 0
    assert np.load(out).shape == (2, 32)


def test_settings_are_json_where_they_can_be() -> None:
    assert parse_settings(["a.b=0.1", "c=7", "d=minilm:4", "e=x=y"]) == {
        "a.b": 0.1,
        "c": 7,
        "d": "minilm:4",
        "e": "x=y",
    }
    with pytest.raises(ConfigError):
        parse_settings(["=1"])


@pytest.mark.slow
def test_interrupted_and_resumed(tmp_path: Path, tiny_checkpoint: Path) -> None:
    config = tiny_config(tmp_path, tiny_checkpoint).to_dict()
    changed = {"optim.steps": 100_000, "evaluation.every": 100_000, "encoder.name": str(tiny_checkpoint)}
    changed |= {"optim.batch_size": 4, "evaluation.sets": config["evaluation"]["sets"]}
    target = tmp_path / "run"
    command = [
        sys.executable,
        "-m",
        "simcse_core",
        "train",
        "--data",
        config["data"]["train"],
        "--out",
        str(target),
    ]
    command += ["--set", *(f"{k}={v}" for k, v in changed.items())]
    process = subprocess.Popen(
        command, cwd=REPOSITORY, stderr=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    events = target / "events.jsonl"
    end = time.monotonic() + 120
    while not (events.exists() and '"step", "step": 5' in events.read_text()):
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130 and b"Traceback" not in error
    assert '"stopped"' in events.read_text() and list((target / "checkpoints").iterdir())
