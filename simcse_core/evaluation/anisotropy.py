"""The anisotropy suite: how even an encoder's space is, at every layer by every pooling, in one pass.

Every number stands beside that of an isotropic sample of the same n and d: nearly all depend on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.encoders.encoder import Encoder
from simcse_core.encoders.poolers import poolers
from simcse_core.encoders.reading import Progress
from simcse_core.errors import DataError
from simcse_core.evaluation.states import Key, read_states, readings_of
from simcse_core.evaluation.token_geometry import TokenGeometry
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.checks import finite_rows, unit_rows
from simcse_core.metrics.dimensions import (
    cosine_contributions,
    dominant_dimensions,
    dominant_share,
    informativity,
)
from simcse_core.metrics.hubness import hubness
from simcse_core.metrics.isoscore import isoscore
from simcse_core.metrics.partition import partition
from simcse_core.metrics.spectrum import effective_rank, energy_share, participation_ratio, singular_values
from simcse_core.metrics.uniformity import uniformity
from simcse_core.postprocess.standardising import Standardising

NEIGHBOURS = 10
ROWS = 4000  # rows behind hubness, whose cost grows with their square


@dataclass(frozen=True)
class Suite:
    """An encoder's space.

    Attributes:
        sentences: Distinct sentences measured, n.
        dimension: d.
        states: (layer, pooling) → numbers of `spread_numbers`; layer 0 is the embedding layer.
        tokens: One dictionary a layer, of `TokenGeometry.numbers`.
        isotropic: Numbers of an isotropic sample of the same n and d.
        isotropic_tokens: The token numbers of evenly spread directions.
    """

    sentences: int
    dimension: int
    states: dict[Key, dict[str, Any]]
    tokens: list[dict[str, Any]]
    isotropic: dict[str, Any]
    isotropic_tokens: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """JSON-able."""
        states = [{"layer": layer, "pooling": name, **n} for (layer, name), n in self.states.items()]
        plain = {key: value for key, value in vars(self).items() if key != "states"}
        return {**plain, "states": states}


def spread_numbers(embeddings: ArrayLike) -> dict[str, Any]:
    """Every number of the suite about one set of embeddings.

    Args:
        embeddings: (n, d), as pooled. Directions are measured on unit rows; standardising and the share of
            single dimensions on the rows as they are.

    Returns:
        `mean_cosine`; `uniformity`; `partition` (of unit rows), `isoscore`, `participation_ratio`,
        `effective_rank`, `top_1`, `top_3`, `top_10`; `dominant` (three dimensions), `dominant_cosine` (what
        the first adds to the mean cosine), `dominant_share` (of it, by all three), `informativity` without
        them; `standardised_cosine` and `standardised_rank`; `hubness` (k 10, of the first 4,000 rows). None
        where a number is undefined (all rows equal, too few rows).

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    raw = finite_rows(embeddings, metric="The anisotropy suite")
    x = unit_rows(raw, metric="The anisotropy suite")
    values = singular_values(x)
    return {
        "mean_cosine": mean_cosine(x),
        "uniformity": uniformity(x),
        "partition": partition(x),
        "isoscore": _defined(isoscore, x),
        "participation_ratio": _defined(participation_ratio, x),
        "effective_rank": effective_rank(x),
        **{f"top_{k}": energy_share(values, k) for k in (1, 3, 10)},
        "dominant": dominant_dimensions(x).tolist(),
        "dominant_cosine": float(cosine_contributions(x).max()),
        "dominant_share": dominant_share(x),
        "informativity": _defined(informativity, x) if x.shape[1] > 3 else None,
        **_standardised(raw),
        "hubness": _defined(hubness, x[:ROWS], k=NEIGHBOURS),
    }


def isotropic_numbers(rows: int, dimension: int, *, seed: int = 0) -> dict[str, Any]:
    """`spread_numbers` of normal vectors, drawn with `seed`; kept, for it is asked for again."""
    return dict(_isotropic(rows, dimension, seed))


@lru_cache(maxsize=16)
def _isotropic(rows: int, dimension: int, seed: int) -> dict[str, Any]:
    return spread_numbers(np.random.default_rng(seed).standard_normal((rows, dimension)))


def _standardised(raw: NDArray[np.float64]) -> dict[str, float | None]:
    try:
        mended = unit_rows(Standardising.fit(raw).transform(raw), metric="standardising")
    except DataError:  # nothing varies
        return {"standardised_cosine": None, "standardised_rank": None}
    return {"standardised_cosine": mean_cosine(mended), "standardised_rank": effective_rank(mended)}


def _defined(metric: Any, rows: NDArray[np.float64], **settings: Any) -> float | None:
    """A metric's value; None where these rows have none, or where rounding would be measured."""
    if float(np.linalg.norm(rows - rows.mean(axis=0))) <= 1e-6 * np.sqrt(len(rows)):
        return None
    try:
        return float(metric(rows, **settings))
    except DataError:
        return None


def readable(encoder: Encoder) -> tuple[str, ...]:
    """Poolings that this encoder can be read by at every layer, its own first.

    `cls` needs a head made for the last layer; `mask` needs a template around the sentences.
    """
    every = [name for name in poolers if name != "cls" and (name != "mask" or encoder.template)]
    return tuple(dict.fromkeys([encoder.pooling, *every]))


def anisotropy_suite(
    encoder: Encoder,
    texts: Sequence[str],
    *,
    poolings: Sequence[str] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Suite:
    """Measure every layer by every pooling, and the tokens of every layer, in one pass over the sentences.

    Args:
        encoder: Its repairs are not applied: they are of one reading.
        texts: Sentences; repeated ones count once.
        poolings: Registered poolings; those of `readable` if None.
        seed: Draws the token types followed.
        progress: Called with sentences done and their number.

    Raises:
        DataError: Fewer than two distinct sentences, or a reading of them without direction.
    """
    distinct = list(dict.fromkeys(texts))
    if len(distinct) < 2:
        raise DataError(f"The anisotropy suite needs two or more distinct sentences; got {len(distinct)}.")
    names = tuple(poolings) if poolings is not None else readable(encoder)
    rows = encoder.token_rows(distinct)
    tokens = TokenGeometry(rows, special_ids(encoder), encoder.layers + 1, seed=seed)
    found = read_states(encoder, rows, readings_of(encoder, names), tokens=tokens, progress=progress)
    # scored only after the pass, so that no state is held twice
    states = {key: spread_numbers(found.pop(key)) for key in list(found)}
    return Suite(
        len(distinct),
        encoder.width,
        states,
        tokens.numbers(),
        isotropic_numbers(len(distinct), encoder.width, seed=seed),
        tokens.isotropic(),
    )


def special_ids(encoder: Encoder) -> frozenset[int]:
    """Numbers of the tokens that are of no text ([CLS], [SEP], [PAD], [MASK] …; the unknown word is kept)."""
    named = (token for role, token in encoder.special.items() if role != "unk_token")
    return frozenset(int(n) for n in map(encoder.backend.token_to_id, named) if n is not None)
