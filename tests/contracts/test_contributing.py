"""CONTRIBUTING.md's three steps, carried out: the page stays true."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_a_loss_is_one_file(tmp_path: Path, tiny_checkpoint: Path) -> None:
    guide = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
    assert found is not None
    copy = tmp_path / "copy"
    shutil.copytree(
        REPOSITORY / "simcse_core", copy / "simcse_core", ignore=shutil.ignore_patterns("__pycache__")
    )
    (copy / "simcse_core" / "losses" / "my_loss.py").write_text(textwrap.dedent(found.group(1)))
    environment = {**os.environ, "PYTHONPATH": str(copy), "SIMCSE_ASSETS": str(REPOSITORY / "assets")}

    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "simcse_core", *arguments]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    listed = {row["name"]: row for row in json.loads(run("list", "losses", "--json"))}
    assert listed["positive_shortfall"]["parameters"]["margin"]["default"] == 1.0
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(
        "score\tsentence1\tsentence2\n5\tthe cat\ta cat\n1\tthe dog\ta tree\n0\tred\tthe river\n"
    )
    text = tmp_path / "text.txt"
    text.write_text("\n".join(f"the {w} is near" for w in ("cat", "dog", "man", "tree", "river", "house")))
    settings = ["loss.name=positive_shortfall", "loss.margin=0.9", "optim.steps=2", "optim.batch_size=3"]
    settings += [f"encoder.name={tiny_checkpoint}", f"evaluation.sets={pairs}"]
    out = run("train", "--set", *settings, "--data", str(text), "--out", str(tmp_path / "run"), "--json")
    assert json.loads(out)["config"]["loss"] == {"name": "positive_shortfall", "margin": 0.9}
    assert "positive_shortfall" in (run("docs") and (copy / "docs" / "reference.md").read_text())
