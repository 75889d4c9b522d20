"""Maximum explainable variance against NumPy's SVD, closed forms and a random sample."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.encoder_factory import WORDS, hf_hidden_states, load

from simcse_core.errors import DataError
from simcse_core.evaluation.anisotropy import anisotropy_suite
from simcse_core.evaluation.occurrences import OCCURRENCES, Occurrences, explainable_variance

NOUNS = WORDS[14:29]
TEXTS = [f"{noun} sleeps near old {other}" for noun, other in pairwise(NOUNS)]


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1), st.floats(1e-150, 1e150))
def test_equals_numpy_svd(c: int, h: int, seed: int, scale: float) -> None:
    x = np.random.default_rng(seed).normal(size=(c, h)) + 0.3
    squared = np.square(np.linalg.svd(x, compute_uv=False))
    assert explainable_variance(x * scale) == pytest.approx(squared[0] / squared.sum())


def test_closed_forms() -> None:
    assert explainable_variance(np.outer([1.0, -2.0, 3.0], [4.0, 5.0])) == pytest.approx(1.0)
    assert explainable_variance(np.eye(7)) == pytest.approx(1 / 7)
    assert explainable_variance([[3.0, 0.0], [0.0, 4.0]]) == pytest.approx(16 / 25)


@pytest.mark.parametrize("bad", [np.zeros((3, 4)), np.full((3, 4), np.nan), np.ones(4), np.ones((0, 4))])
def test_refusals(bad: np.ndarray) -> None:
    with pytest.raises(DataError, match="occurrence matrix"):
        explainable_variance(bad)


def test_every_layer_against_loops(bert: Path) -> None:
    encoder = load(bert)
    states = [hf_hidden_states(bert, encoder, text) for text in TEXTS]
    rows = encoder.token_rows(TEXTS)
    content = {t for row in rows for t in row[1:-1]}
    types = [t for t in content if 5 <= sum(t in row for row in rows) <= OCCURRENCES]
    assert len(types) == 3 and max(sum(t in row for row in rows) for t in content) <= OCCURRENCES
    suite = anisotropy_suite(encoder, TEXTS, poolings=["mean"])
    for layer, found in enumerate(suite.tokens):
        shares = []
        for token in types:
            seen = [states[i][layer][row.index(token)].numpy() for i, row in enumerate(rows) if token in row]
            squared = np.square(np.linalg.svd(np.array(seen), compute_uv=False))
            shares.append(squared[0] / squared.sum())
        value = found["max_explainable_variance"]
        assert value == pytest.approx(np.mean(shares), abs=1e-5)
        baseline = found["max_explainable_variance_baseline"]
        assert found["max_explainable_variance_adjusted"] == pytest.approx(value - baseline)
    static = suite.tokens[0]["max_explainable_variance"]
    assert (
        static > suite.tokens[0]["max_explainable_variance_baseline"]
    )  # input embeddings differ by place only


def test_many_occurrences_are_a_seeded_sample_and_isotropic_is_what_noise_gives() -> None:
    sentences, h = 400, 48
    first = [[(0, 0)] + ([(1, 1)] if i < 7 else []) for i in range(sentences)]
    noise = torch.randn(sentences, 3, h, generator=torch.Generator().manual_seed(0))
    found = {}
    for seed in (0, 0, 1):
        kept = Occurrences(first, [2] * sentences, 1, seed=seed)
        assert sorted(kept.counts) == [7, OCCURRENCES]
        assert kept.isotropic() is None and kept.numbers(0) == (None, None)  # nothing went by yet
        for start in range(0, sentences, 150):
            numbers = range(sentences)[start : start + 150]
            kept.take(0, noise[start : start + 150], list(numbers))
        assert found.setdefault(seed, kept.numbers(0)) == kept.numbers(0)
    assert found[0] != found[1]
    even = kept.isotropic()
    assert even is not None
    assert found[0] == pytest.approx((even, even), abs=0.05)
    assert even == pytest.approx(np.mean([(1 + np.sqrt(c / h)) ** 2 / c for c in (7, 20)]), abs=0.03)


def test_too_little_text_has_none(bert: Path) -> None:
    few = anisotropy_suite(load(bert), ["a cat", "a dog"], poolings=["mean"])
    assert few.tokens[0]["max_explainable_variance"] is None
    assert few.tokens[0]["max_explainable_variance_adjusted"] is None
    assert few.isotropic_tokens["max_explainable_variance"] is None
