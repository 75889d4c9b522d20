"""Calibration against cosines whose meaning is known by construction."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from simcse_core.cli import main
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.calibration import calibrate, from_cosines

GOLD = np.linspace(0, 5, 501)
RANDOM = np.linspace(-0.5, 0.5, 1001)


def test_a_linear_checkpoint_is_read_back() -> None:
    """Cosine = score / 5: everything is known."""
    found = from_cosines(GOLD / 5, GOLD, RANDOM, resamples=200)
    assert found.threshold is not None
    assert found.threshold.value == pytest.approx(0.799, abs=1e-6) and found.threshold.accuracy == 1.0
    assert found.threshold.low <= found.threshold.value <= found.threshold.high
    assert [b.pairs for b in found.buckets] == [100, 100, 100, 100, 101]
    for bucket in found.buckets:
        assert bucket.mean == pytest.approx((bucket.low + bucket.high) / 10, abs=2e-3)
        assert bucket.quantiles[2] == pytest.approx(bucket.mean, abs=2e-3)
    at = found.place(0.4)
    assert at["random"] == pytest.approx(0.9, abs=2e-3)
    assert (at["low"], at["high"]) == pytest.approx((1.75, 2.25), abs=0.02)
    assert at["same"] == 0.0 and found.place(0.95)["same"] == 1.0


def test_the_sentence_says_these_numbers() -> None:
    found = from_cosines(GOLD / 5, GOLD, RANDOM, resamples=0)
    told = found.sentence(0.4)
    assert "0.40 is above 89.9\u00a0% of random pairs" in told
    assert "1.8 to 2.3" in told and "0\u00a0% mean the same" in told
    assert "above that of every scored pair" in found.sentence(1.0 + 1e-9)
    assert "below that of every scored pair (0.00 to 1.00)" in found.sentence(-0.3)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1))
def test_threshold_is_the_best_of_all_cuts(seed: int) -> None:
    """Against scikit-learn's balanced accuracy at every possible cut."""
    rng = np.random.default_rng(seed)
    gold = rng.integers(0, 11, size=40) / 2
    cosine = np.round(gold / 10 + rng.normal(scale=0.2, size=40), 2)
    found = from_cosines(cosine, gold, RANDOM, resamples=20).threshold
    same = gold >= 4
    if same.all() or not same.any():
        assert found is None
        return
    assert found is not None
    cuts = np.unique(cosine)
    scores = [balanced_accuracy_score(same, cosine > cut) for cut in cuts[:-1]]
    assert found.accuracy == pytest.approx(max(scores))
    assert balanced_accuracy_score(same, cosine > found.value) == pytest.approx(found.accuracy)
    assert found.low <= found.high


def test_more_pairs_make_it_surer() -> None:
    rng = np.random.default_rng(0)

    def width(n: int) -> float:
        gold = rng.uniform(0, 5, size=n)
        found = from_cosines(gold / 5 + rng.normal(scale=0.15, size=n), gold, RANDOM, resamples=200).threshold
        assert found is not None
        return found.high - found.low

    assert width(4000) < width(100)


def test_chance_is_measured_on_the_sentences() -> None:
    """Sentences as orthogonal vectors: the baseline is 0, and equal pairs stand out."""
    texts = [f"sentence {n}" for n in range(60)]
    pairs = ScoredPairs(tuple(texts), (*texts[:30], *texts[:30]), np.r_[np.full(30, 5.0), np.zeros(30)])
    rows = dict(zip(texts, np.eye(60), strict=True))
    found = calibrate(lambda asked: np.array([rows[t] for t in asked]), pairs, resamples=10)
    assert not found.random.any() and found.buckets[-1].mean == 1.0 and found.buckets[0].mean == 0.0
    assert found.threshold is not None and found.threshold.value == 0.5
    assert json.loads(json.dumps(found.to_dict()))["pairs"] == 60


def test_what_is_refused() -> None:
    with pytest.raises(DataError, match="calibration needs 0 to 5"):
        from_cosines(GOLD / 5, GOLD * 20, RANDOM)
    with pytest.raises(DataError, match="every gold score is 3"):
        from_cosines(GOLD / 5, np.full(501, 3.0), RANDOM)


def test_command(bert: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["calibrate", "--model", str(bert), "--bootstrap", "20"]
    assert main([*command, "--cosine", "0.72", "0.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told["sentences"]) == {"0.72", "0.2"} and len(told["buckets"]) == 5
    assert main(command) == 0
    assert "A cosine of 0.72" in capsys.readouterr().out
    assert main([*command, "--cosine", "3"]) == 2
    assert "between -1 and 1" in capsys.readouterr().err
