"""The anatomy of any objective that acts on similarities, measured by automatic differentiation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simcse_core.errors import ConfigError
from simcse_core.theory.anatomy import Anatomy, Floats, anatomy, checked_rows

if TYPE_CHECKING:
    from torch import Tensor

SAME = 1e-9
"""Two float64 results agree if they differ by no more, relative to the larger or to 1."""


def anatomy_of(objective: str, similarities: ArrayLike, positive: ArrayLike, **parameters: float) -> Anatomy:
    """What a registered objective does to a batch of similarities.

    The gradient is that of the batch loss times R, so a mean over independent rows gives each row's own. The
    shares are those of its positive part on the negatives: to attract a negative, as some do, is no push.

    Args:
        objective: Name of a loss with the traits `layout` and `on_similarities`.
        similarities: (R, C), -inf where a row must not meet a column.
        positive: (R,) column of each row's positive.
        **parameters: Settings of the objective; the others keep their defaults.

    Returns:
        `probabilities` is None unless the gradient is that of a softmax at the objective's temperature;
        `loss` is None unless the losses of single rows average to that of the batch.

    Raises:
        ConfigError: No such objective or parameter, a value out of range, or no trait `on_similarities`.
        DataError: The similarities cannot be used.
    """
    from simcse_core.losses import losses
    from simcse_core.registry import params_of

    info = losses.info(objective)
    on_similarities = info.traits.get("on_similarities")
    if on_similarities is None:
        able = [name for name in losses if losses.info(name).traits.get("on_similarities")]
        raise ConfigError(
            f"The objective {objective} does not act on similarities alone.",
            hint=f"These do: {', '.join(able)}.",
        )
    known = params_of(info.target)
    unknown = sorted(set(parameters) - set(known))
    if unknown:
        raise ConfigError(f"The objective {objective} has no parameter {', '.join(unknown)}.")
    settings = {name: one.check(parameters.get(name, one.default)) for name, one in known.items()}
    cosines, columns = checked_rows(similarities, positive)
    batch, gradient = _value_and_gradient(on_similarities, cosines, columns, settings)
    pushes = np.maximum(gradient, 0.0)
    pushes[np.arange(len(cosines)), columns] = 0.0
    total = pushes.sum(axis=1)
    shares = pushes / np.where(total > 0, total, 1.0)[:, None]
    probabilities = _softmax_of(cosines, columns, settings, gradient)
    loss = _row_losses(on_similarities, cosines, columns, settings, batch)
    return Anatomy(cosines, probabilities, shares, gradient, _effective(shares), loss, total)


def _value_and_gradient(
    on_similarities: Callable[..., Tensor],
    cosines: Floats,
    columns: NDArray[np.int64],
    settings: Mapping[str, Any],
) -> tuple[float, Floats]:
    """The batch loss and R x its gradient, (R, C)."""
    import torch

    matrix = torch.tensor(cosines, dtype=torch.float64, requires_grad=True)
    value = on_similarities(matrix, torch.from_numpy(columns), **settings)
    (slope,) = torch.autograd.grad(value, matrix)
    gradient: Floats = np.where(np.isneginf(cosines), 0.0, slope.numpy() * len(cosines))
    return float(value.detach()), gradient


def _softmax_of(
    cosines: Floats, columns: NDArray[np.int64], settings: Mapping[str, Any], gradient: Floats
) -> Floats | None:
    """Probabilities of the closed form if its gradient is the measured one."""
    if "temperature" not in settings:
        return None
    rows, width = cosines.shape
    weight = float(settings.get("hard_weight", 1.0)) if width == 2 * rows else 1.0
    closed = anatomy(cosines, columns, temperature=settings["temperature"], hard_weight=weight)
    scale = max(1.0, float(np.abs(gradient).max()))
    return closed.probabilities if np.abs(closed.gradient - gradient).max() <= SAME * scale else None


def _row_losses(
    on_similarities: Callable[..., Tensor],
    cosines: Floats,
    columns: NDArray[np.int64],
    settings: Mapping[str, Any],
    batch: float,
) -> Floats | None:
    """The loss of every row on its own, if these average to the loss of the batch."""
    import torch

    matrix, at = torch.from_numpy(cosines), torch.from_numpy(columns)
    alone = [float(on_similarities(matrix[i : i + 1], at[i : i + 1], **settings)) for i in range(len(matrix))]
    average = float(np.mean(alone))
    return np.asarray(alone) if abs(average - batch) <= SAME * max(1.0, abs(batch)) else None


def _effective(shares: Floats) -> Floats:
    """(R,) e^H of shares; 0 for a row without a push."""
    logs = np.log(np.where(shares > 0, shares, 1.0))
    pushed = shares.any(axis=1)
    number: Floats = np.where(pushed, np.exp(-(shares * logs).sum(axis=1)), 0.0)
    return number
