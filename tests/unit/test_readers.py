"""Readers: every format, every encoding trouble, and errors that say where."""

import csv
import gzip
import io
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcse_core.data.readers import (
    read_pairs,
    read_scored_pairs,
    read_sentences,
    read_training,
    read_triples,
)
from simcse_core.data.records import Pair, ScoredPair, ScoredPairs, Triplet, join
from simcse_core.data.tables import clean, open_table
from simcse_core.errors import DataError


def test_text_lines_are_sentences_and_blank_lines_are_counted() -> None:
    table = open_table(b"One.\n\n  Two.  \r\n\t\nThree.", name="a.txt")
    assert read_sentences(table) == ["One.", "Two.", "Three."]
    assert table.blank == 2
    assert table.lines == [1, 3, 5]


def test_one_sentence_file() -> None:
    assert read_sentences(b"Only one.", name="a.txt") == ["Only one."]


@pytest.mark.parametrize("data", [b"", b"\n\n", "\ufeff".encode(), b" \t \n"])
def test_file_without_a_sentence_is_refused(data: bytes) -> None:
    with pytest.raises(DataError, match=r"a\.txt holds no sentence"):
        read_sentences(data, name="a.txt")


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.jsonl"])
def test_empty_table_is_refused(name: str) -> None:
    with pytest.raises(DataError, match=r"a\.\w+ is empty"):
        read_pairs(b"", name=name)


def test_byte_order_mark_is_not_part_of_the_first_sentence() -> None:
    assert read_sentences("\ufeffÜber uns".encode(), name="a.txt") == ["Über uns"]
    assert read_scored_pairs("\ufeffscore,sentence1,sentence2\n1,a,b\n".encode(), name="a.csv").first == (
        "a",
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"fine\ncaf\xe9 au lait\n", r"byte 0xe9 at position 8 \(line 2\)"),
        (b"\xef\xbb\xbffine\ncaf\xe9\n", r"byte 0xe9 at position 11 \(line 2\)"),
        ("Text".encode("utf-16"), r"UTF-16, not UTF-8 \(byte 0xff at position 0\)"),
    ],
)
def test_other_encodings_are_refused_with_the_position(data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said) as caught:
        read_sentences(data, name="a.txt")
    assert caught.value.hint == "Save it as UTF-8."


def test_only_line_feeds_end_lines() -> None:
    """`str.splitlines` would also break at U+2028, U+0085 and form feeds, and shift every later row."""
    assert read_sentences("a\u2028b\x0cc\x85d\ne\rf".encode(), name="a.txt") == ["a b c d", "e", "f"]


def test_control_characters_become_spaces() -> None:
    assert clean("\x00a\x07\x1bb\x9f ") == "a b"
    assert clean("half \ud800 pair") == "half \ufffd pair"
    assert clean(" no\u00a0break 𝔘nicode 👩‍🚀 ") == "no\u00a0break 𝔘nicode 👩‍🚀"


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.tsv", "a.jsonl"])
def test_a_line_of_one_megabyte(name: str) -> None:
    text = "word " * 200_000
    cell = {"a.jsonl": f'{{"text": "{text}"}}', "a.txt": text}.get(name, f"text\n{text}")
    assert read_sentences(cell.encode(), name=name) == [text.strip()]


def test_a_hundred_thousand_rows() -> None:
    rows = "".join(f"{i % 6},sentence {i},other {i}\n" for i in range(100_000))
    pairs = read_scored_pairs(f"score,sentence1,sentence2\n{rows}".encode(), name="a.csv")
    assert len(pairs) == 100_000
    assert pairs.second[99_999] == "other 99999"


def test_tsv_of_sts_is_read_without_quoting() -> None:
    data = b'score\tsentence1\tsentence2\n5.0\t"Yes," he said.\tHe agreed.\n1.0\tSay "no\tHe "said" no.\n'
    pairs = read_scored_pairs(data, name="test.tsv")
    assert pairs.first == ('"Yes," he said.', 'Say "no')
    assert list(pairs.score) == [5.0, 1.0]


def test_tsv_with_other_columns_may_be_quoted() -> None:
    data = b'text1\ttext2\n"He said ""no""."\t"a\'b"\nplain\tplain\n'
    assert read_pairs(data, name="a.tsv") == [Pair('He said "no".', "a'b"), Pair("plain", "plain")]
    ragged = b'text1\ttext2\n"Yes," he said.\tHe agreed.\n'
    assert read_pairs(ragged, name="a.tsv") == [Pair('"Yes," he said.', "He agreed.")]


def test_csv_cells_may_hold_commas_quotes_and_line_ends() -> None:
    data = b'anchor,positive,negative\r\n"a, b","c\r\nd","e ""f"""\r\nx,y,z\r\n'
    assert read_triples(data, name="a.csv") == [Triplet("a, b", "c d", 'e "f"'), Triplet("x", "y", "z")]
    assert open_table(data, name="a.csv").lines == [2, 4]


def test_nli_file_of_simcse_is_understood() -> None:
    data = b"sent0,sent1,hard_neg\nOne runs.,Someone moves.,Nobody moves.\n"
    assert read_training(data, name="nli_for_simcse.csv") == [
        Triplet("One runs.", "Someone moves.", "Nobody moves.")
    ]


def test_json_lines() -> None:
    data = b'{"sentence1": "a", "sentence2": "b", "score": 3}\n\n'
    data += b'{"score": 4.5, "sentence2": "d", "sentence1": "c"}\n'
    table = open_table(data, name="a.jsonl")
    pairs = read_scored_pairs(table)
    assert (pairs.first, pairs.second, list(pairs.score)) == (("a", "c"), ("b", "d"), [3.0, 4.5])
    assert table.blank == 1
    assert read_sentences(b'"one"\n"two"\n', name="a.jsonl") == ["one", "two"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b'{"text": "a"}\n{"text": \n', "row 2 is not JSON"),
        (b"[1, 2]\n", "row 1 is neither an object nor a string"),
        (b'{"text": "a"}\n{"other": "b"}\n', "row 2, column 'text' is empty"),
        (b'{"text": 5}\n', "row 1, column 'text' is 5, not text"),
    ],
)
def test_broken_json_lines_are_named(data: bytes, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_sentences(data, name="a.jsonl", column="text")


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"sentence1": ["a", "c"], "sentence2": ["b", "d"], "score": [1.0, 2.5]}), path)
    assert list(read_scored_pairs(path)) == [ScoredPair("a", "b", 1.0), ScoredPair("c", "d", 2.5)]
    assert read_sentences(path.read_bytes(), name="up.parquet", column="Sentence2") == ["b", "d"]
    pq.write_table(pa.table({"sentence1": ["a", None], "sentence2": ["b", "d"], "score": [1.0, None]}), path)
    with pytest.raises(DataError, match=r"a\.parquet, row 2, column 'score' is empty"):
        read_scored_pairs(path)
    with pytest.raises(DataError, match="not a parquet file"):
        read_sentences(b"PAR1 no", name="a.parquet")


@pytest.mark.parametrize("ending", [".xz", ".gz"])
def test_packed_files(ending: str) -> None:
    packed = (lzma.compress if ending == ".xz" else gzip.compress)(b"score\tsentence1\tsentence2\n1\ta\tb\n")
    assert len(read_scored_pairs(packed, name=f"a.tsv{ending}")) == 1
    with pytest.raises(DataError, match="cannot be unpacked"):
        read_sentences(b"not packed", name=f"a.txt{ending}")


@pytest.mark.parametrize("cell", ["nan", "NaN", "inf", "-Infinity", "", "  ", "high", "4,5"])
def test_bad_scores_are_named_by_file_row_and_column(cell: str) -> None:
    data = f"score\tsentence1\tsentence2\n1.0\ta\tb\n\n{cell}\tc\td\n".encode()
    with pytest.raises(DataError, match=r"bad\.tsv, row 4, column 'score' is"):
        read_scored_pairs(data, name="bad.tsv")


def test_empty_text_in_a_pair_is_named() -> None:
    with pytest.raises(DataError, match=r"a\.csv, row 3, column 'sentence2' is empty"):
        read_pairs(b"sentence1,sentence2\na,b\nc, \n", name="a.csv")


def test_missing_column_names_those_there_are() -> None:
    with pytest.raises(DataError, match="no column 'body'") as caught:
        read_sentences(b"id,title\n1,One\n", name="a.csv", column="body")
    assert caught.value.hint == "Its columns are: id, title."
    with pytest.raises(DataError, match="its columns are: id, title") as caught:
        read_scored_pairs(b"id,title\n1,One\n", name="a.csv")
    assert "sentence1, sentence2" in caught.value.hint


def test_rows_of_another_width_are_named() -> None:
    with pytest.raises(DataError, match=r"a\.tsv, row 3 has 4 columns; the first line names 3"):
        read_scored_pairs(b"score\tsentence1\tsentence2\n1\ta\tb\n2\ta\tb\tc\n", name="a.tsv")
    with pytest.raises(DataError, match=r"a\.csv, row 2 is not well-formed"):
        read_sentences(b'text\n"never closed\n', name="a.csv")


def test_missing_files_folders_and_endings(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_sentences(tmp_path / "none.txt")
    with pytest.raises(DataError, match="is a folder"):
        read_sentences(tmp_path)
    with pytest.raises(DataError, match=r"ends in '\.docx'") as caught:
        read_sentences(b"PK", name="essay.docx")
    assert ".parquet" in caught.value.hint


def test_training_data_is_recognised_by_its_columns(tmp_path: Path) -> None:
    cases = {
        "a.txt": ("one\ntwo\n", ["one", "two"]),
        "b.csv": ("text\none\n", ["one"]),
        "c.csv": ("anchor,positive\na,b\n", [Pair("a", "b")]),
        "d.csv": ("anchor,positive,hard_negative\na,b,c\n", [Triplet("a", "b", "c")]),
        "e.csv": ("Sentence1,Sentence2,Score\na,b,0.5\n", [ScoredPair("a", "b", 0.5)]),
        "f.csv": ("sentence1,sentence2,label\na,b,1\n", [ScoredPair("a", "b", 1.0)]),
    }
    for name, (text, records) in cases.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert read_training(tmp_path / name) == records, name
        assert read_training(str(tmp_path / name)) == records, name
    with pytest.raises(DataError, match="no columns for sentences"):
        read_training(b"id,when\n1,2\n", name="g.csv")


def test_score_goes_before_label_as_in_sick() -> None:
    data = b"score\tsentence1\tsentence2\tlabel\n3.3\ta\tb\tneutral\n"
    assert list(read_scored_pairs(data, name="test.tsv").score) == [3.3]


def test_phenomenon_becomes_the_label() -> None:
    data = b"score\tsentence1\tsentence2\tphenomenon\n1\ta\tb\tnegation\n5\tc\ta\tparaphrase\n"
    pairs = read_scored_pairs(data, name="pairs.tsv")
    assert pairs.labels == ("negation", "paraphrase")
    assert pairs.sentences() == ["a", "b", "c"]
    assert pairs.take(pairs.score > 4).labels == ("paraphrase",)
    assert pairs.take([1, 0]).first == ("c", "a")
    assert pairs[-1] == ScoredPair("c", "a", 5.0) and pairs[1:].labels == ("paraphrase",)
    assert len(pairs[2:]) == 0 and pairs[2:].labels == ()
    both = join([pairs, pairs], "twice")
    assert (len(both), both.labels, both.name) == (4, pairs.labels * 2, "twice")


def test_scored_pairs_refuse_unequal_columns_and_bad_scores() -> None:
    with pytest.raises(DataError, match="differ in length"):
        ScoredPairs(("a",), ("b", "c"), np.array([1.0]))
    with pytest.raises(DataError, match="score of pair 2 is nan"):
        ScoredPairs(("a", "c"), ("b", "d"), np.array([1.0, np.nan]))


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=40), min_size=1))
def test_any_text_survives_csv(texts: list[str]) -> None:
    kept = [t for t in map(clean, texts) if t]
    out = io.StringIO(newline="")
    csv.writer(out).writerows([["text"], *([t] for t in texts)])
    if kept and all(clean(t) or not t.strip() for t in texts):
        assert read_sentences(out.getvalue().encode(), name="a.csv") == kept
