"""An objective as a function of the cosine of one pair, everything else in its batch held fixed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simcse_core.errors import ConfigError
from simcse_core.registry import accepts_of, checked, inputs_of

if TYPE_CHECKING:
    from torch import Tensor

Floats = NDArray[np.float64]
Scene = Callable[["Tensor"], dict[str, "Tensor"]]
POSITIVE, NEGATIVE = "positive", "negative"
SIDES = (POSITIVE, NEGATIVE)
GRID: Floats = np.round(np.linspace(-0.98, 0.98, 99), 2)
"""Cosines of the pair; at ±1 the two vectors lie on one line and the direction of a change is lost."""
ROW, PAIRS, TRIPLE, GROUPS = "row", "pairs", "triple", "groups"
SAME = 1e-9  # of two evaluations of one batch, rotated


@dataclass(frozen=True)
class Context:
    """The rest of the batch.

    Attributes:
        positive: Cosine of the other positive pairs; of the anchor's positive where the pair is a negative.
        negative: Cosine of the other negatives.
        others: How many negatives there are besides; of labelled pairs as many positives too.
    """

    positive: float = 0.8
    negative: float = 0.2
    others: int = 3


@dataclass(frozen=True)
class PairCurve:
    """One objective over `GRID` or another list of n cosines.

    Attributes:
        loss: (n,) of the whole batch.
        slope: (n,) change of that loss per unit of cosine.
    """

    loss: Floats
    slope: Floats


def kind_of(name: str) -> str | None:
    """How a registered loss is given one pair: `row`, `pairs`, `triple` or `groups`; None where it cannot be.

    A loss that registers its form on similarities gets one anchor's row of candidates. The others get unit
    vectors in the roles they take. None: it owns weights, or one cosine does not decide it.
    """
    kind = _by_roles(name)
    return kind if kind in {None, ROW} or _only_cosines(name) else None


def drawable() -> list[str]:
    """Names of the registered losses that are a function of cosines."""
    from simcse_core.losses import losses

    return [name for name in losses if kind_of(name) is not None]


def pair_curve(
    name: str,
    side: str,
    context: Context,
    parameters: Mapping[str, Any] | None = None,
    cosines: Sequence[float] | Floats = GRID,
) -> PairCurve:
    """Loss and slope by the registered function and autograd, in double precision.

    Args:
        name: A registered loss of `drawable()`.
        side: Whether the pair is a `positive` or a `negative`.
        context: The rest of the batch.
        parameters: Of the loss; what is left out has its default.
        cosines: Each in (-1, 1).

    Raises:
        ConfigError: No such loss or parameter, or the loss is not a function of one cosine.
    """
    import torch

    from simcse_core.losses import losses

    info = losses.info(name)
    if kind_of(name) is None:
        raise ConfigError(f"The loss {name!r} is not a function of the cosine of one pair.")
    values = checked("loss", name, info.target, parameters or {})
    scene = _scenes(side, context)[str(kind_of(name))]
    target: Any = info.traits.get("on_similarities") if kind_of(name) == ROW else info.target
    taken = values if kind_of(name) != ROW else _form_parameters(target, values)
    loss, slope = [], []
    for cosine in cosines:
        x = torch.tensor(float(cosine), dtype=torch.float64, requires_grad=True)
        value = target(**_accepted(scene(x), name, kind_of(name)), **taken)
        (gradient,) = torch.autograd.grad(value, x) if value.requires_grad else (torch.zeros_like(x),)
        loss.append(float(value.detach()))
        slope.append(float(gradient))
    return PairCurve(np.array(loss), np.array(slope))


def _form_parameters(form: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those parameters that the form on similarities has too."""
    import inspect

    known = inspect.signature(form).parameters
    return {key: value for key, value in values.items() if key in known}


def _by_roles(name: str) -> str | None:
    from simcse_core.losses import losses

    info = losses.info(name)
    if isinstance(info.target, type):
        return None
    if "on_similarities" in info.traits:
        return ROW
    roles = set(inputs_of(info.target))
    if roles in ({"first", "second", "label"}, {"first", "second", "score"}):
        return PAIRS
    if roles == {"anchor", "positive", "negative"}:
        return TRIPLE
    return GROUPS if roles == {"embedding", "label"} else None


def _accepted(given: Mapping[str, Tensor], name: str, kind: str | None) -> dict[str, Tensor]:
    """Of the tensors of a scene those that the loss takes."""
    from simcse_core.losses import losses

    known = ("similarities", "positive") if kind == ROW else accepts_of(losses[name])
    return {role: tensor for role, tensor in given.items() if role in known}


@lru_cache(maxsize=256)
def _only_cosines(name: str) -> bool:
    """Whether turning all vectors of a batch leaves the loss as it is."""
    import torch

    from simcse_core.losses import losses

    scene = _scenes(POSITIVE, Context())[str(_by_roles(name))]
    given = _accepted(scene(torch.tensor(0.4, dtype=torch.float64)), name, None)
    width = max(x.shape[1] for x in given.values() if x.ndim == 2)
    generator = torch.Generator().manual_seed(0)
    random = torch.randn(width, width, dtype=torch.float64, generator=generator)
    turned = torch.linalg.qr(random).Q
    moved = {role: x @ turned if x.ndim == 2 else x for role, x in given.items()}
    target: Any = losses[name]
    return abs(float(target(**given)) - float(target(**moved))) < SAME


def _scenes(side: str, context: Context) -> dict[str, Scene]:
    """Kind → from the pair's cosine to the tensors of a batch, all unit vectors."""
    import torch

    if side not in SIDES:
        raise ConfigError(f"A pair is positive or negative, not {side!r}.")
    known = torch.full((), 1.0, dtype=torch.float64)
    near, far = context.positive * known, context.negative * known
    fixed = [far] * context.others

    def around(x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Cosines of the anchor with its positives and with its negatives."""
        return ([x], fixed) if side == POSITIVE else ([near], [x, *fixed])

    def row(x: Tensor) -> dict[str, Tensor]:
        positives, negatives = around(x)
        anchor, candidates = _fan([*positives, *negatives])
        similarities = anchor @ candidates.T
        return {"similarities": similarities, "positive": torch.zeros(1, dtype=torch.int64)}

    def triple(x: Tensor) -> dict[str, Tensor]:
        positives, negatives = around(x)
        anchor, candidates = _fan([positives[0], negatives[0]])
        return {"anchor": anchor, "positive": candidates[:1], "negative": candidates[1:]}

    def groups(x: Tensor) -> dict[str, Tensor]:
        positives, negatives = around(x)
        anchor, candidates = _fan([*positives, *negatives])
        label = torch.tensor([0, 0, *range(1, len(negatives) + 1)])
        return {"embedding": torch.cat([anchor, candidates]), "label": label}

    def pairs(x: Tensor) -> dict[str, Tensor]:
        asked = 1.0 if side == POSITIVE else 0.0
        first, second = _planes([x, *[near] * context.others, *fixed])
        wanted = torch.tensor([asked, *[1.0] * context.others, *[0.0] * context.others]).double()
        return {"first": first, "second": second, "score": wanted, "label": wanted.long()}

    return {ROW: row, PAIRS: pairs, TRIPLE: triple, GROUPS: groups}


def _fan(cosines: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """An anchor (1, 1 + C) and C unit vectors with these cosines to it, each off it in its own direction."""
    import torch

    axes = torch.eye(1 + len(cosines), dtype=torch.float64)
    rows = [c * axes[0] + (1 - c * c).sqrt() * axis for c, axis in zip(cosines, axes[1:], strict=True)]
    return axes[:1], torch.stack(rows)


def _planes(cosines: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Two sides (B, 2B) of unit rows: row i of one has cosine i with row i of the other, 0 with the rest."""
    import torch

    axes = torch.eye(2 * len(cosines), dtype=torch.float64)
    first = axes[::2]
    rows = [c * u + (1 - c * c).sqrt() * v for c, u, v in zip(cosines, first, axes[1::2], strict=True)]
    return first, torch.stack(rows)
