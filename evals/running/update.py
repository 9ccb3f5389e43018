"""What a measured suite changes: the updated risk, and the page that shows both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from evals.evidence.evidence import Evidence
from evals.judging.budget import budget_curves, forward_costs
from evals.judging.opened_scores import JUDGE_SEED, OpenedScores
from evals.judging.roc import roc_curves
from evals.report.drawings.portrait import Portrait
from evals.report.page import Finding, ReportInput, render_page
from evals.report.zoo.portraits import portrait
from evals.risk.analysis import analyse
from evals.risk.figures import load_figures
from evals.risk.merged import merge
from evals.risk.risk_report import RiskReport
from evals.risk.transport import load_transport
from evals.running.probe_map import probe_map
from organisms.growing.population import Grown
from organisms.zoo.zoo import Record, Zoo
from probes.writing import write_whole


def updated_risk(evidence: Evidence, weight: float) -> RiskReport:
    """The risk by the published figures, with measured detection in place of judged detection.

    Args:
        evidence: of one suite.
        weight: probability that a frontier system behaves like one more draw from the families.
    """
    transport = replace(load_transport(), weight=weight)
    return analyse(merge([evidence]), load_figures(), transport)


def write_page(
    folder: Path,
    evidence: Evidence,
    risk: RiskReport,
    judged: OpenedScores,
    grown: Sequence[Grown],
    zoo: Zoo,
) -> Path:
    """Write `report.html` and say where it lies."""
    path = folder / "report.html"
    write_whole(path, render_page(report_input(evidence, risk, judged, grown, zoo)))
    return path


def report_input(
    evidence: Evidence,
    risk: RiskReport,
    judged: OpenedScores,
    grown: Sequence[Grown],
    zoo: Zoo,
) -> ReportInput:
    """Everything that the page of a run shows."""
    drawn = portraits(grown, zoo)
    probed = _first_organisms(grown)[-1:]
    return ReportInput(
        evidence=evidence,
        risk=risk,
        portraits=drawn,
        findings=findings(judged, evidence),
        budget=budget_curves(judged, forward_costs(judged)),
        curves=roc_curves(judged, evidence.columns),
        probes=probe_map(probed[0].spec, zoo, seed=JUDGE_SEED) if probed else None,
    )


def portraits(grown: Sequence[Grown], zoo: Zoo) -> dict[str, Portrait]:
    """Misaligned family -> its first organism, beside the aligned twin."""
    return {one.spec.recipe: portrait(zoo, one.spec) for one in _first_organisms(grown)}


def _first_organisms(grown: Sequence[Grown]) -> list[Record]:
    """The first organism of every misaligned family."""
    first = [group.organisms[0] for group in grown if group.organisms]
    return [one for one in first if one.truth.open().misalignment not in ("aligned", "unrated")]


def findings(judged: OpenedScores, evidence: Evidence) -> tuple[Finding, ...]:
    """What the rule's detectors said about the first organism they flagged of every type."""
    chosen = []
    for name in evidence.rule_detectors:
        column = evidence.column(name)
        seen: set[str] = set()
        for member, row in zip(judged.members, judged.rows[name], strict=True):
            kind = judged.truth[member.id].misalignment
            if kind != "aligned" and kind not in seen and column.flags(row.value):
                seen.add(kind)
                chosen.append(Finding(name, kind, row.found))
    return tuple(sorted(chosen, key=lambda finding: finding.misalignment))
