"""Measure an encoder on everything there is, keeping what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from simcse_core import runtime
from simcse_core.bench.parts import Lookup, Part, shipped_part, sts_parts, transfer_parts
from simcse_core.bench.results import PROTOCOL, SICK_ALL, BenchResult, EncoderFacts, plain
from simcse_core.bench.shelf import Shelf
from simcse_core.bench.transfer import FOLDS
from simcse_core.errors import DataError

Progress = Callable[[int, int | None], None]


class BenchEncoder(Protocol):
    """What `load_encoder` gives, as far as it is needed here."""

    name: str
    pooling: str
    repairs: tuple[Any, ...]
    dtype: Any

    @property
    def digest(self) -> str:
        """Changes with weights, reading and repairs."""
        ...

    @property
    def layers(self) -> int:
        """Transformer layers kept."""
        ...

    @property
    def dimension(self) -> int:
        """Numbers in an embedding."""
        ...

    @property
    def max_length(self) -> int:
        """Most tokens of a text."""
        ...

    @property
    def template(self) -> str | None:
        """Prompt around every text."""
        ...

    @property
    def device(self) -> Any:
        """Where it computes."""
        ...

    def encode(
        self, texts: Iterable[str], *, normalize: bool = True, progress: Progress | None = None
    ) -> NDArray[np.float32]:
        """Sentences -> (n, d), in order."""
        ...


def run_bench(
    encoder: BenchEncoder,
    *,
    sts: Path | str | None = None,
    transfer: Path | str | None = None,
    tasks: Sequence[str] | None = None,
    bootstrap: int = 1000,
    seed: int = 0,
    folds: int = FOLDS,
    progress: Progress | None = None,
    cache: bool = True,
    name: str | None = None,
) -> BenchResult:
    """Measure an encoder: public STS tasks, shipped pairs, retrieval, phenomena, transfer.

    What was measured before, by this encoder in this reading on the same data, is read from disk; only the
    intervals are drawn again if `bootstrap` or `seed` are others.

    Args:
        encoder: From `load_encoder`.
        sts: Folder in the layout of `simcse_core.data.sts_sets`; None for the shipped pairs alone.
        transfer: Folder in the layout of `simcse_core.data.transfer_sets`; None for no transfer.
        tasks: Names out of the seven; all of them if None.
        bootstrap: Resamples for the intervals; 0 for none.
        seed: Draws them.
        folds: Of the cross-validations of transfer tasks; SentEval takes 10.
        progress: Called with (sentences encoded, sentences in all), by the public and shipped texts together
            and then by each transfer task.
        cache: Read and keep what is measured.
        name: Of the encoder in the result; its own if None.

    Raises:
        ConfigError: No such task.
        DataError: A folder or file is missing or of the wrong size, an embedding is not finite or zero, or
            all cosines of a task are equal.
    """
    facts, shelf = facts_of(encoder), Shelf(encoder.digest) if cache else None
    public, notes = sts_parts(Path(sts), tasks) if sts is not None else ([], [])
    moved = transfer_parts(Path(transfer), folds) if transfer is not None else None
    work = _Work(encoder, shelf, bootstrap, seed, progress)
    work.do([*public, shipped_part()])
    for part in moved or []:
        work.do([part])
    found = {part.name: work.values[part.name] for part in public}
    own = work.values["shipped"]
    return BenchResult(
        model=name or encoder.name,
        encoder=facts,
        tasks={task: value for task, value in found.items() if task != SICK_ALL},
        sick_all=found.get(SICK_ALL),
        pairs=own.pairs,
        retrieval=own.retrieval,
        phenomena=own.phenomena,
        transfer=None if moved is None else {v.name: v for v in (work.values[p.name] for p in moved)},
        made=work.made(str(encoder.device)),
        notes=(*notes, *(shelf.notes if shelf else ())),
        cached=not work.fresh,
    )


def facts_of(encoder: BenchEncoder) -> EncoderFacts:
    """Which encoder this is, and how it is read."""
    from simcse_core.encoders.repairs import digest_of

    return EncoderFacts(
        digest=encoder.digest,
        pooling=encoder.pooling,
        layers=encoder.layers,
        precision=str(encoder.dtype).removeprefix("torch."),
        width=encoder.dimension,
        max_length=encoder.max_length,
        template=encoder.template,
        repairs=tuple(repair.name for repair in encoder.repairs),
        repairs_digest=digest_of(encoder.repairs)[:16],
    )


class _Work:
    """Parts measured so far, read from the shelf or anew."""

    def __init__(
        self,
        encoder: BenchEncoder,
        shelf: Shelf | None,
        bootstrap: int,
        seed: int,
        progress: Progress | None,
    ) -> None:
        self.encoder, self.shelf, self.progress = encoder, shelf, progress
        self.bootstrap, self.seed = bootstrap, seed
        self.values: dict[str, Any] = {}
        self.data: dict[str, str] = {}
        self.dates: list[str] = []
        self.fresh = False

    def do(self, parts: Sequence[Part[Any]]) -> None:
        """Have these parts; what is not kept is encoded in one go and measured."""
        self.data |= {part.name: part.data for part in parts}
        missing = [part for part in parts if not self._kept(part)]
        if not missing:
            return
        self.fresh = True
        lookup = _encoded(self.encoder, [text for p in missing for text in p.texts], self.progress)
        today = datetime.now(UTC).date().isoformat()
        for part in missing:
            self._settle(part, part.resample(part.measure(lookup), self.bootstrap, self.seed), today)

    def made(self, device: str) -> dict[str, Any]:
        """How the result came about."""
        return {
            "protocol": PROTOCOL, "bootstrap": self.bootstrap, "seed": self.seed, "data": self.data,
            "device": device, "date": max(self.dates), "versions": runtime.versions(),
        }  # fmt: skip

    def _kept(self, part: Part[Any]) -> bool:
        content = self.shelf.read(part.name, part.data) if self.shelf else None
        if content is None:
            return False
        value = part.read(content["value"])
        if content["drawn"] == [self.bootstrap, self.seed]:
            self.values[part.name] = value
            self.dates.append(content["date"])
        else:
            self._settle(part, part.resample(value, self.bootstrap, self.seed), content["date"])
        return True

    def _settle(self, part: Part[Any], value: Any, date: str) -> None:
        self.values[part.name] = value
        self.dates.append(date)
        if self.shelf:
            content = {"drawn": [self.bootstrap, self.seed], "date": date, "value": plain(value)}
            self.shelf.write(part.name, part.data, content)


def _encoded(encoder: BenchEncoder, texts: Sequence[str], progress: Progress | None) -> Lookup:
    """Embeddings by text, every distinct text encoded once.

    Raises:
        DataError: Not one row a text, or a row that is not finite.
    """
    distinct = list(dict.fromkeys(texts))
    rows = np.asarray(encoder.encode(distinct, normalize=False, progress=progress))
    if rows.ndim != 2 or len(rows) != len(distinct):
        raise DataError(f"encode gave shape {rows.shape} for {len(distinct)} sentences.")
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if bad.size:
        raise DataError(
            f"{encoder.name} gives numbers that are not finite for {bad.size} of {len(rows):,} sentences, "
            f"{distinct[bad[0]][:60]!r} among them.",
            hint="Try precision fp32, or an earlier checkpoint.",
        )
    place = {text: row for row, text in enumerate(distinct)}
    return lambda wanted: rows[[place[text] for text in wanted]]
