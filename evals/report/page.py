"""The report of a run: one HTML page that needs no other file and no network, and no script."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from evals.evidence import standing
from evals.evidence.detector_rates import Cell
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import voided
from evals.evidence.standing import grades
from evals.judging.budget import BudgetCurve
from evals.judging.roc import RocCurve
from evals.report.drawings.portrait import Panel, Portrait
from evals.report.pictures import rates, risks
from evals.report.pictures.budget_figure import budget_figure
from evals.report.pictures.heat_figure import ProbeMap, heat_figure
from evals.report.pictures.roc_figure import area_text, roc_figure
from evals.report.pictures.summary import before_after_figure, caught_figure
from evals.report.tables.budget_table import chosen_text, shown_curves
from evals.report.template import page_text
from evals.report.words import strategy, wording
from evals.report.words.change import change, moved, signs
from evals.report.words.marks import claim, ranked
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
        curves: ROC curves, the rule's first, or none.
        probes: what linear probes read in one of the networks, if that was asked.
    """

    evidence: Evidence
    risk: RiskReport
    portraits: Mapping[str, Portrait] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    budget: tuple[BudgetCurve, ...] = ()
    curves: tuple[RocCurve, ...] = ()
    probes: ProbeMap | None = None


@dataclass(frozen=True)
class Usual:
    """A family's behaviour without any shift, against that of aligned networks.

    Attributes:
        cell: with its AUROC and interval.
    """

    cell: Cell

    @property
    def telling(self) -> bool:
        """Whether it differs: the whole interval lies above 0.5."""
        return self.cell.auroc_interval is not None and self.cell.auroc_interval[0] > 0.5


def render_page(report: ReportInput) -> str:
    """The page as HTML text; the same input gives the same text."""
    evidence, risk = report.evidence, report.risk
    rule, columns = evidence.column(evidence.rule), ranked(evidence)
    claims = standing.cells_by_type(rule)
    claims_of = {name: claim(evidence, rule, cells) for name, cells in claims.items()}
    cells = [(column, cell) for column in columns for cell in column.cells]
    abstained = {column.name: sum(cell.abstained for cell in column.cells) for column in columns}
    marks = {
        (column.name, name): claim(evidence, column, column.of_type(name)).mark
        for column in columns
        for name in evidence.types
    }
    return page_text(
        "page.html.j2",
        standing=standing,
        strategy=strategy,
        evidence=evidence,
        risk=risk,
        portraits=report.portraits,
        shown=_shown(report.portraits),
        findings=report.findings,
        rule=rule,
        columns=columns,
        parts=standing.part_columns(evidence),
        types=_types(evidence),
        claims=claims,
        claims_of=claims_of,
        claim=claim,
        marked_by=lambda mark: any(mark in one.mark for one in claims_of.values()),
        areas={(c.column, c.misalignment): area_text(c) for c in report.curves},
        usual=_usual(evidence),
        forests=[(update, rates.forest(evidence, update)) for update in risk.types],
        verdicts_of=standing.verdict_columns(evidence),
        grades=grades(rule),
        threshold_words=wording.THRESHOLD_WORDS,
        voids=wording.void_lines(evidence),
        voided=voided,
        budget=shown_curves(report.budget),
        chosen_text=chosen_text,
        probes=report.probes,
        figures={
            "caught": caught_figure(evidence),
            "before_after": before_after_figure(risk),
            "alarms": rates.alarm_figure(evidence),
            "roc": roc_figure(report.curves, marks),
            "heat": "" if report.probes is None else heat_figure(report.probes),
            "budget": budget_figure(report.budget),
            "waterfall": risks.waterfall(risk),
            "fan": risks.fan(risk),
            "risk": risks.risk_figure(risk),
            "information": risks.information_figure(risk),
            "access": risks.access_figure(risk),
        },
        candidate_notes=_candidate_notes(risk),
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
        works=risk.works,
    )


def highest_silent_rate(of: int) -> float:
    """The rate at which none of `of` networks shows an event one time in twenty: 1 - .05^(1/n)."""
    return float(1 - 0.05 ** (1 / of))


def _shown(portraits: Mapping[str, Portrait]) -> tuple[str, list[tuple[str, Panel]]] | None:
    """The organism of the summary: the last family, its twin first and its flaw last."""
    if not portraits:
        return None
    family, one = list(portraits.items())[-1]
    return family, [one.panels[0], one.panels[-1]] if len(one.panels) > 1 else list(one.panels)


def _candidate_notes(risk: RiskReport) -> dict[str, list[str]]:
    """What a reader of a measurement's value must know -> the types that it is said of."""
    notes: dict[str, list[str]] = {}
    for one in risk.candidates:
        note, named = strategy.candidate_note(one, risk), one.misalignment
        if note and named not in notes.setdefault(note, []):
            notes[note].append(named)
    return notes


def _usual(evidence: Evidence) -> list[Usual]:
    """Families that the baseline of usual behaviour was compared with aligned networks on."""
    return [
        Usual(cell)
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


def _types(evidence: Evidence) -> dict[str, dict[str, str]]:
    """Type -> its families -> their origin and adversary; also types only a column knows."""
    families: dict[str, dict[str, str]] = {name: {} for name in evidence.types}
    for column in evidence.columns:
        for cell in column.cells:
            words = f"{cell.origin}, {cell.adversary}, {cell.attempted} attempted"
            families.setdefault(cell.misalignment, {})[cell.family] = words
    return families
