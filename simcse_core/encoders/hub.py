"""Checkpoints from the Hugging Face Hub: the local cache first, a quick no when the Hub is out of reach."""

from __future__ import annotations

import os
import re
import reprlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from simcse_core.errors import EncoderError, HubError

ALLOWED = ["*.safetensors", "*.safetensors.index.json", "*.json", "*.txt", "*.model", "*.spm"]
IGNORED = ["onnx/*", "openvino/*", "coreml/*", "*.bin", "*.pkl", "*.py", "*.h5", "*.msgpack", "*.onnx"]
PATIENCE = 3.5  # seconds from the question to the verdict "unreachable"
_REPOSITORY = re.compile(r"^[A-Za-z0-9][\w.\-]*(/[\w.\-]+)?$")
LOG_IN = "hf auth login"
_OFFLINE_HINT = (
    "Check the connection (HF_ENDPOINT and the proxies are honoured), give a local folder, "
    "or use an encoder that is on this machine, such as minilm."
)


def fetch(repository: str, *, revision: str | None = None) -> Path:
    """Folder with the repository's safetensors, configuration and tokenizer files.

    A complete copy in the local cache is used without asking the Hub. Nothing that can carry code
    (.bin, .pkl, .py) is ever downloaded.

    Raises:
        HubError: The Hub is unreachable (within `PATIENCE` seconds), or has no such repository or revision.
        EncoderError: The repository has no safetensors weights.
    """
    if not _REPOSITORY.match(repository) or ".." in repository:
        raise EncoderError(
            f"{reprlib.repr(repository)} is neither a known name, nor a folder, nor a Hugging Face id.",
            hint="Give a shipped name such as minilm, a folder, or an id such as org/name.",
            command="python -m simcse_core list encoders",
        )
    cached = _cached(repository, revision)
    if cached is not None:
        return cached
    if _is_true("HF_HUB_OFFLINE") or _is_true("TRANSFORMERS_OFFLINE"):
        raise HubError(
            f"{repository} is not in the local cache, and HF_HUB_OFFLINE forbids asking the Hub.",
            hint="Unset HF_HUB_OFFLINE, or use an encoder that is on this machine, such as minilm.",
        )
    names = _within(PATIENCE, lambda: _ask(repository, revision), repository)
    if not any(name.endswith(".safetensors") for name in names):
        raise EncoderError(
            f"{repository} has no safetensors weights"
            + (", only pickled ones, which can run code." if any(n.endswith(".bin") for n in names) else "."),
            hint="Convert it: https://huggingface.co/spaces/safetensors/convert",
        )
    return _download(repository, revision)


def endpoint() -> str:
    """Address of the Hub: HF_ENDPOINT, or huggingface.co."""
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")


def _is_true(variable: str) -> bool:
    return os.environ.get(variable, "").strip().upper() in {"1", "ON", "YES", "TRUE"}


def _cached(repository: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download

    try:
        folder = Path(
            snapshot_download(
                repository,
                revision=revision,
                local_files_only=True,
                allow_patterns=ALLOWED,
                ignore_patterns=IGNORED,
            )
        )
    except Exception:  # every release raises its own kind for "not in the cache"
        return None
    has_weights = any(folder.glob("*.safetensors")) or any(folder.glob("0_Transformer/*.safetensors"))
    has_config = (folder / "config.json").is_file() or (folder / "0_Transformer/config.json").is_file()
    return folder if has_weights and has_config else None


def _within(seconds: float, ask: Callable[[], list[str]], repository: str) -> list[str]:
    """Answer of `ask`, or HubError after `seconds`: name look-ups and silent proxies cannot be timed out."""
    answer: dict[str, Any] = {}

    def run() -> None:
        try:
            answer["names"] = ask()
        except BaseException as error:
            answer["error"] = error

    thread = threading.Thread(target=run, daemon=True, name="hub-question")
    thread.start()
    thread.join(seconds)
    if "error" in answer:
        raise answer["error"]
    if "names" not in answer:
        raise HubError(
            f"There is no folder {repository}, and the Hub ({endpoint()}) gave no answer for it.",
            hint=_OFFLINE_HINT,
        )
    names: list[str] = answer["names"]
    return names


def _gate() -> tuple[str, int]:
    """Host and port a connection to the Hub goes to first: the proxy, where one is set."""
    target = urlsplit(endpoint())
    host = target.hostname or "huggingface.co"
    proxies = getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if proxy and not proxy_bypass(host):
        via = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        if via.hostname:
            return via.hostname, via.port or 8080
    return host, target.port or (80 if target.scheme == "http" else 443)


def _ask(repository: str, revision: str | None) -> list[str]:
    """Names of the repository's files."""
    try:
        with socket.create_connection(_gate(), timeout=2.0):
            pass
    except OSError as error:
        raise HubError(
            f"There is no folder {repository}, and the Hub ({endpoint()}) cannot be reached for it: {error}.",
            hint=_OFFLINE_HINT,
        ) from None
    from huggingface_hub import HfApi

    try:
        found = HfApi(endpoint=endpoint()).model_info(repository, revision=revision, timeout=3.0)
    except Exception as error:
        raise _verdict(repository, revision, error) from None
    return [sibling.rfilename for sibling in found.siblings or []]


def _verdict(repository: str, revision: str | None, error: Exception) -> HubError:
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        return HubError(
            f"{repository} is gated.",
            hint="Accept its terms on its page and log in to the Hub on this machine.",
            command=LOG_IN,
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return HubError(
            f"{repository} has no revision {revision!r}.", hint="Leave it out for the main branch."
        )
    if isinstance(error, (errors.RepositoryNotFoundError, errors.HFValidationError)):
        return HubError(
            f"There is no folder {repository!r}, and the Hub ({endpoint()}) has no public model called so.",
            hint="Check the spelling; for a private one this machine must be logged in to the Hub.",
            command=LOG_IN,
        )
    status = getattr(getattr(error, "response", None), "status_code", None)
    reason = type(error).__name__ if status is None else f"status {status}"
    return HubError(
        f"The Hugging Face Hub ({endpoint()}) did not give {repository}: {reason}.",
        hint=_OFFLINE_HINT,
    )


def _download(repository: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(
                repository,
                revision=revision,
                allow_patterns=ALLOWED,
                ignore_patterns=IGNORED,
                etag_timeout=5.0,
                endpoint=endpoint(),
            )
        )
    except OSError as error:
        if isinstance(error, OSError) and error.errno == 28:
            raise HubError(
                f"The disk is full: {repository} could not be stored.", hint="Free some space."
            ) from None
        raise _verdict(repository, revision, error) from None
    except Exception as error:
        raise _verdict(repository, revision, error) from None
