"""Length bias: lines against known slopes and another implementation, their bootstrap, and the probes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simcse_core.data.datasets import load_scored_pairs
from simcse_core.encoders import load_encoder
from simcse_core.errors import DataError
from simcse_core.evaluation import length_bias as bias
from simcse_core.evaluation.length_probe import RANDOM, probes_of

RNG = np.random.default_rng(0)


def test_places_are_percentiles_with_shared_ties_and_mean_fifty() -> None:
    assert bias.places([3.0, 1.0, 2.0, 4.0]).tolist() == [62.5, 12.5, 37.5, 87.5]
    assert bias.places([1.0, 1.0, 5.0]).tolist() == pytest.approx([100 / 3, 100 / 3, 250 / 3])
    assert bias.places(RNG.normal(size=999)).mean() == pytest.approx(50)


def test_a_cosine_that_ranks_as_people_do_stands_nowhere_above_them() -> None:
    gold = np.array([0.0, 1.0, 2.5, 5.0])
    assert bias.above_people(gold**3 / 200, gold).tolist() == [0, 0, 0, 0]
    assert bias.above_people([0.9, 0.1, 0.2, 0.3], gold).tolist() == [75, -25, -25, -25]
    with pytest.raises(DataError, match="a cosine and a score"):
        bias.above_people([0.1, 0.2], gold)


@given(slope=st.floats(-3, 3), intercept=st.floats(-50, 50), seed=st.integers(0, 999), shared=st.booleans())
@settings(max_examples=25, deadline=None)
def test_an_exact_line_is_found_and_every_resample_agrees(
    slope: float, intercept: float, seed: int, shared: bool
) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 15, size=60)
    ends = bias.pair_up(20, 60, seed=seed) if shared else None
    line = bias.fit_line(x, intercept + slope * x, ends, resamples=20)
    assert (line.slope, line.intercept) == pytest.approx((slope, intercept), abs=1e-8)
    assert (line.low, line.high) == pytest.approx((slope, slope), abs=1e-7)


def test_slope_and_correlation_are_those_of_scipy() -> None:
    x = RNG.integers(0, 12, size=300)
    y = 50 - 0.8 * x + RNG.normal(size=300) * 10
    line = bias.fit_line(x, y)
    known = stats.linregress(x, y)
    assert (line.slope, line.intercept) == pytest.approx((known.slope, known.intercept))
    assert line.correlation == pytest.approx(stats.spearmanr(x, y).statistic)
    half = (line.high - line.low) / 2
    assert half == pytest.approx(1.96 * known.stderr, rel=0.15)  # both are 95 % intervals
    assert line.low < known.slope < line.high and not line.flat


def test_the_interval_holds_the_true_slope_about_as_often_as_it_says() -> None:
    """With pairs that share sentences, where an interval over pairs would be too narrow."""
    held, narrow = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        lengths, own = rng.integers(5, 20, size=40), rng.normal(size=40)
        ends = bias.pair_up(40, 400, seed=seed)
        x = np.abs(lengths[ends[:, 0]] - lengths[ends[:, 1]])
        y = 0.5 * x + own[ends[:, 0]] + own[ends[:, 1]]
        sentences = bias.fit_line(x, y, ends, resamples=150)
        pairs = bias.fit_line(x, y, resamples=150)
        held += sentences.low <= 0.5 <= sentences.high
        narrow += pairs.high - pairs.low < sentences.high - sentences.low
    assert held >= 50 and narrow >= 55


def test_what_has_no_slope_is_refused() -> None:
    with pytest.raises(DataError, match="three pairs"):
        bias.fit_line([1, 2], [1.0, 2.0])
    with pytest.raises(DataError, match="same difference"):
        bias.fit_line([2, 2, 2], [1.0, 2.0, 3.0])
    with pytest.raises(DataError, match="two sentences"):
        bias.pair_up(1, 5)


def test_random_pairs_never_pair_a_row_with_itself() -> None:
    ends = bias.pair_up(3, 5_000)
    assert (ends[:, 0] != ends[:, 1]).all() and set(ends.ravel()) == {0, 1, 2}


def test_every_pair_is_in_one_range_and_the_means_weigh_up_to_the_mean() -> None:
    x = RNG.integers(0, 40, size=500)
    y = RNG.normal(size=500)
    means, centres = bias.bin_means(x, y), bias.bin_centres(x)
    counts = np.histogram(x, [*bias.BINS, np.inf])[0]
    assert counts.sum() == 500
    assert sum(c * m for c, m in zip(counts, means, strict=True) if m is not None) / 500 == pytest.approx(
        y.mean()
    )
    assert all(c is not None and low <= c for c, low in zip(centres, bias.BINS, strict=True))
    assert bias.bin_means([0, 0], [1.0, 3.0])[:2] == [2.0, None]


def test_a_probe_measures_what_its_parts_give(tiny_checkpoint: Path) -> None:
    encoder = load_encoder(str(tiny_checkpoint), device="cpu", precision="fp32")
    pairs = load_scored_pairs("pairs")[:60]
    texts = pairs.sentences()
    found = probes_of(encoder, texts, {"few": pairs})
    assert list(found) == [RANDOM, "few"] and found[RANDOM].gold is None
    probe = found["few"]
    counted = [
        abs(len(encoder.tokens(a)) - len(encoder.tokens(b)))
        for a, b in zip(pairs.first, pairs.second, strict=True)
    ]
    assert probe.difference.tolist() == counted
    told = probe.measured(encoder)
    cosines = np.einsum("nd,nd->n", encoder.encode(pairs.first), encoder.encode(pairs.second))
    known = stats.linregress(counted, bias.above_people(cosines, pairs.score))
    assert told["slope"] == pytest.approx(known.slope, abs=1e-3)
    assert len(told["points"]) == len(probe.described()["difference"]) == len(pairs)
