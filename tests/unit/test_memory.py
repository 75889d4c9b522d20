from __future__ import annotations

import gc
import sys
from types import ModuleType

import pytest

from pages.ui import memory


@pytest.fixture(autouse=True)
def thawed() -> object:
    yield
    gc.unfreeze()


def test_libraries_are_set_apart_once_for_each_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_known", 0)
    gc.unfreeze()
    memory.set_libraries_apart()
    frozen = gc.get_freeze_count()
    assert frozen > 1000
    made_by_a_visitor = [[number] for number in range(500)]
    memory.set_libraries_apart()
    assert gc.get_freeze_count() == frozen  # nothing was imported: what visitors make stays collectable
    monkeypatch.setitem(sys.modules, "just_imported", ModuleType("just_imported"))
    memory.set_libraries_apart()
    assert gc.get_freeze_count() >= frozen + len(made_by_a_visitor)
