"""What a run puts around its loss: a momentum queue, nested widths, or a guide."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import torch
from torch import Tensor

from simcse_core.config import RunConfig
from simcse_core.encoders import Encoder, load_encoder
from simcse_core.errors import ConfigError
from simcse_core.losses import losses
from simcse_core.losses.wrappers import (
    MomentumQueue,
    guided_loss,
    keys_of,
    make_twin,
    matryoshka,
    momentum_update,
    queued_loss,
)
from simcse_core.losses.wrappers.form import similarity_form
from simcse_core.views import TARGETS, Roles

OFF, FULL = "none", "full"
Loss = Callable[..., Tensor]


class Wrapping:
    """The loss of a run with what its section `wrap` asks for; without any of it, the loss itself.

    Args:
        config: Checked.
        encoder: That is trained; a momentum twin is copied from it.
        loss: The configured objective with its parameters bound.

    Raises:
        ConfigError: Two wrappers at once, or one that does not apply to this loss.
        EncoderError: The guide cannot be loaded.
    """

    def __init__(self, config: RunConfig, encoder: Encoder, loss: Loss) -> None:
        self.settings, self.encoder = config.wrap, encoder
        self.name, self.parameters = config.loss.name, dict(config.loss.parameters)
        self.loss = loss
        self.queue: MomentumQueue | None = None
        self.guide: Encoder | None = None
        self._fresh: tuple[list[list[int]], Tensor] | None = None
        self._require_one()
        if self.settings.widths != FULL:
            if isinstance(losses[self.name], type):
                raise ConfigError(
                    f"wrap.widths: the loss {self.name!r} has weights of its own, which fit one width only.",
                    hint=f"Set wrap.widths to {FULL}.",
                )
            self.loss = matryoshka(loss, _widths(self.settings.widths))
        if self.settings.queue:
            similarity_form(self.name)
            self.queue, self.twin = MomentumQueue(self.settings.queue, encoder.dimension), make_twin(encoder)
        if self.settings.guide != OFF:
            similarity_form(self.name)
            self.guide = load_encoder(self.settings.guide, device=str(encoder.device))

    def __call__(self, tensors: Mapping[str, Tensor], roles: Roles) -> Tensor:
        """The loss of a batch: its tensors by role, and the rows they were made of."""
        if self.queue is not None:
            rows = self.encoder.token_rows(cast(Any, roles["anchor"]))
            keys = keys_of([" ".join(map(str, row)) for row in rows])
            self._fresh = (rows, keys.to(self.encoder.device))
            return queued_loss(self.name, tensors, self.queue, self._fresh[1], **self.parameters)
        if self.guide is not None:
            told = {role: self._guided(_texts(roles, role)) for role in roles if role not in TARGETS}
            margin = self.settings.guide_margin
            return guided_loss(self.name, tensors, told, margin=margin, **self.parameters)
        return self.loss(**tensors)

    def after_step(self) -> None:
        """Let the twin follow, and queue its rows of this batch, as ESimCSE does."""
        if self.queue is None or self._fresh is None:
            return
        batch, keys = self._fresh
        momentum_update(self.twin, self.encoder, momentum=self.settings.momentum)
        with torch.no_grad():
            rows = self.twin.forward_train(batch)
            if self.encoder.training_head is not None:  # the head has no twin: its newest state is used
                rows = self.encoder.training_head(rows)
        self.queue.push(rows, keys)

    def state_tensors(self) -> dict[str, Tensor]:
        """All that the next step depends on."""
        if self.queue is None:
            return {}
        twin = {f"twin.{name}": p.detach().cpu() for name, p in self.twin.named_parameters()}
        return twin | {f"queue.{name}": x.cpu() for name, x in self.queue.state_tensors().items()}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Go on with what `state_tensors` gave."""
        if self.queue is None:
            return
        with torch.no_grad():
            for name, parameter in self.twin.named_parameters():
                parameter.copy_(state[f"twin.{name}"])
        device = self.encoder.device
        self.queue.load_state({name: state[f"queue.{name}"].to(device) for name in ("rows", "keys")})

    def _guided(self, texts: list[str]) -> Tensor:
        assert self.guide is not None
        return torch.from_numpy(self.guide.encode(texts)).to(self.encoder.device)

    def _require_one(self) -> None:
        wanted = {
            "wrap.queue": bool(self.settings.queue),
            "wrap.widths": self.settings.widths != FULL,
            "wrap.guide": self.settings.guide != OFF,
        }
        chosen = [name for name, on in wanted.items() if on]
        if len(chosen) > 1:
            raise ConfigError(f"{' and '.join(chosen)} cannot be combined.", hint="Keep one of them.")


def _widths(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ConfigError(
            f"wrap.widths is {text!r}.", hint=f"Write whole numbers with commas, as 384,128,64, or {FULL}."
        ) from None


def _texts(roles: Roles, role: str) -> list[str]:
    rows: Any = roles[role]
    if any(not isinstance(row, str) for row in rows):
        raise ConfigError(
            "A guide reads whole words, and this view works on sub-words.", hint="Set view.unit=word."
        )
    return list(rows)
