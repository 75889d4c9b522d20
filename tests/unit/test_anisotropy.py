"""The anisotropy suite against loops over the HF forward's own hidden states."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import spearmanr
from unit.encoder_factory import hf_hidden_states, load, make_checkpoint

from simcse_core.cli import main
from simcse_core.errors import DataError
from simcse_core.evaluation.anisotropy import anisotropy_suite, isotropic_numbers, readable, spread_numbers
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.dimensions import (
    cosine_contributions,
    dominant_dimension,
    dominant_dimensions,
    dominant_share,
    informativity,
)

ANIMALS = "man woman cat dog child".split()
PLACES = "river house city tree bread guitar book".split()
TEXTS = [f"the {a} is near the old {b}" for a in ANIMALS for b in PLACES] + ["a day", "night and day to day"]
LAYERS = range(4)


def cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def normal(n: int, d: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


@settings(deadline=None, max_examples=30)
@given(st.integers(2, 12), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_contributions_add_up_to_the_mean_cosine(n: int, d: int, seed: int) -> None:
    x = normal(n, d, seed) + 0.5
    found = cosine_contributions(x)
    units = x / np.linalg.norm(x, axis=1, keepdims=True)
    pairs = list(itertools.permutations(range(n), 2))
    loops = [np.mean([units[i, j] * units[k, j] for i, k in pairs]) for j in range(d)]
    assert found == pytest.approx(loops, abs=1e-12)
    assert found.sum() == pytest.approx(mean_cosine(x), abs=1e-12)


def test_a_rogue_dimension_is_found_and_standardising_takes_it_away() -> None:
    x = normal(800, 20)
    x[:, 7] = 40 + 4 * x[:, 7]  # far from 0, and four times as wide as the others
    assert dominant_dimensions(x, count=1).tolist() == [7]
    assert dominant_share(x, count=1) == pytest.approx(1.0, abs=0.01)
    assert dominant_dimension(x) == pytest.approx(mean_cosine(x), abs=0.01)
    assert informativity(x, without=1) < 0.5 < 0.9 < informativity(normal(800, 200), without=1)
    found = spread_numbers(x)
    assert found["dominant"][0] == 7 and found["mean_cosine"] > 0.9
    assert abs(found["standardised_cosine"]) < 0.01 and found["standardised_rank"] > 19
    assert found["effective_rank"] < 10


def test_an_isotropic_sample_gives_its_own_reference() -> None:
    found, reference = spread_numbers(normal(500, 16, seed=3)), isotropic_numbers(500, 16)
    for name in ("mean_cosine", "partition", "isoscore", "participation_ratio", "effective_rank", "top_10"):
        assert found[name] == pytest.approx(reference[name], rel=0.05, abs=0.02), name
    assert found["dominant_share"] is None or found["mean_cosine"] > 0


def test_collapse_has_few_numbers() -> None:
    found = spread_numbers(np.tile(normal(1, 9), (30, 1)))
    assert found["mean_cosine"] == pytest.approx(1.0)
    undefined = ("isoscore", "participation_ratio", "hubness", "standardised_cosine", "informativity")
    assert [found[name] for name in undefined] == [None] * 5
    with pytest.raises(DataError, match="all zeros"):
        spread_numbers(np.zeros((3, 4)))


@pytest.fixture(scope="module")
def states(bert: Path) -> list[list[NDArray[np.float64]]]:
    """[sentence][layer] → (T, h), special tokens left out."""
    encoder = load(bert)
    return [
        [s.numpy().astype(np.float64)[1:-1] for s in hf_hidden_states(bert, encoder, text)] for text in TEXTS
    ]


def test_every_state_is_that_of_an_encoder_cut_there(bert: Path) -> None:
    suite = anisotropy_suite(load(bert), TEXTS)
    assert {pooling for _, pooling in suite.states} == {
        "mean",
        "cls_before_pooler",
        "first_last",
        "last2",
        "max",
    }
    assert {layer for layer, _ in suite.states} == set(LAYERS)
    expected = spread_numbers(load(f"{bert}:2", pooling="max").encode(TEXTS, normalize=False))
    found = suite.states[2, "max"]
    assert {k: v for k, v in found.items() if k != "dominant"} == pytest.approx(
        {k: v for k, v in expected.items() if k != "dominant"}, abs=1e-4
    )
    assert suite.isotropic == isotropic_numbers(len(TEXTS), 32)
    assert json.loads(json.dumps(suite.to_dict()))["states"][0]["layer"] == 0


def test_tokens_against_loops(bert: Path, states: list[list[NDArray[np.float64]]]) -> None:
    encoder = load(bert)
    suite = anisotropy_suite(encoder, TEXTS, poolings=["mean"])
    rows = [row[1:-1] for row in encoder.token_rows(TEXTS)]
    types = sorted({t for row in rows for t in row if sum(t in other for other in rows) >= 5})
    for layer in LAYERS:
        same, norms, counts = [], [], []
        for token in types:
            seen = [states[i][layer][row.index(token)] for i, row in enumerate(rows) if token in row]
            same.append(np.mean([cosine(a, b) for a, b in itertools.combinations(seen, 2)]))
            norms.append(np.mean([np.linalg.norm(one) for one in seen]))
            counts.append(len(seen))
        intra = [np.mean([cosine(t, s[layer].mean(axis=0)) for t in s[layer]]) for s in states]
        found = suite.tokens[layer]
        assert found["types"] == len(types) and found["layer"] == layer
        assert found["self_similarity"] == pytest.approx(np.mean(same), abs=1e-4)
        assert found["intra_similarity"] == pytest.approx(np.mean(intra), abs=1e-4)
        assert found["norm_frequency"] == pytest.approx(spearmanr(norms, counts).statistic, abs=0.02)
        adjusted = found["self_similarity"] - found["baseline"]
        assert found["self_similarity_adjusted"] == pytest.approx(adjusted)


def test_baseline_is_the_mean_cosine_of_drawn_tokens(
    bert: Path, states: list[list[NDArray[np.float64]]]
) -> None:
    """Many draws average to the mean cosine of tokens of different sentences."""
    encoder = load(bert)
    found = [
        anisotropy_suite(encoder, TEXTS, poolings=["mean"], seed=seed).tokens[3]["baseline"]
        for seed in range(12)
    ]
    means = [np.mean([t / np.linalg.norm(t) for t in s[3]], axis=0) for s in states]
    expected = np.mean([a @ b for a, b in itertools.permutations(means, 2)])
    assert np.mean(found) == pytest.approx(expected, abs=0.05)


def test_isotropic_tokens_are_what_a_sample_gives(bert: Path) -> None:
    suite = anisotropy_suite(load(bert), TEXTS, poolings=["mean"])
    rng, lengths = np.random.default_rng(0), [len(row) - 2 for row in load(bert).token_rows(TEXTS)]
    sample = []
    for length in lengths:
        x = rng.normal(size=(length, 4000))
        sample.append(np.mean([cosine(row, x.mean(axis=0)) for row in x]))
    assert suite.isotropic_tokens["intra_similarity"] == pytest.approx(np.mean(sample), abs=0.01)


def test_readings_offered(bert: Path, tmp_path: Path) -> None:
    assert readable(load(bert, pooling="cls"))[0] == "cls"
    asked = load(bert, pooling="mask", template='a "[X]" is [MASK]')
    suite = anisotropy_suite(asked, TEXTS[:8], poolings=["mask", "mean"])
    assert (3, "mask") in suite.states
    cut = anisotropy_suite(load(bert, pooling="cls"), TEXTS[:8], poolings=["cls"])
    assert list(cut.states) == [(3, "cls")]  # a head is of the last layer
    modern = make_checkpoint(tmp_path / "modern", "modernbert")
    assert len(anisotropy_suite(load(modern), TEXTS[:8], poolings=["mean"]).tokens) == 4


def test_too_little_text(bert: Path) -> None:
    with pytest.raises(DataError, match="two or more distinct"):
        anisotropy_suite(load(bert), ["one", "one"])
    few = anisotropy_suite(load(bert), ["a cat", "a dog"], poolings=["mean"]).tokens[0]
    assert few["types"] == 0 and few["self_similarity"] is None and few["norm_frequency"] is None


def test_command(bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "in.txt"
    file.write_text("\n".join(TEXTS))
    command = ["geometry", "--model", str(bert), "--input", str(file)]
    assert main([*command, "--layers", "--json", "-"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert len(report["states"]) == 20 and len(report["tokens"]) == 4
    assert main([*command, "--layers"]) == 0
    out = capsys.readouterr().out
    assert "isotropic" in out and "self-similarity" in out
    assert main(command) == 0
    assert "(isotropic" in capsys.readouterr().out
    assert main([*command, "--layers", "--pairs", str(file)]) == 2
