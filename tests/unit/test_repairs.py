"""Repairs kept with a checkpoint: what `encode` gives afterwards, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from unit.encoder_factory import load, rewrite

from simcse_core.cli import main
from simcse_core.encoders import load_encoder
from simcse_core.encoders.repairs import fit_repair
from simcse_core.errors import ConfigError, DataError, EncoderError
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.postprocess import postprocessors

WORDS = "man woman cat dog tree house river guitar book bread city night day child".split()
CORPUS = [f"the {a} is near the {b} {c}" for a in WORDS for b in WORDS[:5] for c in ("and sleeps", "today")]
FEW = CORPUS[:10]


def cosines(rows: np.ndarray) -> np.ndarray:
    return rows @ rows.T


@pytest.fixture(scope="module")
def whitened(bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repaired") / "whitened"
    encoder = load(bert)
    encoder.repairs = (fit_repair(encoder, CORPUS, "whitening", fitted_on="corpus", k=8),)
    encoder.save(folder)
    return folder


def test_a_saved_repair_is_applied_by_encode(bert: Path, whitened: Path) -> None:
    """Against the formula: (h - mean) U / sqrt(variance), written out with an eigendecomposition."""
    raw = load(bert).encode(CORPUS, normalize=False).astype(np.float64)
    values, vectors = np.linalg.eigh(np.cov(raw, rowvar=False))
    expected = (raw - raw.mean(axis=0)) @ vectors[:, ::-1][:, :8] / np.sqrt(values[::-1][:8])
    encoder = load(whitened)
    found = encoder.encode(CORPUS, normalize=False)
    assert encoder.dimension == 8 and encoder.width == 32 and found.dtype == np.float32
    assert np.allclose(np.abs(found), np.abs(expected), atol=1e-3)
    assert np.allclose(np.cov(found, rowvar=False), np.eye(8), atol=1e-3)
    unit = encoder.encode(FEW)
    assert np.allclose(np.linalg.norm(unit, axis=1), 1, atol=1e-6)
    alone = np.concatenate([encoder.encode([text]) for text in FEW])
    assert np.allclose(alone, unit, atol=1e-5)
    assert encoder.encode([]).shape == (0, 8)


@pytest.mark.parametrize("name", list(postprocessors))
def test_every_repair_survives_the_folder(name: str, bert: Path, tmp_path: Path) -> None:
    encoder = load(bert)
    encoder.repairs = (fit_repair(encoder, CORPUS, name),)
    encoder.save(tmp_path / "kept")
    again = load(tmp_path / "kept")
    assert np.array_equal(again.encode(FEW), encoder.encode(FEW))
    assert again.digest == encoder.digest != load(bert).digest
    assert again.repairs[0].facts() == encoder.repairs[0].facts()


def test_repairs_follow_each_other(bert: Path, tmp_path: Path) -> None:
    encoder = load(bert)
    for name in ("component_removal", "standardising"):
        encoder.repairs = (*encoder.repairs, fit_repair(encoder, CORPUS, name))
    encoder.save(tmp_path / "both")
    rows = load(tmp_path / "both").encode(CORPUS, normalize=False)
    assert np.abs(rows.mean(axis=0)).max() < 1e-4 and np.allclose(rows.std(axis=0, ddof=1), 1, atol=1e-3)
    encoder.repairs = ()
    encoder.save(tmp_path / "both")  # replaced: nothing of the repairs may stay behind
    assert load(tmp_path / "both").repairs == ()


def test_a_cone_is_flattened(bert: Path, whitened: Path) -> None:
    assert mean_cosine(load(bert).encode(CORPUS)) > 0.5 > abs(mean_cosine(load(whitened).encode(CORPUS)))


def test_another_reading_is_not_repaired(whitened: Path) -> None:
    for encoder in (load(whitened, pooling="max"), load_encoder(f"{whitened}:2", device="cpu")):
        assert encoder.repairs == () and encoder.dimension == 32
        assert any("left out" in note for note in encoder.notes)
    assert load(whitened, repaired=False).repairs == ()


def test_layers_and_training_are_read_without_it(whitened: Path) -> None:
    encoder = load(whitened)
    assert encoder.forward_train(FEW).shape == (10, 32)
    assert encoder.encode_layers(FEW, poolings=["mean"])[3, "mean"].shape == (10, 32)


def test_what_cannot_be_fitted(bert: Path) -> None:
    encoder = load(bert)
    with pytest.raises(DataError, match="10 rows of 32 vary in 9"):
        fit_repair(encoder, FEW, "whitening", k=16)
    with pytest.raises(DataError, match="two or more rows"):
        fit_repair(encoder, ["one", "one"], "centering")
    with pytest.raises(ConfigError, match="no parameter 'j'"):
        fit_repair(encoder, FEW, "whitening", j=1)
    assert fit_repair(encoder, FEW, "whitening").width == 9  # rank-deficient: the directions there are


def test_broken_repairs_are_refused(whitened: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    folder = Path(shutil.copytree(whitened, tmp_path / "broken"))
    told, file = folder / "postprocess/repairs.json", folder / "postprocess/0-whitening.safetensors"
    arrays = load_file(file)
    metadata = {"postprocessor": "whitening"}
    save_file({**arrays, "kernel": arrays["kernel"] * np.nan}, file, metadata=metadata)
    with pytest.raises(EncoderError, match="not finite"):
        load(folder)
    save_file({**arrays, "mean": arrays["mean"][:20]}, file, metadata=metadata)
    with pytest.raises(EncoderError, match="fitted on 20 dimensions"):
        load(folder)
    save_file({**arrays, "kernel": arrays["kernel"][:20]}, file, metadata=metadata)
    with pytest.raises(EncoderError, match="cannot be used"):
        load(folder)
    file.unlink()
    with pytest.raises(EncoderError, match="cannot be read"):
        load(folder)
    rewrite(told, format=2)
    with pytest.raises(EncoderError, match="format 2"):
        load(folder)
    rewrite(told, format=1, repairs=[{"file": 3}])
    with pytest.raises(EncoderError, match="cannot be used"):
        load(folder)


def test_command(bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus, out = tmp_path / "corpus.txt", tmp_path / "out"
    corpus.write_text("\n".join(CORPUS))
    command = ["repair", "--model", str(bert), "--fit", str(corpus), "--method", "whitening"]
    assert main([*command, "--set", "k=8", "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["width"] == 8 and told["sentences"] == len(CORPUS) and told["fitted_on"] == "corpus.txt"
    assert abs(told["mean_cosine_after"]) < 0.05 < told["mean_cosine_before"]
    assert load(out).dimension == 8
    for extra, said in (
        (["--out", str(out)], "not an empty folder"),
        (["--set", "k=99", "--out", str(tmp_path / "x")], "99 directions"),
        (["--set", "k", "--out", str(tmp_path / "x")], "KEY=VALUE"),
        (["--method", "magic", "--out", str(tmp_path / "x")], "magic"),
        (["--fit", "absent.txt", "--out", str(tmp_path / "x")], "absent.txt"),
    ):
        assert main([*command, *extra]) == 2
        error = capsys.readouterr().err
        assert said in error and error.count("\n") == 1
    assert not (tmp_path / "x").exists()
    assert main([*command[:-1], "centering", "--out", str(tmp_path / "plain")]) == 0
    assert "mean cosine" in capsys.readouterr().out
