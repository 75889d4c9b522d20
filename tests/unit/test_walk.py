from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.encoder_factory import SENTENCES

from simcse_core import load_encoder
from simcse_core.losses import losses
from simcse_core.losses.info_nce import TEMPERATURES as LADDER
from simcse_core.losses.layouts import LAYOUTS as TORCH_LAYOUTS
from simcse_core.losses.layouts import partner_labels
from simcse_core.theory.walk import STAGES, Walk, script, walk, walk_of
from simcse_core.theory.walk_arrays import (
    LAYOUTS,
    cross_entropy,
    half_precision,
    mask_itself,
    mean_loss,
    partner_index,
    softmax,
    unit_rows,
)
from simcse_core.theory.walk_batch import NUMBERS_KEPT, TEMPERATURES, TOKENS_KEPT, Batch, PaddingCheck

TEXTS = (SENTENCES[0], SENTENCES[2], SENTENCES[4], SENTENCES[7])
OTHERS = (SENTENCES[1], SENTENCES[5], SENTENCES[6], "a dog eats bread")
HARD = ("no man plays", "the river sleeps", "not bread", "seven books")


@pytest.fixture(scope="module")
def encoder(bert: Path) -> Any:
    return load_encoder(str(bert), device="cpu", precision="fp32")


def parts_of(layout: str) -> dict[str, Any]:
    return {"positives": OTHERS, "negatives": HARD} if layout == "triples" else {}


@pytest.mark.parametrize("temperature", TEMPERATURES)
@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_the_last_number_is_the_registered_loss(encoder: Any, layout: str, temperature: float) -> None:
    found = walk(encoder, TEXTS, layout=layout, temperature=temperature, **parts_of(layout))
    embeddings = torch.from_numpy(found.batch.embeddings)
    objective = losses[LAYOUTS[layout].objective]
    exact = float(objective(*embeddings.double().chunk(found.batch.parts), temperature=temperature))
    assert found.loss == pytest.approx(exact, abs=1e-9)
    stated = found.batch.objectives[LAYOUTS[layout].objective][f"{temperature:g}"]
    assert stated == pytest.approx(
        exact, rel=1e-5, abs=1e-6 / temperature
    )  # float32: cosines to 1e-7, over τ


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_similarities_mask_and_labels_are_those_of_the_losses(encoder: Any, layout: str) -> None:
    found = walk(encoder, TEXTS, layout=layout, **parts_of(layout))
    views = torch.from_numpy(found.batch.embeddings).double().chunk(found.batch.parts)
    candidates = TORCH_LAYOUTS["interleaved" if layout == "interleaved" else "two_view"](*views)
    np.testing.assert_allclose(found["masked"], candidates.similarities.numpy(), atol=1e-12)
    np.testing.assert_array_equal(found["labels"], candidates.positive.numpy())


def test_shapes_of_every_stage(encoder: Any) -> None:
    width, size = encoder.dimension, len(TEXTS)
    for layout, rows, columns, fed in (
        ("two_view", 4, 4, 8),
        ("interleaved", 8, 8, 8),
        ("triples", 4, 8, 12),
    ):
        found = walk(encoder, TEXTS, layout=layout, **parts_of(layout))
        length = int(found.batch.lengths.max())
        shapes = {name: stage.shape for name, stage in found.stages.items()}
        assert tuple(shapes) == STAGES
        assert shapes["tokens"] == (fed, length)
        assert shapes["dropout"] == shapes["hidden"] == (fed, length, width)
        assert shapes["pooled"] == shapes["unit"] == (fed, width)
        assert {shapes[name] for name in ("similarities", "masked", "logits")} == {(rows, columns)}
        assert shapes["labels"] == shapes["loss"] == (rows,)
        assert len(found.rows) == rows and len(found.columns) == columns
        assert found.batch.size == size
        assert found["hidden"].shape == (fed, min(length, TOKENS_KEPT), NUMBERS_KEPT)
        assert found.stages["hidden"].excerpt and not found.stages["unit"].excerpt


@pytest.mark.parametrize("size", [2, 3, 5])
def test_negatives_of_a_row(encoder: Any, size: int) -> None:
    texts, others, hard = (
        list(SENTENCES[:2]) + [f"{word} {i}" for i in range(size)] for word in ("a", "b", "c")
    )
    texts, others, hard = texts[-size:], others[-size:], hard[-size:]
    assert walk(encoder, texts).negatives == size - 1
    assert walk(encoder, texts, layout="interleaved").negatives == 2 * size - 2
    assert walk(encoder, texts, layout="triples", positives=others, negatives=hard).negatives == 2 * size - 1


def test_names_of_rows_and_columns(encoder: Any) -> None:
    assert walk(encoder, TEXTS[:2]).columns == ["a′", "b′"]
    assert walk(encoder, TEXTS[:2], positives=OTHERS[:2]).columns == ["a⁺", "b⁺"]
    assert walk(encoder, TEXTS[:2], layout="interleaved").rows == ["a", "a′", "b", "b′"]
    triples = walk(encoder, TEXTS[:2], layout="triples", positives=OTHERS[:2], negatives=HARD[:2])
    assert triples.rows == ["a", "b"] and triples.columns == ["a⁺", "b⁺", "a⁻", "b⁻"]


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("same_mask", [False, True])
def test_the_shown_code_runs_and_gives_the_loss(encoder: Any, layout: str, same_mask: bool) -> None:
    found = walk(encoder, TEXTS, layout=layout, same_mask=same_mask, dropout=0.2, seed=5, **parts_of(layout))
    text = script(found)
    for stage in found.stages.values():  # what stands beside the figure is what the script runs
        assert stage.call in text
        own = stage.code.split("\n\n\ndef ")[0] if stage.name == "pooled" else stage.code
        assert all(part.strip() in text for part in own.split("\n\n\n"))
    space: dict[str, Any] = {"__name__": "shown"}
    exec(compile(text, "shown", "exec"), space)
    assert space["loss"] == pytest.approx(found.loss, abs=1e-9)
    np.testing.assert_allclose(space["embeddings"], found.batch.embeddings, atol=1e-6)
    kept = found["hidden"].shape
    shown = space["hidden"].detach().numpy()[:, : kept[1], : kept[2]]
    np.testing.assert_allclose(shown, found["hidden"], atol=5e-3)


def made_batch(embeddings: np.ndarray[Any, Any], parts: int) -> Walk:
    """A walk over given embeddings, for closed forms."""
    rows = len(embeddings)
    blank = np.zeros((rows, 1, 1), dtype=np.float16)
    batch = Batch(
        encoder="none", pooling="mean", device="cpu", texts=("x",) * rows, parts=parts, copies=True,
        dropout=0.0, same_mask=False, seed=0, ids=np.zeros((rows, 1), dtype=np.int64),
        lengths=np.ones(rows, dtype=np.int64), pieces=(("x",),) * rows, kinds=(("word",),) * rows, width=1,
        embedding_width=1, before=blank, after=blank, zeroed=np.zeros(rows, dtype=np.float32), hidden=blank,
        embeddings=embeddings, padding=PaddingCheck(0, 0.0, 1.0), objectives={},
    )  # fmt: skip
    return walk_of(batch, "triples" if parts == 3 else "two_view", 1.0)


def test_closed_forms() -> None:
    for size in (2, 5):
        equal = np.ones((2 * size, 3))
        assert made_batch(equal, 2).loss == pytest.approx(math.log(size))
        assert walk_of(made_batch(equal, 2).batch, "interleaved", 0.05).loss == pytest.approx(
            math.log(2 * size - 1)
        )
        assert made_batch(np.ones((3 * size, 3)), 3).loss == pytest.approx(math.log(2 * size))
    square = np.concatenate([np.eye(8), np.eye(8)])
    assert made_batch(square, 2).loss == pytest.approx(1.274009, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.sampled_from((0.02, 0.05, 0.5, 2.0)))
def test_what_changes_nothing(seed: int, size: int, temperature: float) -> None:
    draw = np.random.default_rng(seed)
    rows = draw.normal(size=(2 * size, 7))
    order = draw.permutation(size)
    scaled = rows * draw.uniform(0.1, 10, size=(2 * size, 1))
    shuffled = np.concatenate([rows[:size][order], rows[size:][order]])
    for layout in ("two_view", "interleaved"):
        plain = walk_of(made_batch(rows, 2).batch, layout, temperature)
        for changed in (scaled, shuffled):
            again = walk_of(made_batch(changed, 2).batch, layout, temperature)
            assert again.loss == pytest.approx(plain.loss, rel=1e-9, abs=1e-12)
        np.testing.assert_allclose(plain.probabilities.sum(axis=1), 1)
        by_hand = []
        for i, label in enumerate(plain["labels"]):
            weights = [math.exp(s / temperature) for s in plain["masked"][i]]
            by_hand.append(-math.log(weights[label] / sum(weights)))
        np.testing.assert_allclose(plain["loss"], by_hand, rtol=1e-6, atol=1e-9)


def test_the_ladder_and_the_labels_are_those_of_the_objectives() -> None:
    assert TEMPERATURES == LADDER
    np.testing.assert_array_equal(partner_index(6), partner_labels(6, torch.zeros(1)).numpy())


def test_softmax_and_cross_entropy_do_not_overflow() -> None:
    logits = np.array([[1000.0, 0.0, -1000.0], [-np.inf, 2.0, 2.0]])
    assert softmax(logits)[0].tolist() == [1, 0, 0] and softmax(logits)[1].tolist() == [0, 0.5, 0.5]
    assert cross_entropy(logits, np.array([0, 1])) == pytest.approx([0, math.log(2)])


def test_half_precision_by_subtracting_and_by_filling() -> None:
    draw = np.random.default_rng(0)
    rows = unit_rows(draw.normal(size=(6, 8)))
    cosines, labels = rows @ rows.T, partner_index(6)
    half = half_precision(cosines, labels, 0.5)
    assert half.constant == math.inf and half.divided == -math.inf
    assert math.isnan(half.off_diagonal) and math.isnan(half.subtracted)
    true = mean_loss(cross_entropy(mask_itself(cosines) / 0.5, labels))
    assert half.filled == pytest.approx(true, rel=5e-3)
    # what the page says about PyTorch
    tensor = torch.from_numpy(cosines).half()
    assert bool(torch.isneginf((tensor - torch.eye(6).half() * 1e12).diagonal()).all())
    assert bool(torch.isnan(torch.eye(2).half() * torch.tensor(1e12).half()).any())
    with pytest.raises(RuntimeError, match="overflow"):
        tensor.masked_fill(torch.eye(6, dtype=torch.bool), -1e12)
