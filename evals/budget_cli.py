"""The command that says what detection costs: `mesascope budget`."""

from __future__ import annotations

import json
from pathlib import Path

from evals.console import console
from evals.options import EnvironmentOption, FinishedSuiteOption, HomeOption


def budget(
    suite: FinishedSuiteOption = "smoke",
    environment: EnvironmentOption = None,
    home: HomeOption = Path(),
) -> None:
    """P(detect) of a finished run by forward passes per suspect: table, figures and picture."""
    from dataclasses import asdict

    from evals.budget import budget_curves, forward_costs
    from evals.budget_table import budget_table
    from evals.home import Home
    from evals.report.budget_figure import budget_figure
    from evals.report.svg import standalone_svg
    from evals.run import reopen
    from evals.selection import can_choose
    from evals.suite_file import load_suite

    finished = reopen(load_suite(suite).judged_in(environment), Home(home))
    costs = forward_costs(finished.judged)
    curves = budget_curves(finished.judged, costs)
    if curves:
        console.print(budget_table(curves))
    else:
        why = (
            "no type has two families, one to choose on and one to report on"
            if can_choose(finished.judged)
            else "detectors are chosen at limits that four or more other aligned families set, "
            "which this suite does not have"
        )
        console.print(f"suite {suite} has no curve: {why}; try --suite maze")
    body = {
        "schema": "mesascope.budget/2",
        "suite": finished.evidence.suite,
        "suite_hash": finished.evidence.suite_hash,
        "environment": finished.evidence.environment,
        "alpha": finished.evidence.alpha,
        "scores_sha256": finished.evidence.scores_sha256,
        "provenance": finished.evidence.provenance,
        "forward_passes": costs,
        "curves": [asdict(curve) for curve in curves],
    }
    written = finished.folder / "budget.json"
    written.write_text(json.dumps(body, indent=1, allow_nan=False))
    console.print(f"figures: {written}", soft_wrap=True)
    drawing = budget_figure(curves)
    if not drawing:
        console.print("picture: none, as no type has a choice of detectors to draw")
        return
    picture = finished.folder / "budget.svg"
    picture.write_text(standalone_svg(drawing), encoding="utf-8")
    console.print(f"picture: {picture}", soft_wrap=True)
