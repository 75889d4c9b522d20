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
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect, sync_playwright

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
WIDE, PHONE = 1440, 390
expect.set_options(timeout=20_000)  # ms; five seconds are too few on a busy machine


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


@pytest.fixture(scope="session")
def kept_context(browser: Browser) -> BrowserContext:
    """One context for all tests: its HTTP cache keeps Streamlit's scripts, megabytes that never change."""
    return browser.new_context()


@pytest.fixture
def open_tab(browser: Browser, kept_context: BrowserContext) -> Iterator[OpenTab]:
    """`open_tab(address, scheme="dark", width=390)`: a tab of a new visitor, once the page is idle.

    `tab.faults` collects what no page may do: console errors, script errors, failed or foreign requests.
    """
    contexts: list[BrowserContext] = []

    def open_address(
        address: str, *, scheme: str = "light", width: int = WIDE, motion: str = "reduce", agent: str = ""
    ) -> Page:
        if contexts or agent:  # visitors of one test share nothing
            context = browser.new_context(user_agent=agent or None)
        else:
            context = kept_context
        contexts.append(context)
        tab = context.new_page()
        _forget(tab, address)
        tab.emulate_media(reduced_motion=motion)  # type: ignore[arg-type]
        look(tab, scheme=scheme, width=width)
        tab.faults = []  # type: ignore[attr-defined]
        _collect_faults(tab, address)
        tab.goto(address, timeout=90_000)
        settle(tab)
        return tab

    yield open_address
    for context in contexts:
        for page in context.pages:
            page.close()
        if context is not kept_context:
            context.close()


def look(tab: Page, *, scheme: str, width: int) -> None:
    """Change theme and width of the tab in place, as a switch at dusk and a turned phone do."""
    tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    tab.set_viewport_size({"width": width, "height": 844 if width < 640 else 900})


def _forget(tab: Page, address: str) -> None:
    """Whatever earlier visitors left in cookies and storage is gone; the HTTP cache stays."""
    tab.context.clear_cookies()
    origin = "/".join(address.split("/")[:3])
    client = tab.context.new_cdp_session(tab)
    client.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": "all"})
    client.detach()


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


def count_messages(tab: Page) -> None:
    """From here on `window.sent` counts what the page sends to the server."""
    tab.evaluate(
        """() => { window.sent = 0; const send = WebSocket.prototype.send;
        WebSocket.prototype.send = function (...parts) { window.sent += 1; send.apply(this, parts); }; }"""
    )


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
