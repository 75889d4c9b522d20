"""`bench` and `evaluate` as a person meets them: a tiny checkpoint, made-up tasks of the official sizes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from unit.bench_factory import write_sts
from unit.test_cli import refused

from simcse_core.cli import main


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMCSE_HOME", str(tmp_path / "home"))


def test_evaluate_every_pooling(
    tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_sts(tmp_path / "sts", ("STS16", "SICK-R"), every=True)
    command = ["evaluate", "--model", str(tiny_checkpoint), "--data", str(folder), "--bootstrap", "0"]
    assert main([*command, "--tasks", "STS16", "SICK-R", "--sick-all", "--json", "-"]) == 0
    one = json.loads(capsys.readouterr().out)
    assert list(one) == ["model", "pooling", "tasks"]
    assert list(one["tasks"]) == ["STS16", "SICK-R", "SICK-R all"] and one["tasks"]["SICK-R all"]["n"] == 9927
    out = tmp_path / "every.json"
    assert main([*command, "--tasks", "STS16", "--all-poolers", "--json", str(out)]) == 0
    every = json.loads(out.read_text(encoding="utf-8"))
    assert every["poolers"][one["pooling"]]["tasks"]["STS16"] == one["tasks"]["STS16"]
    assert every["own"] == one["pooling"] and set(every["poolers"]) | set(every["refused"]) == {
        "cls", "cls_before_pooler", "mean", "first_last", "last2", "max", "mask",
    }  # fmt: skip
    assert "[MASK]" in every["poolers"]["mask"]["template"]
    table = capsys.readouterr().out.splitlines()
    (own,) = [line for line in table if line.startswith(f"{one['pooling']} *")]
    score = one["tasks"]["STS16"]["spearman"]["all"]
    assert own.split()[2:] == [f"{score:.2f}", f"{score:.2f}"]  # the task, and the average of one


def test_bench_writes_and_compares(
    tmp_path: Path, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, out = str(tiny_checkpoint), tmp_path / "out"
    command = ["bench", "--model", model, f"{model}:1", "--bootstrap", "30"]
    assert main([*command, "--out", str(out), "--format", "md", "html"]) == 0
    told = capsys.readouterr().out
    assert "Phenomena" in told and str(out / "bench.md") in told
    assert sorted(path.name for path in out.iterdir()) == ["bench.html", "bench.md"]
    assert main([*command, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert [result["encoder"]["layers"] for result in results] == [2, 1]
    compare = ["bench", "--compare", model, f"{model}:1", "--bootstrap", "30"]
    assert main([*compare, "--json"]) == 0
    pairs = json.loads(capsys.readouterr().out)["further"]["pairs"]
    scores = [result["pairs"]["spearman"]["all"] for result in results]
    assert pairs["difference"]["value"] == pytest.approx(scores[0] - scores[1])
    assert main(compare) == 0
    assert "noise" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["bench", "--model", "MODEL", "--sts", "/nowhere"], "/nowhere"),
        (["bench", "--model", "MODEL", "--transfer", "/nowhere"], "/nowhere"),
        (["bench", "--model", "./nowhere"], "nowhere"),
        (["bench", "--model", "MODEL", "--format", "pdf"], "pdf"),
        (["bench", "--model", "MODEL", "--bootstrap", "-1"], "--bootstrap"),
        (["bench", "--model", "MODEL", "--pooling", "median"], "median"),
        (["bench", "--compare", "MODEL", "MODEL"], "two different"),
        (["bench"], "required"),
        (["evaluate", "--model", "MODEL", "--data", "/nowhere"], "/nowhere"),
        (["evaluate", "--model", "MODEL", "--data", ".", "--tasks", "STS12"], "MSRpar"),
        (["evaluate", "--model", "MODEL", "--data", ".", "--pooling", "mean", "--all-poolers"], "--pooling"),
    ],
)
def test_wrong_input(
    arguments: list[str], told: str, tiny_checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told in refused(capsys, *(str(tiny_checkpoint) if a == "MODEL" else a for a in arguments))


def test_a_hub_that_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    error = refused(capsys, "bench", "--model", "nobody/no-such-model")
    assert "nobody/no-such-model" in error
