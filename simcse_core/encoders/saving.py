"""Write an encoder so that transformers, sentence-transformers and this package open the folder as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import save_file

from simcse_core.encoders.heads import DenseHead, head_from
from simcse_core.encoders.layout import OWN_FILE, REPAIR_MODULES, TO_ST
from simcse_core.encoders.loading import quiet
from simcse_core.encoders.repairs import WARNING, as_affine
from simcse_core.errors import ConfigError

if TYPE_CHECKING:
    from simcse_core.encoders.encoder import Encoder
    from simcse_core.postprocess.affine import Affine


LAYOUTS = ("sentence-transformers", "transformers")


def save_encoder(
    encoder: Encoder,
    folder: Path,
    *,
    extra: Mapping[str, Any] | None = None,
    half: bool = False,
    layout: str = "sentence-transformers",
) -> None:
    """Write weights, configuration, tokenizer and pooling.

    Args:
        encoder: What to write; it is left as it is.
        folder: Made if missing; files of the same name are replaced.
        extra: More facts for simcse.json (title, licence, source, note …).
        half: Store weights in half precision, for shipping; they are opened in float32 all the same.
        layout: One of `LAYOUTS`; "transformers" leaves out the files that describe the pooling to
            sentence-transformers.

    Raises:
        ConfigError: No such layout.
    """
    if layout not in LAYOUTS:
        raise ConfigError(f"There is no layout {layout!r}.", hint=f"There are: {', '.join(LAYOUTS)}.")
    folder.mkdir(parents=True, exist_ok=True)
    _save_model(encoder, folder, half)
    save_tokenizer(encoder, folder)
    affine = as_affine(encoder.repairs, encoder.width) if encoder.repairs else None
    if layout == "sentence-transformers":
        _save_modules(encoder, folder, affine)
    carried = not encoder.repairs or (affine is not None and layout == "sentence-transformers")
    own = {
        "format": 1,
        "pooling": encoder.pooling,
        "layers": encoder.layers,
        **({"template": encoder.template} if encoder.template else {}),
        "expressible_in_sentence_transformers": encoder.pooling in TO_ST and carried,
        **(extra or {}),
    }
    if not carried:
        own["warning"] = WARNING
    if encoder.pooling not in TO_ST:
        own["warning"] = (
            f"sentence-transformers has no pooling '{encoder.pooling}': there, this folder pools by mean. "
            "Open it with simcse_core.load_encoder for the embeddings it was made for."
        )
    _write(folder / OWN_FILE, own)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _save_model(encoder: Encoder, folder: Path, half: bool) -> None:
    weights = {key: tensor.detach().cpu() for key, tensor in encoder.model.state_dict().items()}
    if encoder.pooling == "cls" and encoder.head is not None and "pooler.dense.weight" in weights:
        for name, tensor in encoder.head.dense.state_dict().items():  # as SimCSE's conversion: mlp → pooler
            weights[f"pooler.dense.{name}"] = tensor.detach().cpu()
    if half:
        weights = {
            key: tensor.half() if tensor.is_floating_point() else tensor for key, tensor in weights.items()
        }
    with quiet():
        encoder.model.save_pretrained(folder, state_dict=weights)


def save_tokenizer(encoder: Encoder, folder: Path) -> None:
    """Write the tokenizer's rules, its small files and its settings into an existing folder."""
    files = encoder.text_tokenizer.files
    (folder / "tokenizer.json").write_text(encoder.text_tokenizer.rules(), encoding="utf-8")
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")
    settings = json.loads(files.get("tokenizer_config.json", "{}"))
    settings = {**encoder.special, **settings, "model_max_length": encoder.max_length}
    settings.setdefault("tokenizer_class", "PreTrainedTokenizerFast")
    _write(folder / "tokenizer_config.json", settings)


def _save_modules(encoder: Encoder, folder: Path, affine: Affine | None) -> None:
    chain = [("", "Transformer"), ("1_Pooling", "Pooling")]
    if encoder.head is not None:
        chain.append(("2_Dense", "Dense"))
        _save_dense(encoder.head, folder / "2_Dense")
    if affine is not None and encoder.pooling in TO_ST:
        for name, layer in zip(REPAIR_MODULES, _layers_of(affine), strict=True):
            chain.append((f"{len(chain)}_{name}", "Dense"))
            _save_dense(layer, folder / chain[-1][0])
    chain.append((f"{len(chain)}_Normalize", "Normalize"))
    (folder / chain[-1][0]).mkdir(exist_ok=True)
    modules = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (path, kind) in enumerate(chain)
    ]
    _write(folder / "modules.json", modules)
    mode = TO_ST.get(encoder.pooling, "mean")
    (folder / "1_Pooling").mkdir(exist_ok=True)
    pooling = {
        "word_embedding_dimension": int(encoder.model.config.hidden_size),
        "pooling_mode_cls_token": mode == "cls",
        "pooling_mode_mean_tokens": mode == "mean",
        "pooling_mode_max_tokens": mode == "max",
        "pooling_mode_mean_sqrt_len_tokens": False,
    }
    _write(folder / "1_Pooling" / "config.json", pooling)
    _write(
        folder / "sentence_bert_config.json", {"max_seq_length": encoder.max_length, "do_lower_case": False}
    )
    _write(folder / "config_sentence_transformers.json", {"prompts": {}, "similarity_fn_name": "cosine"})


def _layers_of(affine: Affine) -> tuple[DenseHead, DenseHead]:
    """A shift and a matrix as two dense layers: in one, float32 would lose what cancels."""
    same = np.eye(len(affine.shift))
    parts = ((same, -affine.shift), (affine.matrix, affine.bias))
    first, second = (
        head_from(
            *(torch.from_numpy(np.ascontiguousarray(part)).float() for part in pair), activation="identity"
        )
        for pair in parts
    )
    return first, second


def _save_dense(head: DenseHead, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    kinds = {
        "tanh": "activation.Tanh",
        "identity": "linear.Identity",
        "relu": "activation.ReLU",
        "gelu": "activation.GELU",
    }
    settings = {
        "in_features": head.dense.in_features,
        "out_features": head.dense.out_features,
        "bias": head.dense.bias is not None,
        "activation_function": f"torch.nn.modules.{kinds[head.activation_name]}",
    }
    _write(folder / "config.json", settings)
    weights = {
        f"linear.{name}": t.detach().cpu().float().contiguous() for name, t in head.dense.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
