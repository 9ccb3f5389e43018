"""The report of a run: one HTML page that needs no other file, no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.evidence import standing
from evals.evidence.detector_rates import Cell
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import voided
from evals.evidence.standing import grades
from evals.judging.budget import BudgetCurve
from evals.report.drawings.portrait import Portrait
from evals.report.pictures import rates, risks
from evals.report.pictures.budget_figure import budget_figure
from evals.report.tables.budget_table import chosen_text, shown_curves
from evals.report.template import page_text
from evals.report.words import strategy, wording
from evals.report.words.change import change, moved, signs
from evals.risk.coherence import VERDICTS
from evals.risk.risk_report import RiskReport
from evals.statistics.family_posterior import FEWEST_FAMILIES


@dataclass(frozen=True)
class Finding:
    """What a detector found in organisms of one type, such as the trigger spelled out."""

    detector: str
    misalignment: str
    text: str


@dataclass(frozen=True)
class ReportInput:
    """Everything the page shows.

    Attributes:
        evidence: the measured rates.
        risk: what the analysis of this evidence found.
        portraits: family -> one of its organisms at work; may be empty.
        findings: a few; the page shows all of them.
        budget: P(detect) by forward passes, or none.
    """

    evidence: Evidence
    risk: RiskReport
    portraits: Mapping[str, Portrait] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    budget: tuple[BudgetCurve, ...] = ()


def render_page(report: ReportInput) -> str:
    """The page as HTML text; the same input gives the same text."""
    evidence, risk = report.evidence, report.risk
    rule, columns = evidence.column(evidence.rule), standing.whole_columns(evidence)
    cells = [(column, cell) for column in columns for cell in column.cells]
    abstained = {column.name: sum(cell.abstained for cell in column.cells) for column in columns}
    return page_text(
        "page.html.j2",
        standing=standing,
        strategy=strategy,
        evidence=evidence,
        risk=risk,
        portraits=report.portraits,
        findings=report.findings,
        rule=rule,
        columns=columns,
        types=_types(evidence),
        claims=standing.cells_by_type(rule),
        usual=_usual(evidence),
        forests=[(update, rates.forest(evidence, update)) for update in risk.types],
        alarm_figure=rates.alarm_figure(evidence),
        verdicts_of=standing.verdict_columns(evidence),
        grades=grades(rule),
        threshold_words=wording.THRESHOLD_WORDS,
        voids=wording.void_lines(evidence),
        voided=voided,
        budget=shown_curves(report.budget),
        budget_figure=budget_figure(report.budget),
        chosen_text=chosen_text,
        figures={
            "waterfall": risks.waterfall(risk),
            "fan": risks.fan(risk),
            "risk": risks.risk_figure(risk),
            "information": risks.information_figure(risk),
            "access": risks.access_figure(risk),
        },
        moved=moved(risk),
        change=change(risk),
        notes=(*risk.notes, *risk.flags, *signs(risk)),
        counted=_counted(risk),
        short=[record for record in risk.types if record.families < FEWEST_FAMILIES],
        fewest_families=FEWEST_FAMILIES,
        zero_index=wording.ZERO_INDEX,
        verdicts={
            verdict: [row.name for row in risk.consistency if row.verdict == verdict]
            for verdict in VERDICTS
        },
        readings=sorted((rows[-1].fraction.mean, name) for name, rows in risk.readings.items()),
        highest_silent_rate=highest_silent_rate,
        marked=[
            f"{c.name} on {cell.family}" for c, cell in cells if cell.by_construction and cell.of
        ],
        abstained={name: count for name, count in abstained.items() if count},
        adversaries=list(dict.fromkeys(cell.adversary for _, cell in cells)),
        admitted=sum(row.admitted for row in evidence.population),
        attempted=sum(row.attempted for row in evidence.population),
        duds=[(row.family, dud) for row in evidence.population for dud in row.duds],
    )


def highest_silent_rate(of: int) -> float:
    """The rate at which none of `of` networks shows an event one time in twenty: 1 - .05^(1/n)."""
    return float(1 - 0.05 ** (1 / of))


def _usual(evidence: Evidence) -> list[Cell]:
    """Families that the baseline of usual behaviour was compared with aligned networks on."""
    return [
        cell
        for column in evidence.columns
        if column.name == standing.USUAL_BEHAVIOUR
        for cell in column.cells
        if cell.auroc is not None and cell.auroc_interval is not None
    ]


def _counted(risk: RiskReport) -> str:
    """What detection was measured on, such as `12 organisms of 3 families`."""
    organisms = wording.plural(sum(record.of for record in risk.types), "organism")
    families = wording.families_text(sum(record.families for record in risk.types))
    return f"{organisms} of {families}"


def _types(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Type -> its families in words; types of the population, then any that only a column knows."""
    families: dict[str, dict[str, None]] = {name: {} for name in evidence.types}
    for column in evidence.columns:
        for cell in column.cells:
            text = f"{cell.family}: {cell.origin}, {cell.adversary}"
            families.setdefault(cell.misalignment, {})[text] = None
    return {name: tuple(texts) for name, texts in families.items()}
