"""Repairs of a checkpoint's embeddings: fitted on a corpus, kept beside the weights, applied by `encode`.

A checkpoint folder keeps them under `postprocess/`: one safetensors file each, in the order of use, and
`repairs.json`, which says of which reading they are (pooling, layers, template) and what they were fitted on.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.encoders.tokens import read_json
from simcse_core.errors import DataError, EncoderError, SimCSEError
from simcse_core.postprocess import PostProcessor, load, postprocessors, save
from simcse_core.postprocess.affine import Affine, affine_of
from simcse_core.registry import checked

if TYPE_CHECKING:
    from simcse_core.encoders.encoder import Encoder
    from simcse_core.encoders.reading import Progress

FOLDER = "postprocess"
FILE = "repairs.json"
FORMAT = 1
WARNING = (
    "Other libraries open this folder without its repairs (postprocess/). Open it with "
    "simcse_core.load_encoder for the embeddings it was made for."
)


@dataclass(frozen=True, eq=False)
class Repair:
    """A fitted post-processor and where it comes from.

    Attributes:
        name: Registered post-processor.
        parameters: It was fitted with.
        processor: The fitted state.
        fitted_on: The corpus, as the user named it.
        sentences: Distinct sentences in it.
        width: Numbers in an embedding after it.
    """

    name: str
    processor: PostProcessor = field(repr=False)
    parameters: Mapping[str, Any]
    fitted_on: str
    sentences: int
    width: int

    def facts(self) -> dict[str, Any]:
        """Everything but the fitted arrays, for JSON."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "processor"}
        return {**told, "parameters": dict(self.parameters)}


def fit_repair(
    encoder: Encoder,
    texts: Sequence[str],
    name: str,
    *,
    fitted_on: str = "",
    progress: Progress | None = None,
    **parameters: Any,
) -> Repair:
    """Fit a post-processor on an encoder's embeddings of distinct texts, not normalised, as the papers do.

    Where the encoder has repairs already, the new one is fitted on what they give. The encoder is left as it
    is; `encoder.repairs = (*encoder.repairs, repair)` adds it.

    Args:
        encoder: Read as it stands.
        texts: The corpus; a sentence counts once.
        name: Registered post-processor.
        fitted_on: What the corpus is called.
        progress: As `Encoder.encode`.
        **parameters: Of the post-processor.

    Raises:
        ConfigError: No such post-processor, or a parameter it does not have or allow.
        DataError: Too few sentences for it, or embeddings that are not finite.
    """
    kind: Any = postprocessors[name]
    values = checked(postprocessors.kind, name, kind.fit, parameters)
    distinct = list(dict.fromkeys(texts))
    rows = encoder.encode(distinct, normalize=False, progress=progress)
    processor: PostProcessor = kind.fit(rows, **values)
    width = processor.transform(rows[:1]).shape[1]
    return Repair(name, processor, values, fitted_on, len(distinct), width)


def repaired(rows: NDArray[np.float32], repairs: Sequence[Repair], *, normalize: bool) -> NDArray[np.float32]:
    """Rows (n, d) after every repair, (n, k) float32; of length 1 where asked (a zero row stays zero)."""
    x: NDArray[np.float64] = rows.astype(np.float64)
    for repair in repairs:
        x = repair.processor.transform(x)
    if normalize:
        lengths = np.linalg.norm(x, axis=1, keepdims=True)
        x = x / np.where(lengths > 0, lengths, 1.0)
    return x.astype(np.float32)


def as_affine(repairs: Sequence[Repair], width: int) -> Affine | None:
    """All repairs of rows of `width` numbers as one affine map; None where one of them is none (a flow)."""

    def transform(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        for repair in repairs:
            rows = repair.processor.transform(rows)
        return rows

    return affine_of(transform, width)


def kept_as_affine(root: Path, width: int) -> bool:
    """Whether the repairs kept in a checkpoint folder are one affine map of rows of `width` numbers.

    Raises:
        EncoderError: The repairs are damaged.
    """
    where, found = root / FOLDER, list[Repair]()
    for facts in read_json(where / FILE).get("repairs", ()):
        found.append(_read(where, facts, found[-1].width if found else width))
    return as_affine(found, width) is not None


def digest_of(repairs: Sequence[Repair]) -> str:
    """Changes with any fitted number; empty without repairs."""
    if not repairs:
        return ""
    state = hashlib.sha256()
    for repair in repairs:
        state.update(repair.name.encode())
        for part in fields(repair.processor):
            state.update(np.ascontiguousarray(getattr(repair.processor, part.name)).tobytes())
    return state.hexdigest()


def save_repairs(encoder: Encoder, folder: Path) -> None:
    """Write an encoder's repairs into a checkpoint folder; older ones there are taken away."""
    target = folder / FOLDER
    for old in (*target.glob("*.safetensors"), *target.glob(FILE)):
        old.unlink()
    if not encoder.repairs:
        return
    told = []
    for number, repair in enumerate(encoder.repairs):
        file = f"{number}-{repair.name}.safetensors"
        save(repair.processor, target / file)
        told.append({"file": file, **repair.facts()})
    content = {"format": FORMAT, "reading": asdict(_reading(encoder)), "repairs": told}
    (target / FILE).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read_repairs(encoder: Encoder, root: Path) -> tuple[Repair, ...]:
    """The repairs kept in a checkpoint folder, as far as they are of this reading of it.

    A repair fitted on another pooling, layer or template says nothing about this one: it is left out, and a
    note on the encoder says so.

    Raises:
        EncoderError: The repairs are damaged, of a newer format, or do not fit the embeddings.
    """
    stated = read_json(root / FOLDER / FILE)
    if not stated:
        return ()
    where = root / FOLDER
    if stated.get("format") != FORMAT:
        raise EncoderError(f"{where / FILE} has format {stated.get('format')}; {FORMAT} is understood.")
    told, reading = stated.get("reading"), asdict(_reading(encoder))
    if told != reading:
        differs = [key for key in reading if not isinstance(told, dict) or told.get(key) != reading[key]]
        encoder.notes.append(
            f"Its saved repairs are left out: they were fitted for another {' and '.join(differs)}."
        )
        return ()
    found: list[Repair] = []
    width = encoder.width
    for facts in stated.get("repairs", ()):
        found.append(_read(where, facts, width))
        width = found[-1].width
    return tuple(found)


@dataclass(frozen=True)
class _Reading:
    pooling: str
    layers: int
    template: str | None


def _reading(encoder: Encoder) -> _Reading:
    return _Reading(encoder.pooling, encoder.layers, encoder.template)


def _read(where: Path, facts: Mapping[str, Any], width: int) -> Repair:
    """One repair, tried on a row of zeros of the width that reaches it."""
    try:
        processor = load(where / Path(str(facts["file"])).name)
        arrays = [getattr(processor, part.name) for part in fields(processor)]
        if not all(bool(np.isfinite(array).all()) for array in arrays):
            raise DataError("it holds numbers that are not finite.")
        after = processor.transform(np.zeros((1, width))).shape[1]
        own = {f.name: facts[f.name] for f in fields(Repair) if f.name not in {"processor", "width"}}
        return Repair(processor=processor, width=after, **own)
    except (SimCSEError, ValueError, IndexError, KeyError, TypeError) as error:
        reason = f"{facts['file']}: {error}" if isinstance(facts, Mapping) and "file" in facts else str(error)
        raise EncoderError(
            f"The repairs in {where} cannot be used: {reason.rstrip('.')}.",
            hint="Fit them again with `repair`, or take the folder postprocess away.",
        ) from None
