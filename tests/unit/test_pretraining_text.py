"""Text for masked-LM training: licences, shares, and no evaluation sentence."""

from __future__ import annotations

import lzma
from pathlib import Path

import pytest
from unit.pretraining_factory import sentences, small_config, source, write_lines, write_sts

from simcse_core.errors import ConfigError, DataError
from simcse_core.pretraining.config import PretrainConfig, load_config
from simcse_core.pretraining.text import evaluation_sentences, holds_any, normalised, read_corpus


def test_case_punctuation_and_space_do_not_count() -> None:
    assert normalised("  A man,  PLAYING “guitar”! ") == "a man playing guitar"
    assert normalised("ﬁve") == normalised("Five")


def test_evaluation_sentences_leave_out_the_train_splits(tmp_path: Path) -> None:
    folder = write_sts(tmp_path, "A dog runs.")
    assert evaluation_sentences(folder) == {"a dog runs", "something else"}
    with pytest.raises(DataError, match="no evaluation set"):
        evaluation_sentences(tmp_path / "STS-B")


@pytest.mark.parametrize(
    ("line", "held"),
    [
        ("A DOG runs", True),
        ("It is late. A dog runs! Nobody cares.", True),
        ("A dog runs home.", False),
        ("", False),
    ],
)
def test_a_line_holds_a_sentence_if_one_of_its_own_matches(line: str, held: bool) -> None:
    assert holds_any(line, frozenset({"a dog runs"})) is held


def test_lines_of_evaluation_sets_are_left_out_and_counted(tmp_path: Path) -> None:
    lines = sentences(50)
    (tmp_path / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    sts = write_sts(tmp_path / "sts", lines[3].upper(), lines[7])
    (found,) = read_corpus(small_config(), [tmp_path / "lines.txt"], sts)
    assert found.left_out == 2
    assert sorted(found.lines) == sorted(set(lines) - {lines[3], lines[7]})


def test_a_source_fills_its_share_at_random_and_the_same_each_time(tmp_path: Path) -> None:
    path = write_lines(tmp_path, 400)
    sts = write_sts(tmp_path / "sts")
    config = small_config(corpus_tokens=500)
    (first,), (again,) = read_corpus(config, [path], sts), read_corpus(config, [path], sts)
    (other,) = read_corpus(small_config(corpus_tokens=500, seed=7), [path], sts)
    assert first == again != other
    characters = sum(map(len, first.lines))
    assert 500 * 4.5 <= characters < 500 * 4.5 + 24 * 4.5


def test_a_folder_and_packed_files_are_read_and_lines_are_not_repeated(tmp_path: Path) -> None:
    config = PretrainConfig(sources=(source("one", 0.5), source("two", 0.5)))
    with lzma.open(tmp_path / "one.txt.xz", "wt", encoding="utf-8") as stream:
        stream.write("the cat sleeps\n\nthe cat sleeps\nthe dog runs\n")
    (tmp_path / "two.txt").write_text("the dog runs\nthe owl flies\n", encoding="utf-8")
    one, two = read_corpus(config, [tmp_path], write_sts(tmp_path / "sts"))
    assert sorted(one.lines) == ["the cat sleeps", "the dog runs"]
    assert two.lines == ("the owl flies",)


def test_text_without_a_licence_and_sources_without_a_file_are_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path)
    stranger = tmp_path / "stranger.txt"
    stranger.write_text("hello\n", encoding="utf-8")
    sts = write_sts(tmp_path / "sts")
    with pytest.raises(ConfigError, match="licence is not known"):
        read_corpus(small_config(), [path, stranger], sts)
    with pytest.raises(ConfigError, match="No file was given for: lines"):
        read_corpus(small_config(), [], sts)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        read_corpus(small_config(), [path], sts)


def test_shipped_configurations_are_sound_and_name_no_text_for_research_only() -> None:
    for name in ("warm", "scratch"):
        config = load_config(name)
        assert config.start == name
        assert PretrainConfig.from_dict(config.to_dict()) == config
        assert sum(s.share for s in config.sources) <= 1
        words = " ".join(s.licence.lower() for s in config.sources)
        assert not any(word in words for word in ("research", "nc", "not stated", "see "))


def test_what_is_wrong_in_a_configuration_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"layers.*stepps"):
        PretrainConfig().with_settings({"layers": 0, "stepps": 3})
    with pytest.raises(ConfigError, match="max_length 300 is above positions"):
        PretrainConfig().with_settings({"max_length": 300})
    with pytest.raises(ConfigError, match="no multiple of heads"):
        PretrainConfig().with_settings({"width": 10, "heads": 4})
    with pytest.raises(ConfigError, match="needs a licence"):
        PretrainConfig.from_dict({"sources": [{"name": "x", "share": 0.1, "licence": "", "origin": ""}]})
    with pytest.raises(ConfigError, match="not understood"):
        PretrainConfig.from_dict({"sources": [{"name": "x"}]})
    with pytest.raises(ConfigError, match="There are: scratch, warm"):
        load_config("cold")
    (tmp_path / "bad.toml").write_text("layers = ", encoding="utf-8")
    with pytest.raises(ConfigError, match="not TOML"):
        load_config(str(tmp_path / "bad.toml"))
