"""Every number about the shape of a set of embeddings, in one dictionary."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simcse_core.metrics.alignment import alignment
from simcse_core.metrics.anisotropy import mean_cosine, random_pair_cosines
from simcse_core.metrics.checks import unit_rows
from simcse_core.metrics.isoscore import isoscore, isotropic_isoscore
from simcse_core.metrics.spectrum import (
    energy_share,
    entropy_rank,
    isotropic_participation,
    participation_ratio,
    singular_values,
)
from simcse_core.metrics.uniformity import isotropic_uniformity, uniformity_estimate

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def geometry_report(
    embeddings: ArrayLike, positives: tuple[ArrayLike, ArrayLike] | None = None
) -> dict[str, Any]:
    """Anisotropy, uniformity and spectrum of unit rows; alignment where positive pairs are given.

    Args:
        embeddings: (n, d), any length; L2-normalised here, before the spectrum too.
        positives: Both sides of positive pairs, (m, d) each.

    Returns:
        JSON-able: `rows`, `dimension`, `mean_cosine`, `cosine_quantiles` (of 20,000 random pairs, seed 0),
        `uniformity` with `uniformity_pairs` and `uniformity_sampled`, `alignment` (None without positives)
        with `alignment_pairs`, `effective_rank`, `participation_ratio`, `isoscore`, `top_share` (k 1, 3, 10),
        `singular_values` (relative), and `isotropic`: what evenly spread directions of the same n and d give.
        A number that collapse makes undefined (all rows equal) is None.

    Raises:
        DataError: Fewer than two rows, wrong shape, NaN, or a row of zeros.
    """
    x = unit_rows(embeddings, metric="geometry")
    n, d = x.shape
    estimate = uniformity_estimate(x)
    values = singular_values(x)
    spread = float(np.linalg.norm(x - x.mean(axis=0))) > 1e-6 * np.sqrt(n)
    cosines = random_pair_cosines(x)
    return {
        "rows": n,
        "dimension": d,
        "mean_cosine": mean_cosine(x),
        "cosine_quantiles": dict(
            zip(map(str, QUANTILES), np.quantile(cosines, QUANTILES).tolist(), strict=True)
        ),
        "uniformity": estimate.value,
        "uniformity_pairs": estimate.pairs,
        "uniformity_sampled": estimate.sampled,
        "alignment": alignment(*positives) if positives is not None else None,
        "alignment_pairs": len(np.asarray(positives[0])) if positives is not None else 0,
        "effective_rank": entropy_rank(values),
        "participation_ratio": participation_ratio(x) if spread else None,
        "isoscore": isoscore(x) if spread and d > 1 else None,
        "top_share": {str(k): energy_share(values, k) for k in (1, 3, 10)},
        "singular_values": (values / values[0]).tolist(),
        "isotropic": {
            "mean_cosine": 0.0,
            "uniformity": isotropic_uniformity(n, d),
            "participation_ratio": isotropic_participation(n, d),
            "isoscore": isotropic_isoscore(n, d) if d > 1 else None,
        },
    }
