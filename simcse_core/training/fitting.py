"""Which views join a kind of record with a loss."""

from __future__ import annotations

from simcse_core.errors import ConfigError, DataError
from simcse_core.losses import losses
from simcse_core.registry import inputs_of
from simcse_core.views import takes, views


def fits(view: str, kind: str, loss: str) -> bool:
    """Whether a view makes of these records all that a loss needs, its labels in the meaning it needs."""
    if not takes(view, kind):
        return False
    traits = views.info(view).traits
    meaning = losses.info(loss).traits.get("label")
    known = meaning is None or meaning in traits.get("labels", ())
    return known and set(inputs_of(losses[loss])) <= set(traits["gives"][kind])


def views_for(kind: str, loss: str) -> list[str]:
    """The views that join records of a kind with a loss."""
    return [name for name in views if fits(name, kind, loss)]


def losses_for(kind: str) -> list[str]:
    """The losses that can be trained on records of a kind, by one view or another."""
    return [name for name in losses if views_for(kind, name)]


def require_fit(view: str, kind: str, loss: str) -> None:
    """Refuse a view, records and a loss that do not go together, and say which view would.

    Raises:
        DataError: The view cannot use such records.
        ConfigError: The view does not give the loss what it needs.
    """
    if fits(view, kind, loss):
        return
    able = views_for(kind, loss)
    hint = f"Set view.name to {' or '.join(able)}." if able else "Choose other data or another loss."
    if not takes(view, kind):
        known = " or ".join(views.info(view).traits["gives"])
        raise DataError(f"View {view!r} takes {known}; the training data are {kind}.", hint=hint)
    needed = ", ".join(inputs_of(losses[loss]))
    meaning = losses.info(loss).traits.get("label")
    raise ConfigError(
        f"The loss {loss!r} needs {needed}{f' (a {meaning} label)' if meaning else ''}, which the view "
        f"{view!r} does not give on {kind}.",
        hint=hint,
    )
