"""P(detect) against forward passes per suspect: by grade of adversary, then by access."""

from __future__ import annotations

import math
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

PANEL_INCHES, ROW_INCHES, MARGIN_INCHES = 2.35, 2.2, 0.2
_STYLES = ((RULE, "o"), (DETECTOR, "s"), (PREDICTED, "^"), (JUDGED, "D"), (BASELINE, "v"))


def budget_figure(curves: Sequence[BudgetCurve], *, name: str = "budget") -> Markup:
    """Up to two panels per type; empty where no budget of any type has a choice.

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
        graded = [c for c in measured if c.access == top and c.adversary != ALL_ADVERSARIES]
        whole = [c for c in measured if c.adversary == ALL_ADVERSARIES]
        rows = {
            "adversary": [(c, c.adversary, grades.index(c.adversary)) for c in graded],
            "access": [(c, c.access, levels.index(c.access)) for c in whole],
        }
        drawn = {what: row for what, row in rows.items() if row}
        width = max(PANEL_INCHES * len(types), 2 * PANEL_INCHES) + 0.5
        height = ROW_INCHES * len(drawn) + MARGIN_INCHES
        figure = Figure(figsize=(width, height))
        panels = figure.subplots(len(drawn), len(types), squeeze=False, sharey=True)
        figure.subplots_adjust(
            left=0.55 / width, right=1 - 0.1 / width, top=1 - 0.28 / height, bottom=0.87 / height,
            hspace=0.75, wspace=0.1,
        )  # fmt: skip
        for line, (what, row) in zip(panels, drawn.items(), strict=True):
            for axes, kind in zip(line, types, strict=True):
                own = [one for one in row if one[0].misalignment == kind]
                axes.set_visible(bool(own))
                if own:
                    _draw(axes, f"{kind}, by {what}", own)
        for axes in panels[:, 0]:
            axes.set_ylabel("P(detect)")
        return inline_svg(figure, name=name, label=_spoken(measured), data=_table(measured))


def _draw(axes: Any, title: str, curves: Sequence[tuple[BudgetCurve, str, int]]) -> None:
    """Curves with their labels and their places among the styles."""
    axes.set_title(title, fontsize=9.5, color=INK)
    axes.set_ylim(-0.04, 1.06)
    plain_axes(axes, "both")
    axes.set_xlabel("forward passes per suspect")
    budgets = [point.budget for point in curves[0][0].points]
    least = min((b for b in budgets if b), default=1)
    powers = range(int(math.log10(least)), int(math.log10(1.3 * max(least, *budgets))) + 2)
    ticks = [*[0.0] * (0 in budgets), *(10.0**power for power in powers)]
    axes.set_xscale("symlog", linthresh=10.0 ** powers[0])
    axes.set_xticks(ticks)
    axes.set_xlim(ticks[0], ticks[-1])
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
    axes.legend(
        loc="upper center", bbox_to_anchor=(0.5, -0.26), ncols=2, frameon=False,
        labelcolor=INK, fontsize=7.5, columnspacing=0.9, handlelength=1.2,
    )  # fmt: skip


def _passes(value: float, _: int) -> str:
    """Tick label as plain text: an inline picture would show the source of a formula."""
    return f"{value / 1000:g}k" if value >= 1000 else f"{value:g}"


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


def _table(curves: Sequence[BudgetCurve]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [
        ("type", "adversary", "access", "passes", "caught", "of", "low", "high", "chosen")
    ]
    for curve in curves:
        for point in curve.steps:
            low, high = point.seen.interval or (None, None)
            where = (curve.misalignment, curve.adversary, curve.access, point.budget)
            rows.append((*where, point.seen.detected, point.seen.of, low, high, *point.names[:1]))
    return rows
