"""`project` and the files of `encode`: a table, a page, vectors in, and refusals in one line."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from unit.training_factory import SENTENCES

from simcse_core.cli import main
from simcse_core.data.vector_reading import read_vectors
from simcse_core.data.vectors import make_vectors, save_vectors
from simcse_core.figures.projection import MANY, SHOWN, projection_map
from simcse_core.figures.theme import DARK, LIGHT
from simcse_core.projection import project

TEXTS = ["</script><b>bold</b>", "a,b", 'say "no"', "two\nlines", *(f"text {i}" for i in range(36))]


@pytest.fixture
def vectors(tmp_path: Path) -> Path:
    x = np.random.default_rng(0).normal(size=(40, 6))
    labels = {"kind": ["even", "odd"] * 20}
    return save_vectors(make_vectors(x, TEXTS, labels), tmp_path / "v.tsv")[0]


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    try:
        code = main(["project", *arguments])
    except SystemExit as stop:
        code = stop.code
    told = capsys.readouterr().err
    assert code == 2 and told.startswith("error: ") and told.count("\n") == 1, told
    return told


def table(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_vectors_to_a_table_and_a_page(
    vectors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, page = tmp_path / "map.csv", tmp_path / "map.html"
    assert main(["project", "--vectors", str(vectors), "--output", str(out), "--html", str(page)]) == 0
    told = capsys.readouterr().out
    found = project(read_vectors(vectors).embeddings)
    assert f"40 points, PCA, seed 0, {100 * sum(found.explained or ()):.0f}\u00a0% of the variance" in told
    assert f"trustworthiness {found.trustworthiness:.3f}" in told and "25.6\u00a0% by chance" in told
    rows = table(out)
    assert rows[0] == ["row", "x", "y", "text", "kind"]
    assert [row[3] for row in rows[1:]] == TEXTS and rows[2][4] == "odd"
    assert np.allclose([[float(v) for v in row[1:3]] for row in rows[1:]], found.points, atol=1e-5)
    html = page.read_text(encoding="utf-8")
    assert "<b>bold" not in html and "</script><b>" not in html and "bold" in html
    assert 'src="http' not in html and len(html) > 1_000_000  # plotly itself is inside


def test_three_dimensions_by_tsne_with_a_setting(vectors: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.csv"
    command = ["project", "--vectors", str(vectors), "--method", "tsne", "--set", "perplexity=8"]
    assert main([*command, "--dimensions", "3", "--seed", "4", "--output", str(out)]) == 0
    rows = table(out)
    assert rows[0][:4] == ["row", "x", "y", "z"] and len(rows) == 41
    expected = project(read_vectors(vectors).embeddings, "tsne", dimensions=3, seed=4, perplexity=8)
    assert np.allclose([[float(v) for v in row[1:4]] for row in rows[1:]], expected.points, rtol=1e-4)


def test_sentences_to_vectors_to_a_map(tmp_path: Path, tiny_checkpoint: Path) -> None:
    sentences, model = tmp_path / "in.txt", ["--model", str(tiny_checkpoint), "--precision", "fp32"]
    sentences.write_text("\n".join(SENTENCES), encoding="utf-8")
    shared = [*model, "--input", str(sentences), "--output"]
    assert main(["encode", *shared, str(tmp_path / "a.npy")]) == 0
    assert not (tmp_path / "a.metadata.tsv").exists()
    assert main(["encode", *shared, str(tmp_path / "b.npy"), "--texts"]) == 0
    assert main(["encode", *shared, str(tmp_path / "c.tsv")]) == 0
    read = [read_vectors(tmp_path / name) for name in ("b.npy", "c.tsv")]
    assert all(one.texts == tuple(SENTENCES) for one in read)
    assert np.array_equal(read[0].embeddings, read[1].embeddings)
    assert main(["project", *shared, str(tmp_path / "map.csv")]) == 0
    assert (
        main(["project", "--vectors", str(tmp_path / "c.tsv"), "--output", str(tmp_path / "same.csv")]) == 0
    )
    assert table(tmp_path / "map.csv") == table(tmp_path / "same.csv")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--output", "map.csv"], "--model and --input, or --vectors"),
        (["--model", "minilm", "--output", "map.csv"], "--model and --input"),
        (["--vectors", "V", "--model", "minilm", "--output", "map.csv"], "leave out --model"),
        (["--vectors", "V", "--output", "map.png"], "end in .csv"),
        (["--vectors", "V", "--output", "map.csv", "--html", "map.pdf"], "end in .html"),
        (["--vectors", "V", "--output", "map.csv", "--method", "som"], "no projection called 'som'"),
        (["--vectors", "V", "--output", "map.csv", "--set", "k"], "KEY=VALUE"),
        (["--vectors", "V", "--output", "map.csv", "--set", "k=3"], "no parameter 'k'"),
        (["--vectors", "V", "--output", "map.csv", "--dimensions", "5"], "2 or 3"),
        (
            ["--vectors", "V", "--output", "map.csv", "--method", "umap", "--set", "neighbours=50"],
            "50 rows; got 40",
        ),
        (["--vectors", "absent.npy", "--output", "map.csv"], "absent.npy"),
        (["--vectors", "V", "--output", "absent/map.csv"], "cannot be written"),
        (["--model", "minilm", "--input", "one.txt", "--output", "map.csv"], "three or more rows"),
    ],
)
def test_refusals(
    arguments: list[str],
    told: str,
    vectors: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one.txt").write_text("one sentence\n", encoding="utf-8")
    assert told in refused(capsys, *[str(vectors) if a == "V" else a for a in arguments])


def test_figure_names_groups_and_shortens_texts() -> None:
    x = np.random.default_rng(0).normal(size=(14, 2))
    names = [f"g{i % 7}" for i in range(14)]
    figure = projection_map(x, ["w" * 500] * 14, DARK, title="A map", groups=names)
    assert [trace.name for trace in figure.data] == [f"g{i}" for i in range(7)]
    looks = {(trace.marker.color, trace.marker.symbol) for trace in figure.data}
    assert len(looks) == 7  # a seventh group has a colour again, but another mark
    assert np.allclose(np.column_stack([figure.data[1].x, figure.data[1].y]), x[1::7].astype(np.float32))
    assert len(figure.data[0].text[0]) == SHOWN and figure.layout.yaxis.scaleanchor == "x"
    solid = projection_map(np.zeros((4, 3)), list("abcd"), LIGHT, title="A map")
    assert solid.data[0].type == "scatter3d" and not solid.layout.showlegend
    many = projection_map(np.zeros((MANY + 1, 2)), [""] * (MANY + 1), LIGHT, title="A map")
    assert many.data[0].marker.size < figure.data[0].marker.size
