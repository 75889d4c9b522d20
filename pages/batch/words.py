"""Why and its numbers, provenance, and the script that makes the open row again."""

from __future__ import annotations

from pages.batch.controls import Settings
from pages.batch.recorded import recorded
from pages.ui.text import plain, t
from simcse_core.theory.batch import Roles, Views

FORMULA = (
    r"\begin{aligned}&\frac{\partial\ell_i}{\partial s_{ij}}=\frac{p_{ij}-[\,j=i^+]}{\tau}\\[4pt]"
    r"&\Bigl\lVert\frac{\partial s_i^+}{\partial h_i}\Bigr\rVert=\frac{\sqrt{1-(s_i^+)^2}}{\lVert h_i\rVert}"
    r"\end{aligned}"
)
SCRIPT = """from simcse_core import load_encoder
from simcse_core.theory.batch import roles_of
from simcse_core.theory.batch_encoder import views_of

parts = {parts}  # anchors, positives{more}
encoder = load_encoder({encoder!r}, pooling={pooling!r}, device="cpu", precision="fp32")
views = views_of(encoder, parts, dropout={dropout!r}, same_mask={same!r}, seed={seed!r})
found = roles_of(views.take({size}), {layout!r}, temperature={temperature!r})
row = found.rows.index({row!r})
seen = found.anatomy
print(found.row_texts[row], "loss", seen.loss[row])
for name, role, cosine, share, slope in zip(
    found.columns, found.roles[row], seen.similarities[row], seen.probabilities[row], seen.gradient[row]
):
    print(f"{{name:3}} {{role:9}} cosine {{cosine:8.4f}}  p {{share:.4f}}  slope {{slope:+.4f}}")
"""


def row_index(found: Roles, settings: Settings) -> int:
    """Place of the open row."""
    return found.rows.index(settings.row)


def why_of(found: Roles, settings: Settings) -> tuple[str, str, str]:
    """Why, the formula, and the formula with the numbers of the open row."""
    at = row_index(found, settings)
    positive, seen = int(found.positive[at]), found.anatomy
    assert seen.probabilities is not None  # InfoNCE is a softmax
    kind = "triples" if settings.layout == "triples" else "equal" if settings.equal_views else "fresh"
    cosine, share = float(seen.similarities[at, positive]), float(seen.probabilities[at, positive])
    steep = float(found.steepness[at])
    slope = number(float(seen.gradient[at, positive]))
    names = rf"{_latex(found.rows[at])}\to {_latex(found.columns[positive])}"
    live = (
        rf"\begin{{aligned}}&{names}:\quad\frac{{{share:.4g}-1}}{{{found.temperature:g}}}={slope}\\[4pt]"
        rf"&s^+={cosine:.4f}\;\Rightarrow\;\lVert\partial s^+/\partial h\rVert={number(steep)}\end{{aligned}}"
    )
    return t(f"batch.why.{kind}", cosine=f"{cosine:.3f}"), FORMULA, live


def _latex(name: str) -> str:
    """Name of a row, whose signs the fonts of formulas draw only as exponents."""
    signs = {"": "", "′": r"^{\prime}", "⁺": "^{+}", "⁻": "^{-}"}
    return rf"\text{{{name[0]}}}{signs[name[1:]]}"


def number(value: float) -> str:
    """Three digits; what is left of a zero after rounding is 0."""
    return "0" if abs(value) < 1e-9 else f"{value:.3g}"


def provenance(settings: Settings) -> str:
    """Which encoder, pooling, seed, and whether this was recorded or computed now."""
    made = recorded().made
    config = made["config"]
    said = t(
        "batch.what", name=plain(config["encoder"]), pooling=plain(config["pooling"]),
        dropout=f"{settings.dropout:g}", seed=made["seed"],
    )  # fmt: skip
    if settings.own is not None and not settings.live:
        said += " " + t("batch.own_triples")
    if settings.live:
        return f"{said} {t('batch.computed')}"
    total = config["sentences"]
    first = t("batch.first", size=settings.size, total=total) + " " if settings.size < total else ""
    return f"{said} {first}" + t("batch.recorded", date=made["date"], torch=made["versions"]["torch"])


def script(views: Views, settings: Settings, temperature: float) -> str:
    """Code that computes the open row from its texts; `views` is the whole batch that was drawn."""
    made = recorded().made
    config = made["config"]
    parts = [list(views.texts[k * views.size : (k + 1) * views.size]) for k in range(views.parts)]
    return SCRIPT.format(
        parts=parts, more=", hard negatives" if views.parts == 3 else "", encoder=config["encoder"],
        pooling=config["pooling"], dropout=settings.dropout, same=settings.same_mask, seed=made["seed"],
        size=settings.size, layout=settings.layout, temperature=temperature, row=settings.row,
    )  # fmt: skip
