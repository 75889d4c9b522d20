"""CONTRIBUTING.md's three steps, carried out: the page stays true, and one file is enough everywhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from simcse_core.runtime import assets

REPOSITORY = Path(__file__).parents[2]
NAME, TITLE = "positive_shortfall", "Positive shortfall"
OPTIONS = """
import sys
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from simcse_core.runs.client import Client

Client.ensure_worker = lambda self, device: None
for page, key, query in (("lab", "lb_loss", {}), ("losses", "ls_train", {"ls_from": "Train here"})):
    at = AppTest.from_file("app.py", default_timeout=120)
    at._page_hash = calc_hash(page)
    at.query_params.update(query)
    at.run()
    assert not at.exception and not at.error, page
    found = at.selectbox(key=key) if page == "lab" else at.pills(key=key)
    print(page, TITLE in found.options)
"""


class Copy:
    """The repository with one more file, and what is run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__")
        for part in ("simcse_core", "pages"):
            shutil.copytree(REPOSITORY / part, folder / part, ignore=ignored)
        shutil.copy(REPOSITORY / "app.py", folder)
        guide = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
        found = re.search(r"```python\n(.*?)```", guide, re.DOTALL)
        assert found is not None
        (folder / "simcse_core" / "losses" / "my_loss.py").write_text(textwrap.dedent(found.group(1)))
        self.environment = {
            **os.environ, "PYTHONPATH": str(folder), "SIMCSE_ASSETS": str(assets()),
            "SIMCSE_RUNS": str(folder / "runs"),
        }  # fmt: skip

    def python(self, *arguments: str) -> str:
        """Standard output of `python …`."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.folder, env=self.environment, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def command(self, *arguments: str) -> str:
        """Standard output of `python -m simcse_core …`."""
        return self.python("-m", "simcse_core", *arguments)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    return Copy(tmp_path_factory.mktemp("copy"))


def test_a_loss_is_one_file(copy: Copy, tmp_path: Path, tiny_checkpoint: Path) -> None:
    """Listed and trained by the command line, and in the generated reference."""
    listed = {row["name"]: row for row in json.loads(copy.command("list", "losses", "--json"))}
    assert listed[NAME]["parameters"]["margin"]["default"] == 1.0
    pairs = tmp_path / "pairs.tsv"
    pairs.write_text(
        "score\tsentence1\tsentence2\n5\tthe cat\ta cat\n1\tthe dog\ta tree\n0\tred\tthe river\n"
    )
    text = tmp_path / "text.txt"
    text.write_text("\n".join(f"the {w} is near" for w in ("cat", "dog", "man", "tree", "river", "house")))
    settings = [f"loss.name={NAME}", "loss.margin=0.9", "optim.steps=2", "optim.batch_size=3"]
    settings += [f"encoder.name={tiny_checkpoint}", f"evaluation.sets={pairs}"]
    run = str(tmp_path / "run")
    out = copy.command("train", "--set", *settings, "--data", str(text), "--out", run, "--json")
    assert json.loads(out)["config"]["loss"] == {"name": NAME, "margin": 0.9}
    assert NAME in (copy.command("docs") and (copy.folder / "docs" / "reference.md").read_text())


def test_it_is_offered_by_the_lab_and_by_the_comparison(copy: Copy) -> None:
    told = copy.python("-c", OPTIONS.replace("TITLE", repr(TITLE)))
    assert told.split() == ["lab", "True", "losses", "True"]


def test_the_contract_tests_take_it_in(copy: Copy) -> None:
    here = REPOSITORY / "tests" / "contracts" / "test_losses.py"
    target = shutil.copy(here, copy.folder / "test_contract.py")
    told = copy.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", NAME, str(target))
    passed = re.search(r"(\d+) passed", told)
    parametrized = here.read_text(encoding="utf-8").count('@pytest.mark.parametrize("name", list(losses))')
    assert passed is not None and int(passed.group(1)) >= parametrized > 3
