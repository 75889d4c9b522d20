"""From a run to a folder of `assets/encoders`: half-precision weights, tokenizer, facts, model card."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcse_core.cards.facts import FILE, run_facts
from simcse_core.encoders import load_encoder
from simcse_core.encoders.layout import OWN_FILE
from simcse_core.errors import RunError
from simcse_core.pretraining.card import model_card
from simcse_core.pretraining.config import PretrainConfig
from simcse_core.pretraining.folder import read_model, replace_folder, write_model
from simcse_core.runs.files import read_json, write_json

LARGEST = 30e6  # bytes of one shipped encoder


def ship(
    source: str,
    target: Path,
    *,
    title: str,
    note: str,
    licence: str = "CC-BY-SA-4.0",
    data: str = "",
    report: Mapping[str, Any] | None = None,
) -> int:
    """Write an encoder for shipping; returns its size in bytes.

    A masked-LM run keeps its language-model head and is pooled by mean; a training run (`RUN` or `RUN@STEP`)
    keeps the pooling it was trained with.

    Args:
        source: Folder of a masked-LM run or of a training run.
        target: Folder to write; one of that name is replaced.
        title: For people.
        note: What it is for; one sentence.
        licence: SPDX identifier of the weights.
        data: What a training run was trained on, with origin and licence; one sentence for the card.
        report: What `report` measured, for the card.

    Raises:
        RunError: No finished run, or the result is larger than `LARGEST`.
    """
    folder = Path(source.partition("@")[0])
    facts = run_facts(folder)
    own = {"title": title, "source": _origin(facts), "licence": licence, "note": note}
    with replace_folder(target) as partial:
        if "pretrained" in facts:
            _write_masked_lm(folder / "model", partial, own)
        else:
            encoder = load_encoder(source, device="cpu", precision="fp32")
            encoder.save(partial, half=True, extra=own)
        write_json(partial / FILE, facts)
        card = model_card(target.name, own, facts, report, data=data)
        (partial / "README.md").write_text(card, encoding="utf-8")
        size = _checked_size(partial)
    return size


def _checked_size(folder: Path) -> int:
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    if size > LARGEST:
        raise RunError(
            f"The encoder takes {size / 1e6:.1f} MB; {LARGEST / 1e6:.0f} MB may be shipped.",
            hint="Use a smaller vocabulary or fewer layers.",
        )
    return size


def _origin(facts: Mapping[str, Any]) -> str:
    if "pretrained" in facts:
        config = facts["pretrained"]["config"]
        if config["start"] == "scratch":
            return "this project's own: masked-LM training from scratch"
        return (
            f"this project's own: masked-LM training from the first {config['layers']} layers of "
            f"{config['encoder']}"
        )
    return f"this project's own: trained from {facts['trained'][0]['config']['encoder']['name']}"


def _write_masked_lm(model_folder: Path, target: Path, own: Mapping[str, Any]) -> None:
    model, backend = read_model(model_folder)
    facts = read_json(model_folder / "pretraining.json") or {}
    config = PretrainConfig.from_dict(facts["config"])
    write_model(model, backend, config, target, half=True)
    write_json(target / "pretraining.json", facts)
    write_json(target / OWN_FILE, {"format": 1, "pooling": "mean", "layers": config.layers, **own})
