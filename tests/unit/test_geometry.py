"""Single dimensions, tokens on a map and prompts: closed forms, loops and the HF forward itself."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from unit.encoder_factory import load, make_checkpoint

from simcse_core.data.records import ScoredPairs
from simcse_core.errors import ConfigError, DataError, EncoderError
from simcse_core.evaluation.cone import PROMPT, Scored
from simcse_core.evaluation.geometry import DRAWS, REMOVED, Geometry, dimension_effects
from simcse_core.evaluation.geometry_of import geometry_of
from simcse_core.evaluation.packing import packed, rounded, unpacked
from simcse_core.evaluation.states import prompt_states, prompt_vectors, read_states, readings_of
from simcse_core.evaluation.static_bias import PROPERTIES, TokenMap, token_map

TEXTS = [
    f"the {a} is near the old {b}" for a in ("man", "woman", "cat", "dog") for b in ("river", "house", "city")
]
PAIRS = ScoredPairs(
    ("the cat sleeps", "a dog runs", "the man walks", "two dogs!"),
    ("the dog sleeps", "a cat eats", "the woman runs", "seven books?"),
    np.array([3.0, 2.5, 2.0, 0.0]),
)


def normal(n: int, d: int, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(size=(n, d))


def scored(d: int, seed: int = 1) -> Scored:
    rows = normal(60, d, seed)
    return Scored(rows[:30], rows[30:], np.arange(30.0))


def mean_cosine(x: NDArray[np.float64]) -> float:
    """As loops over pairs."""
    u = x / np.linalg.norm(x, axis=1, keepdims=True)
    return float(np.mean([u[i] @ u[j] for i in range(len(u)) for j in range(i)]))


@settings(deadline=None, max_examples=15)
@given(st.integers(3, 12), st.integers(4, 10), st.integers(0, 2**32 - 1))
def test_leaving_out_is_cutting_columns(n: int, d: int, seed: int) -> None:
    x = normal(n, d, seed) + 0.5
    found = dimension_effects(x, scored(d))
    assert list(found.largest) == list(found.drawn) == [k for k in REMOVED if k < d]
    assert found.contributions.sum() == pytest.approx(mean_cosine(x), abs=1e-12)
    for count, effect in found.largest.items():
        assert effect.mean_cosine == pytest.approx(mean_cosine(x[:, found.order[count:]]), abs=1e-12)
    assert found.drawn[0] == found.largest[0]
    rng = np.random.default_rng(0)
    shuffled = [rng.permutation(d) for _ in range(DRAWS)]
    loops = np.mean([mean_cosine(np.delete(x, one[:2], axis=1)) for one in shuffled])
    assert found.drawn[2].mean_cosine == pytest.approx(loops, abs=1e-12)


def test_one_rogue_dimension_makes_the_cone_and_not_the_order() -> None:
    x = normal(300, 40)
    x[:, 7] += 30.0
    pairs = scored(40)
    pairs = Scored(
        np.asarray(pairs.first) + 30 * np.eye(40)[7],
        np.asarray(pairs.second) + 30 * np.eye(40)[7],
        pairs.score,
    )
    found = dimension_effects(x, pairs)
    assert found.order[0] == 7 and found.contributions[7] > 0.9
    assert found.largest[0].mean_cosine > 0.9 > 0.05 > abs(found.largest[1].mean_cosine)
    assert found.drawn[1].mean_cosine > 0.9
    assert abs(found.standardised.mean_cosine) < 0.05


def test_collapse_has_no_order_and_no_standardised_form() -> None:
    same = Scored(np.ones((5, 6)), np.ones((5, 6)), np.arange(5.0))
    found = dimension_effects(np.ones((9, 6)), same)
    assert found.largest[0].mean_cosine == pytest.approx(1.0) and found.largest[0].spearman is None
    assert found.standardised.mean_cosine is None
    with pytest.raises(DataError):
        dimension_effects(np.zeros((4, 3)), same)


def test_packing_is_undone() -> None:
    values = np.linspace(-2, 2, 9)
    assert unpacked(packed(values, "<f2"), "<f2") == pytest.approx(values, abs=1e-3)
    assert rounded(None) is None and rounded(1 / 3, 2) == 0.33


@pytest.fixture(scope="module")
def measured(bert: Path) -> Geometry:
    headed = load(bert, pooling="cls")
    return geometry_of(load(bert, pooling="mean"), TEXTS, PAIRS, headed=headed, bootstrap=10)


def test_every_reading_is_there_with_its_isotropic_value(measured: Geometry) -> None:
    assert measured.layers == 3 and measured.sentences == len(TEXTS) and measured.pairs == len(PAIRS)
    assert {p for layer, p in measured.states if layer == 0} >= {"mean", "first_last", "last2", "max", "mask"}
    assert [layer for layer, pooling in measured.states if pooling == "cls"] == [3]
    assert len(measured.tokens) == 4 and len(measured.removals) == 6
    for state in measured.states.values():
        assert set(measured.isotropic) <= set(state.numbers)
        total = state.dimensions.contributions.sum()
        assert total == pytest.approx(state.numbers["mean_cosine"], abs=1e-9)


def test_a_geometry_survives_json(measured: Geometry) -> None:
    again = Geometry.from_dict(json.loads(json.dumps(measured.to_dict(), allow_nan=False)))
    assert list(again.states) == list(measured.states)
    for key, state in measured.states.items():
        other = again.states[key]
        assert other.numbers["effective_rank"] == pytest.approx(state.numbers["effective_rank"], abs=1e-4)
        assert other.dimensions.contributions == pytest.approx(state.dimensions.contributions, abs=1e-3)
        assert other.dimensions.drawn[2].spearman == pytest.approx(
            state.dimensions.drawn[2].spearman, abs=1e-2
        )
    assert again.vocabulary.tokens == measured.vocabulary.tokens
    assert again.to_dict() == measured.to_dict()


def test_a_cut_is_the_encoder_that_ends_there(bert: Path, measured: Geometry) -> None:
    cut, short = measured.first(2), geometry_of(load(f"{bert}:2", pooling="mean"), TEXTS, PAIRS, bootstrap=10)
    assert set(cut.states) == set(short.states) and cut.layers == short.layers == 2
    for key, state in short.states.items():
        assert cut.states[key].numbers["mean_cosine"] == pytest.approx(state.numbers["mean_cosine"], abs=1e-5)
    assert len(cut.tokens) == len(short.tokens)


def test_a_map_survives_json_and_knows_what_explains_it(bert: Path) -> None:
    found = token_map(load(bert), [*TEXTS, "zx, the!"])
    again = TokenMap.from_dict(json.loads(json.dumps(found.to_dict())))
    for name in ("upper", "piece", "punctuation"):
        assert np.array_equal(getattr(again, name), getattr(found, name))
    assert again.piece.any() and again.punctuation.any()
    for kind in PROPERTIES:
        assert again.explained_by(kind) == pytest.approx(found.explained_by(kind), abs=0.02)
    points = np.random.default_rng(0).normal(size=(50, 2))
    plane = points @ np.array([2.0, -1.0]) + 3
    made = TokenMap(("a",) * 50, points, np.ones(2), plane, *(np.zeros(50, dtype=bool),) * 3, norm=plane)
    assert made.frequency_share == pytest.approx(1.0) and made.norm_frequency == pytest.approx(1.0)
    assert made.explained_by("piece") == 0.0  # it does not vary


def test_states_are_those_of_encode_layers(bert: Path) -> None:
    encoder = load(bert)
    poolings = ("mean", "max", "first_last")
    found = read_states(encoder, encoder.token_rows(TEXTS), readings_of(encoder, poolings))
    expected = encoder.encode_layers(TEXTS, poolings=poolings, normalize=False)
    assert set(found) == set(expected)
    for key, rows in expected.items():
        assert found[key] == pytest.approx(rows, abs=1e-5)


def test_a_prompt_is_read_at_its_mask(bert: Path) -> None:
    encoder = load(bert, pooling="mask", template=PROMPT)
    found = prompt_states(load(bert, pooling="mask"), TEXTS, PROMPT)
    assert set(found) == {(layer, "mask") for layer in range(4)}
    assert found[3, "mask"] == pytest.approx(encoder.encode(TEXTS, normalize=False), abs=1e-5)


def test_denoising_subtracts_the_template_with_its_sentence_hidden(bert: Path) -> None:
    """Against the HF forward: the same tokens, attention on the template only."""
    from transformers import AutoModel

    encoder, template = load(bert, pooling="mask"), 'the "[X]" is a [MASK] of the city'
    plain, clean = (prompt_vectors(encoder, TEXTS[:3], template, denoise=d) for d in (False, True))
    model = AutoModel.from_pretrained(bert).eval()
    whole = load(bert, pooling="mask", template=template)
    for row, text in enumerate(TEXTS[:3]):
        ids = whole.token_rows([text])[0]
        length = len(whole.text_tokenizer.plain_ids([f"{text}."])[0]) - 2
        start = len(whole.text_tokenizer.plain_ids(['the "'])[0]) - 1
        seen = torch.ones(1, len(ids), dtype=torch.long)
        seen[0, start : start + length] = 0
        with torch.no_grad():
            states = model(input_ids=torch.tensor([ids]), attention_mask=seen).last_hidden_state[0]
        alone = states[ids.index(encoder.mask_id)].numpy()
        assert clean[row] == pytest.approx(plain[row] - alone, abs=1e-4)


def test_prompts_that_cannot_be_read_are_refused(bert: Path) -> None:
    with pytest.raises(ConfigError, match="holds"):
        prompt_vectors(load(bert, pooling="mask"), TEXTS, "no place for it", denoise=False)
    with pytest.raises(ConfigError, match="Denoising"):
        prompt_vectors(load(bert), TEXTS, PROMPT, denoise=True)


def test_without_a_mask_token_there_is_one_read_out_less(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "bert")
    for name in ("tokenizer_config.json",):
        content = json.loads((folder / name).read_text(encoding="utf-8"))
        content["mask_token"] = "[NONE]"
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    encoder = load(folder, pooling="mean")
    with pytest.raises(EncoderError, match="mask"):
        prompt_states(encoder, TEXTS, PROMPT)
    found = geometry_of(encoder, TEXTS, PAIRS, bootstrap=0)
    assert "mask" not in found.poolings and "cls" not in found.poolings


def test_too_few_sentences(bert: Path) -> None:
    with pytest.raises(DataError, match="two or more"):
        geometry_of(load(bert), ["the cat", "the cat"], PAIRS)
