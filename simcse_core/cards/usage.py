"""How a checkpoint is opened by three libraries, as code that gives the embeddings it was made for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simcse_core.encoders.layout import TO_ST

OURS = """from simcse_core import load_encoder

encoder = load_encoder("{name}", precision="fp32")
embeddings = encoder.encode(["A first sentence.", "A second one."])"""
ST = """from sentence_transformers import SentenceTransformer

model = SentenceTransformer("{name}")
embeddings = model.encode(["A first sentence.", "A second one."])"""
HF = """import torch
from transformers import AutoModel, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("{name}")
model = AutoModel.from_pretrained("{name}").eval()
texts = ["A first sentence.", "A second one."]
batch = tokenizer(texts, padding=True, truncation=True, max_length={length}, return_tensors="pt")
with torch.inference_mode():
    output = model(**batch)
{pool}
embeddings = torch.nn.functional.normalize(pooled, dim=-1)"""
POOL = {
    "mean": """mask = batch["attention_mask"].unsqueeze(-1)
pooled = (output.last_hidden_state * mask).sum(1) / mask.sum(1)""",
    "max": """hidden = batch["attention_mask"].unsqueeze(-1) == 0
pooled = output.last_hidden_state.masked_fill(hidden, float("-inf")).max(1).values""",
    "cls_before_pooler": "pooled = output.last_hidden_state[:, 0]",
    "cls": "pooled = output.pooler_output",
}
"""Pooling → what makes of transformers' output the pooled rows."""


def snippets(name: str, facts: Mapping[str, Any], *, carried: bool) -> dict[str, str]:
    """Library → code; a library that cannot give the same embeddings is left out (`not_carried` says why).

    Args:
        name: Folder or id to open.
        facts: Of a check-up.
        carried: Whether its repairs, if there are any, lie in the folder as dense layers.
    """
    found = {"simcse_core": OURS.format(name=name)}
    pooling, repairs = facts["pooling"], facts["repairs"]
    if pooling in TO_ST and (carried or not repairs):
        found["sentence-transformers"] = ST.format(name=name)
    if pooling in POOL and not repairs:
        found["transformers"] = HF.format(name=name, length=facts["max_length"], pool=POOL[pooling])
    return found


def not_carried(facts: Mapping[str, Any], *, carried: bool) -> list[str]:
    """What the other libraries cannot do with this checkpoint, one sentence each; empty where all is well."""
    told = []
    pooling, repairs = facts["pooling"], [repair["name"] for repair in facts["repairs"]]
    if pooling not in TO_ST:
        told.append(
            f"sentence-transformers has no pooling {pooling}: there, this folder pools by mean, which gives "
            "other embeddings."
        )
    if repairs and not carried:
        told.append(
            f"The repairs ({', '.join(repairs)}) are no dense layer: sentence-transformers and transformers "
            "open the folder without them, simcse_core with them."
        )
    if repairs and carried:
        told.append(
            f"transformers opens the folder without its repairs ({', '.join(repairs)}); "
            "sentence-transformers applies them as dense layers."
        )
    return told
