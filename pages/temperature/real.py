"""The temperature on real sentences: every negative of an anchor with its share of the push."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.temperature import ladder, real_panels, sentences
from pages.temperature.cosines import Seen, seen_by
from pages.temperature.recorded import matrix_of, recorded, recorded_batch
from pages.temperature.sentences import Chosen, pick
from pages.ui import checkpoints, messages
from pages.ui.challenge import goal, guess
from pages.ui.exports import code_panel
from pages.ui.frame import Frame
from pages.ui.state import switch
from pages.ui.text import prose, t
from simcse_core.errors import SimCSEError
from simcse_core.evaluation.in_batch import ALONE, NOT
from simcse_core.theory.anatomy import Anatomy, anatomy

OPENING, DROPOUT = "minilm:4", 0.1
HALF = 0.5
ANSWERS = ("2", "6", "18", "31")
FORMULA = r"r_{ij}=\frac{e^{s_{ij}/\tau}}{\sum_{k\ne i}e^{s_{ik}/\tau}},\qquad N_i=e^{H(r_i)}"
LOAD = (
    "from simcse_core import load_encoder\n",
    'encoder = load_encoder("{name}", precision="{precision}")',
)
TRAIN = (
    "from simcse_core.recording.temperature import config, run_once\n",
    "numbers, encoder = run_once(config().check(), {{}}, {{}})  # the recorded run, trained again",
)
CODE = """import numpy as np
{source}from simcse_core.evaluation.in_batch import draw_batch, view_cosines
from simcse_core.theory.anatomy import anatomy

{encoder}
texts = {texts}
cosines = view_cosines(encoder, texts, dropout={dropout}, seed=0)
seen = anatomy(cosines, np.arange(len(texts)), temperature={tau:g})
print(seen.shares[{row}].max(), seen.effective[{row}])"""


@dataclass(frozen=True)
class View:
    """What is shown: the batch under a checkpoint, taken apart at one temperature.

    Attributes:
        name: Checkpoint.
        chosen: The sentences.
        seen: Their cosines and flags.
        parts: The batch at `tau`.
        tau: Temperature.
        row: Anchor.
        default: Anchor that the address does not name.
        dropout: Rate at which the views were made.
    """

    name: str
    chosen: Chosen
    seen: Seen
    parts: Anatomy
    tau: float
    row: int
    default: int
    dropout: float


def draw(page: Frame) -> None:
    """Fill the frame of the page."""
    with page.figure:
        sign = st.container()
    with page.controls, messages.boundary():
        view = _controls(sign)
        if view is not None:
            _fill(page, view)
    with page.details():
        st.markdown(prose("temperature", "real"))
        st.markdown(_judge_words())


def _controls(sign: DeltaGenerator) -> View | None:
    names = recorded()["encoders"]
    name = checkpoints.pick(names, OPENING, help=t("temperature.real.checkpoint_help"))
    chosen = pick()
    dropout = DROPOUT if switch(t("temperature.real.views", rate=DROPOUT), key="tp_s_views", default=True,
                                help=t("temperature.real.views_help")) else 0.0  # fmt: skip
    default = _opening_row(chosen)
    row = _pick_row(chosen.batch.texts, default)
    try:
        seen = seen_by(name, chosen, dropout, sign)
    except SimCSEError as error:
        with sign:
            messages.refuse(error)
        return None
    tau = ladder.temperature()
    parts = anatomy(seen.cosines, np.arange(len(seen.cosines)), temperature=tau)
    return View(name, chosen, seen, parts, tau, row, default, dropout)


def _opening_row(chosen: Chosen) -> int:
    """The first sentence that has a paraphrase in the batch, else the first one."""
    return next((i for i, group in enumerate(chosen.batch.groups) if group != ALONE), 0)


def _pick_row(texts: tuple[str, ...], default: int) -> int:
    """The anchor; the address holds its number and never its text, which may be the visitor's own."""
    row = ladder.row(len(texts), default)
    st.session_state["tp-row"] = row
    st.selectbox(
        t("temperature.real.anchor"),
        range(len(texts)),
        key="tp-row",
        format_func=lambda i: f"{i + 1} {texts[i]}",
        on_change=lambda: ladder.choose_row(st.session_state["tp-row"] + 1, default),
        help=t("temperature.real.anchor_help"),
    )
    return row


def _fill(page: Frame, view: View) -> None:
    with page.figure:
        ladder.draw(
            view.chosen.batch.texts, view.row, view.seen.cosines[view.row], view.seen.flags[view.row],
            default=view.default,
        )  # fmt: skip
        st.caption(real_panels.provenance(view))
        real_panels.table(view)
        code_panel(_code(view))
    _why(page, view)
    with page.challenge():
        _guess()
        _goal(view)
    with page.below:
        left, right = st.columns(2, gap="large")
        with left, messages.boundary():
            real_panels.matrix(view)
        with right, messages.boundary():
            real_panels.curves(view)


def _why(page: Frame, view: View) -> None:
    row, tau = view.row, view.tau
    cosines = np.delete(view.seen.cosines[row], row)
    hardest, top = float(cosines.max()), float(view.parts.shares[row].max())
    total = float(np.exp((cosines - hardest) / tau).sum())
    page.why(
        t("temperature.real.why"),
        formula=FORMULA,
        live=rf"r=\frac{{1}}{{\sum_k e^{{(s_k-{hardest:.3f})/{tau:g}}}}}=\frac{{1}}{{{total:.3f}}}={top:.3f},"
        rf"\qquad N={view.parts.effective[row]:.2f}",
    )


def _guess() -> None:
    """Predict the effective negatives of an average anchor of the opening batch."""
    one = recorded_batch(*sentences.OPENING)
    recorded_names = (OPENING, recorded()["encoders"][-1])
    matrices = [None if one is None else matrix_of(one, name, DROPOUT) for name in recorded_names]
    means = [
        float(anatomy(m, np.arange(len(m)), temperature=ladder.OPENING).effective.mean())
        for m in matrices
        if m is not None
    ]
    if len(means) < len(matrices):
        return
    right = min(ANSWERS, key=lambda a: abs(float(a) - means[0]))
    reveal = t("temperature.real.reveal", before=f"{means[0]:.1f}", after=f"{means[1]:.1f}")
    guess(
        "temperature.effective",
        t("temperature.real.guess"),
        ANSWERS,
        is_right=lambda a: a == right,
        reveal=reveal,
    )


def _goal(view: View) -> None:
    """A temperature at which a false negative of this anchor takes about half of the push."""
    flagged = view.seen.flags[view.row] != NOT
    share = float(view.parts.shares[view.row][flagged].max()) if flagged.any() else 0.0
    reached = bool(flagged.any()) and abs(share - HALF) <= 0.05
    effective, tau = f"{view.parts.effective[view.row]:.1f}", f"{view.tau:.3g}"
    praise = t("temperature.real.praise", effective=effective, tau=tau)
    goal(
        "temperature.false",
        t("temperature.real.task"),
        reached=reached,
        status=t("temperature.real.status", share=f"{100 * share:.0f}")
        if flagged.any()
        else t("temperature.real.status_none"),
        praise=praise if reached else t("temperature.real.praise_before"),
    )


def _judge_words() -> str:
    judge = recorded()["judge"]
    return t(
        "temperature.real.judge",
        threshold=f"{judge['threshold']:.2f}",
        share=f"{100 * judge['share']:g}",
        pairs=f"{judge['random_pairs']:,}",
        scored=judge["scored_pairs"],
        score=judge["paraphrase_score"],
        recall=f"{100 * judge['recall']:.0f}",
        precision=f"{100 * judge['precision']:.0f}",
    )


def _code(view: View) -> str:
    if view.chosen.drawn is not None:
        subjects, size, paraphrases, seed = view.chosen.drawn
        texts = f"draw_batch({subjects!r}, {size}, paraphrases={paraphrases}, seed={seed}).texts"
    else:
        texts = repr(list(view.chosen.batch.texts))
    precision = "bf16" if view.seen.fresh and view.seen.fresh[0] == "bfloat16" else "fp32"
    source, encoder = TRAIN if view.name == recorded()["encoders"][-1] else LOAD
    made = encoder.format(name=checkpoints.loadable(view.name), precision=precision)
    return CODE.format(
        source=source, encoder=made, texts=texts, dropout=view.dropout, tau=view.tau, row=view.row
    )
