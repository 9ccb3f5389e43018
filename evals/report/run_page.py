"""Gather the page of a finished run: its evidence and risk, and a few of its networks at work."""

from __future__ import annotations

from evals.judging.budget import budget_curves, forward_costs
from evals.report.drawings.portrait import Portrait
from evals.report.page import Finding, ReportInput, render_page
from evals.report.zoo.portraits import portrait
from evals.risk.risk_report import RiskReport
from evals.running.run import Finished
from evals.suite.home import Home


def run_page(finished: Finished, home: Home, risk: RiskReport) -> str:
    """The page as HTML text.

    Args:
        finished: the run.
        home: holds the networks of its organisms.
        risk: what the analysis of its evidence found.
    """
    return render_page(
        ReportInput(
            evidence=finished.evidence,
            risk=risk,
            portraits=portraits(finished, home),
            findings=findings(finished),
            budget=budget_curves(finished.judged, forward_costs(finished.judged)),
        )
    )


def portraits(finished: Finished, home: Home) -> dict[str, Portrait]:
    """Misaligned family -> its first organism, beside the aligned twin."""
    first = [group.organisms[0] for group in finished.grown if group.organisms]
    return {
        organism.spec.recipe: portrait(home.zoo, organism.spec)
        for organism in first
        if organism.truth.open().misalignment not in ("aligned", "unrated")
    }


def findings(finished: Finished) -> tuple[Finding, ...]:
    """What the rule's detectors said about the first organism they flagged of every type."""
    judged, chosen = finished.judged, []
    for name in judged.suite.rule.detectors:
        column = finished.evidence.column(name)
        seen: set[str] = set()
        for member, row in zip(judged.members, judged.rows[name], strict=True):
            kind = judged.truth[member.id].misalignment
            if kind != "aligned" and kind not in seen and column.flags(row.value):
                seen.add(kind)
                chosen.append(Finding(name, kind, row.found))
    return tuple(sorted(chosen, key=lambda finding: finding.misalignment))
