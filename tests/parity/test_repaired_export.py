"""Exported folders opened by sentence-transformers: with repairs, without, and with a flow."""

import json
from pathlib import Path

import numpy as np
import pytest

from simcse_core.encoders import load_encoder
from simcse_core.encoders.repairs import fit_repair, repaired
from simcse_core.postprocess import postprocessors
from simcse_core.postprocess.affine import affine_of

WORDS = "man woman cat dog tree house river guitar book bread city night day child".split()
CORPUS = [f"the {a} is near the {b} {c}" for a in WORDS for b in WORDS[:5] for c in ("and sleeps", "today")]
AFFINE = [name for name in postprocessors if name != "flow"]
CPU = {"device": "cpu", "precision": "fp32"}


def theirs(folder: Path) -> np.ndarray:
    from sentence_transformers import SentenceTransformer

    return np.asarray(SentenceTransformer(str(folder), device="cpu").encode(CORPUS[:40]))


@pytest.mark.parametrize("repair", ["none", *AFFINE])
def test_sentence_transformers_gives_the_same_rows(
    tiny_checkpoint: Path, repair: str, tmp_path: Path
) -> None:
    encoder = load_encoder(str(tiny_checkpoint), **CPU)
    if repair != "none":
        more = {"k": 8} if repair == "whitening" else {}
        encoder.repairs = (fit_repair(encoder, CORPUS, repair, **more),)
    encoder.save(tmp_path / "kept")
    expected = encoder.encode(CORPUS[:40])
    # a repair takes away what is common and so enlarges the last digits in which two forwards differ
    np.testing.assert_allclose(theirs(tmp_path / "kept"), expected, atol=1e-6 if repair == "none" else 5e-6)
    stated = json.loads((tmp_path / "kept" / "simcse.json").read_text(encoding="utf-8"))
    assert stated["expressible_in_sentence_transformers"] and "warning" not in stated
    again = load_encoder(str(tmp_path / "kept"), **CPU)
    assert again.head is None and len(again.repairs) == len(encoder.repairs)
    np.testing.assert_allclose(again.encode(CORPUS[:40]), expected, atol=1e-6)


@pytest.mark.parametrize("repair", AFFINE)
def test_dense_layers_repair_the_same_rows_to_a_millionth(
    tiny_checkpoint: Path, repair: str, tmp_path: Path
) -> None:
    """Pooled rows, repaired here in double precision and there by the layers of the folder."""
    import torch
    from sentence_transformers import SentenceTransformer

    encoder = load_encoder(str(tiny_checkpoint), **CPU)
    more = {"k": 8} if repair == "whitening" else {}
    encoder.repairs = (fit_repair(encoder, CORPUS, repair, **more),)
    encoder.save(tmp_path)
    model = SentenceTransformer(str(tmp_path), device="cpu")
    encoder.repairs, kept = (), encoder.repairs
    features = {"sentence_embedding": torch.from_numpy(encoder.encode(CORPUS[:40], normalize=False))}
    for module in list(model)[2:]:
        features = module(features)
    expected = repaired(encoder.encode(CORPUS[:40], normalize=False), kept, normalize=True)
    np.testing.assert_allclose(features["sentence_embedding"].detach().numpy(), expected, atol=1e-6)


def test_repairs_follow_a_head_and_each_other(tiny_checkpoint: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(tiny_checkpoint), **CPU)
    encoder.attach_head(keep=True)
    for name in ("centering", "component_removal"):
        encoder.repairs = (*encoder.repairs, fit_repair(encoder, CORPUS, name))
    encoder.save(tmp_path)
    # after the two repairs a fiftieth of the length is left, so two forwards differ fifty times as much
    np.testing.assert_allclose(theirs(tmp_path), encoder.encode(CORPUS[:40]), atol=5e-5)
    again = load_encoder(str(tmp_path), **CPU)
    assert again.head is not None and again.pooling == "cls"
    np.testing.assert_allclose(again.encode(CORPUS[:40]), encoder.encode(CORPUS[:40]), atol=1e-6)


def test_what_cannot_be_carried_is_said(tiny_checkpoint: Path, tmp_path: Path) -> None:
    encoder = load_encoder(str(tiny_checkpoint), **CPU)
    plain = encoder.encode(CORPUS[:40])
    encoder.repairs = (fit_repair(encoder, CORPUS, "flow", epochs=1),)
    encoder.save(tmp_path / "flow")
    np.testing.assert_allclose(theirs(tmp_path / "flow"), plain, atol=1e-6)  # there, without the flow
    encoder.repairs = (fit_repair(load_encoder(str(tiny_checkpoint), **CPU), CORPUS, "centering"),)
    encoder.save(tmp_path / "plain", layout="transformers")
    for folder in ("flow", "plain"):
        stated = json.loads((tmp_path / folder / "simcse.json").read_text(encoding="utf-8"))
        assert (
            not stated["expressible_in_sentence_transformers"] and "without its repairs" in stated["warning"]
        )


@pytest.mark.parametrize("name", AFFINE)
def test_affine_maps_are_recognised(name: str) -> None:
    rows = np.random.default_rng(0).standard_normal((200, 6)) @ np.diag([5, 3, 2, 1, 0.1, 0.01]) + 7
    fitted = postprocessors[name].fit(rows)
    found = affine_of(fitted.transform, 6)
    assert found is not None
    np.testing.assert_allclose(found(rows), fitted.transform(rows), atol=1e-8 * np.abs(rows).max() * 100)


def test_maps_that_are_not_affine_are_not() -> None:
    assert affine_of(np.abs, 4) is None
    assert affine_of(lambda x: x / (1 + np.linalg.norm(x, axis=1, keepdims=True)), 4) is None
    found = affine_of(lambda x: x[:, :2] + 3, 4)
    assert found is not None and found.matrix.shape == (2, 4)
    np.testing.assert_allclose(found(np.ones((1, 4))), [[4, 4]])
