"""How a checkpoint came about: what its run, or the folder it was exported to, says of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcse_core.data.datasets import datasets
from simcse_core.encoders.catalogue import Source, list_encoders, resolve
from simcse_core.errors import ConfigError, RunError
from simcse_core.runs.files import read_json, read_lines

FILE = "training.json"  # in a shipped or exported folder
_HUB_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")
UNKNOWN = "other"  # as the Hub calls a licence that is none of its list


def training_of(name: str) -> dict[str, Any] | None:
    """The training of a checkpoint, as `run_facts` tells it; None where nothing is known.

    Raises:
        EncoderError: There is no such checkpoint.
    """
    source = resolve(name)
    kept = read_json(source.root / FILE)
    if isinstance(kept, dict):
        return kept
    run = run_of(source)
    if run is None:
        return None
    try:
        return run_facts(run)
    except RunError:  # not finished: its configuration is all there is
        config = read_json(run / "config.json")
        step = int(source.root.name.rpartition("-")[2])
        return {"trained": [{"config": _nameless(config), "steps": step}]} if config else None


def run_of(source: Source) -> Path | None:
    """The run folder that a checkpoint lies in."""
    return source.root.parents[1] if source.kind == "run" else None


def run_facts(folder: Path) -> dict[str, Any]:
    """What a run says of itself, without paths of the machine it ran on.

    Returns:
        `pretrained`, the facts of a masked-LM run; or `trained`, the stages of training with their
        configuration and trajectory, from the first run to this one.

    Raises:
        RunError: The run is not finished, or there is none.
    """
    pretrained = read_json(folder / "model" / "pretraining.json")
    return {"trained": _stages(folder)} if pretrained is None else {"pretrained": pretrained}


def _stages(folder: Path) -> list[dict[str, Any]]:
    summary = read_json(folder / "summary.json")
    if not isinstance(summary, dict) or "config" not in summary:
        raise RunError(f"{folder} is no finished run.", hint="Give a folder of `pretrain` or of `train`.")
    before = Path(summary["config"]["encoder"]["name"])
    kept = ("steps", "seconds", "before", "after", "versions")
    events = [e for e in read_lines(folder / "events.jsonl") if e.get("type") == "evaluated"]
    stage = {
        "config": _nameless(summary["config"]),
        **{key: summary[key] for key in kept if key in summary},
        "trajectory": [{k: v for k, v in event.items() if k not in {"type", "probe"}} for event in events],
    }
    return [*(_stages(before) if (before / "summary.json").is_file() else []), stage]


def _nameless(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without folders of this machine."""
    found: dict[str, Any] = json.loads(json.dumps(config))
    for section, key in (("data", "train"), ("encoder", "name")):
        value = str(found[section][key])
        found[section][key] = value if _HUB_ID.fullmatch(value) else Path(value).name
    return found


def base_of(training: Mapping[str, Any] | None) -> str | None:
    """The encoder that training began with."""
    if training is None:
        return None
    if "pretrained" in training:
        config = training["pretrained"]["config"]
        return str(config["encoder"]) if config["start"] == "warm" else None
    return str(training["trained"][0]["config"]["encoder"]["name"])


def licence_of(name: str, training: Mapping[str, Any] | None) -> str:
    """SPDX identifier, lower case, of the weights or of those they were trained from; `other` if unknown."""
    known = {entry.name: entry.licence for entry in list_encoders()}
    for asked in (name, base_of(training) or ""):
        found = known.get(asked.partition(":")[0])
        if found and " " not in found:
            return found.lower()
    return UNKNOWN


def language_of(name: str, training: Mapping[str, Any] | None) -> str | None:
    """Language of the training text, else that of the shipped encoders; None where it is not known."""
    if training is not None and "trained" in training:
        try:
            return str(datasets.info(training["trained"][-1]["config"]["data"]["train"]).traits["language"])
        except (ConfigError, KeyError):
            return None
    return "en" if name.partition(":")[0] in {entry.name for entry in list_encoders()} else None
