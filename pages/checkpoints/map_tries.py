"""A guess and a task on the map."""

from __future__ import annotations

from pages.checkpoints.map_controls import Settings
from pages.checkpoints.map_data import View, recorded_view
from pages.checkpoints.map_panels import step_name
from pages.ui.challenge import goal, guess
from pages.ui.text import plain, t
from simcse_core.evaluation.neighbours import overlap_with_previous, same_group, settled_after

SETTLED = 0.8  # overlap with the lists one evaluation before that counts as unchanged
WORSE = 0.3  # share of neighbours of the own subject that was lost
ANSWERS = (5, 15, 30, 45)


def freeze() -> None:
    """When do neighbours of the recorded run stop changing?"""
    atlas = recorded_view().atlas
    lists = atlas.neighbours
    gap = atlas.steps[1] - atlas.steps[0]
    after = settled_after(atlas.steps, lists, level=SETTLED)
    overlaps = overlap_with_previous(lists)
    never = t("checkpoints.guess_never", last=atlas.steps[-1])
    right = never if after is None else str(min(ANSWERS, key=lambda answer: abs(answer - after)))
    reveal = t(
        "checkpoints.guess_reveal" if after is not None else "checkpoints.guess_reveal_never",
        after=after,
        gap=gap,
        first=f"{overlaps[0]:.2f}",
        second=f"{overlaps[1]:.2f}",
        last=f"{overlaps[-1]:.2f}",
    )
    guess(
        "checkpoints.freeze",
        t("checkpoints.guess", gap=gap, share=f"{100 * SETTLED:.0f}"),
        [*(str(answer) for answer in ANSWERS), never],
        is_right=lambda answer: answer == right,
        reveal=reveal,
    )


def worse(view: View, settings: Settings) -> None:
    """Pin a sentence that lost neighbours of its own subject from the one step to the other."""
    atlas = view.atlas
    near = atlas.neighbours[[settings.other, settings.at], :, : settings.k]
    before, after = same_group(near, atlas.subjects)[:, settings.pin]
    count = [round(float(share) * settings.k) for share in (before, after)]
    names = [plain(step_name(view, at)) for at in (settings.other, settings.at)]
    reached = settings.at > settings.other and before - after >= WORSE - 1e-9
    goal(
        "checkpoints.worse",
        t("checkpoints.task", least=f"{WORSE * 10:.0f}"),
        reached=bool(reached),
        status=t("checkpoints.status", first=names[0], second=names[1], before=count[0], after=count[1],
                 k=settings.k),
        praise=t("checkpoints.praise", before=count[0], after=count[1], k=settings.k)
        if reached
        else t("checkpoints.praise_before"),
    )  # fmt: skip
