"""The risk over the three horizons, before and after, at each transport weight."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.report.pictures.svg import FAINT, INK, JUDGED, PREDICTED, figure_style, inline_svg
from evals.report.words.wording import close_risk_text, percent, scenario_text
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary
from evals.risk.update import RiskRow

WIDTH_INCHES, HEIGHT_INCHES = 7.6, 3.1
_TICKS = ("2024", "2026-28", "2028-32")
_SMALLEST = 1e-6


def fan(report: RiskReport) -> Markup:
    """One panel per transport weight: lines are means, bands hold 90% of the belief."""
    rows = list(report.rows)
    weights = sorted({row.weight for row in rows})
    ends = [part.q05 for row in rows for part in (row.unmitigated, row.residual)]
    floor = max(min((end for end in ends if end > 0), default=_SMALLEST), _SMALLEST)
    with figure_style():
        figure = Figure(figsize=(WIDTH_INCHES, HEIGHT_INCHES))
        panels = figure.subplots(1, len(weights), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(left=0.1, right=0.99, top=0.9, bottom=0.12, wspace=0.08)
        for axes, weight in zip(panels, weights, strict=True):
            chosen = [row for row in rows if row.weight == weight]
            _panel(axes, chosen, weight, floor)
        panels[0].set_ylabel("P(catastrophe), log scale")
        return inline_svg(figure, name="fan", label=_spoken(rows))


def _panel(axes: Any, rows: list[RiskRow], weight: float, floor: float) -> None:
    axes.set_yscale("log")
    axes.set_ylim(floor / 1.6, 1.6)
    axes.set_xlim(-0.6, len(rows) - 0.4)
    axes.set_xticks(range(len(rows)), _TICKS[: len(rows)])
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.10g}%")
    axes.yaxis.set_minor_formatter(lambda value, _: "")
    axes.set_title(_title(weight), fontsize=9.5, color=INK)
    axes.grid(axis="y", color=FAINT, alpha=0.35, linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
    colour = PREDICTED if weight else JUDGED
    _band(axes, [row.unmitigated for row in rows], INK, floor, above=True)
    _band(axes, [row.residual for row in rows], colour, floor, above=False)
    axes.text(0.04, 0.95, "nothing handled", color=INK, transform=axes.transAxes, va="top")
    axes.text(0.96, 0.05, "residual", color=colour, transform=axes.transAxes, ha="right")


def _band(axes: Any, parts: list[Summary], colour: str, floor: float, *, above: bool) -> None:
    places = range(len(parts))
    low, mean, high = (
        [max(getattr(part, end), floor) for part in parts] for end in ("q05", "mean", "q95")
    )
    axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(places, mean, "s-" if above else "o-", color=colour, linewidth=1.8, markersize=5)
    for place, value, part in zip(places, mean, parts, strict=True):
        axes.annotate(
            percent(part.mean),
            (place, value),
            textcoords="offset points",
            xytext=(2, 6) if above else (1, -12),
            ha="right" if above else "left",
            fontsize=8,
        )


def _title(weight: float) -> str:
    meaning = {0.0: ": judged only", 1.0: ": measured detection"}.get(weight, "")
    return f"weight {weight:g}{meaning}"


def _spoken(rows: list[RiskRow]) -> str:
    texts = [
        f"{scenario_text(row.scenario)}, weight {row.weight:g}: "
        f"{close_risk_text(row.unmitigated)} before, {close_risk_text(row.residual)} after"
        for row in rows
    ]
    return f"Risk before and after by horizon. {'; '.join(texts)}."
