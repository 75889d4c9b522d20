"""A batch as the loss meets it, the published table, and the figures of shares and sweep."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simcse_core.data.datasets import load_scored_pairs, sentence_subjects
from simcse_core.data.published import published
from simcse_core.encoders import load_encoder
from simcse_core.errors import ConfigError, DataError
from simcse_core.evaluation.in_batch import (
    ALONE,
    KNOWN,
    LIKELY,
    NOT,
    PARAPHRASE,
    draw_batch,
    false_negatives,
    view_cosines,
)
from simcse_core.figures.shares import share_curves, share_matrix
from simcse_core.figures.sweep import Panel, sweep_figure
from simcse_core.figures.theme import DARK, LIGHT
from simcse_core.losses.info_nce import info_nce
from simcse_core.theory.anatomy import anatomy

TEXTS = ("a cat sleeps", "the dog runs far", "two men eat", "it rains", "she reads a long book")


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 64), st.integers(0, 4), st.integers(0, 9999))
def test_a_drawn_batch_holds_what_was_asked_for(size: int, paraphrases: int, seed: int) -> None:
    if 2 * paraphrases > size:
        with pytest.raises(ConfigError):
            draw_batch(("video-clips",), size, paraphrases=paraphrases, seed=seed)
        return
    batch = draw_batch(("video-clips",), size, paraphrases=paraphrases, seed=seed)
    assert len(set(batch.texts)) == size == len(batch.groups)
    assert batch == draw_batch(("video-clips",), size, paraphrases=paraphrases, seed=seed)
    clips = {text for text, subject in sentence_subjects() if subject == "video-clips"}
    assert all(t in clips for t, group in zip(batch.texts, batch.groups, strict=True) if group == ALONE)
    pairs = load_scored_pairs("pairs")
    both = zip(pairs.first, pairs.second, pairs.score, strict=True)
    close = {frozenset((first, second)) for first, second, score in both if score >= PARAPHRASE}
    for group in range(paraphrases):
        assert frozenset(t for t, g in zip(batch.texts, batch.groups, strict=True) if g == group) in close


def test_no_subject_means_all_of_them_and_too_few_sentences_are_refused() -> None:
    subjects = dict(sentence_subjects())
    assert len({subjects[text] for text in draw_batch((), 64).texts}) > 10
    with pytest.raises(DataError, match="hold 0 sentences"):
        draw_batch(("no such subject",), 16)


def test_without_dropout_the_views_are_the_embeddings(tiny_checkpoint: Path) -> None:
    encoder = load_encoder(str(tiny_checkpoint), precision="fp32")
    rows = encoder.encode(TEXTS).astype(np.float64)
    cosines = view_cosines(encoder, TEXTS, dropout=0.0)
    assert cosines == pytest.approx(rows @ rows.T, abs=2e-6)
    assert np.diag(cosines) == pytest.approx(np.ones(len(TEXTS)))


def test_with_dropout_the_cosines_are_those_of_the_training_loss(tiny_checkpoint: Path) -> None:
    encoder = load_encoder(str(tiny_checkpoint), precision="fp32", dropout=0.1)
    cosines = view_cosines(encoder, TEXTS, dropout=0.1, seed=3)
    encoder.train()
    torch.manual_seed(3)
    first, second = encoder.forward_train([*TEXTS, *TEXTS]).detach().split(len(TEXTS))
    seen = anatomy(cosines, np.arange(len(TEXTS)), temperature=0.05)
    assert seen.loss is not None
    assert seen.loss.mean() == pytest.approx(float(info_nce(first, second, temperature=0.05)), rel=1e-4)
    assert (np.diag(cosines) < 1 - 1e-6).all() and not np.allclose(cosines, cosines.T, atol=1e-4)


def test_looking_at_views_leaves_encoder_and_random_state_as_they_were(tiny_checkpoint: Path) -> None:
    encoder = load_encoder(str(tiny_checkpoint), precision="fp32")
    before = torch.get_rng_state()
    once = view_cosines(encoder, TEXTS, dropout=0.2, seed=1)
    assert not encoder.training and encoder.dropout == 0.2
    assert torch.equal(before, torch.get_rng_state())
    assert np.array_equal(once, view_cosines(encoder, TEXTS, dropout=0.2, seed=1))
    assert not np.allclose(once, view_cosines(encoder, TEXTS, dropout=0.2, seed=2))
    with pytest.raises(DataError):
        view_cosines(encoder, TEXTS[:1], dropout=0.1)


def test_false_negatives_are_known_by_their_group_and_likely_by_the_judge() -> None:
    judged = np.array([[1, 0.9, 0.2, 0.6], [0.9, 1, 0.1, 0.3], [0.2, 0.1, 1, 0.4], [0.6, 0.3, 0.4, 1]])
    found = false_negatives(judged, 0.6, (0, 0, ALONE, ALONE))
    expected = [[NOT, KNOWN, NOT, LIKELY], [KNOWN, NOT, NOT, NOT], [NOT] * 4, [LIKELY, NOT, NOT, NOT]]
    assert found.tolist() == expected
    assert false_negatives(judged, 0.6).tolist()[0] == [NOT, LIKELY, NOT, LIKELY]


def test_the_published_rows_are_those_of_table_d1() -> None:
    table = published("temperature")
    assert {row["temperature"]: row["score"] for row in table["rows"][1:]} == {
        "0.001": 84.9, "0.01": 85.4, "0.05": 86.2, "0.1": 82.0, "1": 64.0,
    }  # fmt: skip
    assert table["rows"][0]["score"] == 85.9 and "Table D.1" in table["table"]
    assert "supervised" in table["model"] and "development" in table["measure"]
    with pytest.raises(DataError):
        published("nothing")


def some_matrix(n: int) -> np.ndarray:
    return anatomy(np.random.default_rng(0).uniform(-1, 1, (n, n)), np.arange(n), temperature=0.5).shares


def test_the_matrix_has_a_fixed_range_and_outlines_its_positives() -> None:
    shares = some_matrix(5)
    figure = share_matrix(shares, TEXTS, LIGHT, title="x", unit="share", row=2, blank_diagonal=True)
    heat = figure.data[0]
    assert (heat.zmin, heat.zmax) == (0, 1)
    off = ~np.eye(5, dtype=bool)
    assert np.asarray(heat.z)[off] == pytest.approx(shares[off], abs=1e-6)
    assert np.isnan(np.diag(heat.z)).all()
    assert len(figure.layout.shapes) == 5 + 1
    frame = figure.layout.shapes[-1]
    assert (frame.y0, frame.y1) == (1.5, 2.5)
    assert len(share_matrix(shares, TEXTS, DARK, title="x", unit="p").layout.shapes) == 5


def test_the_largest_matrix_stays_below_a_megabyte_and_disarms_texts() -> None:
    texts = [f"<b>{i}</b> %{{z}} " + "long " * 60 for i in range(64)]
    figure = share_matrix(some_matrix(64), texts, LIGHT, title="x", unit="p", row=0)
    assert len(figure.to_json()) < 1_000_000
    hover = figure.data[0].text[0][1]
    assert "<b>" not in hover and "%{z}" not in hover


def test_curves_carry_their_numbers_and_mark_the_chosen_temperature() -> None:
    taus = np.array([0.01, 0.1, 1.0])
    tops, counts = (
        [("one", [1, 0.5, 0.1]), ("all", [0.9, 0.4, 0.1])],
        [("one", [1, 2, 9]), ("all", [1, 3, 9])],
    )
    option = share_curves(taus, tops, counts, LIGHT, title="x", at=0.2, most=31)
    series = option["series"]
    assert [one["data"][1][1] for one in series] == [0.5, 0.4, 2, 3]
    marks = [one["markLine"]["data"][0]["xAxis"] for one in series if "markLine" in one]
    assert marks == [0.2, 0.2]
    assert option["yAxis"][1]["max"] == 32 and option["yAxis"][1]["interval"] == 8
    assert "interval" not in share_curves(taus, tops, counts, LIGHT, title="x", at=1, most=6)["yAxis"][1]
    json.dumps(option, allow_nan=False)


def sweep(**more: object) -> Panel:
    return Panel("score", {0.1: {42: 1.0, 43: 3.0}, 0.01: {42: 5.0, 43: 4.0}}, **more)  # type: ignore[arg-type]


def test_the_sweep_draws_every_seed_the_mean_and_the_band() -> None:
    names = {part: part for part in ("mean", "band", "seed", "before", "own")}
    panels = [sweep(before=2.5, own=[(0.5, 6.0, "<i>run</i>")]), sweep()]
    figure = sweep_figure(panels, LIGHT, title="x", names=names, marked=0.05)
    first = {trace.name: trace for trace in figure.data if trace.yaxis == "y"}
    assert list(first["mean"].x) == [0.01, 0.1] and list(first["mean"].y) == [4.5, 2.0]
    assert list(first["band"].y) == [5.0, 3.0, 1.0, 4.0]  # upper edge, then the lower one backwards
    assert sorted(zip(first["seed"].x, first["seed"].y, first["seed"].customdata, strict=True)) == [
        (0.01, 4.0, 43), (0.01, 5.0, 42), (0.1, 1.0, 42), (0.1, 3.0, 43),
    ]  # fmt: skip
    assert set(first["before"].y) == {2.5}
    assert list(first["own"].x) == [0.5] and "<i>" not in first["own"].text[0]
    second = {trace.name for trace in figure.data if trace.yaxis == "y2"}
    assert second == {"mean", "band", "seed"}
    assert figure.layout.xaxis.type == "log" and figure.layout.xaxis2.type == "log"
    assert sum(bool(trace.showlegend) for trace in figure.data) == 5
