"""The cross-encoder: against transformers and sentence-transformers with the same weights; its training."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from unit.encoder_factory import load, make_checkpoint

from simcse_core.config import OptimConfig
from simcse_core.data.records import ScoredPair
from simcse_core.encoders.cross import CrossEncoder, load_cross_encoder
from simcse_core.errors import DataError, EncoderError
from simcse_core.training.cross import CrossTrainer, pair_loss

PAIRS = [
    ("a man plays the guitar", "the cat sleeps"),
    ("the cat sleeps", "a man plays the guitar"),
    ("two dogs run near the old river at night with three people", "bread"),
    ("", "an old woman reads a blue book in the city on a day of seven walks to the house"),
    ("bread", "bread"),
]


def made(folder: Path, seed: int = 0) -> CrossEncoder:
    return CrossEncoder(load(folder, dropout=0.1), generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def saved(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cross") / "cross"
    made(bert).save(folder)
    return folder


def their_logits(folder: Path, pairs: list[tuple[str, str]]) -> torch.Tensor:
    """By the class of transformers, one padded batch of its own tokenizer."""
    from transformers import AutoTokenizer, BertForSequenceClassification

    model = BertForSequenceClassification.from_pretrained(folder).eval()
    assert model.config.num_labels == 1
    tokens = AutoTokenizer.from_pretrained(folder)
    ids = [tokens(a, b) for a, b in pairs]
    longest = max(len(one["input_ids"]) for one in ids)
    given = {
        key: torch.tensor([one[name] + [0] * (longest - len(one[name])) for one in ids])
        for key, name in (("input_ids", "input_ids"), ("attention_mask", "attention_mask"))
    }
    kinds = torch.zeros_like(given["input_ids"])
    for row, one in enumerate(ids):  # the second text starts after the first [SEP]
        end = one["input_ids"].index(tokens.sep_token_id)
        kinds[row, end + 1 : len(one["input_ids"])] = 1
    with torch.no_grad():
        logits: torch.Tensor = model(**given, token_type_ids=kinds).logits[:, 0]
    return logits


def test_its_forward_is_that_of_transformers(saved: Path) -> None:
    cross = load_cross_encoder(saved, device="cpu", precision="fp32")
    theirs = their_logits(saved, PAIRS)
    assert float(theirs.std()) > 1e-3  # different pairs differ
    assert cross.logits(PAIRS).detach().numpy() == pytest.approx(theirs.numpy(), abs=1e-5)
    assert cross.score(PAIRS) == pytest.approx(theirs.sigmoid().numpy(), abs=1e-5)


def test_sentence_transformers_opens_the_folder_and_agrees(saved: Path) -> None:
    from sentence_transformers import CrossEncoder as Theirs

    theirs = Theirs(str(saved), device="cpu").predict(PAIRS)
    ours = load_cross_encoder(saved, device="cpu", precision="fp32").score(PAIRS)
    assert ours == pytest.approx(theirs, abs=1e-5)


def test_the_segments_and_the_order_of_a_pair_matter(bert: Path) -> None:
    cross = made(bert)
    _, kinds = cross.token_rows([("a man", "the cat sleeps")])
    assert kinds == [[0, 0, 0, 0, 1, 1, 1, 1]]
    scores = cross.score(PAIRS[:2])
    assert abs(float(scores[0] - scores[1])) > 1e-5
    one_by_one = [float(cross.score([pair])[0]) for pair in PAIRS]
    assert cross.score(PAIRS) == pytest.approx(one_by_one, abs=1e-6)


def test_gradients_are_those_of_transformers(saved: Path) -> None:
    from transformers import BertForSequenceClassification

    cross = load_cross_encoder(saved, device="cpu", precision="fp32")
    cross.logits(PAIRS[:1]).sum().backward()
    theirs = BertForSequenceClassification.from_pretrained(saved).eval()
    rows, kinds = cross.token_rows(PAIRS[:1])
    theirs(input_ids=torch.tensor(rows), token_type_ids=torch.tensor(kinds)).logits.sum().backward()
    own = dict(cross.encoder.model.named_parameters())
    for name, parameter in theirs.bert.named_parameters():
        assert parameter.grad is not None and own[name].grad is not None
        assert own[name].grad.numpy() == pytest.approx(parameter.grad.numpy(), abs=2e-5), name
    assert cross.classifier.weight.grad is not None
    assert cross.classifier.weight.grad.numpy() == pytest.approx(
        theirs.classifier.weight.grad.numpy(), abs=1e-5
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.floats(-30, 30), st.floats(0, 1)), min_size=1, max_size=8))
def test_the_loss_is_the_cross_entropy_of_a_graded_label(rows: list[tuple[float, float]]) -> None:
    logits = torch.tensor([x for x, _ in rows], dtype=torch.float64, requires_grad=True)
    target = torch.tensor([y for _, y in rows], dtype=torch.float64)
    value = pair_loss(logits, target)
    value.backward()
    by_hand = [y * math.log1p(math.exp(-x)) + (1 - y) * (x + math.log1p(math.exp(-x))) for x, y in rows]
    assert value.item() == pytest.approx(sum(by_hand) / len(rows), rel=1e-9, abs=1e-9)
    slopes = [(1 / (1 + math.exp(-x)) - y) / len(rows) for x, y in rows]
    assert logits.grad is not None and logits.grad.tolist() == pytest.approx(slopes, abs=1e-9)


def test_the_loss_has_its_known_values() -> None:
    assert float(pair_loss(torch.zeros(3), torch.tensor([0.0, 0.5, 1.0]))) == pytest.approx(math.log(2))
    assert float(pair_loss(torch.tensor([40.0, -40.0]), torch.tensor([1.0, 0.0]))) == pytest.approx(
        0, abs=1e-9
    )


def scored() -> list[ScoredPair]:
    alike = [ScoredPair(a, a, 5.0) for a, _ in PAIRS if a]
    return [*alike * 2, *(ScoredPair(a, b, 0.0) for a, b in PAIRS if a != b)]


def test_training_learns_and_is_the_same_for_the_same_seed(bert: Path) -> None:
    config = OptimConfig(steps=40, batch_size=8, learning_rate=5e-3, warmup=0.1)
    runs = []
    for _ in range(2):
        cross = made(bert, seed=3)
        trainer = CrossTrainer(config, cross, scored(), seed=3)
        runs.append(([trainer.advance().loss for _ in range(40)], cross.score(PAIRS)))
    assert runs[0][0] == runs[1][0] and (runs[0][1] == runs[1][1]).all()
    assert np.mean(runs[0][0][-4:]) < np.mean(runs[0][0][:4]) - 0.1
    alike, different = runs[0][1][4], runs[0][1][0]
    assert alike > 0.5 > different


def test_a_saved_one_scores_as_before(bert: Path, tmp_path: Path) -> None:
    cross = made(bert, seed=5)
    before = cross.score(PAIRS)
    cross.save(tmp_path / "there")
    assert load_cross_encoder(tmp_path / "there", precision="fp32").score(PAIRS) == pytest.approx(
        before, abs=1e-6
    )


def test_what_is_no_cross_encoder_is_refused(bert: Path, saved: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match="no classifier"):
        load_cross_encoder(bert)
    with pytest.raises(EncoderError, match="cannot read pairs"):
        CrossEncoder(load(make_checkpoint(tmp_path / "mpnet", "mpnet")))
    pickled = Path(shutil.copytree(saved, tmp_path / "pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(EncoderError, match="pickled"):
        load_cross_encoder(pickled)
    own_code = Path(shutil.copytree(saved, tmp_path / "code"))
    config = json.loads((own_code / "config.json").read_text(encoding="utf-8"))
    (own_code / "config.json").write_text(json.dumps({**config, "auto_map": {"x": "y"}}), encoding="utf-8")
    with pytest.raises(EncoderError, match="code of its own"):
        load_cross_encoder(own_code)


def test_rows_that_are_no_pairs_and_scores_off_the_scale_are_refused(bert: Path) -> None:
    cross = made(bert)
    with pytest.raises(DataError, match="Row 2"):
        cross.logits([("a", "b"), ("a", None)])  # type: ignore[list-item]
    with pytest.raises(DataError, match="no pairs"):
        cross.logits([])
    assert cross.score([]).shape == (0,)
    with pytest.raises(DataError, match="between 0 and 5"):
        CrossTrainer(OptimConfig(), cross, [ScoredPair("a", "b", 7.0)] * 64, seed=0)
