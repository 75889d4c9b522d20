"""What is said about a stage: what happens, what can go wrong, and the formula with its live numbers."""

from __future__ import annotations

import math

import numpy as np

from pages.ui.text import t
from pages.walk.controls import Settings
from pages.walk.tensors import batch_names, views_of
from simcse_core.encoders.poolers import poolers
from simcse_core.figures.walk_bars import percent
from simcse_core.theory.walk import Walk
from simcse_core.theory.walk_arrays import cross_entropy, mean_loss
from simcse_core.theory.walk_batch import Batch

BY_LAYOUT = {"tokens", "similarities", "masked", "labels"}  # stages that each layout does in its own way


def number(value: float, digits: int = 3) -> str:
    """A number with so many significant digits: 0.0285, 4.85·10⁸, −∞, NaN."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, _, exponent = f"{value:.{digits}g}".replace("-", "−").partition("e")
    return f"{mantissa}·10{exponent_text(exponent)}" if exponent else mantissa


def exponent_text(exponent: str) -> str:
    """`+08` as ⁸, `−07` as ⁻⁷."""
    sign = "⁻" if exponent.startswith("−") else ""
    return sign + exponent[1:].lstrip("0").translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def axes_of(found: Walk, stage: str) -> str:
    """What the axes of a stage's tensor are."""
    return t(f"walk.axes.{stage}")


def _row(found: Walk, settings: Settings) -> int:
    return found.rows.index(settings.row) if settings.row in found.rows else 0


def _pair(found: Walk, settings: Settings) -> tuple[int, int]:
    """Picked row of the matrix and the column of its positive."""
    at = _row(found, settings)
    return at, int(found["labels"][at])


def what_of(found: Walk, settings: Settings) -> str:
    """What happens at this stage, in one or two sentences."""
    stage, batch = settings.stage, found.batch
    at, positive = _pair(found, settings)
    if stage in BY_LAYOUT:
        return t(f"walk.does.{stage}.{found.layout}", size=batch.size, twice=2 * batch.size)
    if stage in {"dropout", "hidden"}:
        return t(
            f"walk.does.{stage}.{_views(batch)}",
            percent=f"{100 * batch.dropout:g}",
            factor=f"{1 / (1 - batch.dropout):.3f}",
        )
    if stage == "loss":
        return t(
            "walk.does.loss", row=found.rows[at], share=percent(float(found.probabilities[at, positive])),
            loss=number(float(found["loss"][at])), mean=number(found.loss, 4), rows=len(found.rows),
            objective=_objective(found), value=_stated(found),
        )  # fmt: skip
    return t(
        f"walk.does.{stage}", title=poolers.info(batch.pooling).title, width=batch.embeddings.shape[1],
        limit=f"{1 / found.temperature:g}", tau=f"{found.temperature:g}",
        odds=number(math.exp(min(0.1 / found.temperature, 700.0))),
    )  # fmt: skip


def _views(batch: Batch) -> str:
    """What makes the rows of one letter differ: off, same (nothing does), texts, or new (masks)."""
    if batch.dropout == 0:
        return "off"
    if not batch.copies:
        return "texts"
    return "same" if batch.same_mask else "new"


def _objective(found: Walk) -> str:
    return "info_nce_interleaved" if found.layout == "interleaved" else "info_nce"


def _stated(found: Walk) -> str:
    """What the registered objective gave on the same embeddings, in float32."""
    return number(found.batch.objectives[_objective(found)][f"{found.temperature:g}"], 4)


def trap_of(found: Walk, settings: Settings) -> str:
    """What can go wrong here, with a number of this batch where there is one."""
    stage, batch = settings.stage, found.batch
    if stage == "tokens":
        check = batch.padding
        return t(
            "walk.trap.tokens", row=batch_names(batch)[check.row], alone=number(check.alone, 1),
            unmasked=f"{check.unmasked:.2f}",
        )  # fmt: skip
    if stage == "similarities":
        pairs = found["similarities"][np.arange(len(found.rows)), found["labels"]]
        if batch.copies and (batch.dropout == 0 or batch.same_mask):
            return t("walk.trap.similarities_equal")
        key = "similarities_views" if batch.copies else "similarities_texts"
        return t(f"walk.trap.{key}", low=f"{pairs.min():.2f}", high=f"{pairs.max():.2f}")
    if stage == "masked":
        return t("walk.trap.masked" if found.layout == "interleaved" else "walk.trap.masked_nothing")
    if stage == "labels":
        sentence = 2 if found.layout == "interleaved" else 1  # rows of one sentence
        wrong = mean_loss(cross_entropy(found["logits"], np.roll(found["labels"], sentence)))
        return t("walk.trap.labels", wrong=number(wrong), right=number(found.loss))
    if stage == "loss":
        return t("walk.trap.loss", chance=f"{math.log(found.negatives + 1):.2f}", count=found.negatives + 1)
    return t(f"walk.trap.{stage}")


def why_of(found: Walk, settings: Settings) -> tuple[str, str, str]:
    """Why, the formula, and the formula with the numbers of the picked row."""
    formula, live = FORMULAS[settings.stage](found, settings)
    other = settings.stage == "hidden" and not found.batch.copies
    return t("walk.why.hidden_texts" if other else f"walk.why.{settings.stage}"), formula, live


def _tokens(found: Walk, settings: Settings) -> tuple[str, str]:
    lengths = found.batch.lengths.tolist()
    shown = ",".join(map(str, lengths[: found.batch.size]))
    return r"L=\max_i\,n_i", rf"L=\max({shown},\dots)={max(lengths)}"


def _dropout(found: Walk, settings: Settings) -> tuple[str, str]:
    batch = found.batch
    rows = views_of(batch, settings)[:2]
    first, second = (batch.zeroed[row] for row in rows)
    before, after = (values[rows[0]].astype(np.float64) for values in (batch.before, batch.after))
    largest = np.unravel_index(np.argmax(np.abs(after)), after.shape)  # a number that was kept
    return (
        r"x'=\frac{m\odot x}{1-p},\qquad m\sim\mathrm{Bernoulli}(1-p)",
        rf"\text{{zero: }}{first:.3f},\;{second:.3f},\qquad"
        rf"\frac{{{before[largest]:.3f}}}{{1-{batch.dropout:g}}}={after[largest]:.3f}",
    )


def _hidden(found: Walk, settings: Settings) -> tuple[str, str]:
    batch = found.batch
    if not batch.copies:
        return r"H=f_\theta(x;z)", rf"L={batch.ids.shape[1]},\quad h={batch.width}"
    one, two = (batch.hidden[row].astype(np.float64) for row in views_of(batch, settings)[:2])
    gap = float(np.abs(one - two).mean())
    return r"H=f_\theta(x;z),\qquad H'=f_\theta(x;z')", rf"\overline{{|H-H'|}}={gap:.3f}"


def _pooled(found: Walk, settings: Settings) -> tuple[str, str]:
    row = views_of(found.batch, settings)[0]
    real, width = int(found.batch.lengths[row]), found.batch.ids.shape[1]
    return rf"h={poolers.info(found.batch.pooling).equation}", rf"T={real}\;\text{{of}}\;{width}"


def _unit(found: Walk, settings: Settings) -> tuple[str, str]:
    row = views_of(found.batch, settings)[0]
    length = float(np.linalg.norm(found.batch.embeddings[row]))
    return r"\hat h=\frac{h}{\lVert h\rVert}", rf"\lVert h\rVert={length:.3f}\;\to\;1"


def _similarities(found: Walk, settings: Settings) -> tuple[str, str]:
    at, positive = _pair(found, settings)
    value = float(found["similarities"][at, positive])
    return r"s_{ij}=\hat h_i^\top\hat h_j", rf"s_{{{at},{positive}}}={value:.4f}"


def _masked(found: Walk, settings: Settings) -> tuple[str, str]:
    if found.layout == "interleaved":
        return (
            r"s_{ii}\to-\infty,\qquad e^{-\infty}=0",
            rf"{len(found.rows)}\;\text{{cells of}}\;{len(found.rows)}^2",
        )
    rows, columns = found["masked"].shape
    return r"s_{ij}\to s_{ij}", rf"0\;\text{{cells of}}\;{rows}\cdot{columns}"


def _logits(found: Walk, settings: Settings) -> tuple[str, str]:
    at, positive = _pair(found, settings)
    value, logit = (float(found[stage][at, positive]) for stage in ("similarities", "logits"))
    return r"z_{ij}=\frac{s_{ij}}{\tau}", rf"\frac{{{value:.4f}}}{{{found.temperature:g}}}={logit:.3f}"


def _labels(found: Walk, settings: Settings) -> tuple[str, str]:
    at, positive = _pair(found, settings)
    if found.layout == "interleaved":
        return r"y_i=i+1-2\,(i\bmod 2)", rf"y_{{{at}}}={at}+1-2\cdot{at % 2}={positive}"
    return r"y_i=i", rf"y_{{{at}}}={positive}"


def _loss(found: Walk, settings: Settings) -> tuple[str, str]:
    at, positive = _pair(found, settings)
    share, loss = float(found.probabilities[at, positive]), float(found["loss"][at])
    return (
        r"\ell_i=-\log\frac{e^{z_{i y_i}}}{\sum_j e^{z_{ij}}},\qquad L=\frac1R\sum_i\ell_i",
        rf"\ell_{{{at}}}=-\log {share:.4g}={loss:.4g},\qquad L={found.loss:.4g}",
    )


FORMULAS = {
    "tokens": _tokens,
    "dropout": _dropout,
    "hidden": _hidden,
    "pooled": _pooled,
    "unit": _unit,
    "similarities": _similarities,
    "masked": _masked,
    "logits": _logits,
    "labels": _labels,
    "loss": _loss,
}
