"""`RunConfig`: the single, complete description of a training run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from simcse_core.errors import ConfigError, SimCSEError
from simcse_core.registry import Choice, Range, Text, checked, params_of

POOLINGS = ("cls", "cls_before_pooler", "mean", "first_last", "last2", "max", "mask")
FORMAT = 1  # raised when the meaning of a stored field changes


@dataclass(frozen=True, kw_only=True)
class EncoderConfig:
    """Which encoder is trained and how it is read out."""

    name: Annotated[str, Text("Shipped name, folder or Hub id; ':k' keeps the first k layers")] = "minilm:4"
    pooling: Annotated[str, Choice(POOLINGS, "How token states become one vector")] = "mean"
    head: Annotated[str, Choice(("none", "mlp"), "Training-only dense + tanh head")] = "none"
    dropout: Annotated[
        float, Range(0.0, 0.9, "Hidden and attention dropout rate", (0.0, 0.01, 0.05, 0.1, 0.15, 0.2, 0.3))
    ] = 0.1
    max_length: Annotated[int, Range(8, 512, "Tokens kept per sentence", (16, 32, 64, 128, 256))] = 64
    template: Annotated[str, Text("Put around a sentence [X] for pooling mask, or none")] = "none"
    towers: Annotated[
        str, Choice(("shared", "separate"), "One encoder for both sides, or one for each, alike at the start")
    ] = "shared"


@dataclass(frozen=True, kw_only=True)
class ComponentConfig:
    """A registered component and its parameters; a parameter left out has its default."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class OptimConfig:
    """AdamW, its schedule and clipping."""

    steps: Annotated[int, Range(1, 1_000_000, "Optimiser steps", (10, 20, 40, 80, 160, 320))] = 20
    batch_size: Annotated[int, Range(2, 4096, "Sentences per step", (8, 16, 32, 64, 128, 256))] = 64
    learning_rate: Annotated[
        float, Range(1e-7, 1.0, "Peak step size of AdamW", (3e-6, 1e-5, 3e-5, 5e-5, 1e-4, 3e-4))
    ] = 3e-5
    schedule: Annotated[
        str, Choice(("linear", "constant"), "Rate after the warm-up: falls to 0, or stays")
    ] = "linear"
    weight_decay: Annotated[float, Range(0.0, 1.0, "Decoupled weight decay", (0.0, 0.01, 0.1))] = 0.0
    warmup: Annotated[float, Range(0.0, 0.9, "Share of the steps with rising rate", (0.0, 0.1))] = 0.0
    clip_norm: Annotated[float, Range(0.0, 1e6, "Largest gradient norm; 0 leaves it", (0.0, 1.0))] = 1.0
    precision: Annotated[str, Choice(("auto", "bf16", "fp32"), "Format of the matrix products")] = "auto"
    device: Annotated[str, Text("auto, cpu, cuda or mps")] = "auto"


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """What is trained on."""

    train: Annotated[str, Text("A data set's name or a file")] = "sentences"
    limit: Annotated[int, Range(0, 100_000_000, "Records used; 0 takes all")] = 0


@dataclass(frozen=True, kw_only=True)
class WrapConfig:
    """What is put around the loss; nothing by default, and one of queue, widths and guide at most."""

    chunk: Annotated[
        int, Range(0, 4096, "Rows encoded at a time (gradient caching); 0: all", (0, 16, 32, 64, 128))
    ] = 0
    queue: Annotated[
        int, Range(0, 65_536, "Older embeddings as further negatives; 0: none", (0, 64, 160, 320, 640))
    ] = 0
    momentum: Annotated[
        float, Range(0.0, 1.0, "Share the queue's encoder keeps of itself", (0.9, 0.99, 0.995, 0.999))
    ] = 0.995
    widths: Annotated[str, Text("Matryoshka widths with commas, as 384,128,64, or full")] = "full"
    guide: Annotated[str, Text("Encoder that takes likely false negatives out, or none")] = "none"
    guide_margin: Annotated[
        float, Range(0.0, 2.0, "How far below the guide's positive a negative must stay", (0.0, 0.05, 0.1))
    ] = 0.0


@dataclass(frozen=True, kw_only=True)
class EvaluationConfig:
    """What is measured on the way, and what is kept."""

    every: Annotated[int, Range(1, 1_000_000, "Steps between evaluations", (1, 2, 5, 10, 20, 50))] = 5
    sets: Annotated[str, Text("Scored-pair sets or files, comma-separated; the first one leads")] = "pairs"
    keep: Annotated[str, Choice(("last", "all"), "Which checkpoints stay on disk")] = "last"


SECTIONS: dict[str, type[Any]] = {
    "encoder": EncoderConfig,
    "optim": OptimConfig,
    "data": DataConfig,
    "wrap": WrapConfig,
    "evaluation": EvaluationConfig,
}


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """Encoder x view x loss x optimisation x data x evaluation; frozen, comparable, stored as JSON."""

    encoder: EncoderConfig = field(default_factory=EncoderConfig)
    view: ComponentConfig = field(default_factory=lambda: ComponentConfig(name="dropout"))
    loss: ComponentConfig = field(default_factory=lambda: ComponentConfig(name="info_nce"))
    optim: OptimConfig = field(default_factory=OptimConfig)
    data: DataConfig = field(default_factory=DataConfig)
    wrap: WrapConfig = field(default_factory=WrapConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    seed: Annotated[int, Range(0, 2**31 - 1, "Seeds data order, masks and fresh weights")] = 42
    preset: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Nested plain values; a component's parameters stand beside its name."""
        plain: dict[str, Any] = {"format": FORMAT, "preset": self.preset, "seed": self.seed}
        for section in SECTIONS:
            plain[section] = dataclasses.asdict(getattr(self, section))
        for section in ("view", "loss"):
            component: ComponentConfig = getattr(self, section)
            plain[section] = {"name": component.name, **component.parameters}
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RunConfig:
        """Inverse of `to_dict`; sections and fields left out have their defaults.

        Raises:
            ConfigError: A newer format, an unknown field or a value out of range.
        """
        if plain.get("format", FORMAT) != FORMAT:
            raise ConfigError(f"This configuration has format {plain['format']}; {FORMAT} is understood.")
        settings: dict[str, Any] = {}
        for key, value in plain.items():
            if isinstance(value, Mapping):
                settings |= {f"{key}.{name}": v for name, v in value.items()}
            elif key not in {"format", "preset"}:
                settings[key] = value
        return dataclasses.replace(cls(), preset=str(plain.get("preset", ""))).with_settings(settings)

    def with_settings(self, settings: Mapping[str, Any]) -> RunConfig:
        """A copy with dotted settings changed, e.g. {"loss.temperature": 0.1, "seed": 7}; checked.

        A new `loss.name` or `view.name` starts from that component's defaults.

        Raises:
            ConfigError: All that is wrong, at once.
        """
        changes: dict[str, dict[str, Any]] = {}
        problems: list[str] = []
        config = self
        for key, value in settings.items():
            section, _, name = key.partition(".")
            if key == "seed":
                config = dataclasses.replace(config, seed=value)
            elif section in {*SECTIONS, "view", "loss"} and name:
                changes.setdefault(section, {})[name] = value
            else:
                problems.append(f"there is no setting {key!r}")
        for section, values in changes.items():
            try:
                new = _changed(getattr(config, section), section, values)
                config = dataclasses.replace(config, **{section: new})
            except ConfigError as error:
                problems.append(str(error))
        problems += config.problems()
        if problems:
            raise ConfigError("; ".join(dict.fromkeys(p.rstrip(".") for p in problems)) + ".")
        return config

    def problems(self) -> list[str]:
        """Everything wrong with the plain fields (component parameters are checked by `components`)."""
        found: list[str] = []
        for section, cls in SECTIONS.items():
            values = dataclasses.asdict(getattr(self, section))
            for name, parameter in params_of(cls).items():
                try:
                    parameter.check(values[name])
                except ConfigError as error:
                    found.append(f"{section}.{error.message}")
        if not isinstance(self.seed, int) or not 0 <= self.seed < 2**31:
            found.append(f"seed is {self.seed!r}; allowed: 0 to {2**31 - 1}")
        return found

    def check(self) -> RunConfig:
        """The same configuration with every component parameter filled in; imports the components.

        Raises:
            ConfigError: All that is wrong, at once.
        """
        from simcse_core.losses import losses
        from simcse_core.views import views

        problems = self.problems()
        full: dict[str, Any] = {}
        for section, registry in (("view", views), ("loss", losses)):
            component: ComponentConfig = getattr(self, section)
            try:
                target = registry[component.name]
                values = checked(registry.kind, component.name, target, component.parameters)
                full[section] = ComponentConfig(name=component.name, parameters=values)
            except SimCSEError as error:
                problems.append(str(error))
        problems += _template_problems(self, views) + _tower_problems(self, views)
        pooling = views.info(self.view.name).traits.get("pooling") if self.view.name in views else None
        if pooling not in (None, self.encoder.pooling):
            problems.append(
                f"view {self.view.name!r} needs encoder.pooling={pooling}; it is {self.encoder.pooling!r}"
            )
        if problems:
            raise ConfigError("; ".join(p.rstrip(".") for p in problems) + ".")
        return dataclasses.replace(self, **full)

    def digest(self) -> str:
        """Short hash of everything that decides the curve; 12 hexadecimal digits."""
        plain = self.to_dict()
        if self.encoder.towers == "shared":  # runs begun before there were towers go on
            del plain["encoder"]["towers"]
        text = json.dumps(plain, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _changed(part: Any, section: str, values: dict[str, Any]) -> Any:
    if isinstance(part, ComponentConfig):
        name = values.pop("name", part.name)
        kept = part.parameters if name == part.name else {}
        return ComponentConfig(name=name, parameters={**kept, **values})
    params = params_of(type(part))
    accepted, problems = {}, []
    for name, value in values.items():
        if name not in params:
            problems.append(f"{section} has no setting {name!r} (it has: {', '.join(params)})")
            continue
        try:
            accepted[name] = params[name].check(value)
        except ConfigError as error:
            problems.append(f"{section}.{error.message}".rstrip("."))
    if problems:
        raise ConfigError("; ".join(problems) + ".")
    return dataclasses.replace(part, **accepted)


def _template_problems(config: RunConfig, views: Any) -> list[str]:
    """What is wrong with the template of the encoder and those of the view."""
    from simcse_core.encoders.prompts import Template

    names = views.info(config.view.name).traits.get("templates", ()) if config.view.name in views else ()
    given = {f"view.{name}": config.view.parameters.get(name) for name in names}
    if config.encoder.template != "none":
        given["encoder.template"] = config.encoder.template
    found = []
    for name, text in given.items():
        try:
            if text is not None:
                Template(str(text))
        except ConfigError as error:
            found.append(f"{name}: {error}")
    return found


def _tower_problems(config: RunConfig, views: Any) -> list[str]:
    """What separate towers cannot do: rows without a side, and a queue, whose rows are the first tower's."""
    if config.encoder.towers == "shared":
        return []
    found = []
    gives = views.info(config.view.name).traits["gives"] if config.view.name in views else {}
    if any("embedding" in roles for roles in gives.values()):
        found.append(
            f"encoder.towers=separate needs a view with two sides; {config.view.name!r} compares all with all"
        )
    if config.wrap.queue:
        found.append("encoder.towers=separate cannot be combined with wrap.queue: set it to 0")
    return found
