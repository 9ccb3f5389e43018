"""The risk, and what detection costs, as terminal tables."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from evals.judging.budget import ALL_ADVERSARIES, BudgetCurve, BudgetPoint
from evals.report.tables.titled_table import titled_table
from evals.report.words.strategy import candidate_note
from evals.report.words.wording import index_text, plain, posterior_text, share_text
from evals.risk.risk_report import RiskReport

TOP = 6
"""Rows of a ranking that a terminal shows; the file and the page have all."""


def risk_table(report: RiskReport) -> Table:
    """Risk before and after, by horizon and transport weight."""
    table = titled_table(
        f"Risk = P(catastrophe): mean (90% interval). Residual = after detection by the rule "
        f"{report.rule!r} at alpha {report.alpha:g} and correction. "
        f"From {', '.join(report.sources)}. With safeguards: mean residual "
        "if the published chances already include today's safeguards; by default they do not",
        "system", "transport weight", "unmitigated", "residual", "with safeguards",
        "residual share",
    )  # fmt: skip
    alone = "0 (judgement only)" if not report.supposed else "0 (judged, as supposed)"
    rows = [(plain(row.scenario), row) for row in report.rows]
    rows += [(f"{plain(row.scenario)}, nothing supposed", row) for row in report.unsupposed]
    for system, row in rows:
        table.add_row(
            system,
            alone if row.weight == 0 else f"{row.weight:g}",
            *(share_text(part, digits=4) for part in (row.unmitigated, row.residual)),
            f"{report.as_it_is * row.residual.mean:.4f}",
            share_text(row.fraction, digits=3),
        )
    return table


def types_table(report: RiskReport) -> Table:
    """OpenedScores beside measured detection: d beside the implied judged d, d c beside s."""
    table = titled_table(
        "By type, 90% intervals: the published success s is of detection d and correction c "
        "together; c is judged, given d or apart from it",
        "type", "counts", "measured d, new family", "implied judged d", "d x c given d",
        "d x c apart", "judged s",
        f"share of residual, {plain(report.scenario)}, weight {report.weight:g}",
    )  # fmt: skip
    for kind in report.types:
        measured = (kind.measured_success, kind.independent_success)
        missing = "left out" if kind.with_left_out else "not measured"
        table.add_row(
            kind.misalignment,
            f"{kind.detected}/{kind.of}, {kind.families} fam." if kind.of else "none",
            share_text(kind.measured_detection) if kind.measured_detection else missing,
            share_text(kind.judged_detection),
            *(share_text(one) if one else missing for one in measured),
            share_text(kind.judged_success),
            "-" if kind.share is None else f"{kind.share:.2f}",
        )
    return table


def readings_table(report: RiskReport) -> Table:
    """The share that remains under every reading of the same evidence."""
    table = titled_table(
        f"Readings of the same evidence, {plain(report.scenario)}: residual share of the risk",
        "reading", f"weight {report.weight:g}", "weight 1",
    )  # fmt: skip
    for number, (name, rows) in enumerate(report.readings.items()):
        by_weight = {row.weight: row.fraction for row in rows}
        table.add_row(
            name + (" (default)" if not number else ""),
            *(share_text(by_weight[weight], digits=3) for weight in (report.weight, 1.0)),
        )
    return table


def transport_table(report: RiskReport) -> Table:
    """The steps whose product is the transport weight, and what would void each."""
    transport = report.transport
    product = f"{transport.product:.3g}"
    stated = f", stated instead of {product}" if product != f"{transport.weight:.3g}" else ""
    table = titled_table(
        f"Transport weight {report.weight:.3g}{stated}: a product of judged steps",
        "step", "judged", "would be void by", "measured drops",
    )  # fmt: skip
    for step in transport.steps:
        table.add_row(step.title, f"{step.judged:g}", step.void, " ".join(step.drops) or "-")
    table.caption = " ".join(transport.drops)
    return table


def access_table(report: RiskReport) -> Table:
    """What each access level buys, in the report's scenario at its weight and at weight 1."""
    table = titled_table(
        f"What access buys, {plain(report.scenario)}: residual share of the risk",
        "rule", "access", "false alarms", f"at weight {report.weight:g}", "at weight 1",
        "CPU-s a suspect",
    )  # fmt: skip
    for one in report.access:
        by_weight = {row.weight: row for row in one.rows if row.scenario == report.scenario}
        table.add_row(
            one.rule,
            one.access,
            f"{one.false_alarms.detected} of {one.false_alarms.of}",
            share_text(by_weight[report.weight].fraction, digits=3),
            share_text(by_weight[1.0].fraction, digits=3),
            f"{one.cpu_seconds:.2f}",
        )
    return table


def matters_table(report: RiskReport) -> Table:
    """Shares of variance and value of information, by input."""
    table = titled_table(
        f"What matters, {plain(report.scenario)}, weight {report.weight:g}: Sobol first (total) "
        f"index, and value of knowing for 'deploy below {report.decision_level:.4f}'",
        "input", "residual risk", "residual share", "EVPPI", "share of EVPI",
    )  # fmt: skip
    of_share = {index.group: index for index in report.sobol.get("fraction", ())}
    everything = report.information["everything"]
    for index in report.sobol.get("residual", ())[:TOP]:
        other, value = of_share.get(index.group), report.information.get(index.group)
        table.add_row(
            plain(index.group),
            f"{index_text(index.first)} ({index_text(index.total)})",
            "-" if other is None else f"{index_text(other.first)} ({index_text(other.total)})",
            "-" if value is None else f"{value:.2g}",
            "-" if value is None or not everything else f"{value / everything:.2f}",
        )
    return table


def candidates_table(report: RiskReport) -> Table:
    """The next best measurements."""
    table = titled_table(
        f"Next best measurement for 'deploy below {report.decision_level:.4f}'",
        "measure", "access", "CPU-h", "value per CPU-h", "90% width of a new family's rate", "note",
    )  # fmt: skip
    for one in report.candidates[:TOP]:
        what = "a new family" if one.family is None else f"more of {one.family}"
        table.add_row(
            f"{one.misalignment}: {one.networks} networks of {what}",
            one.access,
            f"{one.cpu_hours:.3f}",
            f"{one.value_per_cpu_hour:.2g}",
            f"{one.width_now:.2f} -> {one.width_after:.2f}",
            candidate_note(one, report) or "-",
        )
    return table


def budget_table(curves: Sequence[BudgetCurve]) -> Table:
    """Budgets at which the choice changes: grades apart at full access, together below it."""
    table = titled_table(
        "P(detect) by forward passes per suspect: the detector chosen on other families",
        "access", "type", "adversary", "passes from", "chosen (most passes)",
        "flagged (exact 95%)", "a new family (90%)",
    )  # fmt: skip
    for curve in shown_curves(curves):
        for number, point in enumerate(curve.steps):
            table.add_row(
                *((curve.access, curve.misalignment, curve.adversary) if not number else ("",) * 3),
                f"{point.budget:,}",
                chosen_text(point),
                point.seen.text if point.chosen else "-",
                "-" if point.new_family is None else posterior_text(point.new_family),
                end_section=number == len(curve.steps) - 1,
            )
    table.caption = (
        "passes: instances sent through the network, at most, on any suspect of the run; each "
        "family's detector is picked on the type's other families, of every grade, at limits of "
        "its own; a type of one family, and a grade without an organism, has no curve"
    )
    return table


def shown_curves(curves: Sequence[BudgetCurve]) -> tuple[BudgetCurve, ...]:
    """Every grade at the highest access, all grades together at the others."""
    top = curves[0].access if curves else ""
    return tuple(c for c in curves if c.access == top or c.adversary == ALL_ADVERSARIES)


def chosen_text(point: BudgetPoint) -> str:
    """Such as `trigger_search (3,072)`."""
    if not point.chosen:
        return "no detector costs so little"
    return f"{', '.join(point.names)} ({point.spent:,})"


TABLES = (
    risk_table,
    types_table,
    readings_table,
    transport_table,
    access_table,
    matters_table,
    candidates_table,
)
"""In the order in which the command prints them."""
