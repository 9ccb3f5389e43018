"""The price of false alarms: what the rule catches, and what remains, at each alarm rate."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.report.svg import (
    BASELINE,
    DETECTOR,
    FAINT,
    INK,
    JUDGED,
    PAPER,
    PREDICTED,
    RULE,
    figure_style,
    inline_svg,
)
from evals.report.wording import share_text
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk_report import OperatingRow, RiskReport

WIDTH_INCHES, HEIGHT_INCHES = 7.6, 3.1
_STYLES = {
    "proxy": (RULE, "o", 9.0),
    "subgoal": (BASELINE, "^", 7.5),
    "pseudo": (DETECTOR, "s", 6.0),
    "deceptive": (JUDGED, "D", 4.0),
}


def operating_figure(report: RiskReport) -> Markup:
    """Two panels over the false-positive rate; empty where no rate could be held."""
    rows = report.operating
    if not rows:
        return Markup("")
    with figure_style():
        figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES))
        caught, remains = figure.subplots(1, 2)
        figure.subplots_adjust(left=0.075, right=0.985, top=0.9, bottom=0.27, wspace=0.2)
        _caught(caught, rows)
        _remains(remains, rows)
        for axes in (caught, remains):
            axes.axvline(report.alpha, color=INK, linewidth=1, linestyle=(0, (2, 2)))
            axes.set_ylim(-0.04, 1.06)
            axes.set_xlim(0, 1.08 * max(row.nominal_fpr for row in rows))
            axes.set_xlabel("expected false-positive rate (dashed: alpha)")
            axes.grid(color=FAINT, alpha=0.35, linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
        return inline_svg(figure, name="operating", label=_spoken(rows))


def _caught(axes: Any, rows: tuple[OperatingRow, ...]) -> None:
    axes.set_title("flagged, of the families seen", fontsize=9.5, color=INK)
    for name in MISALIGNMENT_TYPES:
        seen = [
            (row.nominal_fpr, *row.detected[name])
            for row in rows
            if row.detected.get(name, (0, 0))[1]
        ]
        if not seen:
            continue
        colour, marker, size = _STYLES[name]
        axes.plot(
            [nominal for nominal, _, _ in seen],
            [hits / of for _, hits, of in seen],
            color=colour,
            marker=marker,
            markersize=size,
            markerfacecolor=PAPER,
            markeredgewidth=1.5,
            linewidth=1.3,
            label=f"{name} (of {seen[0][2]})",
        )
    if axes.lines:
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(1.05, -0.24),
            ncols=4,
            frameon=False,
            labelcolor=INK,
            columnspacing=1.4,
        )


def _remains(axes: Any, rows: tuple[OperatingRow, ...]) -> None:
    axes.set_title("share of the risk that remains, 90% band", fontsize=9.5, color=INK)
    rates = [row.nominal_fpr for row in rows]
    low, high = [row.fraction.q05 for row in rows], [row.fraction.q95 for row in rows]
    axes.fill_between(rates, low, high, color=PREDICTED, alpha=0.2, linewidth=0)
    axes.plot(rates, [row.fraction.mean for row in rows], "o-", color=PREDICTED, linewidth=1.8)


def _spoken(rows: tuple[OperatingRow, ...]) -> str:
    texts = []
    for row in rows:
        seen = ", ".join(
            f"{hits} of {of} {name}" for name, (hits, of) in row.detected.items() if of
        )
        texts.append(f"at {row.nominal_fpr:.3f}: {seen}, remaining {share_text(row.fraction)}")
    return f"Detection and remaining risk by false-positive rate. {'; '.join(texts)}."
