"""The scene of the circle under every objective that acts on similarities, by automatic differentiation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from pages.ui.exports import echarts, show_data
from pages.ui.state import switch
from pages.ui.text import t
from pages.ui.theme import current_theme
from simcse_core.errors import SimCSEError
from simcse_core.figures.temperature import PushShares, shared_push
from simcse_core.theory.anatomy import Anatomy

ROW_HEIGHT, HEAD = 44, 90  # px


@dataclass(frozen=True)
class Taken:
    """One objective's anatomy of the scene."""

    title: str
    anatomy: Anatomy

    @property
    def note(self) -> str:
        """Effective number and size of the push, in words."""
        push = float(self.anatomy.total_push[0])
        if push == 0:
            return t("temperature.others.none")
        return t(
            "temperature.others.note", effective=f"{float(self.anatomy.effective[0]):.2f}", push=f"{push:.3g}"
        )

    @property
    def attracted(self) -> float:
        """How strongly negatives are pulled instead of pushed, summed; nats per unit of cosine."""
        return float(-np.minimum(self.anatomy.gradient[0, 1:], 0.0).sum())


def draw(cosines: NDArray[np.float64], temperature: float) -> None:
    """A switch; behind it bars and numbers of every objective.

    Args:
        cosines: (C,) of the candidates with the anchor, the positive first.
        temperature: Given to every objective that has a temperature; all else keeps its default.
    """
    if not switch(t("temperature.others.show"), key="tp_others", help=t("temperature.others.help")):
        return
    with st.spinner(t("temperature.others.busy")):
        taken, refused = _all(cosines, temperature)
    theme = current_theme()
    rows = [PushShares(one.title, one.anatomy.shares[0, 1:], one.note) for one in taken]
    title = t("temperature.others.title", tau=f"{temperature:g}")
    option = shared_push(rows, cosines[1:], theme, title=title, rest=t("temperature.others.rest"))
    said = "; ".join(f"{one.title}: {one.note}" for one in taken)
    echarts(option, key="tp_others_chart", alt=f"{title}. {said}", height=HEAD + ROW_HEIGHT * len(taken))
    st.caption(t("temperature.others.caption"))
    for line in refused:
        st.caption(line)
    columns: dict[str, Sequence[Any]] = {
        t("temperature.others.objective"): [one.title for one in taken],
        t("temperature.effective"): [float(one.anatomy.effective[0]) for one in taken],
        t("temperature.top_share"): [float(one.anatomy.shares[0].max()) for one in taken],
        t("temperature.total_push"): [float(one.anatomy.total_push[0]) for one in taken],
        t("temperature.others.pull"): [float(-one.anatomy.gradient[0, 0]) for one in taken],
        t("temperature.others.attracted"): [one.attracted for one in taken],
    }
    show_data(columns, "temperature-objectives", key="tp_others_data", alt=title)


def _all(cosines: NDArray[np.float64], temperature: float) -> tuple[list[Taken], list[str]]:
    """The scene under every objective, and why some refuse it."""
    from simcse_core.losses import losses
    from simcse_core.registry import params_of
    from simcse_core.theory.measured import anatomy_of

    taken, refused = [], []
    for name in losses:
        info = losses.info(name)
        if info.traits.get("on_similarities") is None:
            continue
        given = {"temperature": temperature} if "temperature" in params_of(info.target) else {}
        try:
            taken.append(Taken(info.title, anatomy_of(name, [cosines], [0], **given)))
        except SimCSEError as error:
            refused.append(t("temperature.others.refused", title=info.title, reason=error.message))
    return taken, refused
