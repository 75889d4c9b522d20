"""Adding a checkpoint of one's own to the list that pages share."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

SCRIPT = """
from pages.ui import checkpoints
checkpoints.pick(["minilm:4"], "minilm:4")
"""
KEY = "ck"


def added(name: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60).run()
    at.text_input(key=f"{KEY}-name").set_value(name)
    at.button(key=f"{KEY}-add").click().run()
    assert not at.exception
    return at


def test_a_folder_with_a_checkpoint_is_added_and_chosen(tiny_checkpoint: Path) -> None:
    at = added(str(tiny_checkpoint))
    assert not at.error
    assert at.selectbox(key=KEY).value == str(tiny_checkpoint)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "no config.json"),
        ({"config.json": '{"model_type": "gpt2"}'}, "gpt2"),
        ({"config.json": '{"model_type": "bert"}'}, "no model.safetensors"),
        ({"config.json": '{"model_type": "bert"}', "pytorch_model.bin": "x"}, "pickled"),
    ],
)
def test_a_folder_that_could_not_be_opened_is_refused_at_once(
    tmp_path: Path, files: dict[str, str], told: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    at = added(str(folder))
    assert told in at.error[0].value.replace("\\", "")
    assert at.selectbox(key=KEY).value == "minilm:4"
    assert str(folder) not in at.selectbox(key=KEY).options
