"""The nine checks of the doctor, each what was measured and the fix; `doctor.examine` runs them.

Limits were set between encoders that are sound and the ones of `broken`, which have one fault each.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from simcse_core.encoders.families import position_limit
from simcse_core.encoders.heads import DenseHead
from simcse_core.errors import DataError
from simcse_core.evaluation.patient import FAULT, FINE, WARNING, Finding, Patient, Place, checks
from simcse_core.evaluation.words import percent
from simcse_core.metrics.anisotropy import mean_cosine
from simcse_core.metrics.spectrum import effective_rank

DRAWN = 0.02  # deviation of fresh weights, BERT's and this project's
MARGIN = 1.0  # points of Spearman by which another reading is surely better: lower end of its 95 % interval
COLLAPSED = 0.95  # mean cosine of different sentences
MOVED = 0.01  # share of sentences that may get another neighbour by dot product
PADDING = 1e-3  # largest change of a coordinate by the company of a longer text, in float32
PADDING_HALF = 3e-2  # the same in bfloat16 or float16, which round by less than this
CUT = 0.01  # share of texts cut
UNKNOWN = 0.02  # share of tokens that are the unknown word
PIECES = 2.0  # tokens a word: about 1.2 where the tokenizer knows the language
LARGEST = 65_504.0  # of float16


@checks.register("pooler", title="Wrong or untrained pooler", source="Gao et al. 2021, sec. 6.3")
def pooler(patient: Patient) -> Finding:
    """The head is trained, the pooling is the stated one, and no other one reads much better."""
    encoder = patient.encoder
    if encoder.head is not None and _untrained(encoder.head):
        return Finding(
            "pooler",
            FAULT,
            "The head after the pooling has weights as they are drawn, and biases of 0: it is untrained.",
            "Load it with pooling='cls_before_pooler' or 'mean'.",
        )
    last = encoder.layers
    own = patient.readings.get((last, encoder.pooling), 0.0)
    best = max(("mean", "cls_before_pooler"), key=lambda name: patient.readings.get((last, name), 0.0))
    low, other = _compared(patient, (last, best), (last, encoder.pooling))
    told = f"{encoder.pooling} reads {own:.1f} on the shipped pairs (Spearman × 100){other}."
    stated = patient.stated.pooling
    if stated not in (None, encoder.pooling):
        return Finding(
            "pooler",
            WARNING if low <= MARGIN else FAULT,
            f"The checkpoint states {stated}; it is read by {encoder.pooling}. {told}",
            f"Load it with pooling='{stated}', or leave the pooling out.",
        )
    if low > MARGIN:
        return Finding("pooler", WARNING, told, f"Try pooling='{best}'.")
    return Finding("pooler", FINE, told)


def _compared(patient: Patient, best: Place, own: Place) -> tuple[float, str]:
    """Lower end of the lead of the best reading over the own one, and both ends in words."""
    if best == own:
        return 0.0, ""
    low, high = patient.lead(best, own)
    name = best[1] if best[0] == own[0] else f"layer {best[0]}"
    better = f"better by {low:.1f} to {high:.1f} points" if low > 0 else "no surer"
    return low, f"; {name} reads {patient.readings.get(best, 0.0):.1f}, {better}"


def _untrained(head: DenseHead) -> bool:
    """Whether a head is still as it was drawn: biases 0, weights normal with deviation 0.02."""
    bias, weight = head.dense.bias, head.dense.weight.detach().double()
    sure = 4 * DRAWN / weight.numel() ** 0.5  # four standard errors of the mean
    as_drawn = abs(float(weight.mean())) < sure and abs(float(weight.std()) - DRAWN) < sure
    return as_drawn and (bias is None or not bool(bias.any()))


@checks.register("dropout", title="Dropout 0", source="Gao et al. 2021, sec. 3; table 3")
def dropout(patient: Patient) -> Finding:
    """Two training views of a sentence differ."""
    first, second = _training_views(patient)
    if not torch.equal(first, second):
        cosine = float(torch.nn.functional.cosine_similarity(first, second).mean())
        told = f"Two training views of a sentence have a cosine of {cosine:.3f} (dropout {_rate(patient)})."
        return Finding("dropout", FINE, told)
    return Finding(
        "dropout",
        WARNING,
        f"Two training views of a sentence are identical (dropout {_rate(patient)}). Encoding works as ever.",
        "To train it by unsupervised SimCSE, load it with dropout=0.1.",
    )


def _rate(patient: Patient) -> str:
    return f"{patient.encoder.dropout:g}"


def _training_views(patient: Patient) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings of a few short sentences, each twice, as training computes them: 2 x (8, d)."""
    encoder = patient.encoder
    texts = sorted(patient.texts, key=len)[:8]
    with encoder.lock, torch.no_grad(), torch.random.fork_rng():
        torch.manual_seed(0)
        was = encoder.training
        encoder.train()
        try:
            both = encoder.forward_train([*texts, *texts])
        finally:
            encoder.train(was)
    return both[: len(texts)], both[len(texts) :]


@checks.register(
    "padding", title="Embedding depends on the batch", source="SimCSE, evaluation code: averages are masked"
)
def padding(patient: Patient) -> Finding:
    """A short text has one embedding, alone and beside a long one."""
    encode = patient.encoder.encode
    order = sorted(patient.texts, key=len)
    short, long = order[:8], order[-1]
    alone = np.concatenate([encode([text]) for text in short])
    beside = np.concatenate([encode([text, long])[:1] for text in short])
    change = float(np.abs(alone - beside).max())
    moved = f"moves by {change:.1e} at most" if change else "stays where it is"
    told = f"A short text {moved} when a longer one is encoded with it."
    allowed = PADDING if patient.encoder.dtype == torch.float32 else PADDING_HALF
    if change <= allowed:
        return Finding("padding", FINE, told)
    return Finding(
        "padding", FAULT, told, "Mask the padded tokens in attention and in the pooling's average."
    )


@checks.register("layers", title="Layer mix-up", source="SimCSE repository, issue 285")
def layers(patient: Patient) -> Finding:
    """No earlier layer reads much better than the last one."""
    last = patient.encoder.layers
    means = {layer: patient.readings.get((layer, "mean"), 0.0) for layer in range(last + 1)}
    best = max(means, key=lambda layer: means[layer])
    low, other = _compared(patient, (best, "mean"), (last, "mean"))
    told = f"The mean of layer {last} reads {means[last]:.1f} on the shipped pairs (Spearman × 100){other}."
    if low <= MARGIN:
        return Finding("layers", FINE, told)
    return Finding(
        "layers",
        WARNING,
        told,
        "A language model's last layers serve the guessing of words: "
        f"':{max(best, 1)}' after the name keeps the first {max(best, 1)}. "
        "In any other encoder, check the order and the number of the layers in its files.",
    )


@checks.register("collapse", title="Collapsed space", source="Ethayarajh 2019; Wang & Isola 2020")
def collapse(patient: Patient) -> Finding:
    """Different sentences have different embeddings."""
    try:
        cosine, rank = mean_cosine(patient.rows), effective_rank(patient.rows)
    except DataError as error:
        return Finding("collapse", FAULT, f"The embeddings have no shape: {error.message}", _AGAIN)
    told = f"Different sentences have a mean cosine of {cosine:.3f}; effective rank {rank:.0f}."
    if cosine < COLLAPSED:
        return Finding("collapse", FINE, told)
    return Finding(
        "collapse",
        FAULT,
        told,
        "Take an earlier checkpoint and train with a lower rate; or read it by another pooling, or repair it "
        "(`repair --method whitening`).",
    )


_AGAIN = "Check the weights and the precision, and fetch the checkpoint again."


@checks.register("normalisation", title="Missing normalisation", source="SimCSE repository, issue 122")
def normalisation(patient: Patient) -> Finding:
    """Rows have length 1, here and in other libraries, so that a dot product is a cosine."""
    lengths = np.linalg.norm(patient.rows, axis=1)
    if not np.abs(lengths - 1).max() < 1e-2:
        told = f"Lengths of the embeddings run from {lengths.min():.3f} to {lengths.max():.3f}, not 1."
        return Finding("normalisation", FAULT, told, _DIVIDE)
    raw = np.linalg.norm(patient.raw, axis=1)
    moved = _moved(patient.raw)
    told = (
        f"Before normalisation lengths run from {raw.min():.3g} to {raw.max():.3g}; by dot products of such "
        f"rows {percent(moved)} of the sentences have another nearest neighbour than by cosine."
    )
    if patient.stated.normalized is not False or moved <= MOVED:
        return Finding("normalisation", FINE, told)
    dot = patient.stated.similarity in {"dot", "dot_product"}
    how = "compares by dot product" if dot else "gives such rows"
    return Finding(
        "normalisation",
        FAULT if dot else WARNING,
        f"{told} sentence-transformers {how} from this folder: its chain has no Normalize.",
        "There, encode with normalize_embeddings=True; or save it again with `export`, which adds Normalize.",
    )


_DIVIDE = "Encode with normalize=True, or divide by the length before dot products, alignment and uniformity."


def _moved(raw: NDArray[np.float64]) -> float:
    """Share of rows (n, d) whose nearest other row by dot product is not the nearest by cosine."""
    unit = raw / np.linalg.norm(raw, axis=1, keepdims=True)
    nearest = []
    for rows in (raw, unit):
        near = rows @ rows.T
        np.fill_diagonal(near, -np.inf)
        nearest.append(near.argmax(axis=1))
    return float(np.mean(nearest[0] != nearest[1]))


@checks.register("truncation", title="Truncated texts", source="SentEval protocol: no truncation")
def truncation(patient: Patient) -> Finding:
    """Texts are not cut."""
    encoder = patient.encoder
    cut = float(np.mean([len(row) >= encoder.max_length for row in patient.token_rows]))
    limit = position_limit(encoder.model.config)
    told = f"{percent(cut, 1)} of the texts reach {encoder.max_length} tokens, from where they are cut."
    if cut <= CUT:
        return Finding("truncation", FINE, told)
    more = encoder.max_length < limit
    fix = f"Load it with max_length={limit}." if more else "Split the texts into sentences or paragraphs."
    return Finding("truncation", WARNING, told, fix)


@checks.register(
    "language", title="Wrong language", source="Rust et al. 2021, arXiv:2012.15613, sec. 3 (fertility)"
)
def language(patient: Patient) -> Finding:
    """The tokenizer knows the words of the texts."""
    encoder = patient.encoder
    unknown = encoder.backend.token_to_id(encoder.special.get("unk_token", "[UNK]"))
    encoded = encoder.backend.encode_batch(list(patient.texts))
    words = [one.word_ids for one in encoded]
    tokens = sum(sum(w is not None for w in one) for one in words)
    distinct = sum(len({w for w in one if w is not None}) for one in words)
    missing = sum(one.ids.count(unknown) for one in encoded) / max(tokens, 1)
    pieces = tokens / max(distinct, 1)
    told = f"{percent(missing, 1)} of the tokens are unknown words; a word takes {pieces:.2f} tokens."
    if missing <= UNKNOWN and pieces <= PIECES:
        return Finding("language", FINE, told)
    return Finding(
        "language",
        FAULT if missing > UNKNOWN else WARNING,
        told,
        "Use an encoder of the texts' language, or check that the tokenizer (lower case, vocabulary) is the "
        "one of the weights.",
    )


@checks.register(
    "overflow", title="Half-precision overflow", source="IEEE 754 binary16: largest value 65,504"
)
def overflow(patient: Patient) -> Finding:
    """No hidden state leaves the range of half precision, and every embedding is finite."""
    encoder = patient.encoder
    if not np.isfinite(patient.rows).all():
        bad = int((~np.isfinite(patient.rows).all(axis=1)).sum())
        return Finding("overflow", FAULT, f"{bad} of {len(patient.rows)} embeddings are not finite.", _WIDER)
    rows = sorted(patient.token_rows[:64], key=len)
    with torch.inference_mode(), encoder.lock:
        pieces = encoder.engine.infer(rows, range(encoder.layers + 1))
    states = [piece.states[layer][piece.mask] for piece in pieces for layer in piece.states]
    weights = (p.detach() for p in encoder.model.parameters())
    largest = max(float(x.abs().max()) for x in (*states, *weights))
    told = f"Weights and layers' outputs reach {largest:.4g}; float16 ends at {LARGEST:,.0f}."
    if np.isfinite(largest) and largest < LARGEST / 2:
        return Finding("overflow", FINE, told)
    return Finding("overflow", FAULT if largest >= LARGEST else WARNING, told, _WIDER)


_WIDER = "Do not run or save it in float16: use bfloat16 or float32."
