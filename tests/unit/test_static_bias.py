"""Static-token bias against loops over the table, on a tokenizer whose cuts are known."""

import json
from pathlib import Path

import numpy as np
import pytest
from unit.encoder_factory import FAMILIES, load, make_checkpoint

from simcse_core.cli import main
from simcse_core.data.records import ScoredPairs
from simcse_core.errors import DataError
from simcse_core.evaluation.static_bias import REMOVALS, input_table, static_removals, token_map, tokens_of
from simcse_core.metrics.sts import cosines, spearman

CORPUS = ["the cat is near the river", "The dog, the old dog!", "the man walks to the house", "zx the"]
PAIRS = ScoredPairs(
    ("the cat sleeps", "a dog, zx", "The man walks", "two dogs!"),
    ("the dog sleeps", "a cat zx", "the woman runs", "seven books?"),
    np.array([3.0, 2.5, 2.0, 0.0]),
)


def test_tokens_are_cut_and_named(bert: Path) -> None:
    (row,) = tokens_of(load(bert), ["The cat zx, no"])
    assert [(t.text, t.piece, t.punctuation) for t in row] == [
        ("The", False, False),
        ("cat", False, False),
        ("z", False, False),
        ("x", True, False),
        (",", False, True),
        ("no", False, False),
    ]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_table(family: str, tmp_path: Path) -> None:
    encoder = load(make_checkpoint(tmp_path / family, family))
    assert input_table(encoder).shape[0] >= 1 + max(t.number for r in tokens_of(encoder, CORPUS) for t in r)


def expected(encoder: object, leave: object, lower: bool = False) -> float:
    """The mean of rows as loops."""
    table = input_table(encoder)  # type: ignore[arg-type]

    def vector(text: str) -> np.ndarray:
        row = tokens_of(encoder, [text.lower() if lower else text])[0]  # type: ignore[arg-type]
        kept = [t for t in row if not leave(t)] or row  # type: ignore[operator]
        return sum(table[t.number] for t in kept) / len(kept)

    sides = [np.stack([vector(t) for t in side]) for side in (PAIRS.first, PAIRS.second)]
    return spearman(cosines(*sides), PAIRS.score)


def test_removals_against_loops(bert: Path) -> None:
    encoder = load(bert)
    found = {one.name: one for one in static_removals(encoder, PAIRS, CORPUS, frequent=1, bootstrap=0)}
    assert list(found) == list(REMOVALS)
    leaves = {
        "none": lambda t: False,
        "frequent": lambda t: t.text.lower() == "the",
        "subword": lambda t: t.piece,
        "punctuation": lambda t: t.punctuation,
        "case": lambda t: False,
    }
    for name, leave in leaves.items():
        assert found[name].spearman == pytest.approx(expected(encoder, leave, name == "case")), name
    every = expected(encoder, lambda t: any(leave(t) for leave in leaves.values()), True)
    assert found["every"].spearman == pytest.approx(every)
    rows = tokens_of(encoder, PAIRS.sentences())
    total = sum(map(len, rows))
    share = sum(t.punctuation for row in rows for t in row) / total
    assert found["none"].removed == 0 and found["punctuation"].removed == pytest.approx(share)
    assert found["case"].removed == pytest.approx(1 / len(rows))
    assert found["case"].spearman == found["none"].spearman  # the tokenizer is uncased


def test_what_is_left_of_a_text_without_anything_else(bert: Path) -> None:
    pairs = ScoredPairs(("!", "the"), ("cat", "dog !"), np.array([1.0, 2.0]))
    found = static_removals(load(bert), pairs, CORPUS, bootstrap=0)
    assert all(one.spearman is not None for one in found)


def test_the_map(bert: Path) -> None:
    encoder = load(bert)
    found = token_map(encoder, CORPUS, count=5)
    assert found.tokens[0] == "the" and len(found.tokens) == 5 and found.points.shape == (5, 2)
    assert found.frequency[0] == pytest.approx(np.log10(7)) and (np.diff(found.frequency) <= 0).all()
    everything = token_map(encoder, CORPUS)
    at = {token: number for number, token in enumerate(everything.tokens)}
    assert everything.piece[at["x"]] and not everything.piece[at["z"]]
    assert everything.punctuation[at[","]] and not everything.punctuation[at["cat"]]
    assert 0 <= everything.frequency_share <= 1
    table = input_table(encoder)[[t.number for r in tokens_of(encoder, ["river"]) for t in r]]
    centre = everything.points[at["river"]]
    assert np.linalg.norm(centre) <= np.linalg.norm(table - input_table(encoder), axis=1).max()


def test_frequency_on_an_axis_is_found(bert: Path) -> None:
    """The table itself is made to carry log-frequency: R² is 1; then shuffled: it is not."""
    encoder = load(bert)
    tokens = [t.number for row in tokens_of(encoder, CORPUS) for t in row]
    table = encoder.model.get_input_embeddings().weight.data
    table.zero_()
    for number in set(tokens):
        table[number, 0] = float(np.log10(tokens.count(number)))
    assert token_map(encoder, CORPUS).frequency_share == pytest.approx(1.0)


def test_too_little(bert: Path) -> None:
    with pytest.raises(DataError, match="no token"):
        static_removals(load(bert), PAIRS, [""], bootstrap=0)
    with pytest.raises(DataError, match="three or more"):
        token_map(load(bert), ["cat dog"])


def test_command(bert: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "in.txt"
    file.write_text("\n".join(CORPUS))
    command = ["static-bias", "--model", str(bert), "--input", str(file), "--bootstrap", "20"]
    assert main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told["removals"]] == list(REMOVALS)
    assert main(command) == 0
    assert "log-frequency explains" in capsys.readouterr().out
    assert main([*command, "--pairs", "absent.tsv"]) == 2
