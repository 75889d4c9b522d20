"""Three texts: an original, one that should mean the same, one that should not."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.pairs import checkpoints, models, notes, recorded, sharing, tries
from pages.pairs.scores import SIDES, Score, Trouble, measure, short_standing, standing
from pages.pairs.tokens import token_view
from pages.ui import messages
from pages.ui.exports import code_panel, echarts, show_data
from pages.ui.frame import Frame
from pages.ui.text import plain, prose, t
from pages.ui.theme import current_theme
from simcse_core.data.tables import clean
from simcse_core.figures.pair_rulers import Mark, Ruler, height, pair_rulers

EXAMPLE = "pr_ex"
FIELDS = ("pr_original", "pr_same", "pr_different")
ROLES = {"same": "positive", "different": "hard"}
FORMULA = (
    r"\begin{gathered}\cos(u,v)=\frac{u^{\top}v}{\lVert u\rVert\,\lVert v\rVert}\\[4pt]"
    r"p=\frac{\#\{\text{random pairs below}\}}{\#\{\text{random pairs}\}}\end{gathered}"
)
LONGEST = 20_000  # characters of a text that are looked at


def draw(page: Frame, names: list[str], pooling: str | None) -> None:
    """Fill the frame: texts and rulers, what they mean, the challenge, code."""
    with page.presets:
        _seed()
        st.pills(
            t("pairs.examples"), list(recorded.examples()), key=EXAMPLE, bind="query-params",
            format_func=lambda name: t(f"pairs.example.{name}"), on_change=_fill,
            label_visibility="collapsed",
        )  # fmt: skip
    models.warm()
    with page.figure:
        texts = _fields()
        scores = _results(names, pooling, texts)
        token_view(scores, texts, pooling)
    with page.controls:
        sharing.link(texts)
    if scores:
        _why(page, scores[-1])
    with page.challenge():
        tries.draw(scores, texts)
    with page.details():
        st.markdown(prose("pairs", "details"))
        code_panel(_code(names, pooling, texts))


def _seed() -> None:
    """Give the fields their first texts: those of an explicit link, else of the example."""
    if all(key in st.session_state for key in FIELDS):
        return
    shared = sharing.texts_of_link()
    labels = {t(f"pairs.example.{name}"): name for name in recorded.examples()}
    name = labels.get(st.query_params.get(EXAMPLE, ""), next(iter(labels.values())))
    if EXAMPLE not in st.query_params or shared:  # otherwise the pills take it from the address
        st.session_state[EXAMPLE] = None if shared else name
    for key, text in zip(FIELDS, shared or recorded.examples()[name].texts, strict=True):
        st.session_state[key] = text


def _fill() -> None:
    """Callback of the pills: put the example's texts into the fields."""
    name = st.session_state.get(EXAMPLE)
    if name in recorded.examples():
        for key, text in zip(FIELDS, recorded.examples()[name].texts, strict=True):
            st.session_state[key] = text


def _edited() -> None:
    """Callback of the fields: the texts are no longer the example's."""
    st.session_state[EXAMPLE] = None


def _fields() -> tuple[str, str, str]:
    """The three texts, cleaned and cut to `LONGEST` characters."""
    texts = []
    for key, side in zip(FIELDS, ("original", *SIDES), strict=True):
        given = st.text_input(
            t(f"pairs.field.{side}"), key=key, persist_state="session", live="400ms", on_change=_edited,
            placeholder=t(f"pairs.placeholder.{side}"),
        )  # fmt: skip
        if len(given or "") > LONGEST:
            st.caption(t("pairs.cut", count=f"{len(given or ''):,}", kept=f"{LONGEST:,}"))
        texts.append(clean((given or "")[:LONGEST]))
    return texts[0], texts[1], texts[2]


def _results(names: list[str], pooling: str | None, texts: tuple[str, str, str]) -> list[Score]:
    if not texts[0] or not any(texts[1:]):
        st.info(t("pairs.empty"), icon=":material/edit:")
        return []
    if not names:
        st.info(t("pairs.no_checkpoint"), icon=":material/tune:")
        return []
    with st.spinner(t("pairs.loading")):
        scores, troubles = measure(names, pooling, texts)
    if scores:
        _figure(scores)
        _sentences(scores)
        notes.draw(scores, texts, pooling)
        show_data(_table(scores, texts), "pairs", key="pr-data", alt=t("pairs.data_alt"))
    for trouble in troubles:
        report(trouble)
    return scores


def report(trouble: Trouble) -> None:
    """What went wrong with one checkpoint, and a way on."""
    st.markdown(f"**{plain(checkpoints.title(trouble.name))}**")
    messages.refuse(trouble.error)
    st.button(
        t("pairs.drop"), key=f"pr-drop-{trouble.name}", icon=":material/close:",
        on_click=checkpoints.drop, args=(trouble.name,),
    )  # fmt: skip


def _figure(scores: Sequence[Score]) -> None:
    rulers = [
        Ruler(
            score.title,
            score.background,
            [
                Mark(side, cosine, _label(score, side, cosine), ROLES[side])
                for side, cosine in score.cosines.items()
            ],
            checkpoints.role(score.name),
        )
        for score in scores
    ]
    option = pair_rulers(rulers, current_theme())
    echarts(option, key="pr-rulers", alt=_alt(scores), height=height(len(rulers)))
    first = scores[0].background
    st.caption(t("pairs.caption", pairs=f"{first.pairs:,}", sentences=f"{first.sentences:,}"))


def _label(score: Score, side: str, cosine: float) -> str:
    return f"{t(f'pairs.side.{side}')} {cosine:.2f} · {short_standing(score.background, cosine)}"


def _alt(scores: Sequence[Score]) -> str:
    return " ".join(_sentence(score) for score in scores)


def _sentence(score: Score) -> str:
    """One checkpoint's result in plain words; the name is not disarmed."""
    parts = [
        t("pairs.says", side=t(f"pairs.side.{side}"), cosine=f"{cosine:.2f}",
          standing=standing(score.background, cosine))
        for side, cosine in score.cosines.items()
    ]  # fmt: skip
    return f"{score.title}: {'; '.join(parts)}."


def _sentences(scores: Sequence[Score]) -> None:
    """The verdict over all checkpoints, then one line for each."""
    judged = [score for score in scores if score.nearer]
    right = [score for score in judged if score.nearer == "same"]
    if judged:
        kind = "all" if len(right) == len(judged) else "some" if right else "none"
        st.markdown(f"**{t(f'pairs.verdict.{kind}', right=len(right), count=len(judged))}**")
    for score in scores:
        rest = _sentence(score).removeprefix(score.title)
        st.markdown(f"**{plain(score.title)}**{rest}")


def _table(scores: Sequence[Score], texts: Sequence[str]) -> dict[str, list[object]]:
    """Rows of the CSV: one a checkpoint and side."""
    rows = [(score, side) for score in scores for side in score.cosines]
    words = dict(zip(SIDES, texts[1:], strict=True))
    return {
        "checkpoint": [score.name for score, _ in rows],
        "original": [texts[0][:200] for _ in rows],
        "compared with": [words[side][:200] for _, side in rows],
        "cosine": [round(score.cosines[side], 4) for score, side in rows],
        "% of random pairs below": [round(100 * score.share(side), 3) for score, side in rows],
        "mean of random pairs": [round(score.background.mean, 4) for score, _ in rows],
    }


def _why(page: Frame, score: Score) -> None:
    side = next(iter(score.cosines))
    cosine, pairs = score.cosines[side], score.background.pairs
    below = round(score.share(side) * pairs)
    page.why(
        t("pairs.why"),
        formula=FORMULA,
        live=rf"\cos={cosine:.3f}\qquad p=\frac{{{below:,}}}{{{pairs:,}}}".replace(",", r"{,}")
        + rf"={100 * below / pairs:.2f}\,\%",
    )


def _code(names: Sequence[str], pooling: str | None, texts: Sequence[str]) -> str:
    name = names[0] if names else "minilm"
    option = "" if pooling is None else f", pooling={pooling!r}"
    shown = ",\n    ".join(repr(text[:300]) for text in texts if text)
    return (
        "from simcse_core import load_encoder\n"
        "from simcse_core.search import Background, background_sentences\n\n"
        f"encoder = load_encoder({checkpoints.loadable(name)!r}{option})\n"
        f"original, *others = encoder.encode([\n    {shown},\n])\n"
        "background = Background.measure(encoder.encode(background_sentences()))\n"
        "for other in others:\n"
        "    cosine = float(original @ other)\n"
        "    print(cosine, background.share_below(cosine))\n"
    )
