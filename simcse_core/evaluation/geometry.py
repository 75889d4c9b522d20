"""What is known of an encoder's space at every layer by every pooling, and which dimensions make its cosines.

The numbers come from `geometry_of`, which needs torch; what is here reads them and does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import DataError
from simcse_core.evaluation.cone import Scored
from simcse_core.evaluation.packing import packed, rounded, unpacked
from simcse_core.evaluation.static_bias import Removal, TokenMap
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.dimensions import cosine_contributions
from simcse_core.metrics.sts import cosines, spearman
from simcse_core.postprocess.standardising import Standardising

REMOVED = (0, 1, 2, 3, 5, 8, 16, 32, 64, 128)
"""How many dimensions are left out, as far as the width allows."""
DRAWS = 5  # random choices of as many dimensions
MEASURES = (
    "mean_cosine",
    "partition",
    "isoscore",
    "participation_ratio",
    "effective_rank",
    "top_1",
    "top_10",
    "hubness",
)
"""Numbers of a state that have an isotropic value beside them."""
TOKEN_MEASURES = ("self_similarity", "intra_similarity", "max_explainable_variance", "norm_frequency")
Key = tuple[int, str]


@dataclass(frozen=True)
class Effect:
    """Embeddings after something was done to their dimensions.

    Attributes:
        mean_cosine: Of different sentences.
        spearman: Rank correlation x 100 with human scores; None without an order.
    """

    mean_cosine: float | None
    spearman: float | None

    def to_list(self) -> list[float | None]:
        """JSON-able."""
        return [rounded(self.mean_cosine), rounded(self.spearman, 3)]


@dataclass(frozen=True, eq=False)
class Dimensions:
    """Single dimensions of one set of embeddings.

    Attributes:
        contributions: (d,) what each adds to the mean cosine; they add up to it.
        largest: `REMOVED` → without that many of the dimensions that add most.
        drawn: `REMOVED` → without as many drawn at random, mean of `DRAWS` draws.
        standardised: Every dimension with mean 0 and deviation 1.
    """

    contributions: NDArray[np.float64]
    largest: Mapping[int, Effect]
    drawn: Mapping[int, Effect]
    standardised: Effect

    @property
    def order(self) -> NDArray[np.int64]:
        """(d,) dimensions by what they add, largest first."""
        return np.argsort(-self.contributions, kind="stable").astype(np.int64)

    def to_dict(self) -> dict[str, Any]:
        """JSON-able: contributions as float16."""
        return {
            "contributions": packed(self.contributions, "<f2"),
            "removed": list(self.largest),
            "largest": [effect.to_list() for effect in self.largest.values()],
            "drawn": [effect.to_list() for effect in self.drawn.values()],
            "standardised": self.standardised.to_list(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`, up to its rounding."""
        curves = {
            name: {k: Effect(*one) for k, one in zip(plain["removed"], plain[name], strict=True)}
            for name in ("largest", "drawn")
        }
        contributions = unpacked(plain["contributions"], "<f2").astype(np.float64)
        return cls(contributions, **curves, standardised=Effect(*plain["standardised"]))


def dimension_effects(embeddings: ArrayLike, scored: Scored, *, seed: int = 0) -> Dimensions:
    """What each dimension adds to the mean cosine, and what leaving the largest out does.

    Timkey & van Schijndel 2021, arXiv:2109.04404, sec. 4 and 5; dimensions drawn at random stand beside.

    Args:
        embeddings: (n, d) as pooled; what is left of a row is normalised after dimensions are left out.
        scored: Pairs whose cosines are ranked against human scores, (m, d) each.
        seed: Draws dimensions.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    x, scored = np.asarray(embeddings, dtype=np.float64), _wide(scored)
    contributions = cosine_contributions(x)
    order = np.argsort(-contributions, kind="stable")
    rng = np.random.default_rng(seed)
    shuffled = [rng.permutation(x.shape[1]) for _ in range(DRAWS)]
    largest, drawn = {}, {}
    for count in [k for k in REMOVED if k < x.shape[1]]:
        largest[count] = _without(x, scored, order[:count])
        drawn[count] = _mean([_without(x, scored, one[:count]) for one in shuffled[: DRAWS if count else 1]])
    return Dimensions(contributions, largest, drawn, _standardised(x, scored))


def _wide(scored: Scored) -> Scored:
    first, second = (np.asarray(side, dtype=np.float64) for side in (scored.first, scored.second))
    return Scored(first, second, scored.score)


def _without(x: NDArray[np.float64], scored: Scored, out: NDArray[np.int64]) -> Effect:
    kept = np.delete(np.arange(x.shape[1]), out)
    first, second = np.asarray(scored.first)[:, kept], np.asarray(scored.second)[:, kept]
    return _effect(x[:, kept], Scored(first, second, scored.score))


def _standardised(x: NDArray[np.float64], scored: Scored) -> Effect:
    fitted = Standardising.fit(x)
    pairs = Scored(fitted.transform(scored.first), fitted.transform(scored.second), scored.score)
    return _effect(fitted.transform(x), pairs)


def _effect(x: NDArray[np.float64], scored: Scored) -> Effect:
    """Both numbers; None where a row has no direction left, or the pairs no order."""
    spread = order = None
    with suppress(DataError):
        spread = mean_cosine(x)
    with suppress(DataError):
        order = spearman(cosines(scored.first, scored.second), scored.score)
    return Effect(spread, order)


def _mean(effects: Sequence[Effect]) -> Effect:
    def mean(values: list[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return Effect(mean([e.mean_cosine for e in effects]), mean([e.spearman for e in effects]))


@dataclass(frozen=True)
class State:
    """One layer by one pooling: `numbers` of the suite with `spearman`, and its single dimensions."""

    numbers: Mapping[str, Any]
    dimensions: Dimensions


@dataclass(frozen=True)
class Geometry:
    """An encoder on one set of sentences.

    Attributes:
        sentences: Distinct sentences, n.
        pairs: Scored pairs behind the rank correlations.
        dimension: d.
        layers: Transformer layers.
        states: (layer, pooling) → what was measured; layer 0 is the embedding layer.
        tokens: One dictionary a layer, of `TokenGeometry.numbers`.
        isotropic: Numbers of an isotropic sample of the same n and d.
        isotropic_tokens: Token numbers of evenly spread directions.
        vocabulary: Input embeddings of the most frequent tokens on a plane.
        removals: STS by averages of input embeddings.
    """

    sentences: int
    pairs: int
    dimension: int
    layers: int
    states: Mapping[Key, State]
    tokens: Sequence[Mapping[str, Any]]
    isotropic: Mapping[str, Any]
    isotropic_tokens: Mapping[str, Any]
    vocabulary: TokenMap
    removals: Sequence[Removal]

    @property
    def poolings(self) -> tuple[str, ...]:
        """Every pooling measured, in the order of the measuring."""
        return tuple(dict.fromkeys(pooling for _, pooling in self.states))

    def first(self, layers: int) -> Geometry:
        """The same encoder cut after `layers` layers: read there as if it ended there, without its head."""
        kept = {k: s for k, s in self.states.items() if k[0] <= layers and k[1] != "cls"}
        return replace(self, layers=layers, states=kept, tokens=self.tokens[: layers + 1])

    def to_dict(self) -> dict[str, Any]:
        """JSON-able and small."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        states = [
            {"layer": layer, "pooling": pooling, **_short(state.numbers), **state.dimensions.to_dict()}
            for (layer, pooling), state in self.states.items()
        ]
        return {
            **plain,
            "states": states,
            "tokens": [_short(numbers) for numbers in self.tokens],
            "isotropic": _short(self.isotropic),
            "isotropic_tokens": _short(self.isotropic_tokens),
            "vocabulary": self.vocabulary.to_dict(),
            "removals": [one.to_dict() for one in self.removals],
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """Inverse of `to_dict`, up to its rounding."""
        states = {
            (one["layer"], one["pooling"]): State(
                {k: v for k, v in one.items() if k not in _DIMENSIONS}, Dimensions.from_dict(one)
            )
            for one in plain["states"]
        }
        kept = {name: plain[name] for name in (*_PLAIN, "tokens", "isotropic", "isotropic_tokens")}
        return cls(
            **kept,
            states=states,
            vocabulary=TokenMap.from_dict(plain["vocabulary"]),
            removals=[Removal.from_dict(one) for one in plain["removals"]],
        )


_PLAIN = ("sentences", "pairs", "dimension", "layers")
_DIMENSIONS = {"layer", "pooling", "contributions", "removed", "largest", "drawn", "standardised"}


def _short(numbers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: rounded(v) if isinstance(v, float) else v for name, v in numbers.items()}
