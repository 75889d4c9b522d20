"""What the page of pairs opens with: example triples, a list and searches under three checkpoints.

The examples are the project's own sentences: originals and opposites of `pairs.tsv` and `pairs-zh.tsv`, each
with a paraphrase written for this page.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from simcse_core.data.datasets import load_dataset_records, sentence_subjects
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.recording.checkpoints import AFTER, BEFORE, ENCODERS
from simcse_core.recording.provenance import made
from simcse_core.search.background import PAIRS, SENTENCES, Background, background_sentences
from simcse_core.search.index import CosineIndex

CHECKPOINTS = (BEFORE, AFTER, "minilm")  # the raw one first
BACKGROUNDS = (*ENCODERS[:3], *(f"minilm:{k}" for k in range(1, 6)), "minilm")
SEED = 0
HITS = 20

EXAMPLES = (
    # name, original, the same in other words, something else in the same words
    (
        "negation",
        "The swimming pool is open on public holidays.",
        "Bathers are welcome even on bank holidays.",
        "The swimming pool is not open on public holidays.",
    ),
    (
        "denial",
        "The company admitted that the brakes were faulty.",
        "The firm conceded that its brakes were defective.",
        "The company never admitted that the brakes were faulty.",
    ),
    (
        "roles",
        "The dog chased the postman down the lane.",
        "The postman ran down the lane with the dog after him.",
        "The postman chased the dog down the lane.",
    ),
    (
        "number",
        "The ferry crossing takes forty minutes.",
        "You can cross by ferry in two thirds of an hour.",
        "The ferry crossing takes fourteen hours.",
    ),
    (
        "opposite",
        "The jury found the accountant innocent.",
        "The accountant was acquitted.",
        "The jury found the accountant guilty.",
    ),
    (
        "idiom",
        "He had cold feet before the wedding.",
        "He was nervous about getting married.",
        "He had cold feet because his boots leaked.",
    ),
    (
        "unrelated",
        "A band is playing on the bandstand in the park.",
        "Musicians are giving an open-air concert.",
        "Metals expand when they are heated.",
    ),
    ("chinese", "老师表扬了班长。", "班长被老师表扬了。", "这趟车每隔十分钟一班。"),
)

LIST = (
    "The museum is shut on Mondays.",
    "On Mondays the museum is closed.",
    "The museum is not shut on Mondays.",
    "The film begins at half past eight.",
    "The movie starts at 8:30.",
    "The movie starts at 9:30.",
    "Our flight was grounded because of thick fog.",
    "Dense fog prevented our plane from taking off.",
    "The cat is asleep on top of the warm radiator.",
    "A cat is dozing on the heated radiator.",
    "Bees are essential for pollinating apple orchards.",
    "Investors panicked and dumped their shares.",
)

QUERIES = (
    "An animal got somewhere it should not be.",
    "How do I keep bread fresh?",
    "The trip did not go as planned.",
    "Something expensive went wrong.",
    "A scientist changed her mind.",
)


def record(out: Path, *, checkpoints: tuple[str, ...] = BACKGROUNDS) -> dict[str, Any]:
    """Measure and write.

    Args:
        out: Target file.
        checkpoints: Those whose background is measured; a test makes only the first again.
    """
    result: dict[str, Any] = {
        "made": made(
            "python -m simcse_core record pairs",
            seed=SEED,
            device="cpu",
            precision="fp32",
            config={"pairs": PAIRS, "sentences": SENTENCES, "checkpoints": list(checkpoints)},
        ),
        "backgrounds": {},
        "backgrounds_zh": {},
        "examples": [
            {"name": name, "original": original, "same": same, "different": different, "scores": {}}
            for name, original, same, different in EXAMPLES
        ],
        "list": {"texts": list(LIST), "cosines": {}},
        "search": {"sentences": len(sentence_subjects()), "queries": list(QUERIES), "hits": {}},
    }
    for name in checkpoints:
        encoder = load_encoder(name, device="cpu", precision="fp32")
        _backgrounds(encoder, name, result)
        if name in CHECKPOINTS:
            _scores(encoder, name, result)
    out.write_text(json.dumps(result, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    return result


def _backgrounds(encoder: Encoder, name: str, result: dict[str, Any]) -> None:
    chinese = [str(text) for text in load_dataset_records("sentences-zh")]
    for key, texts in (("backgrounds", background_sentences(seed=SEED)), ("backgrounds_zh", chinese)):
        result[key][name] = Background.measure(encoder.encode(texts), seed=SEED).to_dict()


def _scores(encoder: Encoder, name: str, result: dict[str, Any]) -> None:
    for example in result["examples"]:
        original, same, different = encoder.encode([example[k] for k in ("original", "same", "different")])
        example["scores"][name] = {"same": _cosine(original, same), "different": _cosine(original, different)}
    rows = encoder.encode(LIST).astype(np.float64)
    result["list"]["cosines"][name] = [[round(float(c), 4) for c in line] for line in rows @ rows.T]
    sentences = sentence_subjects()
    index = CosineIndex(encoder.encode([text for text, _ in sentences]), copy=False)
    found = index.search(encoder.encode(QUERIES), top=HITS)
    result["search"]["hits"][name] = [
        [
            {"text": sentences[row][0], "subject": sentences[row][1], "cosine": round(float(cosine), 4)}
            for row, cosine in zip(hits.rows, hits.cosines, strict=True)
        ]
        for hits in found
    ]


def _cosine(first: Any, second: Any) -> float:
    return round(float(np.dot(first.astype(np.float64), second.astype(np.float64))), 4)
