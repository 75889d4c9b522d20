"""Seeds, devices, precision and threads: the few facts about this machine that results depend on."""

from __future__ import annotations

import os
import platform
import random
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simcse_core.errors import ConfigError

if TYPE_CHECKING:
    import torch

PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "scipy", "scikit-learn", "streamlit")
SHIPPED = Path(__file__).resolve().parent.parent / "assets"


def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch on every device."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def resolve_device(name: str = "auto") -> torch.device:
    """`auto` is CUDA, then MPS, then CPU; any other name is taken as given.

    Raises:
        ConfigError: The device does not exist on this machine.
    """
    import torch

    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(
            f"There is no device called {name!r}.", hint="Use auto, cpu, cuda or mps."
        ) from None
    missing = (device.type == "cuda" and not torch.cuda.is_available()) or (
        device.type == "mps" and not torch.backends.mps.is_available()
    )
    if missing or device.type not in {"cpu", "cuda", "mps"}:
        raise ConfigError(f"This machine has no {name} device.", hint="Use auto or cpu.")
    return device


@lru_cache(maxsize=1)
def cpu_has_bf16() -> bool:
    """Whether the processor multiplies bfloat16 natively (AVX512-BF16, AMX or Arm BF16)."""
    import torch

    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
    if capabilities:
        return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "arm_bf16", "bf16"))
    flags = Path("/proc/cpuinfo")
    text = flags.read_text(encoding="utf-8", errors="ignore") if flags.exists() else ""
    return "avx512_bf16" in text or "amx_bf16" in text or " bf16" in text


def resolve_dtype(precision: str, device: torch.device) -> torch.dtype:
    """Number format of the matrix products: `auto` is bfloat16 where the device has it natively.

    Raises:
        ConfigError: `precision` is not fp32, bf16 or auto.
    """
    import torch

    if precision == "auto":
        native = torch.cuda.is_bf16_supported() if device.type == "cuda" else cpu_has_bf16()
        return torch.bfloat16 if device.type != "mps" and native else torch.float32
    try:
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    except KeyError:
        raise ConfigError(f"Precision {precision!r} is unknown.", hint="Use fp32, bf16 or auto.") from None


def versions() -> dict[str, str]:
    """Version of Python and of every package results depend on; a package that is absent is left out."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def home() -> Path:
    """Folder for runs, downloads, caches: `SIMCSE_HOME`, else `~/.cache/simcse_core`; made on first write."""
    return Path(os.environ.get("SIMCSE_HOME") or Path.home() / ".cache" / "simcse_core")


def assets() -> Path:
    """Folder of what ships with the product: texts, recorded results, encoders.

    Raises:
        ConfigError: The folder is not beside the package.
    """
    folder = Path(os.environ.get("SIMCSE_ASSETS") or SHIPPED)
    if not folder.is_dir():
        raise ConfigError(f"The assets folder {folder} is missing.", hint="Set SIMCSE_ASSETS to where it is.")
    return folder
