"""P(detect) against forward passes per suspect: by grade of adversary, then by access."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.judging.budget import ALL_ADVERSARIES, BudgetCurve
from evals.report.pictures.svg import (
    BASELINE,
    DETECTOR,
    INK,
    JUDGED,
    PREDICTED,
    RULE,
    figure_style,
    inline_svg,
    plain_axes,
)
from organisms.records.truth import Adversary

PANEL_INCHES, HEIGHT_INCHES = 2.35, 4.6
_STYLES = ((RULE, "o"), (DETECTOR, "s"), (PREDICTED, "^"), (JUDGED, "D"), (BASELINE, "v"))


def budget_figure(curves: Sequence[BudgetCurve], *, name: str = "budget") -> Markup:
    """A column of two panels per type; empty where no budget of any type has a choice.

    Marks stand where the choice changes, with exact 95% intervals of the families seen.
    """
    measured = [curve for curve in curves if any(point.chosen for point in curve.points)]
    if not measured:
        return Markup("")
    top = curves[0].access
    types = list(dict.fromkeys(curve.misalignment for curve in measured))
    grades = get_args(Adversary)
    levels = list(dict.fromkeys(curve.access for curve in curves))
    with figure_style():
        width = max(PANEL_INCHES * len(types), 2 * PANEL_INCHES) + 0.5
        figure = Figure(figsize=(width, HEIGHT_INCHES))
        panels = figure.subplots(2, len(types), squeeze=False, sharey=True)
        figure.subplots_adjust(
            left=0.55 / width, right=1 - 0.1 / width, top=0.94, bottom=0.19, hspace=0.75, wspace=0.1
        )
        for column, kind in enumerate(types):
            own = [curve for curve in measured if curve.misalignment == kind]
            graded = [c for c in own if c.access == top and c.adversary != ALL_ADVERSARIES]
            whole = [curve for curve in own if curve.adversary == ALL_ADVERSARIES]
            above = [(c, c.adversary, grades.index(c.adversary)) for c in graded]
            below = [(c, c.access, levels.index(c.access)) for c in whole]
            _draw(panels[0, column], f"{kind}, by adversary", above)
            _draw(panels[1, column], f"{kind}, by access", below)
        for axes in panels[:, 0]:
            axes.set_ylabel("P(detect)")
        return inline_svg(figure, name=name, label=_spoken(measured))


def _draw(axes: Any, title: str, curves: Sequence[tuple[BudgetCurve, str, int]]) -> None:
    """Curves with their labels and their places among the styles."""
    axes.set_title(title, fontsize=9.5, color=INK)
    axes.set_ylim(-0.04, 1.06)
    plain_axes(axes, "both")
    axes.set_xlabel("forward passes per suspect")
    budgets = [point.budget for point in curves[0][0].points] if curves else [1]
    axes.set_xscale("symlog", linthresh=max(min((b for b in budgets if b), default=1), 1))
    axes.xaxis.set_major_formatter(_passes)
    for curve, label, place in curves:
        colour, marker = _STYLES[place % len(_STYLES)]
        shares = [
            float("nan") if one.seen.value is None else one.seen.value for one in curve.points
        ]
        axes.plot(
            [point.budget for point in curve.points], shares, color=colour, drawstyle="steps-post",
            linewidth=1.4, label=label,
        )  # fmt: skip
        for point in curve.steps:
            if point.seen.interval is None:
                continue
            # Curves of one panel share their budgets: a small shift keeps intervals apart.
            at = point.budget * 1.06**place
            axes.plot([at, at], point.seen.interval, color=colour, linewidth=1, alpha=0.7)
            axes.plot([at], [point.seen.value], marker, color=colour, markersize=4.5)
    if curves:
        axes.legend(
            loc="upper center", bbox_to_anchor=(0.5, -0.26), ncols=2, frameon=False,
            labelcolor=INK, fontsize=7.5, columnspacing=0.9, handlelength=1.2,
        )  # fmt: skip


def _passes(value: float, _: int) -> str:
    """Tick label as plain text: an inline picture would show the source of a formula."""
    if value >= 1000:
        return f"{value / 1000:g}k"
    return "" if value else "0"  # small powers of ten stand too close to 0


def _spoken(curves: Sequence[BudgetCurve]) -> str:
    texts = []
    for curve in curves:
        steps = "; ".join(
            f"from {point.budget:,} passes {point.seen.text}"
            for point in curve.steps
            if point.chosen
        )
        texts.append(f"{curve.misalignment}, {curve.adversary}, {curve.access}: {steps}")
    return f"P(detect) by forward passes per suspect. {'. '.join(texts)}."
