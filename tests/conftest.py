"""Fixtures shared by all tests: a tiny checkpoint made on the spot, and the public data where they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
os.environ.setdefault("SIMCSE_HOME", str(REPOSITORY / ".pytest_cache" / "home"))


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded 2-layer, 32-hidden BERT with a real WordPiece tokenizer, in transformers layout."""
    from unit.encoder_factory import make_checkpoint

    return make_checkpoint(tmp_path_factory.mktemp("tiny") / "bert", num_hidden_layers=2)


@pytest.fixture(scope="session")
def sts_folder() -> Path:
    """Folder with the public STS sets: SIMCSE_STS_DIR, ../shared/data/sts or data/sts."""
    places = [
        os.environ.get("SIMCSE_STS_DIR"),
        REPOSITORY.parent / "shared/data/sts",
        REPOSITORY / "data/sts",
    ]
    for place in filter(None, places):
        if (Path(place) / "STS-B" / "test.tsv").exists():
            return Path(place)
    pytest.skip("the public STS files are not here: set SIMCSE_STS_DIR to their folder")
