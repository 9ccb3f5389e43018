"""The report of a run: one HTML page that needs no other file, no network and no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.evidence.by_adversary import grades
from evals.evidence.detector_rates import Cell
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import voided
from evals.evidence.standing import (
    USUAL_BEHAVIOUR,
    cells_by_type,
    part_columns,
    seen_rate,
    standing_text,
    verdict_columns,
    whole_columns,
)
from evals.judging.budget import BudgetCurve
from evals.report.drawings.portrait import Portrait
from evals.report.pictures.budget_figure import budget_figure
from evals.report.pictures.rates import alarm_figure, forest
from evals.report.pictures.risks import (
    access_figure,
    fan,
    information_figure,
    risk_figure,
    waterfall,
)
from evals.report.tables.risk_tables import chosen_text, shown_curves
from evals.report.template import page_text
from evals.report.words import strategy
from evals.report.words.change import change, moved, signs
from evals.report.words.wording import (
    THRESHOLD_WORDS,
    ZERO_INDEX,
    families_text,
    plural,
    void_lines,
)
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
    rule, columns = evidence.column(evidence.rule), whole_columns(evidence)
    readings = [(rows[-1].fraction.mean, name) for name, rows in risk.readings.items()]
    short = [record for record in risk.types if record.families < FEWEST_FAMILIES]
    return page_text(
        "page.html.j2",
        evidence=evidence,
        risk=risk,
        portraits=report.portraits,
        findings=report.findings,
        rule=rule,
        columns=columns,
        parts=part_columns(evidence),
        types=_types(evidence),
        claims=cells_by_type(rule),
        seen_rate=seen_rate,
        standing=standing_text,
        usual=_usual(evidence),
        forests=[(update, forest(evidence, update)) for update in risk.types],
        alarm_figure=alarm_figure(evidence),
        verdicts_of=verdict_columns(evidence),
        grades=grades(rule),
        threshold_words=THRESHOLD_WORDS,
        voids=void_lines(evidence),
        voided=voided,
        budget=shown_curves(report.budget),
        budget_figure=budget_figure(report.budget),
        chosen_text=chosen_text,
        figures={
            "waterfall": waterfall(risk),
            "fan": fan(risk),
            "risk": risk_figure(risk),
            "information": information_figure(risk),
            "access": access_figure(risk),
        },
        moved=moved(risk),
        change=change(risk),
        notes=(*risk.flags, *signs(risk)),
        counted=_counted(risk),
        at_expectation=strategy.at_expectation(risk),
        crossing=strategy.crossing(risk),
        top={
            name: strategy.top_inputs(risk.sobol.get(name, ())) for name in ("residual", "fraction")
        },
        best=strategy.best_inputs(risk),
        sobol=strategy.sobol_rows(risk),
        zero_index=ZERO_INDEX,
        information=strategy.information_text,
        candidate=strategy.candidate_text,
        candidate_note=strategy.candidate_note,
        risk_at=strategy.risk_at,
        disagreement=strategy.disagreement(risk),
        short=short,
        fewest_families=FEWEST_FAMILIES,
        verdicts={
            verdict: [row.name for row in risk.consistency if row.verdict == verdict]
            for verdict in VERDICTS
        },
        readings=sorted(readings),
        highest_silent_rate=highest_silent_rate,
        marked=[
            f"{column.name} on {cell.family}"
            for column in columns
            for cell in column.cells
            if cell.by_construction and cell.of
        ],
        abstained={
            column.name: count
            for column in columns
            if (count := sum(cell.abstained for cell in column.cells))
        },
        adversaries=list(
            dict.fromkeys(c.adversary for column in evidence.columns for c in column.cells)
        ),
        admitted=sum(row.admitted for row in evidence.population),
        attempted=sum(row.attempted for row in evidence.population),
        duds=tuple((row.family, dud) for row in evidence.population for dud in row.duds),
    )


def highest_silent_rate(of: int) -> float:
    """The rate at which none of `of` networks shows an event one time in twenty: 1 - .05^(1/n)."""
    return float(1 - 0.05 ** (1 / of))


def _usual(evidence: Evidence) -> list[Cell]:
    """Families that the baseline of usual behaviour was compared with aligned networks on."""
    return [
        cell
        for column in evidence.columns
        if column.name == USUAL_BEHAVIOUR
        for cell in column.cells
        if cell.auroc is not None and cell.auroc_interval is not None
    ]


def _counted(risk: RiskReport) -> str:
    """What detection was measured on, such as `12 organisms of 3 families`."""
    organisms = plural(sum(record.of for record in risk.types), "organism")
    return f"{organisms} of {families_text(sum(record.families for record in risk.types))}"


def _types(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Type -> its families in words; types of the population, then any that only a column knows."""
    families: dict[str, dict[str, None]] = {name: {} for name in evidence.types}
    for column in evidence.columns:
        for cell in column.cells:
            text = f"{cell.family}: {cell.origin}, {cell.adversary}"
            families.setdefault(cell.misalignment, {})[text] = None
    return {name: tuple(texts) for name, texts in families.items()}
