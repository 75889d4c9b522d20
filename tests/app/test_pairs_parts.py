from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pages.pairs import checkpoints, jobs, listing, recorded, scores, scripts, tries, uploads
from simcse_core.data.tables import open_table
from simcse_core.errors import DataError, EncoderError
from tests.app.apptest import OpenPage, faults


def test_percentages_never_round_up_to_a_hundred() -> None:
    assert [scores.percent(s) for s in (1.0, 0.99996, 0.9999, 0.996, 0.5, 0.0001)] == [
        "100", "99.99", "99.99", "99.6", "50", "0.01",
    ]  # fmt: skip


def test_negation_is_found_in_one_of_two_texts() -> None:
    assert tries.negates("It is open.", "It isn't open.")
    assert tries.negates("It is open.", "It is never open.")
    assert not tries.negates("It is not open.", "It never opens.")
    assert not tries.negates("A knot is tied.", "A note is tied.")


def test_the_shipped_examples_do_not_solve_the_challenge() -> None:
    one = recorded.examples()["negation"]
    background = recorded.background("minilm")
    assert background is not None
    score = scores.Score("minilm", "MiniLM", dict(one.scores["minilm"]), background)
    assert tries.best_miss([score], one.texts) is None
    assert tries.best_miss([score], ("It is open.", "", "It is not open.")) is not None


def test_scripts_of_texts_and_vocabularies() -> None:
    assert scripts.main_script("The cat") == "latin"
    assert scripts.main_script("老师表扬了 OK") == "han"
    assert scripts.main_script("Привет, мир") == "cyrillic"
    assert scripts.main_script("😀 1, 2") == ""
    alphabet = [f"##{chr(c)}" for c in range(0x430, 0x450)]
    words = [f"word{chr(97 + i % 26)}{i}" for i in range(200)]
    assert scripts.scripts_known(alphabet + words) == {"latin"}
    signs = [chr(0x4E00 + i) for i in range(3_500)]
    assert scripts.scripts_known(signs) == {"han"}


@pytest.mark.slow
def test_minilm_reads_latin_script_only() -> None:
    from simcse_core import load_encoder

    assert scripts.scripts_known(load_encoder("minilm:1").backend.get_vocab()) == {"latin"}


def test_closest_pairs_come_first() -> None:
    background = recorded.background("minilm")
    assert background is not None
    cosines = np.array([[1, 0.2, 0.9], [0.2, 1, 0.4], [0.9, 0.4, 1]])
    table = listing.closest(["a", "b", "c"], cosines, background)
    assert (table["first"][0], table["second"][0], table["cosine"]) == ("a", "c", [0.9, 0.4, 0.2])


def test_opening_checkpoints_follow_the_address() -> None:
    assert checkpoints.opening(None) == list(recorded.OPENING)
    assert checkpoints.opening("minilm") == ["minilm"]
    assert checkpoints.opening("some/model") == ["some/model", "minilm"]


def test_every_name_on_offer_has_a_title() -> None:
    for name in checkpoints.known_names():
        assert checkpoints.title(name)


def test_a_table_becomes_distinct_sentences_with_their_lines() -> None:
    table = open_table(b"id,text\n1,a fox\n2,\n3,a fox\n4,a hen\n", name="x.csv")
    corpus = uploads.corpus_of(table, "text")
    assert corpus.texts == ("a fox", "a hen")
    assert corpus.places == ("2", "5")
    assert (corpus.skipped, corpus.repeated, corpus.beyond) == (1, 1, 0)


def test_numbers_are_written_out_and_an_empty_column_is_refused() -> None:
    table = open_table(b'{"a": 5, "b": null}\n{"a": "x", "b": ""}\n', name="x.jsonl")
    assert uploads.corpus_of(table, "a").texts == ("5", "x")
    with pytest.raises(DataError, match="no text"):
        uploads.corpus_of(table, "b")


def test_the_column_is_guessed_by_name_then_by_length() -> None:
    assert uploads.guess_column(open_table(b"id,Text\n1,x\n", name="x.csv")) == "Text"
    assert uploads.guess_column(open_table(b"id,note\n1,a long remark\n", name="x.csv")) == "note"


def test_lines_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "MOST", 3)
    corpus = uploads.corpus_of(open_table(b"a\nb\nc\nd\ne\n", name="x.txt"), "sentence")
    assert (len(corpus.texts), corpus.beyond) == (3, 2)


class Lock:
    """Counts how often it is held."""

    def __init__(self) -> None:
        self.times = 0

    def __enter__(self) -> None:
        self.times += 1

    def __exit__(self, *_: object) -> None:
        pass


def shared(encode: Any) -> Any:
    return SimpleNamespace(encoder=SimpleNamespace(encode=encode), lock=Lock())


def lengths(texts: list[str]) -> np.ndarray:
    return np.array([[len(text), 1.0] for text in texts], dtype=np.float32)


def finished(job: jobs.Job) -> jobs.Job:
    until = time.monotonic() + 20
    while job.active and time.monotonic() < until:
        time.sleep(0.01)
    assert not job.active
    return job


def test_a_job_keeps_the_order_and_lets_others_in_between() -> None:
    texts = [str(10 ** (i % 7)) for i in range(1_000)]
    one = shared(lengths)
    job = finished(jobs.Jobs().start("k", one, texts))
    assert job.state == "done" and job.done == job.total == 1_000
    assert job.result is not None
    np.testing.assert_array_equal(job.result[:, 0], [len(text) for text in texts])
    assert one.lock.times == -(-1_000 // jobs.SLICE)
    assert job.index.size == 1_000 and job.index is job.index


def test_the_same_list_is_embedded_once() -> None:
    every = jobs.Jobs()
    first = finished(every.start("k", shared(lengths), ["a", "b"]))
    assert every.start("k", shared(lengths), ["a", "b"]) is first


def test_a_job_stops_when_told_and_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(texts: list[str]) -> np.ndarray:
        time.sleep(0.05)
        return lengths(texts)

    every = jobs.Jobs()
    job = every.start("k", shared(slow), ["a"] * 5_000)
    job.stop.set()
    assert finished(job).state == "stopped" and job.result is None
    again = every.start("k", shared(lengths), ["a"] * 5_000)
    assert again is not job and finished(again).state == "done"
    monkeypatch.setattr(jobs, "PATIENCE", -1.0)
    assert finished(every.start("other", shared(slow), ["a"] * 5_000)).state == "stopped"


def test_a_failure_is_kept_for_the_page() -> None:
    def broken(texts: list[str]) -> np.ndarray:
        raise EncoderError("gone")

    job = finished(jobs.Jobs().start("k", shared(broken), ["a"]))
    assert job.state == "failed" and isinstance(job.error, EncoderError)


def test_finished_results_stay_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "KEEP", 20_000)
    every = jobs.Jobs()
    for key in "abcdef":
        finished(every.start(key, shared(lengths), [key] * 1_000))  # 8,000 bytes each
    assert every.get("a") is None and every.get("f") is not None


def test_an_upload_is_searched(open_page: OpenPage) -> None:
    at = open_page("pairs", pr_mode="Search", pr_where="Your file")
    assert any("Add a file" in box.value for box in at.info)
    at.get("file_uploader")[0].upload("bad.parquet", b"id;x", "application/octet-stream").run()
    assert any("not a parquet file" in box.value for box in at.error) and not faults(at)
