"""The app as a visitor meets it: a fresh server process and a real Chromium."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Locator, Page, sync_playwright

from tests.browser.chromium import find_chromium

REPOSITORY = Path(__file__).resolve().parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
IDLE = '[data-testid="stApp"][data-test-connection-state="CONNECTED"][data-test-script-state="notRunning"]'
OpenTab = Callable[..., Page]
StartServer = Callable[..., str]


@contextmanager
def serve(script: Path, log: Path, **environment: str) -> Iterator[str]:
    """Run `streamlit run` on a free port of its own; yields the base address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless", "true"]
    command += ["--server.port", str(port), "--server.fileWatcherType", "none"]
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(REPOSITORY), **environment}
    with log.open("w") as out:
        server = subprocess.Popen(
            command, cwd=REPOSITORY, env=variables, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_up(f"http://127.0.0.1:{port}", server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def _wait_until_up(base: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended: {log.read_text()}")
        try:
            with urllib.request.urlopen(f"{base}/_stcore/health", timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text()}")


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """`start_server()` starts a server that nobody has visited; `start_server(script, X="1")` another."""
    running = []

    def start(script: Path = REPOSITORY / "app.py", **environment: str) -> str:
        folders = {"SIMCSE_RUNS": str(tmp_path / "runs"), **environment}
        context = serve(script, tmp_path / f"server-{len(running)}.log", **folders)
        running.append(context)
        return context.__enter__()

    yield start
    for context in running:
        context.__exit__(None, None, None)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base address of one server that all tests of the session share."""
    folder = tmp_path_factory.mktemp("server")
    with serve(REPOSITORY / "app.py", folder / "log.txt", SIMCSE_RUNS=str(folder / "runs")) as base:
        yield base


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    chromium = find_chromium()
    if chromium is None:
        if os.environ.get("SIMCSE_REQUIRE_BROWSER"):
            pytest.fail("no Chromium: install one or set CHROMIUM_PATH")
        pytest.skip("no Chromium on this machine: install one or set CHROMIUM_PATH")
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def open_tab(browser: Browser) -> Iterator[OpenTab]:
    """`open_tab(address, scheme="dark", width=390)`: a tab of a new visitor, once the page is idle.

    `tab.faults` collects what no page may do: console errors, script errors, failed or foreign requests.
    """
    contexts = []

    def open_address(
        address: str, *, scheme: str = "light", width: int = 1440, motion: str = "reduce", agent: str = ""
    ) -> Page:
        height = 844 if width < 640 else 900
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion=motion,
            user_agent=agent or None,
        )
        contexts.append(context)
        tab = context.new_page()
        tab.faults = []  # type: ignore[attr-defined]
        _collect_faults(tab, address)
        tab.goto(address)
        settle(tab)
        return tab

    yield open_address
    for context in contexts:
        context.close()


def _collect_faults(tab: Page, address: str) -> None:
    faults: list[str] = tab.faults  # type: ignore[attr-defined]
    host = "/".join(address.split("/")[:3])
    # Streamlit itself asks <page>/_stcore/… first on a deep link and gets a 404; the console repeats that
    harmless = "Failed to load resource"
    tab.on(
        "console", lambda m: faults.append(m.text) if m.type == "error" and harmless not in m.text else None
    )
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on(
        "response",
        lambda r: (
            faults.append(f"{r.status} {r.url}") if r.status >= 400 and "/_stcore/" not in r.url else None
        ),
    )
    tab.on(
        "request",
        lambda r: (
            faults.append(f"foreign {r.url}") if not r.url.startswith((host, "data:", "blob:")) else None
        ),
    )


def settle(tab: Page, *, pause: float = 0.6) -> None:
    """Wait until the page is connected and idle, and stays so."""
    tab.wait_for_selector(IDLE, timeout=90_000)
    tab.wait_for_timeout(1000 * pause)
    tab.wait_for_selector(IDLE, timeout=90_000)


def until(tab: Page, holds: Callable[[], bool], *, seconds: float = 20) -> None:
    """Ask again until `holds()`: an idle page may still be drawing, the longer the slower the machine."""
    for _ in range(int(10 * seconds)):
        try:
            if holds():
                return
        except (AttributeError, IndexError, KeyError, Error):
            pass  # what it reads is not there yet
        tab.wait_for_timeout(100)
    assert holds()


@contextmanager
def finger_drag(tab: Page, item: Locator, by: tuple[float, float]) -> Iterator[None]:
    """A finger on the middle of `item`, moved in four steps; it is still down inside the `with`."""
    item.scroll_into_view_if_needed()
    box = item.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    client = tab.context.new_cdp_session(tab)
    for step in range(5):
        finger = {"x": x + by[0] * step / 4, "y": y + by[1] * step / 4}
        kind = "touchMove" if step else "touchStart"
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [finger]})
    yield
    client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
