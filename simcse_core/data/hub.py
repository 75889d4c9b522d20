"""Public sets from the Hugging Face Hub, fetched only when asked, into the folder of downloads.

All three files come from `princeton-nlp/datasets-for-simcse`, where the authors of SimCSE keep what they
trained and evaluated on.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simcse_core import runtime
from simcse_core.data.senteval import unpack_senteval
from simcse_core.data.sts_sets import download_folder
from simcse_core.errors import ConfigError, DataError, HubError

REPOSITORY = "princeton-nlp/datasets-for-simcse"
FILES = {
    "sts": ("downloads", "senteval.tar"),
    "nli": ("nli", "nli_for_simcse.csv"),
    "wiki1m": ("corpus", "wiki1m_for_simcse.txt"),
}
PATIENCE = 4.0  # seconds until the Hub counts as out of reach

Progress = Callable[[int, int | None], None]


def fetch(what: str, *, progress: Progress | None = None) -> Path:
    """Download one of the public files and make it readable as a data set.

    Args:
        what: "sts" (the seven STS tasks, STS-B and SICK with all splits), "nli" (275,601 triples) or
            "wiki1m"; the trait `download` of a data set.
        progress: Called with (bytes done, bytes in all or None) as they arrive, from this thread or another.

    Returns:
        The folder of the STS sets, or the file.

    Raises:
        ConfigError: There is no such download.
        HubError: The Hub is out of reach (said within five seconds), or refused.
        DataError: The archive of the STS sets is not what it should be.
    """
    if what not in FILES:
        raise ConfigError(f"There is no download called {what!r}.", hint=f"There are: {', '.join(FILES)}.")
    folder, name = FILES[what]
    target = runtime.home() / folder
    path = _download(name, target, progress)
    if what != "sts":
        return path
    try:
        unpack_senteval(path, download_folder())
    except DataError:
        path.unlink(missing_ok=True)  # else the next try would find the broken file and not fetch it
        raise
    path.unlink()
    return download_folder()


def _download(name: str, folder: Path, progress: Progress | None) -> Path:
    from huggingface_hub import hf_hub_download

    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}:
        raise HubError(
            "HF_HUB_OFFLINE is set, so nothing is fetched.", hint="Unset it, or use a local folder."
        )
    _require_answer(endpoint)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        path = hf_hub_download(
            REPOSITORY,
            name,
            repo_type="dataset",
            local_dir=folder,
            endpoint=endpoint,
            etag_timeout=PATIENCE,
            tqdm_class=_reporter(progress),
        )
    except Exception as error:  # the Hub's client raises its own, httpx's, requests' and the system's errors
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise HubError(
            f"{name} could not be fetched from {REPOSITORY}: {reason}", hint="Try again later."
        ) from error
    return Path(path)


def _require_answer(endpoint: str) -> None:
    """Any HTTP answer from the endpoint within `PATIENCE` seconds, name look-up included."""
    failure: list[str] = ["no answer"]

    def ask() -> None:
        from huggingface_hub import get_session

        try:
            get_session().head(endpoint, timeout=PATIENCE)
            failure.clear()
        except Exception as error:
            failure[0] = str(error).strip().split("\n")[0] or type(error).__name__

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    if failure:
        raise HubError(
            f"The Hugging Face Hub at {endpoint} is out of reach ({failure[0]}).",
            hint="Check the connection, or put the files into a local folder (SIMCSE_STS_DIR, data/).",
        )


def _reporter(progress: Progress | None) -> Any:
    """A silent tqdm class that reports to `progress`."""
    from huggingface_hub.utils import tqdm

    class Reporter(tqdm):  # type: ignore[misc]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **{**kwargs, "file": io.StringIO(), "disable": False, "leave": False})

        def update(self, n: float | None = 1) -> Any:
            shown = super().update(n)
            if progress is not None:
                progress(int(self.n), int(self.total) if self.total else None)
            return shown

    return Reporter
