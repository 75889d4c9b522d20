"""Plain text for masked-LM training: the sources a configuration names, without any evaluation sentence."""

from __future__ import annotations

import lzma
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simcse_core import runtime
from simcse_core.data.readers import read_scored_pairs
from simcse_core.errors import ConfigError, DataError
from simcse_core.pretraining.config import PretrainConfig, TextSource

CHARACTERS_PER_TOKEN = 4.5  # of English text in WordPiece, about
KEPT_PER_TOKEN = 7  # a line is cut to this many characters a token before it is tokenised
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class SourceText:
    """What was taken of one source.

    Attributes:
        source: As configured.
        lines: Its lines, cut to what the encoder will read.
        left_out: Lines that held a sentence of an evaluation set.
    """

    source: TextSource
    lines: tuple[str, ...]
    left_out: int


def normalised(text: str) -> str:
    """Lower-case words with single spaces; case, punctuation, white space and Unicode form do not count."""
    return " ".join(_WORD.findall(unicodedata.normalize("NFKC", text).casefold()))


def evaluation_sentences(folder: Path) -> frozenset[str]:
    """Normalised sentences of every split under `folder` but `train`: STS12 to STS16, STS-B, SICK.

    Raises:
        DataError: There is no such file in the folder.
    """
    files = [path for path in sorted(folder.glob("*/*.tsv")) if path.stem != "train"]
    if not files:
        raise DataError(
            f"{folder} holds no evaluation set.",
            hint="Give the folder of <task>/<subset>.tsv files as --sts.",
        )
    found = {normalised(text) for path in files for text in read_scored_pairs(path).sentences()}
    return frozenset(found - {""})


def holds_any(line: str, sentences: frozenset[str]) -> bool:
    """Whether the line, or one of its sentences, is among the normalised `sentences`."""
    parts = [line, *_SENTENCES.split(line)]
    return any(normalised(part) in sentences for part in parts)


def read_corpus(config: PretrainConfig, given: Sequence[Path], sts: Path) -> list[SourceText]:
    """Lines of every source, drawn at random up to its share of the corpus, each once over all sources.

    Args:
        config: Names the sources, the size of the corpus and the seed.
        given: Files, or folders that hold `<source>.txt` or `<source>.txt.xz`.
        sts: Folder of the evaluation sets; lines with one of their sentences are left out.

    Raises:
        ConfigError: A file that is not among the sources (its licence is not known), or one without a file.
        DataError: A file that cannot be read, or no evaluation sets.
    """
    files = _located(config, given)
    barred = evaluation_sentences(sts)
    seen: set[str] = set()
    found = []
    for number, source in enumerate(config.sources):
        lines = list(_lines(files[source.name]))
        order = np.random.default_rng([config.seed, number]).permutation(len(lines))
        found.append(_take(source, (lines[i] for i in order), config, barred, seen))
    if not any(part.lines for part in found):
        raise DataError("There is no text to train on.", hint="Name sources in the configuration.")
    return found


def _take(
    source: TextSource, lines: Iterable[str], config: PretrainConfig, barred: frozenset[str], seen: set[str]
) -> SourceText:
    budget = source.share * config.corpus_tokens * CHARACTERS_PER_TOKEN
    kept: list[str] = []
    left_out = 0
    for line in lines:
        if budget <= 0:
            break
        text = line[: KEPT_PER_TOKEN * config.max_length]
        if text in seen:
            continue
        seen.add(text)
        if holds_any(line, barred):
            left_out += 1
            continue
        kept.append(text)
        budget -= min(len(text), CHARACTERS_PER_TOKEN * config.max_length)
    return SourceText(source, tuple(kept), left_out)


def _located(config: PretrainConfig, given: Sequence[Path]) -> dict[str, list[Path]]:
    """Files of each source."""
    shipped = {
        s.name: sorted((runtime.assets() / "data" / "sentences").glob("*.txt")) for s in config.sources
    }
    found = {s.name: shipped[s.name] for s in config.sources if s.shipped}
    for path in given:
        if path.is_file():
            name = path.name.removesuffix(".xz").removesuffix(".txt")
            if name not in shipped:
                raise ConfigError(
                    f"{path.name} is not a source of this configuration, so its licence is not known.",
                    hint="Add it to the sources with licence and origin.",
                )
            found[name] = [path]
        for source in config.sources if path.is_dir() else ():
            inside = [path / f"{source.name}.txt.xz", path / f"{source.name}.txt"]
            found.setdefault(source.name, [file for file in inside if file.is_file()][:1])
    missing = [s.name for s in config.sources if not found.get(s.name)]
    if missing:
        raise ConfigError(
            f"No file was given for: {', '.join(missing)}.", hint="Name files or their folder with --text."
        )
    return found


def _lines(files: Sequence[Path]) -> Iterator[str]:
    for file in files:
        opened = lzma.open if file.suffix == ".xz" else open
        try:
            with opened(file, "rt", encoding="utf-8") as stream:
                yield from (line.strip() for line in stream if line.strip())
        except (OSError, lzma.LZMAError, UnicodeDecodeError) as error:
            raise DataError(f"{file} cannot be read: {error}.") from None
