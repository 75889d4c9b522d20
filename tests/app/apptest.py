"""What page tests share: the address of the repository, and what counts as a failed page."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.ui.text import t

REPOSITORY = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., AppTest]


def faults(at: AppTest) -> list[str]:
    """Texts of what failed on the page: uncaught exceptions, and what the boundary caught that is ours."""
    caught = [box.value for box in at.error if t("shell.failed") in box.value]
    traces = [code.value for code in at.code if "Traceback" in code.value]
    return [*(error.message for error in at.exception), *caught, *traces]


def heavy_libraries_of(page: str, then: str = "", **query: str) -> str:
    """Slow libraries that a fresh process holds once `page` is drawn and `then` (code on `at`) has run."""
    code = (
        "import sys\n"
        "from streamlit.testing.v1 import AppTest\n"
        "from streamlit.util import calc_hash\n"
        f"at = AppTest.from_file({str(REPOSITORY / 'app.py')!r}, default_timeout=120)\n"
        f"at._page_hash = calc_hash({page!r})\n"
        f"at.query_params.update({query!r})\n"
        f"at.run()\n{then}\n"
        "assert not at.exception and not at.error\n"
        "print([m for m in ('torch', 'transformers', 'umap', 'sklearn') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1]


def assets_with_broken(recording: str, folder: Path) -> Path:
    """The assets of the repository under `folder`, with no recorded results but one that is cut short."""
    assets = folder / "assets"
    assets.mkdir()
    for part in (REPOSITORY / "assets").iterdir():
        if part.name != "recorded":
            (assets / part.name).symlink_to(part)
    (assets / "recorded").mkdir()
    (assets / "recorded" / f"{recording}.json").write_text("{", encoding="utf-8")
    return assets
