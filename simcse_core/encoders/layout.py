"""The folder layout of sentence-transformers: which pooling, which dense layer, which length."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simcse_core.encoders.poolers import poolers
from simcse_core.encoders.tokens import read_json
from simcse_core.errors import EncoderError

if TYPE_CHECKING:
    from simcse_core.encoders.heads import DenseHead

OWN_FILE = "simcse.json"
REPAIR_MODULES = ("Shift", "Repair")  # how the folders of affine repairs end in the chain of modules
SECOND_TOWER = "second"  # folder beside the first tower of a run with separate towers
ASSUMED = "The checkpoint states no pooling; mean is assumed."
FROM_ST = {"cls": "cls_before_pooler", "mean": "mean", "max": "max"}
TO_ST = {"cls": "cls", "cls_before_pooler": "cls", "mean": "mean", "max": "max"}
_LEGACY = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_ACTIVATIONS = {"Tanh": "tanh", "Identity": "identity", "ReLU": "relu", "GELU": "gelu"}
# Poolings their authors evaluate with; the folders themselves do not say (SimCSE README, table of models).
PUBLISHED = {
    "princeton-nlp/unsup-simcse-": "cls_before_pooler",
    "princeton-nlp/sup-simcse-": "cls",
}


@dataclass(frozen=True)
class Layout:
    """What a folder says about the way from hidden states to embedding.

    Attributes:
        pooling: Registered pooling.
        note: Where that comes from, one sentence.
        dense: Folder of a dense layer after the pooling, relative to the root; None where there is none.
        max_length: Most tokens, as stated for sentence-transformers; None where nothing is stated.
        template: Put around every text, as stated by simcse.json; None where nothing is stated.
    """

    pooling: str
    note: str
    dense: str | None = None
    max_length: int | None = None
    template: str | None = None


def read_layout(root: Path, name: str) -> Layout:
    """Read simcse.json, else modules.json, else fall back to what is published, else to the mean.

    Raises:
        EncoderError: Modules that cannot be reproduced here (another pooling, a recurrent layer …).
    """
    length = _length(root)
    own = read_json(root / OWN_FILE)
    modules = _modules(root)
    dense = next((str(m["path"]) for m in modules if _kind(m) == "Dense" and not _is_repair(m)), None)
    if own.get("pooling"):
        poolers.info(str(own["pooling"]))
        template = str(own["template"]) if own.get("template") else None
        return Layout(str(own["pooling"]), "Stated by the checkpoint (simcse.json).", dense, length, template)
    if modules:
        return _from_modules(root, modules, length)
    for prefix, pooling in PUBLISHED.items():
        if name.startswith(prefix):
            return Layout(pooling, "The pooling its authors evaluate with.", None, length)
    return Layout("mean", ASSUMED, None, length)


def normalizes(root: Path) -> bool | None:
    """Whether sentence-transformers ends this folder's chain in rows of length 1; None without a chain.

    Raises:
        EncoderError: modules.json cannot be read.
    """
    modules = _modules(root)
    return any(_kind(module) == "Normalize" for module in modules) if modules else None


def stated_similarity(root: Path) -> str | None:
    """By what sentence-transformers compares rows of this folder; None where nothing is stated."""
    stated = read_json(root / "config_sentence_transformers.json").get("similarity_fn_name")
    return str(stated) if stated else None


def _length(root: Path) -> int | None:
    for folder in (root, root / "0_Transformer"):
        stated = read_json(folder / "sentence_bert_config.json").get("max_seq_length")
        if isinstance(stated, int):
            return stated
    return None


def _modules(root: Path) -> list[dict[str, Any]]:
    import json

    file = root / "modules.json"
    if not file.is_file():
        return []
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return [dict(module) for module in found]
    except (ValueError, TypeError):
        raise EncoderError(f"{file} cannot be read.", hint="Fetch the checkpoint again.") from None


def _kind(module: dict[str, Any]) -> str:
    return str(module.get("type", "")).rsplit(".", 1)[-1]


def _is_repair(module: dict[str, Any]) -> bool:
    """Whether a module carries a repair, which this package reads from `postprocess/` instead."""
    return str(module.get("path", "")).endswith(REPAIR_MODULES)


def _from_modules(root: Path, modules: list[dict[str, Any]], length: int | None) -> Layout:
    kinds = [_kind(module) for module in modules]
    core = [kind for kind in kinds if kind != "Normalize"]
    if core not in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Dense"]):
        raise EncoderError(
            f"{root} chains {', '.join(kinds)}, which is not reproduced here.",
            hint="Give a pooling-only checkpoint, or the inner transformer folder.",
        )
    settings = read_json(root / str(modules[1]["path"]) / "config.json")
    modes = (
        settings.get("pooling_mode")
        or [mode for key, mode in _LEGACY.items() if settings.get(key)]
        or ["mean"]
    )
    modes = [modes] if isinstance(modes, str) else list(modes)
    if len(modes) != 1 or modes[0] not in FROM_ST:
        raise EncoderError(
            f"{root} pools by {', '.join(modes)}, which is not offered here.",
            hint="Give one of cls_before_pooler, mean or max as the pooling.",
        )
    note = f"Stated by the checkpoint ({modules[1]['path']})."
    if "Dense" in core:
        dense = str(modules[kinds.index("Dense")]["path"])
        return Layout("cls" if modes[0] == "cls" else FROM_ST[modes[0]], note, dense, length)
    return Layout(FROM_ST[modes[0]], note, None, length)


def read_dense(folder: Path) -> DenseHead:
    """The dense layer of a sentence-transformers folder.

    Raises:
        EncoderError: Pickled weights, a residual connection, or an unknown activation.
    """
    from safetensors.torch import load_file

    from simcse_core.encoders.heads import head_from

    settings = read_json(folder / "config.json")
    activation = str(settings.get("activation_function", "torch.nn.modules.activation.Tanh")).rsplit(".", 1)[
        -1
    ]
    if settings.get("use_residual") or activation not in _ACTIVATIONS:
        raise EncoderError(
            f"{folder} has a dense layer of a kind that is not reproduced here ({activation})."
        )
    if not (folder / "model.safetensors").is_file():
        raise EncoderError(
            f"{folder} has no model.safetensors.", hint="Save the checkpoint again as safetensors."
        )
    weights = load_file(folder / "model.safetensors")
    return head_from(
        weights["linear.weight"], weights.get("linear.bias"), activation=_ACTIVATIONS[activation]
    )
