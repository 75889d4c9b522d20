"""The figures of the page: globes over the histogram, the table of numbers, the spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from pages.cone import live
from pages.cone.controls import Settings, repair_title
from pages.cone.recorded import recorded
from pages.cone.sentences import Sentences
from pages.cone.views import Views
from pages.ui.exports import echarts, plotly, show_data
from pages.ui.text import catalogue, plain, t
from pages.ui.theme import current_theme
from simcse_core.encoders.poolers import poolers
from simcse_core.evaluation.cone import EDGES, PAIRS, SHOWN, Spread, word_commonness, words_per_sentence
from simcse_core.figures import cone, cone_curves
from simcse_core.metrics.sts import spearman

DIGITS = {"mean_cosine": 3, "uniformity": 2, "effective_rank": 0, "spearman": 1}
METRICS = ("mean_cosine", "effective_rank", "uniformity")


def short(name: str) -> str:
    """A checkpoint's name without its folder."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def named(settings: Settings, views: Views) -> list[tuple[str, Spread, str, str]]:
    """Legend name, state, role and dash of every curve: A, A repaired, B."""
    first, second = f"A · {short(settings.first)}", f"B · {short(settings.second)}"
    mended = _mended(settings.repair)
    curves = [(first, views.raw, "before", "dashed")]
    if settings.repair:
        curves.append((f"A, {mended}", views.first, "positive", "solid"))
    return [*curves, (f"B, {mended}" if settings.both else second, views.second, "after", "solid")]


def _mended(repair: str | None) -> str:
    """A legend's word for repaired vectors; the repair's title where a new one has no word yet."""
    known = f"cone.mended.{repair}" in catalogue()
    return t(f"cone.mended.{repair}") if known else repair_title(repair).lower()


def draw_figure(settings: Settings, sentences: Sentences, views: Views) -> None:
    """Globes and histogram, each with the line that says what it is."""
    theme = current_theme()
    curves = named(settings, views)
    pair = [curves[-2], curves[-1]]
    texts = sentences.texts[:SHOWN]
    colouring, said = _colouring(settings, sentences, [spread for _, spread, _, _ in pair])
    means = [_two_digits(spread.mean_cosine) for _, spread, _, _ in pair]
    for column, key, (name, spread, role, _) in zip(st.columns(2), ("first", "second"), pair, strict=True):
        panel = cone.Globe(name, _globe_note(spread), spread.globe, texts, role)
        with column:
            figure = cone.globe(panel, theme, colouring=colouring)
            plotly(figure, key=f"cn_globe_{key}", alt=t("cone.globe_alt", name=name, note=panel.note))
    shares = [f"{100 * spread.globe_share:.0f}" for _, spread, _, _ in pair]
    st.caption(
        t("cone.globes_caption", count=len(pair[0][1].globe), first=shares[0], second=shares[1]) + said
    )
    option = cone_curves.cosine_humps(
        EDGES,
        [
            *(cone_curves.Hump(name, s.counts, s.mean_cosine, role, dash) for name, s, role, dash in curves),
            cone_curves.Hump(t("cone.even"), views.reference.counts, None, "noise", "dotted"),
        ],
        theme,
        title=t("cone.humps_title"),
    )
    echarts(option, key="cn_humps", alt=t("cone.humps_alt", first=means[0], second=means[1]), height=300)
    st.caption(provenance(settings, sentences, views))


def _globe_note(spread: Spread) -> str:
    mean = _two_digits(spread.mean_cosine)
    if not cone.has_direction(spread.globe):
        return t("cone.globe_even", mean=mean)
    degrees, _ = cone.cap_angle(spread.globe)
    return t("cone.globe_note", mean=mean, degrees=f"{degrees:.0f}" if degrees >= 2 else f"{degrees:.1f}")


def _two_digits(value: float) -> str:
    """Two decimals with a real minus sign, and no minus before a zero."""
    return f"{value if abs(value) >= 0.005 else 0.0:.2f}".replace("-", "−")


def _colouring(
    settings: Settings, sentences: Sentences, pair: Sequence[Spread]
) -> tuple[cone.Colouring, str]:
    """What colours say, and the numbers that go with it."""
    if settings.colour == "subject" and sentences.subjects:
        return cone.Colouring(groups=sentences.subjects[:SHOWN], shown=settings.subjects), ""
    if settings.colour not in {"length", "words"}:
        return cone.Colouring(), ""
    of = words_per_sentence if settings.colour == "length" else word_commonness
    values = of(sentences.texts)[:SHOWN]
    ranks = [spearman(spread.globe[:, 0], values) / 100 if np.ptp(values) > 0 else 0.0 for spread in pair]
    low, high = np.quantile(values, (0.02, 0.98))
    said = t(
        "cone.height",
        scale=t(f"cone.scale.{settings.colour}"),
        low=f"{low:.3g}",
        high=f"{high:.3g}",
        first=_two_digits(ranks[0]),
        second=_two_digits(ranks[1]),
    )
    return cone.Colouring(values=values.tolist()), " " + said


def provenance(settings: Settings, sentences: Sentences, views: Views) -> str:
    """Which checkpoint, read-out, layer, sentences, pairs, seed, machine: in one line."""
    layer = t("cone.last_layer") if settings.layer is None else t("cone.at_layer", layer=settings.layer)
    rows = views.raw.rows
    what = t(
        "cone.what",
        first=plain(short(settings.first)),
        second=plain(short(settings.second)),
        layer=layer,
        pooling=plain(poolers.info(settings.pooling).title),
        rows=f"{rows:,}",
        source=t(f"cone.source_long.{sentences.source}"),
        pairs=f"{min(PAIRS, rows * (rows - 1) // 2):,}",
    )
    return " ".join([what, *_origins(settings, views)])


def _origins(settings: Settings, views: Views) -> list[str]:
    """Where the numbers of A and of B come from; one sentence where they come from one place."""
    made = recorded()["made"]
    said: dict[tuple[str, ...], list[str]] = {}
    for letter, name in (("A", settings.first), ("B", settings.second)):
        if letter in views.fresh:
            facts = live.facts_at(name, settings.layer, settings.pooling)
            said.setdefault((facts.precision, facts.device), []).append(letter)
        else:
            said.setdefault((), []).append(letter)
    lines = []
    for key, letters in said.items():
        which = t("cone.a_and_b") if len(letters) == 2 else letters[0]
        if key:
            lines.append(t("cone.computed", which=which, precision=key[0], device=key[1]))
        else:
            lines.append(t("cone.recorded", which=which, date=made["date"], torch=made["versions"]["torch"]))
    return lines


def draw_numbers(settings: Settings, sentences: Sentences, views: Views) -> None:
    """Every number beside what evenly spread directions of the same size give."""
    curves = named(settings, views)
    even = views.reference
    names = [name for name, _, _, _ in curves]
    spreads = [spread for _, spread, _, _ in curves]
    rows = [
        (t(f"cone.number.{number}"), *(_number(s, number) for s in (*spreads, even)))
        for number in (*METRICS, "top_share", "spearman")
    ]
    head = [t("cone.number.name"), *names, t("cone.even")]
    lines = ["| " + " | ".join(plain(cell) for cell in head) + " |", "|:--" + "|--:" * (len(head) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    st.markdown("\n".join(lines))
    scored = t(
        "cone.numbers_caption",
        pairs=len(sentences.pairs),
        title=sentences.pairs_title,
        rows=f"{even.rows:,}",
        dimension=even.dimension,
    )
    st.caption(scored + (" " + t("cone.fitted_on") if settings.repair else ""))


def numbers_table(settings: Settings, views: Views) -> None:
    """The histogram and the numbers as a table to take away."""
    curves = [(name, spread) for name, spread, _, _ in named(settings, views)]
    curves.append((t("cone.even"), views.reference))
    table: dict[str, Sequence[Any]] = {t("cone.bin"): EDGES[:-1].tolist()}
    table |= {name: spread.counts.tolist() for name, spread in curves}
    show_data(table, "cone-cosines", key="cn_humps_data", alt=t("cone.humps_table"))


def _number(spread: Spread, name: str) -> str:
    value = getattr(spread, name)
    if value is None:
        return "–"
    if name == "top_share":
        return f"{100 * value:.1f} %"
    digits = DIGITS[name]
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def draw_spectrum(settings: Settings, views: Views) -> None:
    """Share of every direction and the cumulative share, with their table."""
    curves = named(settings, views)
    lines = [cone_curves.Spectrum(name, spread.energy, role, dash) for name, spread, role, dash in curves]
    lines.append(cone_curves.Spectrum(t("cone.even"), views.reference.energy, "noise", "dotted"))
    option = cone_curves.spectra(lines, current_theme(), title=t("cone.spectrum_title"))
    tops = ", ".join(f"{name}: {100 * spread.top_share:.1f} %" for name, spread, _, _ in curves)
    echarts(option, key="cn_spectrum", alt=t("cone.spectrum_alt", tops=tops), height=430)
    st.caption(t("cone.spectrum_caption", tops=plain(tops), rows=f"{views.raw.rows:,}"))
    longest = max(len(np.asarray(line.energy)) for line in lines)
    table: dict[str, Sequence[Any]] = {t("cone.direction"): list(range(1, longest + 1))}
    for line in lines:
        energy = np.asarray(line.energy, dtype=np.float64)
        padded = np.concatenate([energy, np.zeros(longest - len(energy))])
        table[f"{line.name}: {t('cone.share')}"] = np.round(padded, 7).tolist()
        table[f"{line.name}: {t('cone.cumulative')}"] = np.round(np.cumsum(padded), 5).tolist()
    show_data(table, "cone-spectrum", key="cn_spectrum_data", alt=t("cone.spectrum_table"))
