"""The lines of code shown beside the steps of the proof; a test runs them and compares with the core."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

SETTING = """import numpy as np

degrees = {degrees}
tau = {tau}
turn = np.radians(degrees)
anchor, positive = np.stack([np.cos(turn), np.sin(turn)], axis=-1)  # (N, 2) each
W = np.concatenate([anchor, positive])  # (m, 2), m = 2N
"""
LINES: Mapping[str, str] = {
    "split": "s = anchor @ positive.T / tau\n"
    "pull, spread = -s.diagonal().mean(), np.log(np.exp(s).sum(axis=1)).mean()",
    "many": "limit = -s.diagonal().mean() + np.log(np.exp(s).mean(axis=1)).mean()",
    "jensen": "upper, lower = np.log(np.exp(W @ W.T / tau).mean(axis=1)).mean(), (W @ W.T).mean() / tau",
    "eigen": "largest, total, least = np.linalg.eigvalsh(W @ W.T)[-1], (W @ W.T).sum(), (W @ W.T).min()",
    "flat": "shares = np.linalg.eigvalsh(W.T @ W)[::-1] / len(W)",
}
ENDING = "print(pull, spread, limit, upper, lower, largest, total, least, shares)"


def script(degrees: Sequence[float], temperature: float) -> str:
    """All lines as one script for 2N angles in degrees."""
    table = np.reshape(degrees, (2, -1)).tolist()
    setting = SETTING.format(degrees=table, tau=f"{temperature:g}")
    return "\n".join([setting, *LINES.values(), ENDING])
