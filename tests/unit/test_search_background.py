from __future__ import annotations

import json

import numpy as np
import pytest

from simcse_core.data.datasets import sentence_subjects
from simcse_core.errors import DataError
from simcse_core.metrics.anisotropy import random_pair_cosines
from simcse_core.search.background import Background, background_sentences


@pytest.fixture(scope="module")
def embeddings() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((400, 16)) + 0.5


def test_shares_are_those_of_all_pairs(embeddings: np.ndarray) -> None:
    cosines = random_pair_cosines(embeddings, pairs=20_000, seed=0)
    background = Background.measure(embeddings)
    assert background.pairs == len(cosines) and background.sentences == 400
    assert background.mean == pytest.approx(cosines.mean())
    for value in np.linspace(-0.8, 0.99, 60):
        exact = float((cosines < value).mean())
        assert background.share_below(value) == pytest.approx(exact, abs=1.5e-3)


def test_extremes_are_exact_to_one_pair(embeddings: np.ndarray) -> None:
    cosines = np.sort(random_pair_cosines(embeddings, pairs=20_000, seed=0))
    background = Background.measure(embeddings)
    assert background.share_below(float(cosines[-1]) + 1e-9) == 1.0
    assert background.share_below(float(cosines[-3])) == pytest.approx(1 - 3 / len(cosines), abs=1e-9)
    assert background.share_below(float(cosines[0]) - 1e-9) == 0.0
    assert background.share_below(float(cosines[5])) == pytest.approx(5 / len(cosines), abs=1e-9)


def test_quantile_undoes_share(embeddings: np.ndarray) -> None:
    background = Background.measure(embeddings)
    for share in (0.01, 0.5, 0.99):
        assert background.share_below(background.quantile(share)) == pytest.approx(share, abs=1e-6)


def test_density_integrates_to_one(embeddings: np.ndarray) -> None:
    edges = np.arange(-1, 1.001, 0.02)
    density = Background.measure(embeddings).density(edges)
    assert (density >= 0).all()
    assert (density * np.diff(edges)).sum() == pytest.approx(1.0, abs=1e-9)


def test_it_survives_json(embeddings: np.ndarray) -> None:
    before = Background.measure(embeddings)
    after = Background.from_dict(json.loads(json.dumps(before.to_dict())))
    for value in (-0.2, 0.1, 0.5, 0.9):
        assert after.share_below(value) == pytest.approx(before.share_below(value), abs=2e-4)
    assert (after.pairs, after.sentences) == (before.pairs, before.sentences)


def test_a_collapsed_checkpoint_still_has_one() -> None:
    rows = np.ones((40, 8)) + 1e-9 * np.random.default_rng(0).standard_normal((40, 8))
    background = Background.measure(rows)
    assert 0.0 <= background.share_below(0.9) <= 0.01
    assert np.isfinite(background.density(np.arange(-1, 1.01, 0.02))).all()


@pytest.mark.parametrize(
    "plain",
    [{}, {"values": [1], "shares": [0], "pairs": 1, "sentences": 1, "mean": 0},
     {"values": [0.2, 0.1], "shares": [0, 0.5], "pairs": 2, "sentences": 2, "mean": 0},
     {"values": "x", "shares": [0], "pairs": 1, "sentences": 1, "mean": 0}],
)  # fmt: skip
def test_other_json_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(DataError, match="background"):
        Background.from_dict(plain)


def test_sentences_come_evenly_from_every_subject_and_are_the_same_each_time() -> None:
    texts = background_sentences(100)
    subject = dict(sentence_subjects())
    counts = {name: sum(subject[text] == name for text in texts) for name in set(subject.values())}
    assert len(texts) == len(set(texts)) == 100 // len(counts) * len(counts)
    assert len(set(counts.values())) == 1
    assert texts == background_sentences(100)
    assert texts != background_sentences(100, seed=1)
