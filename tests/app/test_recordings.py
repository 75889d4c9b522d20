"""Recorded results that are missing, damaged, incomplete or changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pages.ui.recordings import Recording, with_parts
from simcse_core.errors import DataError
from tests.app.apptest import OpenPage, assets_with_broken


def understand(content: Any) -> int:
    return int(with_parts(content, {"made", "number"}, content["number"] > 0)["number"])


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the recording `number` lies."""
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken("number", tmp_path)))
    return tmp_path / "assets" / "recorded" / "number.json"


@pytest.mark.parametrize(
    "text", [None, "", "{", "[]", "null", "3", "{}", '{"number": 3}', '{"made": {}, "number": 0}', "\udcff"]
)
def test_what_cannot_be_read_is_named_with_its_recorder(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
    else:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(DataError, match=r"number\.json are missing or damaged") as caught:
        Recording("number", understand)()
    assert caught.value.hint.endswith("record number")
    assert Recording("number", understand, public=True).hint.endswith("record number --data DIR")


def test_a_file_is_read_once_and_again_when_it_changes(file: Path) -> None:
    read = []
    recording = Recording("number", lambda content: read.append(content) or understand(content))
    file.write_text('{"made": {}, "number": 3}', encoding="utf-8")
    assert [recording(), recording()] == [3, 3] and len(read) == 1
    file.write_text('{"made": {}, "number": 4}', encoding="utf-8")
    os.utime(file, ns=(1, 1))
    assert recording() == 4 and len(read) == 2


@pytest.mark.parametrize("page", ["pairs", "lab"])
def test_a_page_without_its_recording_says_what_to_do(
    open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    monkeypatch.setenv("SIMCSE_ASSETS", str(assets_with_broken(page, tmp_path)))
    at = open_page(page)
    assert any(f"record {page}" in box.value for box in at.error)
    assert not at.exception
