"""What detection costs, as a terminal table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from evals.judging.budget import ALL_ADVERSARIES, BudgetCurve, BudgetPoint
from evals.report.tables.titled_table import titled_table
from evals.report.words.wording import posterior_text


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
