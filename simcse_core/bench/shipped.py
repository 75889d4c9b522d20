"""What can be measured without any public data: the shipped pairs, a retrieval check and the phenomena."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.bench.draws import counts, ends, mean_draws, seed_of
from simcse_core.bench.results import BenchTask, Interval, Phenomenon, Retrieval, column
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.metrics.checks import unit_rows
from simcse_core.metrics.sts import spearman

PARAPHRASE = "paraphrase"
SAME_IN_OTHER_WORDS = (PARAPHRASE, "syntax-change")
TOP_SCORE = 4.5
APART = 1.0
"""Points by which people's scores must differ for their order to count."""
TIES = 9  # decimals beyond which cosines of equal rows may differ by the order of a sum


@dataclass(frozen=True, eq=False)
class Shipped:
    """What is measured on shipped texts; fields as those of `BenchResult`."""

    pairs: BenchTask
    retrieval: Retrieval
    phenomena: dict[str, Phenomenon]


@dataclass(frozen=True)
class Pool:
    """Queries, and the candidates among which each one's paraphrase is looked for.

    Attributes:
        queries: q sentences.
        candidates: Distinct sentences; a query may be among them and is then left out for itself.
        partners: (q,) row of each query's paraphrase in `candidates`.
        told: What they are, one sentence.
    """

    queries: tuple[str, ...]
    candidates: tuple[str, ...]
    partners: tuple[int, ...]
    told: str


def paraphrase_pool(pairs: ScoredPairs, background: list[str]) -> Pool:
    """Queries are first sentences of the pairs that say the same (labels and score), candidates all others.

    Raises:
        DataError: No pair says the same.
    """
    labels = pairs.labels or (PARAPHRASE,) * len(pairs)
    chosen = [
        row
        for row, label in enumerate(labels)
        if label in SAME_IN_OTHER_WORDS and pairs.score[row] >= TOP_SCORE
    ]
    if not chosen:
        raise DataError(f"{pairs.name} has no paraphrase scored {TOP_SCORE} or more.")
    candidates = tuple(dict.fromkeys([*pairs.second, *pairs.first, *background]))
    place = {text: row for row, text in enumerate(candidates)}
    told = (
        f"{len(chosen)} sentences with a paraphrase scored {TOP_SCORE:g} or more; each looks for it among "
        f"{len(candidates) - 1:,} others: every other sentence of the scored pairs and "
        f"{len(background):,} sentences on many subjects."
    )
    partners = tuple(place[pairs.second[row]] for row in chosen)
    return Pool(tuple(pairs.first[row] for row in chosen), candidates, partners, told)


def partner_ranks(
    queries: ArrayLike, candidates: ArrayLike, partners: ArrayLike, own: ArrayLike
) -> NDArray[np.float64]:
    """Rank of each query's partner among the candidates by cosine; 1 is the nearest.

    Args:
        queries: (q, d), any length.
        candidates: (n, d), any length.
        partners: (q,) row of each partner among the candidates.
        own: (q,) row of the query itself among the candidates, which is left out; -1 where it is not there.

    Returns:
        (q,) in [1, n]; equal cosines share their mean rank, so a collapsed encoder finds nothing.

    Raises:
        DataError: NaN, or a row of zeros.
    """
    q, c = (unit_rows(rows, metric="retrieval", least=1) for rows in (queries, candidates))
    cosine = np.round(q @ c.T, TIES)  # (q, n)
    row, at, self_row = np.arange(len(q)), np.asarray(partners), np.asarray(own)
    there = self_row >= 0
    cosine[row[there], self_row[there]] = -np.inf
    target = cosine[row, at][:, None]
    found: NDArray[np.float64] = 1 + (cosine > target).sum(axis=1) + ((cosine == target).sum(axis=1) - 1) / 2
    return found


def retrieval(ranks: ArrayLike, pool: int, told: str, *, resamples: int = 1000, seed: int = 0) -> Retrieval:
    """Accuracy at 1 and mean reciprocal rank of `partner_ranks`, with intervals over the queries."""
    rank = column(ranks)
    hit, inverse = 100.0 * (rank == 1), 100.0 / rank
    own = seed_of(seed, "retrieval")

    def spread(values: NDArray[np.floating]) -> Interval:
        return ends(mean_draws(values, resamples=resamples, seed=own))

    return Retrieval(
        queries=len(rank),
        pool=pool,
        accuracy=float(hit.mean()),
        accuracy_interval=spread(hit),
        mrr=float(inverse.mean()),
        mrr_interval=spread(inverse),
        told=told,
        ranks=rank,
    )


def phenomena(
    cosine: ArrayLike, gold: ArrayLike, labels: tuple[str, ...], *, resamples: int = 1000, seed: int = 0
) -> dict[str, Phenomenon]:
    """How well the cosines order each phenomenon against the others.

    Args:
        cosine: (n,) of labelled pairs.
        gold: (n,) human scores.
        labels: n phenomena.
        resamples: Bootstrap resamples of the pairs; 0 for no interval.
        seed: Draws them.

    Raises:
        DataError: Every phenomenon is scored alike, so no order can be right or wrong.
    """
    a, b = np.asarray(cosine, dtype=np.float64), np.asarray(gold, dtype=np.float64)
    drawn = np.concatenate([np.ones((1, len(a))), counts(len(a), resamples, seed_of(seed, "phenomena"))])
    groups = {name: np.flatnonzero([one == name for one in labels]) for name in dict.fromkeys(labels)}
    found = {}
    for name, rows in groups.items():
        others = np.setdiff1d(np.arange(len(a)), rows)
        order = _order(a, b, rows, others, drawn)
        alike = groups.get(PARAPHRASE)
        under = None if alike is None or name == PARAPHRASE else _higher(a, alike, rows, drawn)
        found[name] = Phenomenon(
            name=name,
            n=len(rows),
            gold=float(b[rows].mean()),
            cosine=float(a[rows].mean()),
            spearman=_spearman(a[rows], b[rows]),
            order=float(order[0]),
            order_interval=ends(order[1:]),
            under_paraphrase=None if under is None else float(under[0]),
            under_interval=(None, None) if under is None else ends(under[1:]),
        )
    return found


def _order(
    cosine: NDArray[np.float64],
    gold: NDArray[np.float64],
    rows: NDArray[np.intp],
    others: NDArray[np.intp],
    drawn: NDArray[np.float64],
) -> NDArray[np.float64]:
    """(r,) share x 100 of couples that people score `APART` and cosines order as they do; ties half."""
    distance = gold[rows][:, None] - gold[others]
    told = np.sign(distance) * (np.abs(distance) >= APART)
    if not told.any():
        raise DataError("No two phenomena are scored apart, so their order cannot be judged.")
    agree = np.abs(told) * (1 + told * np.sign(cosine[rows][:, None] - cosine[others])) / 2
    return _share(drawn[:, rows], agree, drawn[:, others], np.abs(told))


def _higher(
    cosine: NDArray[np.float64], high: NDArray[np.intp], low: NDArray[np.intp], drawn: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(r,) share x 100 of couples in which the pair of `high` has the higher cosine; ties half."""
    won = (1 + np.sign(cosine[high][:, None] - cosine[low])) / 2
    return _share(drawn[:, high], won, drawn[:, low], np.ones_like(won))


def _share(
    left: NDArray[np.float64],
    won: NDArray[np.float64],
    right: NDArray[np.float64],
    counted: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Weighted share x 100; (r, a) counts, (a, b) couples, (r, b) counts -> (r,), NaN without couples."""
    total = ((left @ counted) * right).sum(axis=1)
    found = np.full(len(total), np.nan)
    there = total > 0
    found[there] = 100 * ((left @ won) * right).sum(axis=1)[there] / total[there]
    return found


def _spearman(cosine: NDArray[np.float64], gold: NDArray[np.float64]) -> float | None:
    try:
        return spearman(cosine, gold)
    except DataError:
        return None
