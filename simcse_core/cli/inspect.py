"""`doctor` and `list`: what is here."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from typing import Any

from simcse_core.cli.checkpoint import run_checkpoint_doctor
from simcse_core.cli.measure import encoder_options
from simcse_core.cli.output import SENTENCES, SENTENCES_HELP, print_json, say, table
from simcse_core.registry import Range, Registry, params_of

Rows = list[dict[str, Any]]


def add_commands(commands: Any) -> None:
    """Add the parsers of this file."""
    doctor = commands.add_parser(
        "doctor", help="what this machine offers; with --model, a checkpoint's faults"
    )
    encoder_options(doctor, required=False)
    doctor.add_argument("--input", metavar=SENTENCES, help=f"with --model, its use: {SENTENCES_HELP}")
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.set_defaults(run=run_doctor)
    lister = commands.add_parser("list", help="what there is of a kind")
    lister.add_argument("kind", choices=sorted(KINDS), metavar="KIND", help=", ".join(sorted(KINDS)))
    lister.add_argument("--json", action="store_true", help="print JSON")
    lister.set_defaults(run=run_list)


def run_list(options: argparse.Namespace) -> int:
    """Print everything of a kind."""
    rows = sorted(KINDS[options.kind](), key=lambda row: str(row["name"]))
    if options.json:
        print_json(rows)
        return 0
    head = [key for key in rows[0] if key not in {"equation", "deviations"}] if rows else ["name"]
    table(head, [[_short(row[key]) for key in head] for row in rows])
    return 0


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}={about['default']}" for name, about in value.items()) or "-"
    return {True: "yes", False: "no"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _components(registry: Registry[Any], *, extra: Callable[[str], dict[str, Any]] = lambda name: {}) -> Rows:
    rows = []
    for name in registry:
        info = registry.info(name)
        row = {
            "name": name,
            "title": info.title,
            **extra(name),
            "source": info.source,
            "equation": info.equation,
        }
        rows.append(row)
    return rows


def _parameters(registry: Registry[Any]) -> Callable[[str], dict[str, Any]]:
    def describe(name: str) -> dict[str, Any]:
        told = {}
        for key, p in params_of(registry[name]).items():
            allowed = [p.allowed.low, p.allowed.high] if isinstance(p.allowed, Range) else list(_options(p))
            told[key] = {"default": p.default, "allowed": allowed, "help": p.help}
        return {"parameters": told}

    return describe


def _options(parameter: Any) -> tuple[str, ...]:
    return getattr(parameter.allowed, "options", ())


def _losses() -> Rows:
    from simcse_core.losses import losses

    return _components(losses, extra=_parameters(losses))


def _views() -> Rows:
    from simcse_core.views import views

    return _components(views, extra=lambda name: {"takes": ", ".join(views.info(name).traits["gives"])})


def _poolers() -> Rows:
    from simcse_core.encoders.poolers import poolers

    return _components(poolers)


def _postprocessors() -> Rows:
    from simcse_core.postprocess import postprocessors

    return _components(postprocessors)


def _projections() -> Rows:
    from simcse_core.projection import projections

    return _components(projections, extra=_parameters(projections))


def _metrics() -> Rows:
    from simcse_core.metrics import metrics

    return _components(metrics)


def _datasets() -> Rows:
    from simcse_core.data.datasets import available, datasets, load_dataset_records

    def describe(name: str) -> dict[str, Any]:
        traits = datasets.info(name).traits
        told = {key: traits[key] for key in ("kind", "language", "licence")}
        rows = traits["rows"] or len(load_dataset_records(name))  # the shipped texts are counted
        return {**told, "rows": rows, "available": available(name)}

    return _components(datasets, extra=describe)


def _encoders() -> Rows:
    from simcse_core.encoders.catalogue import list_encoders

    keys = ("name", "title", "layers", "available", "licence", "source", "note")
    return [{key: getattr(entry, key) for key in keys} for entry in list_encoders()]


def _presets() -> Rows:
    from simcse_core.presets import PRESETS

    return [
        {"name": p.name, "title": p.title, "source": p.source, "deviations": list(p.deviations)}
        for p in PRESETS.values()
    ]


KINDS: dict[str, Callable[[], Rows]] = {
    "encoders": _encoders,
    "losses": _losses,
    "views": _views,
    "poolers": _poolers,
    "postprocessors": _postprocessors,
    "metrics": _metrics,
    "projections": _projections,
    "datasets": _datasets,
    "presets": _presets,
}


def run_doctor(options: argparse.Namespace) -> int:
    """Print what this machine offers, or what is wrong with a checkpoint."""
    if options.model:
        return run_checkpoint_doctor(options)
    report = examine()
    if options.json:
        print_json(report)
        return 0
    for name, value in report.items():
        if isinstance(value, dict):
            say(f"{name}:")
            for key, entry in value.items():
                say(f"  {key:<18} {entry}")
        else:
            say(f"{name:<20} {value}")
    return 0


def examine() -> dict[str, Any]:
    """Versions, device, precision, threads, folders, encoders and data of this machine."""
    import torch

    from simcse_core.data.datasets import sts_folder
    from simcse_core.runs.store import runs_root
    from simcse_core.runtime import cpu_has_bf16, home, resolve_device, resolve_dtype, versions

    device = resolve_device()
    gpu = torch.cuda.get_device_name() if device.type == "cuda" else "none"
    return {
        "versions": versions(),
        "device": str(device),
        "gpu": gpu,
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "bfloat16": "native" if device.type == "cuda" or cpu_has_bf16() else "emulated (fp32 is used)",
        "precision": str(resolve_dtype("auto", device)).removeprefix("torch."),
        "home": str(home()),
        "runs": str(runs_root()),
        "sts folder": str(sts_folder() or "not found (set SIMCSE_STS_DIR)"),
        "encoders": {e["name"]: "ready" if e["available"] else f"absent: {e['note']}" for e in _encoders()},
        "datasets": {d["name"]: "ready" if d["available"] else "fetched on request" for d in _datasets()},
    }
