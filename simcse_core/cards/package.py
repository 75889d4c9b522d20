"""A checkpoint to take along: a folder for other libraries with its card, and the same as one .zip file."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from simcse_core.cards.card import Card, model_card
from simcse_core.cards.facts import FILE, base_of, language_of, licence_of, training_of
from simcse_core.cards.scores import Score, known_scores
from simcse_core.cards.usage import not_carried
from simcse_core.encoders.catalogue import resolve
from simcse_core.encoders.layout import SECOND_TOWER
from simcse_core.errors import RunError
from simcse_core.evaluation.checkup import Checkup, Progress
from simcse_core.runs.files import read_json, write_json

CARD = "README.md"


@dataclass(frozen=True)
class Package:
    """What was written.

    Attributes:
        folder: The checkpoint.
        told: Name, pooling and layers, one line.
        missing: What the other libraries cannot do with it, one sentence each.
        second: Folder of the second tower, where there is one.
    """

    folder: Path
    told: str
    missing: tuple[str, ...]
    second: Path | None = None


def card_of(
    name: str,
    checkup: Checkup,
    *,
    title: str | None = None,
    scores: Mapping[str, Score] | None = None,
    licence: str | None = None,
    language: str | None = None,
    carried: bool = True,
) -> str:
    """The card of a checkpoint by name; what is not given is read off its run or folder.

    Args:
        name: As for `load_encoder`.
        checkup: Of this checkpoint.
        title: What the code on the card opens; the last part of `name` if None.
        scores: STS set → score; what the bench knows of it if None.
        licence: SPDX identifier.
        language: Code.
        carried: Whether its repairs lie in the folder as dense layers.

    Raises:
        EncoderError: There is no such checkpoint.
    """
    training = training_of(name)
    return model_card(
        Card(
            name=title or short_name(name),
            training=training,
            scores=known_scores(checkup.facts["digest"]) if scores is None else scores,
            licence=(licence or licence_of(name, training)).lower(),
            language=language or language_of(name, training),
            base=base_of(training),
            carried=carried,
        ),
        checkup,
    )


def short_name(name: str) -> str:
    """A name without its folder, with `@STEP` where there is one; a shipped name or a Hub id whole."""
    base = name.partition("@")[0]
    lies_here = Path(base).expanduser().exists() or base.startswith((".", "/", "~"))
    return name.rstrip("/").rsplit("/", 1)[-1] if lies_here else name


def export(
    name: str,
    target: Path,
    *,
    layout: str = "sentence-transformers",
    repaired: bool = True,
    checkup: Checkup | None = None,
    card: bool = True,
    progress: Progress | None = None,
) -> Package:
    """Write a checkpoint for other libraries, with its model card.

    Args:
        name: As for `load_encoder`.
        target: Folder, missing or empty.
        layout: One of `saving.LAYOUTS`.
        repaired: Keep the repairs it was saved with.
        checkup: For the card, of the same reading; made here if None.
        card: Write the card.
        progress: Of the check-up.

    Raises:
        RunError: The folder is not empty.
        EncoderError: The checkpoint cannot be loaded.
        ConfigError: No such layout.
    """
    from simcse_core.encoders import load_encoder
    from simcse_core.evaluation.checkup import check_up
    from simcse_core.evaluation.patient import stated_use

    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise RunError(f"{target} exists and is not an empty folder.", hint="Choose another folder.")
    encoder = load_encoder(name, device="cpu", precision="fp32", repaired=repaired)
    encoder.save(target, layout=layout)
    carried = bool((read_json(target / "simcse.json") or {}).get("expressible_in_sentence_transformers"))
    training = training_of(name)
    if training is not None:
        write_json(target / FILE, training)
    if card:
        told = checkup or check_up(encoder, stated=stated_use(name), progress=progress)
        text = card_of(name, told, title=target.name, carried=carried)
        (target / CARD).write_text(text, encoding="utf-8")
    facts = {
        "pooling": encoder.pooling,
        "repairs": [repair.facts() for repair in encoder.repairs],
    }
    line = f"{encoder.name} ({encoder.pooling}, {encoder.layers} layers)"
    return Package(target, line, tuple(not_carried(facts, carried=carried)), _second(name, target, layout))


def _second(name: str, target: Path, layout: str) -> Path | None:
    """The second of two towers, beside the first."""
    from simcse_core.encoders import load_encoder

    second = resolve(name).root / SECOND_TOWER
    if not second.is_dir():
        return None
    load_encoder(str(second), device="cpu", precision="fp32").save(target / SECOND_TOWER, layout=layout)
    return target / SECOND_TOWER


def zip_folder(folder: Path, out: Path) -> Path:
    """A folder as one .zip file; weights, which do not shrink, are stored as they are."""
    partial = out.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            kind = zipfile.ZIP_STORED if file.suffix == ".safetensors" else zipfile.ZIP_DEFLATED
            archive.write(file, Path(folder.name) / file.relative_to(folder), compress_type=kind)
    partial.replace(out)
    return out
