"""One registry per extension point; a component is described by its signature and nothing else.

Command-line flags, sliders, range checks, reference docs and contract tests are all read off the
registered function or class, so adding a component means adding one file.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from simcse_core.errors import ConfigError

Target = TypeVar("Target", bound=Callable[..., Any])


@dataclass(frozen=True)
class Range:
    """Allowed values of a numeric parameter, both ends included.

    Attributes:
        low: Smallest allowed value.
        high: Largest allowed value.
        help: What the parameter does, one sentence, with its unit.
        ladder: A few meaningful values in rising order, offered by the pages instead of a free number.
    """

    low: float
    high: float
    help: str = ""
    ladder: tuple[float, ...] = ()


@dataclass(frozen=True)
class Choice:
    """Allowed values of a textual parameter."""

    options: tuple[str, ...]
    help: str = ""


@dataclass(frozen=True)
class Text:
    """A free, non-empty text: a name or a path that is checked where it is used."""

    help: str = ""


@dataclass(frozen=True)
class Parameter:
    """One tunable, keyword-only parameter of a component."""

    name: str
    default: Any
    allowed: Range | Choice | Text

    @property
    def help(self) -> str:
        """What the parameter does, one sentence."""
        return self.allowed.help

    def check(self, value: Any) -> Any:
        """Return `value` in the parameter's type.

        Raises:
            ConfigError: The value has the wrong type or lies outside the range.
        """
        if isinstance(self.allowed, Choice):
            if value not in self.allowed.options:
                raise ConfigError(f"{self.name} is {value!r}; allowed: {', '.join(self.allowed.options)}.")
            return value
        if isinstance(self.allowed, Text):
            if not isinstance(value, str) or not value.strip():
                raise ConfigError(f"{self.name} is {value!r}; a text is needed.")
            return value.strip()
        return self._check_number(value, self.allowed)

    def _check_number(self, value: Any, allowed: Range) -> int | float:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ConfigError(f"{self.name} is {value!r}; a number is needed.") from None
        if not allowed.low <= number <= allowed.high:  # also refuses NaN
            raise ConfigError(f"{self.name} is {value}; allowed: {allowed.low:g} to {allowed.high:g}.")
        if isinstance(self.default, int) and not isinstance(self.default, bool):
            if number != int(number):
                raise ConfigError(f"{self.name} is {value}; a whole number is needed.")
            return int(number)
        return number


@dataclass(frozen=True)
class Info(Generic[Target]):
    """What a registry knows about one component.

    Attributes:
        name: The registered name, never reused.
        target: The function or class.
        title: Human name, sentence case.
        source: Paper and equation, or the standard reference.
        equation: LaTeX without delimiters; may be empty.
        traits: Free facts that a particular registry documents (direction of a metric, licence …).
    """

    name: str
    target: Target
    title: str
    source: str
    equation: str
    traits: Mapping[str, Any]

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.target) or "").split("\n")[0]


class Registry(Mapping[str, Target]):
    """Name → component; iterates in order of registration."""

    def __init__(self, kind: str) -> None:
        """Make an empty registry; `kind` is the singular used in messages ("loss")."""
        self.kind = kind
        self._entries: dict[str, Info[Target]] = {}

    def register(
        self, name: str, *, title: str, source: str, equation: str = "", **traits: Any
    ) -> Callable[[Target], Target]:
        """Decorator that adds a component under `name`; a duplicate name is an error, never a silent win."""

        def add(target: Target) -> Target:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = Info(name, target, title, source, equation, traits)
            return target

        return add

    def info(self, name: str) -> Info[Target]:
        """Everything known about `name`.

        Raises:
            ConfigError: No such component; the message lists those there are.
        """
        try:
            return self._entries[name]
        except KeyError:
            raise ConfigError(
                f"There is no {self.kind} called {name!r}.", hint=f"There are: {', '.join(self._entries)}."
            ) from None

    def __getitem__(self, name: str) -> Target:
        return self.info(name).target

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _call_of(target: Callable[..., Any], method: str) -> Callable[..., Any]:
    return getattr(target, method) if isinstance(target, type) else target


def _tensors(target: Callable[..., Any]) -> list[inspect.Parameter]:
    call = _call_of(target, "forward" if hasattr(target, "forward") else "__call__")
    parameters = inspect.signature(call).parameters.values()
    return [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "self"]


def inputs_of(target: Callable[..., Any]) -> tuple[str, ...]:
    """Names of the tensors or arrays a component must be given: positional parameters without a default."""
    return tuple(p.name for p in _tensors(target) if p.default is p.empty)


def accepts_of(target: Callable[..., Any]) -> tuple[str, ...]:
    """Names of all tensors a component can be given, optional ones included."""
    return tuple(p.name for p in _tensors(target))


def params_of(target: Callable[..., Any]) -> dict[str, Parameter]:
    """Tunable parameters: the keyword-only ones, each annotated with a `Range`, `Choice` or `Text`."""
    return dict(_params_of(target))


@lru_cache(maxsize=512)  # reading annotations takes a millisecond, and pages ask for all of them
def _params_of(target: Callable[..., Any]) -> dict[str, Parameter]:
    tunable = [p for p in inspect.signature(target).parameters.values() if p.kind is p.KEYWORD_ONLY]
    if not tunable:
        return {}
    hints = get_type_hints(_call_of(target, "__init__"), include_extras=True)
    found = {}
    for p in tunable:
        allowed = [a for a in get_args(hints[p.name])[1:] if isinstance(a, (Range, Choice, Text))]
        if not allowed or p.default is p.empty:
            raise TypeError(
                f"{target.__qualname__}: parameter {p.name} needs a default and a Range, Choice or Text"
            )
        found[p.name] = Parameter(p.name, p.default, allowed[0])
    return found


def checked(kind: str, name: str, target: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter of `target`, from `given` or its default, each within its range.

    Raises:
        ConfigError: An unknown name or a bad value; the message says which component and what is allowed.
    """
    params = params_of(target)
    for key in given:
        if key not in params:
            known = ", ".join(params) or "none"
            raise ConfigError(f"{kind} {name!r} has no parameter {key!r}.", hint=f"It has: {known}.")
    try:
        return {key: p.check(given.get(key, p.default)) for key, p in params.items()}
    except ConfigError as error:
        raise ConfigError(f"{kind} {name!r}: {error.message}") from None


def discover(package: str) -> None:
    """Import every module of `package`, so that each file's decorator has run."""
    paths = importlib.import_module(package).__path__
    for module in sorted(m.name for m in pkgutil.iter_modules(paths)):
        importlib.import_module(f"{package}.{module}")
