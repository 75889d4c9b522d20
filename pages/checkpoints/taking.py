"""The tab to take a checkpoint along: files, card, vectors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.checkpoints import taking_files as files
from pages.checkpoints import taking_vectors as vectors
from pages.checkpoints.checkup_bring import bring
from pages.checkpoints.checkup_data import Request, found_or_asked, opening, recorded, recorded_names
from pages.ui import messages
from pages.ui.challenge import guess
from pages.ui.checkpoints import pick
from pages.ui.frame import Frame
from pages.ui.state import choice, switch
from pages.ui.text import plain, prose, t
from simcse_core.cards.usage import not_carried, snippets
from simcse_core.encoders.layout import TO_ST
from simcse_core.evaluation.checkup import Checkup

LAYOUTS = ("sentence-transformers", "transformers")
LIBRARIES = ("simcse_core", "sentence-transformers", "transformers")
ANSWERS = ("same", "other", "error")
FORMULA = r"e=\frac{A\,(\mathrm{pool}(h)-m)+b}{\lVert A\,(\mathrm{pool}(h)-m)+b\rVert}"


def draw(page: Frame) -> None:
    """Fill the page."""
    with page.figure:
        sign = st.container()
    with page.controls:
        st.markdown(t("taking.look"))
        name = pick(recorded_names(), opening()[0], help=t("checkup.pick_help"))
        bring("cp-t-zip")
        layout = choice(
            t("taking.layout"), LAYOUTS, LAYOUTS[0], key="cp_t_layout", help=t("taking.layout_help")
        )
        repaired = switch(t("taking.repaired"), key="cp_t_fix", default=True, help=t("taking.repaired_help"))
    with sign, messages.boundary():
        checkup = found_or_asked(Request(name), key="cp-t-start")
        if checkup is not None:
            _opens(name, checkup, layout, repaired)
            with messages.boundary():
                files.draw_files(name, checkup, layout, repaired)
            with messages.boundary():
                vectors.draw_vectors(name)
            _why(page, checkup, repaired)
    with page.challenge():
        _guess()
    with page.details():
        st.markdown(prose("checkpoints", "taking"))


def facts_kept(checkup: Checkup, repaired: bool) -> dict[str, Any]:
    """Facts of the checkpoint as it will be written."""
    return {**checkup.facts, "repairs": checkup.facts["repairs"] if repaired else []}


def _opens(name: str, checkup: Checkup, layout: str, repaired: bool) -> None:
    """Which library opens the folder with the same embeddings, and the code for each that does."""
    facts = facts_kept(checkup, repaired)
    carried = files.carried(name, checkup, layout, repaired)
    found = snippets(files.safe_name(name), facts, carried=carried)
    stated = layout == LAYOUTS[0]
    found = {library: code for library, code in found.items() if stated or library != LAYOUTS[0]}
    rows = [f"| {library} | {_verdict(library, found, facts, stated)} |" for library in LIBRARIES]
    head = f"| {t('taking.library')} | {t('taking.opens.title')} |"
    st.markdown("\n".join([head, "|:--|:--|", *rows]))
    for sentence in not_carried(facts, carried=carried):
        st.warning(plain(sentence), icon=":material/warning:")
    for tab, code in zip(st.tabs(list(found)), found.values(), strict=True):
        tab.code(code, language="python")


def _verdict(library: str, found: Mapping[str, str], facts: Mapping[str, Any], stated: bool) -> str:
    """Sign and words: whether a library gives the same embeddings."""
    if library in found:
        return f"✓ {t('taking.opens.by_hand' if library == 'transformers' else 'taking.opens.same')}"
    if facts["pooling"] not in TO_ST:
        return f"✕ {t('taking.opens.pooling')}"
    if facts["repairs"] and (library == "transformers" or stated):
        return f"✕ {t('taking.opens.repairs')}"
    return f"✕ {t('taking.opens.layout')}"


def _why(page: Frame, checkup: Checkup, repaired: bool) -> None:
    facts = facts_kept(checkup, repaired)
    live = rf"h\in\mathbb{{R}}^{{T\times{facts['width']}}}\;\to\;e\in\mathbb{{R}}^{{{facts['dimension']}}}"
    page.why(t("taking.why", pooling=plain(str(facts["pooling"]))), formula=FORMULA, live=live)


def _guess() -> None:
    """What `pooler_output` of a checkpoint that is pooled otherwise is worth, as measured."""
    content = recorded()
    sound, broken = content["checkups"][content["sound"]], content["broken"].get("wrong_pooling")
    if broken is None or sound.spearman is None or broken.spearman is None:
        return
    labels = {answer: t(f"taking.answer.{answer}") for answer in ANSWERS}
    reveal = t(
        "taking.guess_reveal",
        name=content["sound"],
        own=sound.facts["pooling"],
        other=broken.facts["pooling"],
        before=f"{sound.spearman['value']:.1f}",
        after=f"{broken.spearman['value']:.1f}",
    )
    guess(
        "checkpoints.pooling",
        t("taking.guess"),
        list(labels.values()),
        is_right=lambda answer: answer == labels["other"],
        reveal=reveal,
    )
