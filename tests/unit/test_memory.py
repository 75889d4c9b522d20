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


def collectable(thing: object) -> bool:
    """Whether a garbage collection would look at it (what is frozen is not listed)."""
    return any(found is thing for found in gc.get_objects())


def test_libraries_are_set_apart_once_for_each_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_known", 0)
    gc.unfreeze()
    assert collectable(memory.__dict__)
    memory.set_libraries_apart()
    assert not collectable(memory.__dict__)
    made_by_a_visitor = [[]]
    memory.set_libraries_apart()
    assert collectable(made_by_a_visitor)  # nothing was imported: what visitors make stays collectable
    monkeypatch.setitem(sys.modules, "just_imported", ModuleType("just_imported"))
    memory.set_libraries_apart()
    assert not collectable(made_by_a_visitor)
