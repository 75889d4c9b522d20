from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.encoder_factory import SENTENCES

from simcse_core import load_encoder
from simcse_core.errors import DataError
from simcse_core.losses import layouts, losses
from simcse_core.losses.info_nce import softmax_loss
from simcse_core.theory import batch_source
from simcse_core.theory.batch import Roles, Views, candidate_counts, roles_of
from simcse_core.theory.batch_clouds import Cloud, clouds_of
from simcse_core.theory.batch_encoder import dropout_views
from simcse_core.theory.batch_half import CASES, FORMATS, masking_table
from simcse_core.theory.batch_source import FUNCTIONS, MARKS, STEPS, loss_source
from simcse_core.theory.walk_arrays import LAYOUTS, unit_rows

LETTERS = "abcdefghijklmnopqrstuvwx"


def drawn(parts: int, size: int, seed: int = 0, width: int = 6) -> Views:
    """A batch of random embeddings of unequal lengths."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(parts * size, width)) * rng.uniform(0.5, 3, size=(parts * size, 1))
    texts = tuple(f"{LETTERS[k % size % 24]}{k // size}" for k in range(parts * size))
    return Views(texts, parts, 0.1, False, rows.astype(np.float32))


def counts(found: Roles, row: int) -> tuple[int, int, int, int]:
    return tuple(found.roles[row].count(role) for role in ("positive", "negative", "hard", "itself"))  # type: ignore[return-value]


@given(size=st.integers(2, 12), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_every_row_has_the_negatives_of_its_layout(size: int, seed: int) -> None:
    for row in range(size):
        two = roles_of(drawn(2, size, seed), "two_view", 0.05)
        assert counts(two, row) == (1, size - 1, 0, 0)
        triples = roles_of(drawn(3, size, seed), "triples", 0.05)
        assert counts(triples, row) == (1, size - 1, size, 0)
        assert (two.negatives, two.hard) == (size - 1, 0)
        assert (triples.negatives, triples.hard) == (2 * size - 1, size)
    mixed = roles_of(drawn(2, size, seed), "interleaved", 0.05)
    assert {counts(mixed, row) for row in range(2 * size)} == {(1, 2 * size - 2, 0, 1)}
    assert (mixed.negatives, mixed.hard) == (2 * size - 2, 0)
    for name, found in (("two_view", two), ("interleaved", mixed), ("triples", triples)):
        assert candidate_counts(name, size) == (found.negatives, found.hard)


@pytest.mark.parametrize("layout", list(LAYOUTS))
@pytest.mark.parametrize("temperature", [0.05, 0.5])
def test_roles_agree_with_the_registered_objective(layout: str, temperature: float) -> None:
    views = drawn(LAYOUTS[layout].parts, 5, seed=3)
    found = roles_of(views, layout, temperature)
    parts = torch.from_numpy(views.embeddings.astype(np.float64)).chunk(views.parts)
    stated = losses[LAYOUTS[layout].objective](*parts, temperature=temperature)
    assert found.loss == pytest.approx(float(stated), abs=1e-12)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_names_texts_and_roles_speak_of_the_same_rows(layout: str) -> None:
    views = drawn(LAYOUTS[layout].parts, 3)
    found = roles_of(views, layout, 0.05)
    place = {"": 0, "′": 1, "⁺": 1, "⁻": 2}
    for names, texts in ((found.rows, found.row_texts), (found.columns, found.texts)):
        assert texts == [f"{name[0]}{place[name[1:]]}" for name in names]
    unit = unit_rows(views.embeddings)
    at = {text: unit[k] for k, text in enumerate(views.texts)}
    for i, row in enumerate(found.row_texts):
        assert found.texts[found.positive[i]][0] == row[0]
        for j, column in enumerate(found.texts):
            cosine = found.anatomy.similarities[i, j]
            if found.roles[i][j] == "itself":
                assert cosine == -np.inf and row == column
            else:
                assert cosine == pytest.approx(float(at[row] @ at[column]), abs=1e-12)


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_steepness_is_the_length_of_the_positives_slope(layout: str) -> None:
    views = drawn(LAYOUTS[layout].parts, 3, seed=5)
    found = roles_of(views, layout, 0.05)
    by_text = dict(zip(views.texts, torch.from_numpy(views.embeddings.astype(np.float64)), strict=True))
    for i, text in enumerate(found.row_texts):
        anchor = by_text[text].clone().requires_grad_()
        F.cosine_similarity(anchor, by_text[found.texts[found.positive[i]]], dim=0).backward()
        assert anchor.grad is not None
        assert found.steepness[i] == pytest.approx(float(anchor.grad.norm()), abs=1e-10)


def test_equal_views_leave_nothing_to_pull() -> None:
    one = drawn(2, 4)
    same = Views(one.texts, 2, 0.0, False, np.concatenate([one.embeddings[:4]] * 2))
    found = roles_of(same, "two_view", 0.05)
    assert np.diag(found.anatomy.similarities) == pytest.approx(np.ones(4), abs=1e-12)
    assert found.steepness.max() < 1e-12
    assert found.anatomy.total_push.min() > 0  # the slope ∂ℓ/∂s stays; only ∂s/∂h is gone


@given(size=st.integers(2, 6))
def test_a_smaller_batch_is_the_first_sentences(size: int) -> None:
    for parts in (2, 3):
        whole = drawn(parts, 6)
        taken = whole.take(size)
        assert taken.size == size and taken.texts == tuple(
            f"{LETTERS[i]}{part}" for part in range(parts) for i in range(size)
        )
        big, small = (roles_of(v, "triples" if parts == 3 else "two_view", 0.1) for v in (whole, taken))
        kept = [big.columns.index(name) for name in small.columns]
        np.testing.assert_array_equal(small.anatomy.similarities, big.anatomy.similarities[:size][:, kept])


def test_what_cannot_be_taken_is_refused() -> None:
    for size in (0, 1, 7):
        with pytest.raises(DataError):
            drawn(2, 6).take(size)
    with pytest.raises(DataError, match="up to 24"):
        roles_of(Views(("",) * 50, 2, 0.1, False, drawn(2, 25).embeddings), "two_view", 0.05)
    with pytest.raises(DataError, match="3 texts"):
        roles_of(drawn(2, 4), "triples", 0.05)


def test_views_and_clouds_come_back_from_json() -> None:
    views = drawn(3, 4)
    again = Views.from_dict(views.to_dict())
    np.testing.assert_array_equal(again.embeddings, views.embeddings)
    assert (again.texts, again.parts, again.same_mask) == (views.texts, 3, False)
    cloud = clouds_of({0.1: np.random.default_rng(0).normal(size=(3, 5, 6))})[0]
    back = Cloud.from_dict(cloud.to_dict())
    np.testing.assert_allclose(back.points, cloud.points, atol=1e-4)
    np.testing.assert_allclose(back.take(2).degrees, cloud.degrees[:2], atol=1e-4)


def test_a_cloud_of_known_angles() -> None:
    def fan(degrees: float) -> Any:
        turn = math.radians(degrees)
        one = [[math.cos(x), math.sin(x), 0.0] for x in (-turn, turn)]
        return np.array(
            [one, [[0, -math.sin(turn), 2 * math.cos(turn)], [0, math.sin(turn), 2 * math.cos(turn)]]]
        )

    point, wide = clouds_of({0.0: fan(0.0), 0.3: fan(20.0)})
    assert point.degrees == pytest.approx([0, 0], abs=1e-6) and point.cosine == pytest.approx([1, 1])
    assert wide.degrees[0] == pytest.approx(20, abs=1e-9)
    assert wide.cosine[0] == pytest.approx(math.cos(math.radians(40)))
    np.testing.assert_allclose(point.points[:, 0], point.points[:, 1], atol=1e-12)
    assert 0 < wide.explained <= 1
    with pytest.raises(DataError, match="two or more views"):
        clouds_of({0.1: np.ones((2, 1, 3))})


def test_dropout_views_differ_and_without_dropout_are_the_embedding(bert: Path) -> None:
    encoder = load_encoder(str(bert), device="cpu", precision="fp32")
    texts = [SENTENCES[0], SENTENCES[5]]
    views = dropout_views(encoder, texts, dropout=0.3, count=4, seed=1)
    assert views.shape == (2, 4, encoder.dimension)
    assert len({row.tobytes() for row in views.reshape(8, -1)}) == 8
    np.testing.assert_array_equal(views, dropout_views(encoder, texts, dropout=0.3, count=4, seed=1))
    still = dropout_views(encoder, texts, dropout=0.0, count=3, seed=1)
    np.testing.assert_allclose(unit_rows(still[:, 2]), encoder.encode(texts), atol=2e-5)


def test_half_precision_holds_no_such_constant() -> None:
    layout = LAYOUTS["interleaved"]
    similarities = layout.similarities(unit_rows(drawn(2, 4, seed=2).embeddings))
    table = masking_table(similarities, layout.labels(8), 0.05)
    assert list(table) == list(FORMATS) and all(list(column) == list(CASES) for column in table.values())
    half, brain, single = table["float16"], table["bfloat16"], table["float32"]
    assert half["constant"] == math.inf and half["largest"] == float(np.finfo(np.float16).max)
    assert all(math.isnan(half[case] or 0) for case in ("off_diagonal", "subtracted", "row_constant"))
    assert half["fill"] is None and brain["fill"] == pytest.approx(-1e12, rel=0.01)
    right = roles_of(drawn(2, 4, seed=2), "interleaved", 0.05).loss
    for column, near in ((half, 0.05), (brain, 0.4), (single, 1e-5)):
        assert column["filled"] == pytest.approx(right, abs=near)
        assert math.isnan(column["row_infinite"] or 0)  # no mask helps a row without candidates
    assert brain["subtracted"] == pytest.approx(right, abs=0.4) and single["row_constant"] == 0.125


def without_docstring(function: Callable[..., Any]) -> list[str]:
    said = inspect.getdoc(function) or ""
    lines = inspect.getsource(function).rstrip().split("\n")
    start = next(i for i, line in enumerate(lines) if line.strip().startswith('"""'))
    end = (
        start
        if lines[start].count('"""') == 2
        else next(i for i, line in enumerate(lines) if i > start and line.strip().endswith('"""'))
    )
    assert said.split("\n")[0] in lines[start]
    return lines[:start] + lines[end + 1 :]


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_the_code_shown_is_what_the_objective_runs(layout: str) -> None:
    source, lines = loss_source(layout), []
    info = losses.info(LAYOUTS[layout].objective)
    named = "two_view" if layout == "triples" else layout
    assert info.traits["layout"] == named and info.traits["on_similarities"] is softmax_loss
    shown = {"softmax_loss": softmax_loss, **vars(layouts)}
    for _, name in FUNCTIONS[layout]:
        lines += ["", "", *without_docstring(shown[name])]
    assert list(source.lines) == lines[2:]


@pytest.mark.parametrize("layout", list(LAYOUTS))
def test_every_mark_finds_its_line(layout: str) -> None:
    source = loss_source(layout)
    assert list(source.marks) == list(STEPS) and set(FUNCTIONS) == set(LAYOUTS)
    for step, texts in MARKS[layout].items():
        for text in texts:
            assert sum(text in line for line in source.lines) == 1, text
        assert len(source.marks[step]) <= len(texts) and bool(texts) == bool(source.marks[step])
    assert bool(source.marks["mask"]) == (layout == "interleaved")
    assert batch_source.LOSSES.is_dir()
