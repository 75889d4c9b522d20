"""What the next run trains on and is measured on: shipped, public or the visitor's own texts."""

from __future__ import annotations

import hashlib
from dataclasses import astuple
from pathlib import Path
from typing import Any

import streamlit as st

from pages.lab import adopt, jobs, session
from pages.ui import messages
from pages.ui.state import choice
from pages.ui.text import plain, t
from simcse_core.config import RunConfig
from simcse_core.errors import DataError, SimCSEError

OWN = "own"
MOST_BYTES, MOST_RECORDS, MOST_CHARACTERS = 2_000_000, 2000, 300
MEGABYTES = 32  # of a file
UPLOADS = "uploads"
SETS_KEY, FOLDER_KEY = "lb_sets", "lb_folder"
PUBLIC_SETS = ("stsb-dev", "stsb-test")


def training_picker(base: RunConfig) -> tuple[str | None, str]:
    """What to train on and its kind of records; None while own texts are chosen and none are given."""
    from simcse_core.data.datasets import available, datasets

    traits = {name: datasets.info(name).traits for name in datasets}
    kinds = {name: traits[name]["kind"] for name in datasets}
    for_training = [n for n in datasets if kinds[n] != "scored_pairs" or traits[n].get("split") == "train"]
    names = [name for name in for_training if available(name)]
    if base.data.train not in names:
        names.append(base.data.train)
    adopt.default("lb_train", base.data.train)
    chosen = choice(
        t("lab.field.train"), [*names, OWN], base.data.train, key="lb_train", kind="select",
        format_func=lambda name: t("lab.own_texts") if name == OWN else datasets.info(name).title,
        help=t("lab.field.train_help"),
    )  # fmt: skip
    if chosen == OWN:
        return _own()
    if not available(chosen):
        st.warning(t("lab.not_here", name=datasets.info(chosen).title), icon=":material/cloud_off:")
    return chosen, str(kinds[chosen])


def _own() -> tuple[str | None, str]:
    """Upload or paste; the texts are kept beside the runs of this machine and never in the address."""
    st.caption(t("lab.own_limits", lines=MOST_RECORDS, characters=MOST_CHARACTERS))
    file = st.file_uploader(
        t("lab.upload"), type=["txt", "csv", "tsv", "jsonl"], key="lb_upload", label_visibility="collapsed",
        max_upload_size=MEGABYTES,
    )  # fmt: skip
    pasted = st.text_area(t("lab.paste"), key="lb_paste", persist_state="session", height=110)
    raw, name = b"", "pasted.txt"
    if file is not None:
        raw, name = file.getvalue(), file.name
    elif pasted and pasted.strip():
        raw = pasted.encode("utf-8")
    if not raw:
        kept = st.session_state.get(session.OWN_DATA)
        if kept and Path(kept["path"]).exists():
            st.caption(t("lab.own_kept", count=kept["count"], kind=t(f"lab.kind.{kept['kind']}")))
            return str(kept["path"]), str(kept["kind"])
        st.info(t("lab.own_none"), icon=":material/upload_file:")
        return None, "sentences"
    try:
        path, kind, count = keep_own(raw, name)
    except SimCSEError as error:
        messages.refuse(error)
        return None, "sentences"
    st.session_state[session.OWN_DATA] = {"path": str(path), "kind": kind, "count": count}
    st.caption(t("lab.own_kept", count=count, kind=t(f"lab.kind.{kind}")))
    return str(path), kind


def keep_own(raw: bytes, name: str) -> tuple[Path, str, int]:
    """Check own texts and keep them where the worker can read them.

    Raises:
        DataError: Too much, too long, not text, or no column that is understood.
    """
    from simcse_core.data.readers import read_training
    from simcse_core.views import record_kind

    if len(raw) > MOST_BYTES:
        raise DataError(t("lab.too_big", size=f"{len(raw) / 1e6:.1f}"))
    records = read_training(raw, name=name)
    if len(records) > MOST_RECORDS:
        raise DataError(t("lab.too_many", count=len(records), most=MOST_RECORDS))
    long = next((i for i, r in enumerate(records, 1) if _longest(r) > MOST_CHARACTERS), None)
    if long is not None:
        raise DataError(t("lab.too_long", row=long, most=MOST_CHARACTERS))
    folder = jobs.store().root / UPLOADS
    path = folder / f"{hashlib.sha256(raw).hexdigest()[:16]}{Path(name).suffix.lower() or '.txt'}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    except OSError as error:
        raise DataError(t("lab.disk", reason=error.strerror or str(error)), hint=t("lab.disk_hint")) from None
    return path, record_kind(records[0]), len(records)


def _longest(record: Any) -> int:
    texts = [record] if isinstance(record, str) else list(filter(_is_text, astuple(record)))
    return max(map(len, texts))


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def evaluation_picker(base: RunConfig) -> str:
    """Comma-separated sets; the shipped pairs always lead, so that runs stay comparable."""
    from simcse_core.data.datasets import available

    public = [n for n in PUBLIC_SETS if available(n)]
    wanted = [n.strip() for n in base.evaluation.sets.split(",")]
    preset = [n for n in wanted if n in public]
    extra: list[str] = []
    if public:
        adopt.default(SETS_KEY, preset)
        extra = st.pills(
            t("lab.field.sets"), public, selection_mode="multi", default=preset, key=SETS_KEY,
            bind="query-params", help=t("lab.field.sets_help"),
        )  # fmt: skip
    else:
        extra = _public_sets()
    return ",".join(["pairs", *extra])


def _public_sets() -> list[str]:
    """Where the public sets are not found: name their folder, or fetch them."""
    st.caption(t("lab.sts_absent"))
    typed = st.text_input(
        t("lab.field.folder"), key=FOLDER_KEY, persist_state="session", placeholder="/data/sts"
    )
    if st.button(t("lab.fetch"), key="lb-fetch", icon=":material/download:", help=t("lab.fetch_help")):
        _fetch()
    if not (typed or "").strip():
        return []
    path = Path(str(typed).strip()).expanduser() / "STS-B" / "test.tsv"
    if not path.is_file():
        st.warning(t("lab.folder_wrong", folder=plain(str(typed))), icon=":material/folder_off:")
        return []
    return [str(path)]


def _fetch() -> None:
    from simcse_core.data.hub import fetch

    bar = st.progress(0.0, text=t("lab.fetching"))

    def show(done: int, total: int | None) -> None:
        bar.progress(min(1.0, done / total) if total else 0.0, text=t("lab.fetching"))

    try:
        fetch("sts", progress=show)
    except SimCSEError as error:
        messages.refuse(error)
    else:
        st.rerun()


def data_name(train: str) -> str:
    """Name of training data for tables: a data set's title, or that they were the visitor's own."""
    from simcse_core.data.datasets import datasets

    if train in datasets:
        return datasets.info(train).title
    return t("lab.own_texts") if Path(train).parent.name == UPLOADS else Path(train).name
