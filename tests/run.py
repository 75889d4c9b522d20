"""Run every test, fast ones first, browser tests after them; say what was not run and why."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from browser.chromium import find_chromium, try_to_install


def pytest(*arguments: str) -> int:
    """Run pytest in a process of its own, one thread per process; returns its exit code."""
    environment = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", **os.environ}
    command = [sys.executable, "-m", "pytest", "-q", "-ra", *arguments, *sys.argv[1:]]
    return subprocess.run(command, env=environment, check=False).returncode


def main() -> int:
    """Exit code 0 when everything that could run passed."""
    workers = str(min(4, os.cpu_count() or 1))
    failed = pytest("-m", "not browser", "-n", workers, "--dist", "worksteal") not in {0, 5}
    chromium = find_chromium() or try_to_install()
    if chromium:
        tabs = str(min(2, os.cpu_count() or 1))  # each with a server of its own; mostly they wait
        failed |= pytest("-m", "browser", "-n", tabs, "--dist", "loadgroup", "tests/browser") not in {0, 5}
    else:
        sys.stdout.write(
            "\nNOT RUN: the browser tests. No Chromium was found and none could be installed; "
            "install one (Debian: apt-get install chromium) or set CHROMIUM_PATH.\n"
        )
        failed |= bool(os.environ.get("SIMCSE_REQUIRE_BROWSER"))
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main())
