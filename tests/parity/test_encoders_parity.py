"""Our forward against the HF forward, and saved folders against sentence-transformers and transformers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from unit.encoder_factory import FAMILIES, SENTENCES, hf_hidden_states, make_checkpoint

from simcse_core.encoders import Encoder, load_encoder
from simcse_core.encoders.poolers import poolers

torch.set_num_threads(1)
SHORT = [text for text in SENTENCES if text]


@pytest.fixture(scope="module", params=FAMILIES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp(request.param) / request.param, request.param)


@pytest.fixture(scope="module")
def encoder(checkpoint: Path) -> Encoder:
    return load_encoder(str(checkpoint), pooling="mean", device="cpu", precision="fp32", dropout=0.1)


def test_every_layer_equals_the_hf_forward(checkpoint: Path, encoder: Encoder) -> None:
    ours = encoder.encode_layers(
        SENTENCES, poolings=["mean", "cls_before_pooler", "max", "first_last", "last2"], normalize=False
    )
    for row, text in enumerate(SENTENCES):
        states = hf_hidden_states(checkpoint, encoder, text)
        for layer, state in enumerate(states):
            first, below = states[min(1, layer)], states[max(layer - 1, 0)]
            expected = {
                "mean": state.mean(0),
                "cls_before_pooler": state[0],
                "max": state.amax(0),
                "first_last": (first.mean(0) + state.mean(0)) / 2,
                "last2": (below.mean(0) + state.mean(0)) / 2,
            }
            for pooling, value in expected.items():
                np.testing.assert_allclose(
                    ours[layer, pooling][row], value, atol=1e-5, err_msg=f"{layer} {pooling}"
                )


def test_a_row_does_not_depend_on_its_batch(encoder: Encoder) -> None:
    together = encoder.encode(SENTENCES)
    alone = np.concatenate([encoder.encode([text]) for text in SENTENCES])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert together.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_training_forward_in_eval_mode_equals_encode(encoder: Encoder) -> None:
    with torch.no_grad():
        found = encoder.eval().forward_train(SENTENCES)
        by_tokens = encoder.forward_train(encoder.tokenize(SENTENCES))
    np.testing.assert_allclose(found, encoder.encode(SENTENCES, normalize=False), atol=1e-5)
    np.testing.assert_allclose(found, by_tokens, atol=1e-6)


def test_gradients_equal_those_of_the_hf_forward(checkpoint: Path, encoder: Encoder) -> None:
    from transformers import AutoModel

    reference = AutoModel.from_pretrained(checkpoint).eval()
    batch = encoder.tokenize(SHORT)
    states = reference(input_ids=batch.ids, attention_mask=batch.mask.long()).last_hidden_state
    weights = torch.randn(len(SHORT), 32, generator=torch.Generator().manual_seed(0))
    pooled = (states * batch.mask[..., None]).sum(1) / batch.mask.sum(1, keepdim=True)
    (pooled * weights).sum().backward()
    encoder.eval().zero_grad()
    (encoder.forward_train(SHORT) * weights).sum().backward()
    mine = dict(encoder.model.named_parameters())
    for name, parameter in reference.named_parameters():
        if parameter.grad is None or not bool(parameter.grad.any()):
            continue
        scale = float(parameter.grad.abs().max())
        torch.testing.assert_close(mine[name].grad, parameter.grad, atol=2e-5 * max(scale, 1), rtol=1e-3)
    encoder.zero_grad()


@pytest.mark.parametrize("pooling", ["mean", "cls_before_pooler", "max", "cls"])
def test_saved_folder_opens_in_sentence_transformers_and_transformers(
    checkpoint: Path, pooling: str, tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer
    from transformers import AutoModel, AutoTokenizer

    if pooling == "cls" and not hasattr(AutoModel.from_pretrained(checkpoint), "pooler"):
        ours = load_encoder(str(checkpoint), pooling="mean", device="cpu", precision="fp32", dropout=0.1)
        ours.attach_head(keep=True, generator=torch.Generator().manual_seed(1))
    else:
        ours = load_encoder(str(checkpoint), pooling=pooling, device="cpu", precision="fp32", dropout=0.1)
    ours.save(tmp_path / "saved")
    expected = ours.encode(SENTENCES)
    theirs = SentenceTransformer(str(tmp_path / "saved"), device="cpu").encode(list(SENTENCES))
    np.testing.assert_allclose(theirs, expected, atol=1e-5)
    again = load_encoder(str(tmp_path / "saved"), device="cpu", precision="fp32")
    assert again.pooling == pooling
    assert again.max_length == ours.max_length
    np.testing.assert_allclose(again.encode(SENTENCES), expected, atol=1e-6)
    opened = AutoModel.from_pretrained(tmp_path / "saved")
    for name, tensor in ours.model.state_dict().items():
        if not (pooling == "cls" and name.startswith("pooler.")):
            torch.testing.assert_close(opened.state_dict()[name], tensor, atol=0, rtol=0)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert tokenizer(SENTENCES[0])["input_ids"] == ours.text_tokenizer.ids([SENTENCES[0]])[0]


@pytest.mark.parametrize("pooling", ["first_last", "last2"])
def test_pooling_that_sentence_transformers_lacks_is_said_and_read_back(
    tiny_checkpoint: Path, pooling: str, tmp_path: Path
) -> None:
    import json

    ours = load_encoder(str(tiny_checkpoint), pooling=pooling, device="cpu", precision="fp32")
    ours.save(tmp_path)
    stated = json.loads((tmp_path / "simcse.json").read_text(encoding="utf-8"))
    assert stated["pooling"] == pooling and not stated["expressible_in_sentence_transformers"]
    again = load_encoder(str(tmp_path), device="cpu", precision="fp32")
    np.testing.assert_allclose(again.encode(SENTENCES), ours.encode(SENTENCES), atol=1e-6)


def test_mask_pooling_reads_the_mask_token(tmp_path: Path) -> None:
    folder = make_checkpoint(tmp_path / "bert")
    encoder = load_encoder(str(folder), pooling="mask", device="cpu", precision="fp32")
    texts = ["the cat means [MASK] .", "an old man reads means [MASK] ."]
    found = encoder.encode(texts, normalize=False)
    for row, text in enumerate(texts):
        place = encoder.tokens(text).index("[MASK]")
        np.testing.assert_allclose(found[row], hf_hidden_states(folder, encoder, text)[-1][place], atol=1e-5)


def test_bfloat16_stays_near_float32(checkpoint: Path, encoder: Encoder) -> None:
    half = load_encoder(str(checkpoint), pooling="mean", device="cpu", precision="bf16", dropout=0.1)
    cosines = (half.encode(SENTENCES) * encoder.encode(SENTENCES)).sum(axis=1)
    assert cosines.min() > 0.999


def test_every_pooler_is_covered_here() -> None:
    assert set(poolers) == {"mean", "cls_before_pooler", "max", "cls", "first_last", "last2", "mask"}


@pytest.mark.sts
def test_minilm_on_sts_b_gives_the_published_number(sts_folder: Path) -> None:
    from scipy.stats import spearmanr

    lines = (sts_folder / "STS-B" / "test.tsv").read_text(encoding="utf-8").splitlines()[1:401]
    scores, first, second = zip(*(line.split("\t") for line in lines), strict=True)
    encoder = load_encoder("minilm", device="cpu", precision="fp32")
    a, b = encoder.encode(first), encoder.encode(second)
    theirs = _sentence_transformers_rows([*first[:40], *second[:40]])
    np.testing.assert_allclose(np.concatenate([a[:40], b[:40]]), theirs, atol=1e-5)
    assert spearmanr((a * b).sum(1), [float(s) for s in scores]).statistic > 0.75


def _sentence_transformers_rows(texts: list[str]) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    from simcse_core.encoders.packaged import model_folder

    return np.asarray(SentenceTransformer(str(model_folder()), device="cpu").encode(texts))
