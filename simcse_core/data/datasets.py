"""Every data set there is, shipped or public, under one name each.

Shipped texts were written for this project. Public sets are read from a local folder and, only when asked,
fetched from the Hugging Face Hub; see `simcse_core.data.hub`.

Traits: `kind` (sentences, scored_pairs, triples), `licence`, `language`, `shipped`, `rows` (of the official
file; None for ours, which are counted by loading them), `locate` (gives its file or folder) and `download`
(what to ask `hub.fetch` for, or None).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from simcse_core import runtime
from simcse_core.data.readers import read_scored_pairs, read_sentences, read_triples
from simcse_core.data.records import Pair, ScoredPairs, Triplet
from simcse_core.data.sts_sets import SOURCE, load_split, sts_folder
from simcse_core.data.tables import open_table
from simcse_core.errors import ConfigError, DataError, SimCSEError
from simcse_core.registry import Registry

__all__ = [
    "Records",
    "available",
    "datasets",
    "load_dataset_records",
    "load_scored_pairs",
    "sentence_subjects",
    "sts_folder",
]

Record = TypeVar("Record")
Records = Sequence[str] | Sequence[Pair] | Sequence[Triplet] | ScoredPairs
datasets: Registry[Callable[[], Records]] = Registry("dataset")

PROJECT = "This project"
OURS = "written for this project, licensed with it"
STS_LICENCE = "scores CC BY-SA 4.0; texts as in the tasks' own notices"
STS_HINT = "Set SIMCSE_STS_DIR to a folder with <task>/<subset>.tsv, or fetch the set from the Hub."
NLI_LICENCE = "SNLI CC BY-SA 4.0; MultiNLI as in its notice"
SICK_LICENCE = "CC BY-NC-SA 3.0"
SIMCSE_SOURCE = "Gao et al. 2021, arXiv:2104.08821; princeton-nlp/datasets-for-simcse on the Hub"

NLI_FILES: dict[str, int | None] = {
    "nli_for_simcse.csv": 275_601,
    "triples.tsv": None,
}  # None: a local selection of any size
WIKI_FILES: dict[str, int | None] = {
    "wiki1m_for_simcse.txt": 1_000_000,
    "wiki-sentences-1m.txt.xz": 1_000_000,
}


def _asset(name: str) -> Path:
    return runtime.assets() / "data" / name


def _sts_file(task: str, split: str) -> Path:
    folder = sts_folder()
    if folder is None:
        raise DataError(f"{task} is not on this machine.", hint=STS_HINT)
    return folder / task / f"{split}.tsv"


def _public_file(folder: str, files: dict[str, int | None]) -> Path:
    """The first of `files` in `folder` beside the STS folder, in `data/`, or among the downloads."""
    sts = sts_folder()
    for root in ([sts.parent] if sts else []) + [Path("data"), runtime.home()]:
        for name in files:
            if (root / folder / name).is_file():
                return root / folder / name
    missing = next(iter(files))
    raise DataError(
        f"{missing} is not on this machine.", hint=f"Put it into data/{folder}/ or fetch it from the Hub."
    )


def sentence_subjects() -> list[tuple[str, str]]:
    """Every shipped English sentence with its subject, the name of its file; sorted by subject.

    Raises:
        DataError: The texts are missing or unreadable.
    """
    files = sorted(_asset("sentences").glob("*.txt"))
    if not files:
        raise DataError(f"{_asset('sentences')} holds no .txt file.")
    return [(text, file.stem) for file in files for text in read_sentences(file)]


@datasets.register(
    "sentences", title="Sentences on many subjects", source=PROJECT, kind="sentences", language="en",
    licence=OURS, shipped=True, rows=None, locate=partial(_asset, "sentences"), download=None,
)  # fmt: skip
def _sentences() -> list[str]:
    """English sentences on many subjects, for training and for looking at the space."""
    return [text for text, _ in sentence_subjects()]


@datasets.register(
    "clips", title="Descriptions of short scenes", source=PROJECT, kind="sentences", language="en",
    licence=OURS, shipped=True, rows=None, locate=partial(_asset, "sentences/video-clips.txt"), download=None,
)  # fmt: skip
def _clips() -> list[str]:
    """Plain English descriptions that share their frame, who is doing what: one part of `sentences`."""
    return read_sentences(_asset("sentences/video-clips.txt"))


@datasets.register(
    "pairs", title="Scored pairs by phenomenon", source=PROJECT, kind="scored_pairs", language="en",
    licence=OURS, shipped=True, rows=None, locate=partial(_asset, "pairs.tsv"), download=None,
)  # fmt: skip
def _pairs() -> ScoredPairs:
    """English pairs scored 0 to 5, each labelled with what it tests; for evaluation only."""
    return read_scored_pairs(_asset("pairs.tsv"))


@datasets.register(
    "triples", title="Triples with a hard negative", source=PROJECT, kind="triples", language="en",
    licence=OURS, shipped=True, rows=None, locate=partial(_asset, "triples.tsv"), download=None,
)  # fmt: skip
def _triples() -> list[Triplet]:
    """English triples for training: a sentence, one that follows from it, one that contradicts it."""
    return read_triples(_asset("triples.tsv"))


@datasets.register(
    "round-trips", title="Sentences and their round trips", source=PROJECT, kind="pairs", language="en",
    licence=OURS, shipped=True, rows=None, locate=partial(_asset, "round-trips.tsv"), download=None,
)  # fmt: skip
def _round_trips() -> list[Pair]:
    """Sentences and what a translator brings back from German, French or Chinese, written by hand."""
    table = open_table(_asset("round-trips.tsv"))
    return list(map(Pair, table.texts("text"), table.texts("back")))


@datasets.register(
    "sentences-zh", title="Chinese sentences", source=PROJECT, kind="sentences", language="zh",
    licence=OURS, shipped=True, rows=None, locate=partial(_asset, "sentences-zh.txt"), download=None,
)  # fmt: skip
def _sentences_zh() -> list[str]:
    """Chinese sentences."""
    return read_sentences(_asset("sentences-zh.txt"))


@datasets.register(
    "pairs-zh", title="Chinese scored pairs", source=PROJECT, kind="scored_pairs", language="zh",
    licence=OURS, shipped=True, rows=None, locate=partial(_asset, "pairs-zh.tsv"), download=None,
)  # fmt: skip
def _pairs_zh() -> ScoredPairs:
    """Chinese pairs scored 0 to 5; an English checkpoint cannot judge them, and they show it."""
    return read_scored_pairs(_asset("pairs-zh.tsv"))


@datasets.register(
    "stsb-train-sentences", title="Sentences of STS-B train", source=SOURCE, kind="sentences", language="en",
    licence=STS_LICENCE, shipped=False, rows=10_534, locate=partial(_sts_file, "STS-B", "train"),
    download="sts",
)  # fmt: skip
def _stsb_train_sentences() -> list[str]:
    """Distinct sentences of the STS Benchmark's training split, scores ignored."""
    return load_split(_sts_file("STS-B", "train").parents[1], "STS-B", "train").sentences()


@datasets.register(
    "stsb-train", title="STS-B train", source=SOURCE, kind="scored_pairs", language="en", split="train",
    licence=STS_LICENCE, shipped=False, rows=5749, locate=partial(_sts_file, "STS-B", "train"),
    download="sts",
)  # fmt: skip
def _stsb_train() -> ScoredPairs:
    """Training split of the STS Benchmark, scores 0 to 5: the other scored sets are for evaluation only."""
    return load_split(_sts_file("STS-B", "train").parents[1], "STS-B", "train")


@datasets.register(
    "stsb-dev", title="STS-B dev", source=SOURCE, kind="scored_pairs", language="en",
    licence=STS_LICENCE, shipped=False, rows=1500, locate=partial(_sts_file, "STS-B", "dev"), download="sts",
)  # fmt: skip
def _stsb_dev() -> ScoredPairs:
    """Development split of the STS Benchmark, scores 0 to 5; SimCSE chooses checkpoints on it."""
    return load_split(_sts_file("STS-B", "dev").parents[1], "STS-B", "dev")


@datasets.register(
    "stsb-test", title="STS-B test", source=SOURCE, kind="scored_pairs", language="en",
    licence=STS_LICENCE, shipped=False, rows=1379, locate=partial(_sts_file, "STS-B", "test"), download="sts",
)  # fmt: skip
def _stsb_test() -> ScoredPairs:
    """Test split of the STS Benchmark, scores 0 to 5."""
    return load_split(_sts_file("STS-B", "test").parents[1], "STS-B", "test")


@datasets.register(
    "sick-test", title="SICK-R test", source=SOURCE, kind="scored_pairs", language="en",
    licence=SICK_LICENCE, shipped=False, rows=4927, locate=partial(_sts_file, "SICK-R", "test"),
    download="sts",
)  # fmt: skip
def _sick_test() -> ScoredPairs:
    """Test split of SICK, relatedness 1 to 5 (SentEval's 4,927 pairs, not MTEB's 9,927)."""
    return load_split(_sts_file("SICK-R", "test").parents[1], "SICK-R", "test")


@datasets.register(
    "nli-triples", title="NLI triples", source=SIMCSE_SOURCE, kind="triples", language="en",
    licence=NLI_LICENCE, shipped=False, rows=275_601, locate=partial(_public_file, "nli", NLI_FILES),
    download="nli",
)  # fmt: skip
def _nli_triples() -> list[Triplet]:
    """Premise, entailed and contradicted hypothesis: supervised SimCSE's training set, or a local part."""
    path = _public_file("nli", NLI_FILES)
    return _sized(read_triples(path), NLI_FILES[path.name], path)


@datasets.register(
    "wiki1m", title="One million Wikipedia sentences", source=SIMCSE_SOURCE, kind="sentences", language="en",
    licence="CC BY-SA", shipped=False, rows=1_000_000, locate=partial(_public_file, "corpus", WIKI_FILES),
    download="wiki1m",
)  # fmt: skip
def _wiki1m() -> list[str]:
    """Wikipedia sentences: unsupervised SimCSE's training set, or a local stand-in of the same size."""
    path = _public_file("corpus", WIKI_FILES)
    return _sized(read_sentences(path), WIKI_FILES[path.name], path)


def _sized(records: list[Record], rows: int | None, path: Path) -> list[Record]:
    if rows is not None and len(records) != rows:
        raise DataError(
            f"{path} holds {len(records):,} rows; the official file has {rows:,}.", hint="Is it cut?"
        )
    return records


def available(name: str) -> bool:
    """Whether the set is on this machine; looks for its file and does not read it.

    Raises:
        ConfigError: There is no such data set.
    """
    locate = datasets.info(name).traits["locate"]
    try:
        return bool(locate().exists())
    except SimCSEError:
        return False


def load_dataset_records(name: str) -> Records:
    """Records of a data set: sentences, triples or `ScoredPairs`, by its trait `kind`.

    Raises:
        ConfigError: There is no such data set.
        DataError: It is not on this machine, or is broken.
    """
    return datasets[name]()


def load_scored_pairs(name: str) -> ScoredPairs:
    """A data set of scored pairs.

    Raises:
        ConfigError: There is no such data set, or it has no scores.
        DataError: It is not on this machine, or is broken.
    """
    records = load_dataset_records(name)
    if not isinstance(records, ScoredPairs):
        scored = [n for n in datasets if datasets.info(n).traits["kind"] == "scored_pairs"]
        raise ConfigError(f"{name!r} has no scored pairs.", hint=f"Sets that do: {', '.join(scored)}.")
    return records
