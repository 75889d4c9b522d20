"""Checkpoints that several files of tests open."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from unit.encoder_factory import make_checkpoint


@pytest.fixture(scope="session")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of three layers."""
    return make_checkpoint(tmp_path_factory.mktemp("bert") / "bert")


@pytest.fixture
def copied(bert: Path, tmp_path: Path) -> Path:
    """A copy of it to break."""
    return Path(shutil.copytree(bert, tmp_path / "copy"))
