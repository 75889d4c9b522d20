"""What a repair does to an encoder: order, alignment, uniformity and spectrum, fitted on the target or not.

A repair needs no labels, so it may be fitted on the very sentences it is scored on ("target": transductive)
or on other text ("elsewhere"). The difference of the two is what the first way gains from seeing the test.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.data.records import ScoredPairs
from simcse_core.evaluation.cone import sample_sentences
from simcse_core.evaluation.sts import POSITIVE_ABOVE, Encode, embeddings_of
from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.checks import unit_rows
from simcse_core.metrics.spectrum import entropy_rank, participation_ratio
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.metrics.uniformity import uniformity
from simcse_core.postprocess import PostProcessor, fit_parameters, postprocessors
from simcse_core.registry import Range

ELSEWHERE, TARGET = "elsewhere", "target"
CORPORA = (ELSEWHERE, TARGET)
COUNTS = (50, 100, 200, 400, 800, 1600, 3200)
"""How many sentences a repair is fitted on elsewhere."""
KS = (8, 16, 32, 64, 96, 128, 192, 256, 320, 384, 512, 640)
"""Values of a parameter `k`, besides those its own ladder names."""
EDGES: NDArray[np.float64] = np.round(np.arange(-1.0, 1.0001, 0.05), 2)
"""Bin edges of the histogram of cosines, 41 of them."""
RANKS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Directions whose share of the squared length is kept, counted from 1, strongest first."""
NUMBERS = ("spearman", "alignment", "uniformity", "mean_cosine", "effective_rank", "gap", "gap_fitted")
BLOCK = 512  # rows of the matrix of cosines held at once
_SHARE_FLOOR = 1e-8


@dataclass(frozen=True, eq=False)
class Target:
    """Embeddings of scored pairs, as the encoder gives them.

    Attributes:
        rows: (n, d) of the distinct sentences, any length.
        first: (m,) row of the first sentence of each pair.
        second: (m,) row of the second.
        score: (m,) human scores.
    """

    rows: NDArray[np.float32]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    score: NDArray[np.float64]

    @classmethod
    def embedded(cls, encode: Encode, pairs: ScoredPairs) -> Target:
        """Embed every distinct sentence of the pairs once.

        Args:
            encode: An encoder, read without normalising, because repairs are fitted on such rows; or a
                function of sentences -> (n, d).
            pairs: Scored pairs.

        Raises:
            DataError: Not one row a sentence.
        """
        own: Any = getattr(encode, "encode", None)
        texts = pairs.sentences()
        raw = encode if own is None else lambda given: own(given, normalize=False)
        return cls.of(embeddings_of(raw, texts), texts, pairs)

    @classmethod
    def of(cls, rows: ArrayLike, texts: Sequence[str], pairs: ScoredPairs) -> Target:
        """From rows (n, d) of the n sentences `texts`, which hold those of the pairs."""
        place = {text: row for row, text in enumerate(texts)}
        first, second = (np.array([place[text] for text in side]) for side in (pairs.first, pairs.second))
        return cls(np.asarray(rows, dtype=np.float32), first, second, pairs.score)


@dataclass(frozen=True, eq=False)
class Effect:
    """An encoder on scored pairs, as it is or after a repair; all of unit rows but the gaps.

    Attributes:
        width: Numbers in an embedding.
        spearman: Rank correlation x 100 of cosines and human scores.
        alignment: Mean squared distance of pairs scored strictly above 4; None where there are none.
        uniformity: Of the distinct sentences, nats.
        mean_cosine: Of different sentences.
        effective_rank: Of the singular values, not centred.
        gap: How far the covariance of the sentences, scaled to mean variance 1, is from the identity C = I:
            ‖C - I‖ / √k in the Frobenius norm, which is √(k / participation ratio - 1); 0 when white.
        gap_fitted: The same of the sentences the repair was fitted on; None without a repair.
        counts: (40,) share of all pairs of sentences in every bin of `EDGES`, 255 being the fullest bin.
        shares: Share of the squared length in the directions `RANKS`, as far as there are any.
    """

    width: int
    spearman: float
    alignment: float | None
    uniformity: float
    mean_cosine: float
    effective_rank: float
    gap: float
    gap_fitted: float | None
    counts: NDArray[np.uint8]
    shares: NDArray[np.float64]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able and small: the histogram as bytes, the shares (log10) as float16, both in base64."""
        shares = np.log10(np.maximum(self.shares, _SHARE_FLOOR)).astype("<f2")
        numbers = (getattr(self, name) for name in NUMBERS)
        return {
            "width": self.width,
            "numbers": [None if value is None else round(float(value), 4) for value in numbers],
            "counts": b64encode(self.counts.tobytes()).decode(),
            "shares": b64encode(shares.tobytes()).decode(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Effect:
        """Inverse of `to_dict`, up to its rounding."""
        shares = np.frombuffer(b64decode(plain["shares"]), dtype="<f2")
        return cls(
            width=plain["width"],
            **dict(zip(NUMBERS, plain["numbers"], strict=True)),
            counts=np.frombuffer(b64decode(plain["counts"]), dtype=np.uint8),
            shares=10.0 ** shares.astype(np.float64),
        )


def other_sentences(pairs: ScoredPairs, count: int = COUNTS[-1]) -> list[str]:
    """Shipped sentences on 20 subjects to fit on, none of them one of the pairs'; any beginning is balanced.

    Raises:
        DataError: There are fewer than `count`.
    """
    scored = set(pairs.sentences())
    return [text for text, _ in sample_sentences(count) if text not in scored]


def effect(target: Target, repair: PostProcessor | None = None, fitted_on: ArrayLike | None = None) -> Effect:
    """Measure an encoder on scored pairs after a repair, or as it is.

    Args:
        target: Embedded pairs.
        repair: Fitted; None for none.
        fitted_on: (n, d) rows it was fitted on, for `gap_fitted`.

    Raises:
        DataError: A row has no direction after the repair, or all cosines are equal.
    """
    given: Any = target.rows if repair is None else repair.transform(target.rows)
    x = unit_rows(given, metric="The repair")
    first, second, energy = x[target.first], x[target.second], _energy(x)
    close = target.score > POSITIVE_ABOVE
    seen = None if fitted_on is None or repair is None else repair.transform(fitted_on)
    return Effect(
        width=x.shape[1],
        spearman=spearman(cosines(first, second), target.score),
        alignment=alignment(first[close], second[close]) if close.any() else None,
        uniformity=uniformity(x),
        mean_cosine=mean_cosine(x),
        effective_rank=_rank(energy),
        gap=covariance_gap(given),
        gap_fitted=None if seen is None else covariance_gap(seen),
        counts=_histogram(x),
        shares=_shares(energy),
    )


def covariance_gap(rows: ArrayLike) -> float:
    """Distance of the covariance of (n, k) rows from the identity, whatever its scale; 0 when white.

    ‖C - I‖ / √k with C scaled to trace k. An isotropic normal sample has about √((k + 1) / (n - 1)).

    Raises:
        DataError: All rows are equal.
    """
    x = np.asarray(rows, dtype=np.float64)
    return float(np.sqrt(max(x.shape[1] / participation_ratio(x) - 1.0, 0.0)))


def sampled_gap(count: int, width: int) -> float:
    """Gap that `count` sentences of a perfectly white distribution have by chance."""
    return float(np.sqrt((width + 1) / (count - 1)))


def variants(name: str, width: int) -> list[dict[str, Any]]:
    """Settings in which a registered repair is measured: `k` over a grid, every other parameter as it comes.

    Args:
        name: Registered post-processor.
        width: Numbers in an embedding before the repair.
    """
    parameter = fit_parameters(name).get("k")
    if parameter is None or not isinstance(parameter.allowed, Range):
        return [{}]
    allowed = parameter.allowed
    wanted = {*KS, *(int(value) for value in allowed.ladder), parameter.default}
    return [{"k": k} for k in sorted(wanted) if allowed.low <= k <= allowed.high and k < width]


def default_variant(name: str) -> dict[str, Any]:
    """The settings a repair comes with, as far as they are swept."""
    parameter = fit_parameters(name).get("k")
    return {} if parameter is None else {"k": parameter.default}


def learns_in_passes(name: str) -> bool:
    """Whether fitting takes passes over the sentences: seconds to minutes instead of milliseconds."""
    return "epochs" in fit_parameters(name)


def learning_of(repair: Any, rows: ArrayLike, seconds: float) -> dict[str, Any]:
    """How a flow learned: `nll` by epoch (held out, nats a dimension), `inverse_error`, `seconds`.

    Args:
        repair: A fitted flow.
        rows: (n, d) that are mapped and mapped back; `inverse_error` is the largest difference of a number.
        seconds: It took.
    """
    given = np.asarray(rows, dtype=np.float64)
    missed = np.abs(repair.inverse(repair.transform(given)) - given).max()
    return {
        "nll": [round(float(value), 4) for value in repair.nll],
        "inverse_error": float(f"{missed:.2g}"),
        "seconds": round(seconds, 1),
    }


def key_of(name: str, settings: Mapping[str, Any], corpus: str, count: int) -> str:
    """Name of one measured state, such as `whitening k=64|elsewhere|400`."""
    told = "".join(f" {key}={value:g}" for key, value in sorted(settings.items()))
    return f"{name}{told}|{corpus}|{count}"


def title_of(name: str, settings: Mapping[str, Any]) -> str:
    """What a repair with its settings is called."""
    told = "".join(f", {key} = {value:g}" for key, value in sorted(settings.items()) if value)
    return postprocessors.info(name).title + told


def _histogram(x: NDArray[np.float64]) -> NDArray[np.uint8]:
    """All pairs of different unit rows; each is met twice, which leaves the shares as they are."""
    bins = len(EDGES) - 1
    counts = np.zeros(bins, dtype=np.int64)
    for start in range(0, len(x), BLOCK):
        found = np.clip(x[start : start + BLOCK] @ x.T, -1.0, 1.0)
        np.fill_diagonal(found[:, start:], 1.0)  # a row with itself, taken out below
        place = ((found + 1.0) * (bins / 2) + 1e-9).astype(np.int64)
        counts += np.bincount(np.minimum(place, bins - 1).ravel(), minlength=bins)
    counts[-1] -= len(x)
    shares: NDArray[np.uint8] = np.rint(255 * counts / counts.max()).astype(np.uint8)
    return shares


def _energy(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared singular values of (n, k) rows, largest first, from the smaller Gram matrix."""
    gram = x.T @ x if x.shape[1] <= len(x) else x @ x.T
    found: NDArray[np.float64] = np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)
    return found


def _shares(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    at = [rank - 1 for rank in RANKS if rank <= len(energy)]
    shares: NDArray[np.float64] = energy[at] / energy.sum()
    return shares


def _rank(energy: NDArray[np.float64]) -> float:
    """Effective rank; what a Gram matrix does not resolve counts as absent, as in `effective_rank`."""
    resolved = energy > energy[0] * len(energy) * np.finfo(np.float64).eps
    return entropy_rank(np.sqrt(energy[resolved]))
