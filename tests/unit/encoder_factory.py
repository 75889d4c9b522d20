"""Tiny random checkpoints of every supported family, made on the spot and seeded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from simcse_core.encoders import Encoder, load_encoder

WORDS = (
    "the a an is was are near in on of and to with not never no man woman cat dog tree house river red blue "
    "old young plays sleeps eats reads walks runs guitar book bread city night day three seven people child"
).split()
FAMILIES = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "distilbert", "mpnet", "modernbert")
FAIRSEQ = ("roberta", "xlm-roberta", "camembert", "mpnet")  # <s>, <pad>, </s>; padding is number 1
SENTENCES = (
    "a man plays the guitar",
    "the cat sleeps",
    "two dogs run near the old river at night with three people",
    "",
    "bread",
    "an old woman reads a blue book in the city on a day of seven walks to the house with not a dog",
    "the cat sleeps",
    "unheard-of words, too!",
)


def special_tokens(family: str) -> dict[str, str]:
    if family in FAIRSEQ:
        names = {"cls": "<s>", "pad": "<pad>", "sep": "</s>", "unk": "<unk>", "mask": "<mask>"}
    else:
        names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]", "mask": "[MASK]"}
    return {f"{role}_token": token for role, token in names.items()}


def vocabulary(family: str) -> dict[str, int]:
    letters = [chr(c) for c in range(33, 127)]
    tokens = [*special_tokens(family).values(), *WORDS, *letters, *(f"##{c}" for c in letters)]
    return {token: i for i, token in enumerate(dict.fromkeys(tokens))}


def make_tokenizer(folder: Path, family: str) -> None:
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    vocab, special = vocabulary(family), special_tokens(family)
    backend = Tokenizer(models.WordPiece(vocab, unk_token=special["unk_token"]))
    backend.normalizer = normalizers.BertNormalizer(lowercase=True)
    backend.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    start, end = special["cls_token"], special["sep_token"]
    backend.post_processor = processors.BertProcessing((end, vocab[end]), (start, vocab[start]))
    backend.add_special_tokens(list(special.values()))
    backend.save(str(folder / "tokenizer.json"))
    settings = {**special, "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def make_config(family: str, **changes: Any) -> Any:
    from transformers import AutoConfig

    common: dict[str, Any] = {
        "vocab_size": len(vocabulary(family)),
        "hidden_size": 32,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "intermediate_size": 64,
        "max_position_embeddings": 80,
        "pad_token_id": 1 if family in FAIRSEQ else 0,
    }
    if family == "distilbert":
        renamed = {"hidden_size": "dim", "num_hidden_layers": "n_layers", "num_attention_heads": "n_heads"}
        renamed["intermediate_size"] = "hidden_dim"
        common = {renamed.get(key, key): value for key, value in common.items()}
    if family == "electra":
        common["embedding_size"] = 16
    if family == "modernbert":
        common |= {"global_attn_every_n_layers": 2, "local_attention": 8}
        common |= dict.fromkeys(("bos_token_id", "cls_token_id"), 2)
        common |= dict.fromkeys(("eos_token_id", "sep_token_id"), 3)
    return AutoConfig.for_model(family, **(common | changes))


def make_checkpoint(folder: Path, family: str = "bert", *, seed: int = 0, **changes: Any) -> Path:
    """Write a random 3-layer checkpoint of `family`, 32 wide, in transformers layout."""
    from transformers import AutoModel

    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    model = AutoModel.from_config(make_config(family, **changes))
    with torch.no_grad():  # wider than the usual start, so that different sentences differ
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(std=0.15)
            elif not bool(parameter.any()):
                parameter.normal_(std=0.05)
    model.save_pretrained(folder)
    make_tokenizer(folder, family)
    return folder


def hf_hidden_states(folder: Path, encoder: Any, text: str) -> list[torch.Tensor]:
    """Hidden states of one text by the HF forward itself: layers + 1 tensors (T, h)."""
    from transformers import AutoModel

    model = AutoModel.from_pretrained(folder).eval()
    ids = torch.tensor(encoder.text_tokenizer.ids([text]))
    with torch.no_grad():
        out = model(input_ids=ids, attention_mask=torch.ones_like(ids), output_hidden_states=True)
    return [state[0] for state in out.hidden_states]


def load(folder: Path | str, **options: Any) -> Encoder:
    return load_encoder(str(folder), **{"device": "cpu", "precision": "fp32", **options})


def rewrite(file: Path, **changes: Any) -> None:
    """Change keys of a JSON file; None removes one."""
    content = json.loads(file.read_text(encoding="utf-8"))
    content = {key: value for key, value in {**content, **changes}.items() if value is not None}
    file.write_text(json.dumps(content), encoding="utf-8")
