"""The STS protocol: aggregation, bootstrap, the JSON contract, and the published numbers of MiniLM."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from simcse_core.data.records import ScoredPairs
from simcse_core.data.sts_sets import TASKS, Task
from simcse_core.errors import DataError
from simcse_core.evaluation.bootstrap import bootstrap_spearman, interval, paired_bootstrap
from simcse_core.evaluation.sts import evaluate_all, evaluate_pairs, evaluate_task

PUBLISHED = {
    "STS12": 72.37,
    "STS13": 80.60,
    "STS14": 75.59,
    "STS15": 85.39,
    "STS16": 78.99,
    "STS-B": 82.03,
    "SICK-R": 77.15,
}


def scored(cosines: Sequence[float], gold: Sequence[float], name: str) -> tuple[ScoredPairs, dict[str, Any]]:
    """Pairs whose embeddings have exactly the given cosines."""
    first = tuple(f"{name} {i} a" for i in range(len(gold)))
    second = tuple(f"{name} {i} b" for i in range(len(gold)))
    vectors = {text: np.array([1.0, 0.0]) for text in first}
    vectors |= {t: np.array([c, np.sqrt(1 - c * c)]) for t, c in zip(second, cosines, strict=True)}
    return ScoredPairs(first, second, np.array(gold, dtype=float), name=name), vectors


def random_scores(n: int, seed: int = 0) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Correlated cosines and gold scores with ties on both sides."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=n)
    return np.round(np.tanh(a), 2), np.clip(np.round(2.5 + a + rng.normal(size=n), 1), 0, 5)


def test_all_and_mean_can_disagree_wildly() -> None:
    """Two subsets, each ranked perfectly but shifted against each other: mean 100, all 2.4."""
    one, first = scored([0.1, 0.2, 0.3, 0.4], [0, 1, 2, 3], "one")
    two, second = scored([0.0, 0.05, 0.1, 0.15], [2, 3, 4, 5], "two")
    vectors = first | second
    result = evaluate_task(
        lambda ts: np.array([vectors[t] for t in ts]), Task("both", {"one": one, "two": two})
    )
    assert result.spearman["mean"] == pytest.approx(100)
    assert result.spearman["wmean"] == pytest.approx(100)
    assert result.spearman["all"] == pytest.approx(2.4, abs=0.05)


def test_wmean_weighs_by_size() -> None:
    one, first = scored([0.1, 0.2, 0.3], [1, 2, 3], "one")
    two, second = scored([0.5, 0.4, 0.3, 0.2, 0.1, 0.0], [0, 1, 2, 3, 4, 5], "two")
    vectors = first | second
    result = evaluate_task(lambda ts: np.array([vectors[t] for t in ts]), Task("t", {"one": one, "two": two}))
    assert result.spearman["mean"] == pytest.approx(0)
    assert result.spearman["wmean"] == pytest.approx((3 * 100 - 6 * 100) / 9)
    assert {k: v[0] for k, v in result.subsets.items()} == {"one": 3, "two": 6}


def test_a_subset_without_correlation_gives_no_mean() -> None:
    pairs, vectors = scored([0.1, 0.2, 0.3, 0.4], [1, 2, 4, 4], "p")
    labelled = ScoredPairs(pairs.first, pairs.second, pairs.score, ("x", "x", "y", "y"), "p")
    result = evaluate_pairs(lambda ts: np.array([vectors[t] for t in ts]), labelled)
    assert result.subsets["x"][1] == pytest.approx(100) and result.subsets["y"][1] is None
    assert result.spearman["mean"] is None and result.spearman["wmean"] is None
    json.dumps(result.to_json(), allow_nan=False)


def test_every_distinct_sentence_is_encoded_once() -> None:
    seen: list[str] = []

    def encode(texts: list[str]) -> NDArray[np.float64]:
        seen.extend(texts)
        return np.random.default_rng(0).normal(size=(len(texts), 4))

    pairs = ScoredPairs(("a", "b", "a"), ("b", "c", "c"), np.array([1.0, 2.0, 5.0]), name="p")
    result = evaluate_pairs(encode, pairs, bootstrap=0)
    assert seen == ["a", "b", "c"]
    assert result.interval == (None, None)


def test_an_encoder_that_is_callable_is_asked_to_encode() -> None:
    """A torch module is callable, and calling it would run a forward pass with gradients."""
    pairs, vectors = scored([0.0, 0.5, 0.9], [1.0, 2.0, 4.2], "p")

    class Module:
        pooling = "mean"

        def __call__(self, texts: list[str]) -> NDArray[np.float64]:
            raise AssertionError("called instead of asked to encode")

        def encode(self, texts: Sequence[str], *, progress: Any = None) -> NDArray[np.float64]:
            return np.array([vectors[text] for text in texts])

    assert evaluate_pairs(Module(), pairs).spearman["all"] == pytest.approx(100)


def test_alignment_takes_pairs_strictly_above_four() -> None:
    pairs, vectors = scored([0.0, 0.5, 0.9], [1.0, 4.0, 4.2], "p")
    result = evaluate_pairs(lambda ts: np.array([vectors[t] for t in ts]), pairs)
    assert result.alignment == pytest.approx(2 - 2 * 0.9)
    low, _ = scored([0.0, 0.5, 0.9], [1.0, 2.0, 4.0], "p")
    assert evaluate_pairs(lambda ts: np.array([vectors[t] for t in ts]), low).alignment is None


def test_embeddings_that_do_not_fit_are_refused() -> None:
    pairs, _ = scored([0.0, 0.5, 0.9], [1.0, 4.0, 4.2], "p")
    with pytest.raises(DataError, match="for 6 sentences"):
        evaluate_pairs(lambda ts: np.ones((2, 3)), pairs)
    with pytest.raises(DataError, match="every cosine is 1"):
        evaluate_pairs(lambda ts: np.ones((len(ts), 3)), pairs)


def test_bootstrap_is_spearman_of_the_resampled_pairs() -> None:
    a, b = random_scores(80)
    values = bootstrap_spearman(a, b, resamples=200, seed=5)
    rng = np.random.default_rng(5)
    drawn = rng.integers(0, 80, size=(200, 80))
    expected = [100 * stats.spearmanr(a[rows], b[rows]).statistic for rows in drawn]
    assert values == pytest.approx(expected, abs=1e-9)


def test_bootstrap_is_seeded() -> None:
    a, b = random_scores(300)
    assert np.array_equal(bootstrap_spearman(a, b, seed=1), bootstrap_spearman(a, b, seed=1))
    assert not np.array_equal(bootstrap_spearman(a, b, seed=1), bootstrap_spearman(a, b, seed=2))


def test_interval_covers_the_true_value_about_as_often_as_it_says() -> None:
    rng, hits = np.random.default_rng(0), 0
    truth = 100 * 6 / np.pi * np.arcsin(0.6 / 2)  # Spearman of a normal pair with correlation 0.6
    for _ in range(200):
        x = rng.normal(size=120)
        y = 0.6 * x + 0.8 * rng.normal(size=120)
        low, high = interval(bootstrap_spearman(x, y, resamples=400, seed=0))
        hits += low <= truth <= high
    assert 0.90 <= hits / 200 <= 0.985


def test_tiny_samples_leave_undefined_resamples_out() -> None:
    values = bootstrap_spearman([0.1, 0.2, 0.3], [1, 2, 3], resamples=500, seed=0)
    assert np.isnan(values).any()
    low, high = interval(values)
    assert -100 <= low <= high <= 100


def test_paired_bootstrap_tells_better_from_equal() -> None:
    rng = np.random.default_rng(0)
    gold = rng.uniform(0, 5, size=800)
    good, bad = gold + rng.normal(size=800), gold + 2 * rng.normal(size=800)
    better = paired_bootstrap(good, bad, gold)
    assert better.low > 0 and better.p < 0.01
    assert better.low < better.value < better.high
    mirrored = paired_bootstrap(bad, good, gold)
    assert (mirrored.value, mirrored.low) == pytest.approx((-better.value, -better.high))
    same = paired_bootstrap(good, good, gold)
    assert (same.value, same.low, same.high, same.p) == (0.0, 0.0, 0.0, 1.0)
    like = paired_bootstrap(good, gold + rng.normal(size=800), gold)
    assert like.low < 0 < like.high and like.p > 0.05


def test_pairing_narrows_the_interval() -> None:
    rng = np.random.default_rng(0)
    gold = rng.uniform(0, 5, size=500)
    common = gold + 2 * rng.normal(size=500)
    a, b = common + 0.2 * rng.normal(size=500), common + 0.2 * rng.normal(size=500)
    difference = paired_bootstrap(a, b, gold)
    alone = interval(bootstrap_spearman(a, gold))
    assert difference.high - difference.low < (alone[1] - alone[0]) / 3


@pytest.mark.sts
def test_json_is_the_contract(sts_folder: Path) -> None:
    calls: list[int] = []

    class Letters:
        """An encoder of letter counts."""

        pooling = "count"

        def encode(self, texts: Sequence[str], *, progress: Any = None) -> NDArray[np.float64]:
            calls.append(len(texts))
            if progress is not None:
                progress(len(texts), len(texts))
            return np.array([[1 + t.lower().count(c) for c in "etaoinshrdlu"] for t in texts], dtype=float)

    told: list[tuple[int, int | None]] = []
    report = evaluate_all(
        Letters(), sts_folder, tasks=["STS16", "STS-B"], model="letters", bootstrap=50,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert len(calls) == 1 and told == [(calls[0], calls[0])]
    assert list(report) == ["model", "pooling", "tasks"] and report["pooling"] == "count"
    assert list(report["tasks"]) == ["STS16", "STS-B"]
    task = report["tasks"]["STS16"]
    assert list(task) == ["n", "spearman", "interval", "subsets", "alignment", "uniformity"]
    assert task["n"] == 1186 and list(task["spearman"]) == ["all", "mean", "wmean"]
    assert task["interval"][0] < task["spearman"]["all"] < task["interval"][1]
    assert {k: v["n"] for k, v in task["subsets"].items()} == TASKS["STS16"]
    alone = report["tasks"]["STS-B"]["spearman"]
    assert alone["all"] == pytest.approx(alone["mean"]) == pytest.approx(alone["wmean"])
    assert json.loads(json.dumps(report, allow_nan=False)) == report


@pytest.mark.slow
@pytest.mark.sts
@pytest.mark.parametrize("task", list(PUBLISHED))
def test_minilm_gets_its_published_numbers(sts_folder: Path, task: str) -> None:
    """MTEB's numbers for STS12-16 and STS-B, and SentEval's 4,927 pairs of SICK-R, within 0.02 in fp32."""
    from simcse_core.encoders import load_encoder

    encoder = load_encoder("minilm", device="cpu", precision="fp32")
    report = evaluate_all(encoder, sts_folder, tasks=[task], bootstrap=0)
    assert report["tasks"][task]["n"] == sum(TASKS[task].values())
    assert report["tasks"][task]["spearman"]["all"] == pytest.approx(PUBLISHED[task], abs=0.02)
