"""The report of a run: one HTML page that needs no other file, no network and no script."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from evals.evidence.by_adversary import grades
from evals.evidence.detector_rates import Cell
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import voided
from evals.judging.budget import BudgetCurve
from evals.report.drawings.walk import WalkPair
from evals.report.pictures.access_figure import access_figure, risk_at
from evals.report.pictures.alarms import alarm_figure
from evals.report.pictures.budget_figure import budget_figure
from evals.report.pictures.fan import fan
from evals.report.pictures.forest import construction, forest, part_columns, whole_columns
from evals.report.pictures.information_figure import information_figure, information_text
from evals.report.pictures.risk_figure import risk_figure
from evals.report.pictures.waterfall import waterfall
from evals.report.tables.budget_table import chosen_text, seen_text, shown_curves
from evals.report.tables.judging_table import (
    THRESHOLD_WORDS,
    basis_text,
    guarantee_text,
    posterior_text,
    verdict_columns,
)
from evals.report.tables.rivals_table import WORDS, void_lines
from evals.report.template import Filters, page_css, template
from evals.report.words.change import change, signs
from evals.report.words.headline import counted, headline, warnings
from evals.report.words.limits import limits
from evals.report.words.quantities import quantities
from evals.report.words.strategy import at_expectation, candidate_note, candidate_text, strategy
from evals.report.words.unknowns import assumptions, unknowns
from evals.report.words.wording import (
    ZERO_INDEX,
    close_risk_text,
    fine_percent,
    index_text,
    input_text,
    odds_text,
    percent,
    plural,
    risk_text,
    scenario_text,
    share_text,
    three_digits,
    weight_text,
)
from evals.risk.coherence import VERDICTS
from evals.risk.risk_report import RiskReport
from evals.risk.sobol import SobolIndex


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
        walks: one pair per misalignment type, or none.
        findings: a few; the page shows all of them.
        budget: P(detect) by forward passes, or none.
    """

    evidence: Evidence
    risk: RiskReport
    walks: tuple[WalkPair, ...] = ()
    findings: tuple[Finding, ...] = ()
    budget: tuple[BudgetCurve, ...] = ()


def render_page(report: ReportInput) -> str:
    """The page as HTML text; the same input gives the same text."""
    evidence, risk = report.evidence, report.risk
    columns = whole_columns(evidence)
    return template("page.html.j2", _FILTERS).render(
        css=page_css(),
        evidence=evidence,
        risk=risk,
        walks=report.walks,
        findings=report.findings,
        budget=shown_curves(report.budget),
        budget_figure=budget_figure(report.budget),
        headline=headline(evidence),
        warnings=warnings(evidence),
        rule=evidence.column(evidence.rule),
        forests=[(update, forest(evidence, update)) for update in risk.types],
        columns=columns,
        parts=part_columns(evidence),
        types=_types(evidence),
        duds=tuple((row.family, dud) for row in evidence.population for dud in row.duds),
        verdicts_of=verdict_columns(evidence),
        verdict_names=tuple(one.name for one in verdict_columns(evidence)),
        grades=grades(evidence.column(evidence.rule)),
        threshold_words=THRESHOLD_WORDS,
        alarm_figure=alarm_figure(evidence),
        figures=_figures(risk),
        change=change(risk),
        notes=(*risk.flags, *signs(risk)),
        quantities=quantities(evidence, risk),
        strategy=strategy(risk),
        limits=limits(evidence, risk),
        unknowns=unknowns(evidence, risk),
        assumptions=assumptions(evidence, risk),
        sobol=_sobol(risk),
        verdicts=_verdicts(risk),
        zero_index=ZERO_INDEX,
        at_expectation=at_expectation(risk),
        killer_words=WORDS,
        voids=void_lines(evidence),
        voided=voided,
    )


def auroc_text(cell: Cell) -> str:
    """Such as `AUROC 0.93 (0.71-0.99)`."""
    if cell.auroc is None or cell.auroc_interval is None:
        return "no AUROC"
    low, high = cell.auroc_interval
    return f"AUROC {cell.auroc:.2f} ({low:.2f}-{high:.2f})"


def _figures(risk: RiskReport) -> dict[str, Markup]:
    """Every picture of the risk, by name."""
    return {
        "waterfall": waterfall(risk),
        "fan": fan(risk),
        "risk": risk_figure(risk),
        "information": information_figure(risk),
        "access": access_figure(risk),
    }


def _sobol(risk: RiskReport) -> list[tuple[str, SobolIndex | None, SobolIndex | None]]:
    """Input, its index of the residual risk and of the share; those that matter most first.

    A measurement that was not made has an index of exactly 0 and is left out: it is no finding.
    """
    residual = {index.group: index for index in risk.sobol.get("residual", ())}
    fraction = {index.group: index for index in risk.sobol.get("fraction", ())}
    groups = sorted(
        {**fraction, **residual},
        key=lambda group: -max(part[group].total for part in (fraction, residual) if group in part),
    )
    return [
        (group, residual.get(group), fraction.get(group))
        for group in groups
        if not group.startswith("measured_")
        or any(part[group].total for part in (fraction, residual) if group in part)
    ]


def _verdicts(risk: RiskReport) -> list[tuple[str, int]]:
    """How many comparisons of the judged rows came out each way."""
    found = [row.verdict for row in risk.consistency]
    return [(verdict, found.count(verdict)) for verdict in VERDICTS]


def _types(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Type -> its families in words; types of the population, then any that only a column knows."""
    families: dict[str, dict[str, None]] = {name: {} for name in evidence.types}
    for column in evidence.columns:
        for cell in column.cells:
            text = f"{cell.family}: {cell.origin}, {cell.adversary}"
            families.setdefault(cell.misalignment, {})[text] = None
    return {name: tuple(texts) for name, texts in families.items()}


_FILTERS: Filters = {
    "auroc": auroc_text,
    "budget_choice": chosen_text,
    "budget_seen": seen_text,
    "candidate": candidate_text,
    "candidate_note": candidate_note,
    "close_risk": close_risk_text,
    "construction": construction,
    "counted": counted,
    "fine_percent": fine_percent,
    "index": index_text,
    "information": information_text,
    "input": input_text,
    "basis": basis_text,
    "guarantee": guarantee_text,
    "odds": odds_text,
    "percent": percent,
    "posterior": posterior_text,
    "plural": plural,
    "risk": risk_text,
    "risk_at": risk_at,
    "scenario": scenario_text,
    "share": share_text,
    "share3": three_digits,
    "weight": weight_text,
}
