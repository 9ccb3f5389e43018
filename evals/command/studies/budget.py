"""The command that says what detection costs: `mesascope study budget`."""

from __future__ import annotations

from pathlib import Path

from evals.command.command import keep
from evals.command.console import console, write_record
from evals.command.options import EnvironmentOption, FinishedSuiteOption, HomeOption, finished_run
from probes.writing import write_whole


def budget(
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """P(detect) of a finished run by forward passes per suspect: table, figures and picture."""
    finished = finished_run(suite, environment, home)
    from dataclasses import asdict

    from evals.judging.budget import budget_curves, forward_costs
    from evals.judging.selection import can_choose
    from evals.report.pictures.budget_figure import budget_figure
    from evals.report.pictures.svg import standalone_svg
    from evals.report.tables.budget_table import budget_table
    from evals.statistics.family_posterior import FEWEST_FAMILIES

    costs = forward_costs(finished.judged)
    curves = budget_curves(finished.judged, costs)
    kept = ("suite", "suite_hash", "environment", "alpha", "scores_sha256", "provenance")
    body = {
        "schema": "mesascope.budget/2",
        **{name: getattr(finished.evidence, name) for name in kept},
        "forward_passes": costs,
        "curves": [asdict(curve) for curve in curves],
    }
    figures, picture = finished.folder / "budget.json", finished.folder / "budget.svg"
    write_record(body, figures)
    keep(body)
    if drawing := budget_figure(curves):
        write_whole(picture, standalone_svg(drawing))
    rates = [point.new_family for curve in curves for point in curve.points if point.new_family]
    if any(not rate.says_nothing for rate in rates):
        console.print(budget_table(curves))
    elif curves:
        console.print(
            f"suite {suite} has no rate of a new family at any budget: its types have fewer than "
            f"{FEWEST_FAMILIES} families, one of which is judged by a choice on the others. The "
            "counts of the families seen are in the figures; try --suite maze"
        )
    else:
        why = (
            "no type has two families, one to choose on and one to report on"
            if can_choose(finished.judged)
            else "detectors are chosen at limits that four or more other aligned families set, "
            "which this suite does not have"
        )
        console.print(f"suite {suite} has no curve: {why}; try --suite maze")
    console.print(f"figures: {figures}", soft_wrap=True)
    none = "none, as no type has a choice of detectors to draw"
    console.print(f"picture: {picture if drawing else none}", soft_wrap=True)
