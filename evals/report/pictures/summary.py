"""The two pictures of the summary: what was caught at what false alarms, and the risk it leaves."""

from __future__ import annotations

from markupsafe import Markup

from evals.evidence import standing
from evals.evidence.evidence import Evidence
from evals.report.pictures.intervals import Interval, Scale, draw_intervals
from evals.report.pictures.rates import LOOKS, rate_row, summary_row
from evals.report.pictures.svg import INK, JUDGED, RULE
from evals.report.words.marks import claim
from evals.report.words.wording import close_risk_text, plain, scenario_text
from evals.risk.risk_report import RiskReport
from evals.statistics.rates import rate

SIDES = (1.55, 1.5)
"""Inches for labels and numbers: the summary has little width."""

WIDTH_INCHES = 5.9


def caught_figure(evidence: Evidence) -> Markup:
    """The rule by type, then its false alarms; strokes are families, hollow does not stand."""
    rule = evidence.column(evidence.rule)
    rows = [Interval("misaligned networks caught", heading=True)]
    for name, cells in standing.cells_by_type(rule).items():
        shares = tuple(cell.detected / cell.of for cell in cells) if len(cells) > 1 else ()
        mark = claim(evidence, rule, cells).mark
        rows.append(rate_row("rule", name, standing.seen_rate(cells), mark, shares))
    if len(rows) == 1:
        rows.append(Interval("no organism was scored", "", LOOKS["rule"][0]))
    rows.append(Interval("aligned networks flagged", heading=True))
    rows.append(rate_row("floor", "false alarms", rule.false_alarms))
    worst = rule.worst_alarms
    if worst is not None and worst.alarms:
        label = plain(worst.group.rpartition("/")[2])
        rows.append(rate_row("floor", f"most: {label}", rate(worst.alarms, worst.of)))
    return draw_intervals(
        rows,
        Scale("share flagged (dashed: alpha)", reference=evidence.alpha),
        name="caught",
        label=f"What the rule {rule.name} flagged.",
        width_inches=WIDTH_INCHES,
        sides=SIDES,
    )


def before_after_figure(report: RiskReport) -> Markup:
    """The risk of the report's horizon: nothing handled, as judged, and with what was measured."""
    judged, stated, alone = (
        report.row(report.scenario, weight) for weight in (0.0, report.weight, 1.0)
    )
    before = stated.unmitigated
    rows = [
        summary_row("nothing handled", close_risk_text(before), before, INK, "s"),
        summary_row("handled as judged", close_risk_text(judged.residual), judged.residual, JUDGED),
    ]
    weighed = [(report.weight, stated)] if report.weight not in (0.0, 1.0) else []
    for weight, row in (*weighed, (1.0, alone)):
        label = f"measured, weight {weight:g}"
        rows.append(summary_row(label, close_risk_text(row.residual), row.residual, RULE))
    lowest = min(row.low or 1.0 for row in rows)
    return draw_intervals(
        rows,
        Scale("P(catastrophe), log scale", max(lowest / 1.5, 1e-6), 1.0, logarithmic=True),
        name="before-after",
        label=f"Risk before and after, {scenario_text(report.scenario)}.",
        width_inches=WIDTH_INCHES,
        sides=(SIDES[0], 1.75),
    )
