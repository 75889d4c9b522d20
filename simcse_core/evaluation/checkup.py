"""The check-up of a checkpoint: what it is, what the doctor finds, what its cosines mean, its space.

Reading a recorded check-up loads no torch; making one does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import bootstrap_spearman, interval
from simcse_core.evaluation.calibration import Calibration, Threshold, calibrate, from_cosines
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding, Stated
from simcse_core.metrics.sts import spearman

if TYPE_CHECKING:
    from simcse_core.encoders.encoder import Encoder
    from simcse_core.evaluation.patient import Patient

SPACE = ("mean_cosine", "uniformity", "partition", "isoscore", "effective_rank", "top_1", "hubness")
RANDOM = 500  # quantiles kept of the random pairs, less one
DIGITS = 6  # of a cosine that is kept
STAGES = 12  # nine checks, then calibration, space and speed
RESAMPLES = 1000

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True, eq=False)
class Checkup:
    """What is known of a checkpoint after a minute.

    Attributes:
        facts: Name, layers, width, parameters, pooling, precision, digest, repairs …
        findings: Of the doctor, faults first.
        calibration: Of the scored pairs; None where all their cosines are equal or not finite.
        spearman: x 100 on them: `value`, `low` and `high` (95 % bootstrap), `pairs` and `set`; None as above.
        space: Numbers of `SPACE` on the sentences, with those of an isotropic sample under `isotropic`.
        speed: `sentences`, `seconds`, `per_second`, on which `device` with how many `threads`.
    """

    facts: Mapping[str, Any]
    findings: tuple[Finding, ...]
    calibration: Calibration | None
    spearman: Mapping[str, Any] | None
    space: Mapping[str, Any]
    speed: Mapping[str, Any]

    @property
    def verdict(self) -> str:
        """The worst finding: `fine`, `warning` or `fault`."""
        states = {one.state for one in self.findings}
        return next(state for state in (FAULT, WARNING, FINE) if state in states)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; `from_dict` gives it back, cosines rounded to six digits."""
        return {
            "facts": dict(self.facts),
            "findings": [vars(one) for one in self.findings],
            "calibration": None if self.calibration is None else _columns(self.calibration),
            "spearman": None if self.spearman is None else dict(self.spearman),
            "space": dict(self.space),
            "speed": dict(self.speed),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Checkup:
        """Inverse of `to_dict`.

        Raises:
            LookupError: A part is missing.
            TypeError: A part is of the wrong kind.
            DataError: The columns do not belong together.
        """
        columns = plain["calibration"]
        return cls(
            plain["facts"],
            tuple(Finding(**one) for one in plain["findings"]),
            None if columns is None else _from_columns(columns),
            plain["spearman"],
            plain["space"],
            plain["speed"],
        )


def check_up(
    encoder: Encoder,
    texts: Sequence[str] | None = None,
    *,
    stated: Stated | None = None,
    pairs: ScoredPairs | None = None,
    progress: Progress | None = None,
) -> Checkup:
    """Examine a checkpoint.

    Args:
        encoder: As it is loaded and used.
        texts: What it is used on; the shipped sentences if None. At most 400 are read.
        stated: What its files say of its use (`patient.stated_use`).
        pairs: Scored 0 to 5; the shipped ones if None.
        progress: Hears of `STAGES` stages.

    Raises:
        DataError: Fewer than two different sentences.
    """
    from simcse_core.evaluation.doctor import findings, patient_of

    patient = patient_of(encoder, texts, stated=stated)
    found = findings(patient, progress=None if progress is None else lambda done, _: progress(done, STAGES))
    scored = pairs or patient.pairs
    calibration = _calibrated(encoder, scored)
    _tell(progress, STAGES - 2)
    space = _space(patient.rows)
    _tell(progress, STAGES - 1)
    speed = _speed(patient)
    _tell(progress, STAGES)
    agreement = None if calibration is None else _agreement(calibration, scored.name)
    return Checkup(_facts(encoder), tuple(found), calibration, agreement, space, speed)


def _tell(progress: Progress | None, done: int) -> None:
    if progress is not None:
        progress(done, STAGES)


def _facts(encoder: Encoder) -> dict[str, Any]:
    """What the encoder is."""
    parameters = sum(p.numel() for p in encoder.model.parameters())
    return {
        "model": encoder.name,
        "family": str(encoder.model.config.model_type),
        "layers": encoder.layers,
        "width": encoder.width,
        "dimension": encoder.dimension,
        "max_length": encoder.max_length,
        "parameters": parameters,
        "vocabulary": encoder.backend.get_vocab_size(),
        "pooling": encoder.pooling,
        "pooling_note": encoder.pooling_note,
        "template": encoder.template,
        "dropout": encoder.dropout,
        "precision": str(encoder.dtype).removeprefix("torch."),
        "device": str(encoder.device),
        "digest": encoder.digest,
        "repairs": [repair.facts() for repair in encoder.repairs],
        "notes": list(encoder.notes),
    }


def _calibrated(encoder: Encoder, pairs: ScoredPairs) -> Calibration | None:
    try:
        found = calibrate(encoder, pairs, resamples=RESAMPLES)
    except DataError:  # the doctor says why
        return None
    return found if np.ptp(_whole(found.cosine)) else None


def _agreement(calibration: Calibration, name: str) -> dict[str, Any]:
    cosine, gold = calibration.cosine, calibration.gold
    low, high = interval(bootstrap_spearman(cosine, gold, resamples=RESAMPLES))
    return {"value": spearman(cosine, gold), "low": low, "high": high, "pairs": len(gold), "set": name}


def _space(rows: NDArray[np.float64]) -> dict[str, Any]:
    from simcse_core.evaluation.anisotropy import isotropic_numbers, spread_numbers

    try:
        found = spread_numbers(rows)
    except DataError:  # a row of zeros, or not finite; the doctor has said so
        found = {}
    even = isotropic_numbers(*rows.shape)
    shape = {"rows": rows.shape[0], "dimension": rows.shape[1]}
    return {**shape, **{key: found.get(key) for key in SPACE}, "isotropic": {key: even[key] for key in SPACE}}


def _speed(patient: Patient) -> dict[str, Any]:
    """Sentences a second, warm; the best of two."""
    import torch

    best = float("inf")
    for _ in range(2):
        began = time.perf_counter()
        patient.encoder.encode(list(patient.texts))
        best = min(best, time.perf_counter() - began)
    count = len(patient.texts)
    where = {"device": str(patient.encoder.device), "threads": torch.get_num_threads()}
    return {"sentences": count, "seconds": round(best, 4), "per_second": round(count / best, 1), **where}


def _columns(calibration: Calibration) -> dict[str, Any]:
    return {
        "threshold": None if calibration.threshold is None else vars(calibration.threshold),
        "cosines": _whole(calibration.cosine),
        "gold": calibration.gold.tolist(),
        "random": _whole(np.quantile(calibration.random, np.linspace(0, 1, RANDOM + 1))),
    }


def _from_columns(columns: Mapping[str, Any]) -> Calibration:
    cosine, random = (np.array(columns[key]) / 10**DIGITS for key in ("cosines", "random"))
    found = from_cosines(cosine, columns["gold"], random, resamples=0)
    threshold = columns["threshold"]
    return replace(found, threshold=None if threshold is None else Threshold(**threshold))


def _whole(cosines: NDArray[np.float64]) -> list[int]:
    found: list[int] = np.rint(np.asarray(cosines) * 10**DIGITS).astype(int).tolist()
    return found
