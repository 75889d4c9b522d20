"""Pages through Streamlit's AppTest: no server, no browser; every page is opened from the entry file."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from pages.ui import exports
from pages.ui.text import t
from simcse_core.runs.client import Client
from tests.app.apptest import REPOSITORY, OpenPage, faults
from tests.app.lab_driver import Small
from tests.app.maps_factory import maps_assets


@pytest.fixture(scope="session", autouse=True)
def packages_scanned_once() -> Iterator[None]:
    """AppTest reads the metadata of all installed packages for each page: 0.2 s, often more than the page."""
    with pytest.MonkeyPatch.context() as patch:
        once = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", once)
        yield


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OpenPage:
    """`open_page("cone", cn_pool="cls")`: the page of a visitor who opens every panel, without a fault.

    Runs live in an empty folder of the test, so no run of this machine shows.
    """
    monkeypatch.setenv("SIMCSE_RUNS", str(tmp_path / "runs"))
    monkeypatch.setattr(exports, "opened", lambda panel: True)  # data and code, which a visitor opens

    def open_address(name: str, **query: str) -> AppTest:
        at = AppTest.from_file(str(REPOSITORY / "app.py"), default_timeout=120)
        at._page_hash = calc_hash(name)  # the pages are functions, which `switch_page` does not know
        at.query_params.update(query)
        at.run()
        assert not faults(at)
        return at

    return open_address


@pytest.fixture
def open_map(open_page: OpenPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OpenPage:
    """`open_map(cp_step="10")`: the map of the checkpoints page, on the made-up recording."""
    monkeypatch.setenv("SIMCSE_ASSETS", maps_assets(tmp_path))
    return lambda **query: open_page("checkpoints", **query)


@pytest.fixture
def no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs stay in the queue until the test trains them itself."""
    monkeypatch.setattr(Client, "ensure_worker", lambda self, device: None)


@pytest.fixture
def small(open_page: OpenPage, tiny_checkpoint: Path) -> Small:
    """The lab set to a tiny encoder and a few short steps."""

    def opened(**query: str) -> AppTest:
        at = open_page("lab", lb_encoder=t("lab.encoder.other"), lb_steps="5", lb_batch_size="8", **query)
        at.text_input(key="lb_other_encoder").set_value(str(tiny_checkpoint)).run()
        return at

    return opened
