"""The risk before and after: steps, horizons, what knowing an input and what access is worth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.pictures.rates import summary_row
from evals.report.pictures.svg import (
    DETECTOR,
    INK,
    JUDGED,
    PREDICTED,
    figure_style,
    inline_svg,
    plain_axes,
    standalone_svg,
)
from evals.report.words.change import unmitigated_moves
from evals.report.words.strategy import information_text, risk_at
from evals.report.words.wording import (
    close_risk_text,
    fine_percent,
    input_text,
    percent,
    risk_text,
    scenario_text,
    share_text,
    weight_text,
)
from evals.risk.risk_report import RiskReport
from evals.risk.summary import Summary
from probes.writing import write_whole

MOST_INPUTS = 12
"""Inputs drawn by the value of knowing them; the table has all of them."""

_TICKS = ("2024", "2026-28", "2028-32")
_SMALLEST = 1e-6


def waterfall(report: RiskReport) -> Markup:
    """How detection and correction of each type take the risk from unmitigated to residual."""
    rows = waterfall_rows(report)
    ends = [end for row in rows for end in row.bar or ()]
    where = scenario_text(report.scenario)
    return draw_intervals(
        rows,
        Scale(
            f"P(catastrophe), {where}: means (90% interval)",
            high=1.04 * max(ends) or 1.0,
            tick=percent,
        ),
        name="waterfall",
        label=f"From unmitigated to residual risk, {where}.",
    )


def waterfall_rows(report: RiskReport) -> list[Interval]:
    """Unmitigated, what each type takes away, what is left, and what judgement alone leaves."""
    row = report.row(report.scenario, report.weight)
    level = row.unmitigated.mean
    rows = [_bar("nothing handled (R0)", row.unmitigated, INK, link=level)]
    for part in report.types:
        removed = part.unmitigated.mean - part.residual.mean
        detail = f"-{percent(removed)} of its {percent(part.unmitigated.mean)}"
        label, bar = f"{part.misalignment} caught, corrected", (level - removed, level)
        rows.append(Interval(label, detail, DETECTOR, bar=bar, link=level - removed))
        level -= removed
    rows.append(_bar(weight_text(report.weight), row.residual, PREDICTED))
    if report.weight:
        judged = report.row(report.scenario, 0.0).residual
        rows.append(_bar(weight_text(0.0), judged, JUDGED, hollow=True))
    return rows


def risk_figure(report: RiskReport) -> Markup:
    """Unmitigated and residual risk on a logarithmic axis: line 5% to 95%, marker the mean."""
    rows = risk_rows(report)
    means = [row.centre for row in rows if row.centre]
    ends = [row.low for row in rows if row.low] + means
    low = max(min(ends), min(means) / 1000) if means else 1e-4
    return draw_intervals(
        rows,
        Scale("risk, log scale (line: 90% interval; marker: mean)", low / 1.5, 1.0, True),
        name="risk",
        label="Risk before and after by horizon.",
    )


def risk_rows(report: RiskReport) -> list[Interval]:
    """Per horizon: nothing handled, then one row per transport weight.

    Nothing handled has a row per weight where the weights differ in it.
    """
    rows: list[Interval] = []
    for horizon in dict.fromkeys(row.scenario for row in report.rows):
        here = [row for row in report.rows if row.scenario == horizon]
        rows.append(Interval(scenario_text(horizon), heading=True))
        moves = unmitigated_moves(report, horizon)
        for row in here if moves else here[:1]:
            label = "nothing handled (R0)" + f", weight {row.weight:g}" * moves
            rows.append(summary_row(label, risk_text(row.unmitigated), row.unmitigated, INK, "s"))
        for row in here:
            colour = PREDICTED if row.weight else JUDGED
            label = weight_text(row.weight)
            rows.append(summary_row(label, risk_text(row.residual), row.residual, colour))
    return rows


def information_figure(report: RiskReport) -> Markup:
    """One row per input, the most valuable first, as shares of the value of knowing everything."""
    everything = report.information["everything"]
    rows = [
        Interval(
            input_text(group),
            information_text(group, report),
            PREDICTED,
            bar=(0.0, value / everything if everything else 0.0),
        )
        for group, value in list(report.information.items())[1 : MOST_INPUTS + 1]
    ]
    level = fine_percent(report.decision_level)
    return draw_intervals(
        rows,
        Scale(f"share of perfect information at r* = {level}", tick="{:.0%}".format),
        name="information",
        label=f"Value of information at the decision level r* = {level}.",
    )


def access_figure(report: RiskReport) -> Markup:
    """The share of the risk that remains by access level, at each weight above 0."""
    judged = report.row(report.scenario, 0.0).fraction
    rows = [
        Interval("no measurement", heading=True),
        summary_row("judged only", share_text(judged), judged, JUDGED),
    ]
    for weight in sorted({weight for weight in (report.weight, 1.0) if weight}):
        rows.append(Interval(f"measured, at transport weight {weight:g}", heading=True))
        for row in report.access:
            share = risk_at(row, report.scenario, weight).fraction
            rows.append(summary_row(f"access: {row.access}", share_text(share), share, PREDICTED))
    return draw_intervals(
        rows,
        Scale("share of the risk that remains (line: 90% interval; marker: mean)"),
        name="access",
        label=f"Residual share by access, {scenario_text(report.scenario)}.",
    )


def fan(report: RiskReport) -> Markup:
    """The risk over the horizons, one panel per transport weight: means and 90% bands."""
    rows = report.rows
    weights = sorted({row.weight for row in rows})
    ends = [part.q05 for row in rows for part in (row.unmitigated, row.residual)]
    floor = max(min((end for end in ends if end > 0), default=_SMALLEST), _SMALLEST)
    with figure_style():
        figure = Figure(figsize=(7.6, 3.1))
        panels = figure.subplots(1, len(weights), sharey=True, squeeze=False)[0]
        figure.subplots_adjust(left=0.1, right=0.99, top=0.9, bottom=0.12, wspace=0.08)
        for axes, weight in zip(panels, weights, strict=True):
            chosen = [row for row in rows if row.weight == weight]
            colour = PREDICTED if weight else JUDGED
            axes.set_yscale("log")
            axes.set_ylim(floor / 1.6, 1.6)
            axes.set_xlim(-0.6, len(chosen) - 0.4)
            axes.set_xticks(range(len(chosen)), _TICKS[: len(chosen)])
            axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.10g}%")
            axes.yaxis.set_minor_formatter(lambda value, _: "")
            axes.set_title(f"weight {weight:g}", fontsize=9.5, color=INK)
            plain_axes(axes, "y")
            _band(axes, [row.unmitigated for row in chosen], INK, floor, above=True)
            _band(axes, [row.residual for row in chosen], colour, floor, above=False)
            axes.text(0.04, 0.95, "nothing handled", transform=axes.transAxes, va="top")
            beside = weight_text(weight)
            axes.text(0.96, 0.05, beside, color=colour, transform=axes.transAxes, ha="right")
        panels[0].set_ylabel("P(catastrophe), log scale")
        texts = [
            f"{scenario_text(row.scenario)}, weight {row.weight:g}: "
            f"{close_risk_text(row.unmitigated)} before, {close_risk_text(row.residual)} after"
            for row in rows
        ]
        label = f"Risk before and after by horizon. {'; '.join(texts)}."
        table = [
            (row.scenario, row.weight, name, part.q05, part.mean, part.q95)
            for row in rows
            for name, part in (("nothing handled", row.unmitigated), ("residual", row.residual))
        ]
        heads = ("horizon", "transport weight", "risk", "low", "mean", "high")
        return inline_svg(figure, name="fan", label=label, data=[heads, *table])


FIGURES: dict[str, Callable[[RiskReport], Markup]] = {
    "waterfall": waterfall,
    "fan": fan,
    "information": information_figure,
}
"""Pictures that `mesascope risk --figures` writes; the page has the others too."""


def write_figures(report: RiskReport, folder: Path) -> tuple[Path, ...]:
    """Write `NAME.svg` for every one of `FIGURES`; each opens alone in a browser."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, draw in FIGURES.items():
        path = folder / f"{name}.svg"
        write_whole(path, standalone_svg(draw(report)))
        paths.append(path)
    return tuple(paths)


def _bar(
    label: str, part: Summary, colour: str, *, link: float | None = None, hollow: bool = False
) -> Interval:
    """A bar from 0 to the mean of a risk."""
    bar = (0.0, part.mean)
    return Interval(label, close_risk_text(part), colour, bar=bar, link=link, hollow=hollow)


def _band(axes: Any, parts: list[Summary], colour: str, floor: float, *, above: bool) -> None:
    places = range(len(parts))
    low, mean, high = (
        [max(getattr(part, end), floor) for part in parts] for end in ("q05", "mean", "q95")
    )
    axes.fill_between(places, low, high, color=colour, alpha=0.16, linewidth=0)
    axes.plot(places, mean, "s-" if above else "o-", color=colour, linewidth=1.8, markersize=5)
    for place, value, part in zip(places, mean, parts, strict=True):
        axes.annotate(
            percent(part.mean), (place, value), textcoords="offset points", fontsize=8,
            xytext=(2, 6) if above else (1, -12), ha="right" if above else "left",
        )  # fmt: skip
