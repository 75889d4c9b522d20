"""One step at a time: encoder, batches, view, loss and optimiser, and the state to go on from later."""

from __future__ import annotations

import copy
import inspect
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn

from simcse_core.config import RunConfig
from simcse_core.encoders import Encoder
from simcse_core.errors import TrainingError
from simcse_core.losses import losses
from simcse_core.registry import accepts_of
from simcse_core.runtime import seed_everything
from simcse_core.training.batches import Batches
from simcse_core.training.embedding import embed
from simcse_core.training.events import StepDone
from simcse_core.training.fitting import require_fit
from simcse_core.training.gradients import WordGradients
from simcse_core.training.moments import pack, unpack
from simcse_core.training.optim import clip, learning_rate_at, make_optimizer
from simcse_core.training.wrapping import Wrapping
from simcse_core.views import Roles, record_kind, views
from simcse_core.views.making import make_rows


class Trainer:
    """Trains an encoder in place.

    Args:
        config: Checked (`RunConfig.check`).
        encoder: Loaded for training; owned by the trainer from here on.
        records: Training records, all of one kind.
        second: The second tower of a run that goes on; at the beginning of a run with separate towers it is
            copied from the encoder.

    Attributes:
        second: The encoder of the second side, trained with weights of its own; None with shared towers.

    Raises:
        DataError: The view cannot use these records, or there are fewer than one batch.
        ConfigError: The view does not give the loss what it needs.
    """

    def __init__(
        self, config: RunConfig, encoder: Encoder, records: Sequence[Any], second: Encoder | None = None
    ) -> None:
        self.config, self.encoder = config, encoder
        if config.encoder.towers == "separate":
            second = second if second is not None else copy.deepcopy(encoder)
            WordGradients(second.model, second.device)  # its rows are laid out by `words` below
        self.second = second
        self.batches = Batches(records, size=config.optim.batch_size, seed=config.seed)
        require_fit(config.view.name, record_kind(records[0]), config.loss.name)
        seed_everything(config.seed)
        self.loss = self._build_loss()
        self.wrapped = Wrapping(config, encoder, _named(self.loss, accepts_of(losses[config.loss.name])))
        self.words = WordGradients(encoder.model, encoder.device)
        self.optimizer = make_optimizer(self._parameters(), config.optim)
        self.step = 0

    def advance(self) -> StepDone:
        """Do one optimiser step.

        Raises:
            TrainingError: The loss or the gradient is not finite; nothing was updated.
            ConfigError: The view gives too little for the loss.
        """
        start = time.perf_counter()
        for tower in self._towers():
            tower.train()
        roles = self._roles()
        loss = self.wrapped(self._embed(roles), roles)
        self._require_finite("loss", float(loss.detach()))
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.words.make_dense(self._parameters())
        norm = clip(self._parameters(), self.config.optim.clip_norm)
        self._require_finite("gradient norm", norm)
        rate = learning_rate_at(self.step, self.config.optim)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.step()
        self.wrapped.after_step()
        self.step += 1
        seconds = time.perf_counter() - start
        return StepDone(
            step=self.step,
            loss=float(loss.detach()),
            learning_rate=rate,
            grad_norm=norm,
            sentences_per_second=self.config.optim.batch_size / seconds,
        )

    def state_tensors(self) -> dict[str, Tensor]:
        """All beside the encoder that the next step depends on: moments, random state, loss weights.

        The tensors are the trainer's own where that saves a copy: write them before the next step.
        """
        state: dict[str, Tensor] = {"rng.cpu": torch.get_rng_state()}
        if self.encoder.device.type == "cuda":
            state["rng.cuda"] = torch.cuda.get_rng_state(self.encoder.device)
        for index, parameter in enumerate(self.optimizer.param_groups[0]["params"]):
            for name, value in self.optimizer.state.get(parameter, {}).items():
                state |= pack(f"adam.{index}.{name}", value.detach().cpu())
        state |= {f"extra.{name}": p.detach().cpu() for name, p in self._extra_weights().items()}
        state |= {f"wrap.{name}": x for name, x in self.wrapped.state_tensors().items()}
        return state

    def load_state(self, state: dict[str, Tensor], *, step: int) -> None:
        """Go on after `step` steps exactly as if the run had never stopped.

        Raises:
            TrainingError: The state does not fit this configuration.
        """
        own = self._extra_weights()
        if {k.removeprefix("extra.") for k in state if k.startswith("extra.")} != set(own):
            raise TrainingError("The saved training state belongs to another configuration.")
        with torch.no_grad():
            for name, parameter in own.items():
                parameter.copy_(state[f"extra.{name}"])
        for index, parameter in enumerate(self.optimizer.param_groups[0]["params"]):
            moments = unpack(f"adam.{index}.", state, like=parameter)
            if moments:
                self.optimizer.state[parameter] = moments
        self.wrapped.load_state(
            {k.removeprefix("wrap."): v for k, v in state.items() if k.startswith("wrap.")}
        )
        torch.set_rng_state(state["rng.cpu"])
        if "rng.cuda" in state and self.encoder.device.type == "cuda":
            torch.cuda.set_rng_state(state["rng.cuda"], self.encoder.device)
        self.step = step

    def _build_loss(self) -> Callable[..., Tensor]:
        name, values = self.config.loss.name, dict(self.config.loss.parameters)
        target = losses[name]
        if not inspect.isclass(target):
            return lambda **tensors: target(**tensors, **values)
        module: nn.Module = cast(Any, target)(self.encoder.dimension, **values)
        return module.to(self.encoder.device)

    def _extra_weights(self) -> dict[str, nn.Parameter]:
        """Trained weights that are not part of the saved encoder: the training head and the loss's own."""
        extra: dict[str, nn.Parameter] = {}
        heads = zip(("head", "second"), (tower.training_head for tower in self._towers()), strict=False)
        for name, module in (*heads, ("loss", self.loss)):
            if isinstance(module, nn.Module):
                extra |= {f"{name}.{key}": p for key, p in module.named_parameters()}
        return extra

    def _parameters(self) -> list[nn.Parameter]:
        own = self.loss.parameters() if isinstance(self.loss, nn.Module) else ()
        return [*(p for tower in self._towers() for p in tower.parameters()), *own]

    def _towers(self) -> tuple[Encoder, ...]:
        return (self.encoder,) if self.second is None else (self.encoder, self.second)

    def _roles(self) -> Roles:
        generator = np.random.default_rng([self.config.seed, 1, self.step])
        records = self.batches.at(self.step)
        named, view = self.config.encoder.name, self.config.view
        return make_rows(view.name, records, generator, self.encoder, named, view.parameters)

    def _embed(self, roles: Roles) -> dict[str, Tensor]:
        masks = views.info(self.config.view.name).traits.get("masks", "fresh")
        dropout, chunk = self.config.encoder.dropout, self.config.wrap.chunk
        return embed(self.encoder, roles, masks=masks, dropout=dropout, chunk=chunk, second=self.second)

    def _require_finite(self, what: str, value: float) -> None:
        if not np.isfinite(value):
            raise TrainingError(
                f"The {what} became {value} at step {self.step + 1}.",
                hint="Lower optim.learning_rate, raise loss.temperature, or set optim.precision=fp32.",
            )


def _named(loss: Callable[..., Tensor], accepted: Collection[str]) -> Callable[..., Tensor]:
    """The loss, given those of the tensors that it accepts; no method, so that a trainer is freed at once."""
    return lambda **tensors: loss(**{name: x for name, x in tensors.items() if name in accepted})
