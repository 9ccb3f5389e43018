"""The report of a run: one HTML page that needs no other file, no network and no script."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from evals.evidence import Cell, Evidence
from evals.report.alarms import alarm_figure, normality, stratum_text, threshold_text
from evals.report.forest import construction, forest, part_columns, whole_columns
from evals.report.headline import headline, plural, warnings
from evals.report.limits import limits
from evals.report.risk_figure import (
    horizon_text,
    percent,
    risk_figure,
    weight_text,
)
from evals.report.strategy import strategy
from evals.report.walk import WalkPair
from evals.risk.update import RiskUpdate


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
        risk: the decomposition before and after, computed from the rule's counts.
        walks: one pair per misalignment type, or none.
        findings: a few; the page shows all of them.
    """

    evidence: Evidence
    risk: RiskUpdate
    walks: tuple[WalkPair, ...] = ()
    findings: tuple[Finding, ...] = ()


def render_page(report: ReportInput) -> str:
    """The page as HTML text; the same input gives the same text."""
    evidence, risk = report.evidence, report.risk
    columns = whole_columns(evidence)
    return (
        _environment()
        .from_string(_text("page.html.j2"))
        .render(
            css=Markup(_text("page.css")),
            evidence=evidence,
            risk=risk,
            walks=report.walks,
            findings=report.findings,
            headline=headline(evidence),
            warnings=warnings(evidence),
            rule=evidence.column(evidence.rule),
            forests=[(update, forest(evidence, update)) for update in risk.types],
            columns=columns,
            parts=part_columns(evidence),
            types=_types(evidence),
            duds=tuple((row.family, dud) for row in evidence.population for dud in row.duds),
            strata=tuple(dict.fromkeys(row.stratum for c in columns for row in c.alarms)),
            alarm_figure=alarm_figure(evidence),
            risk_figure=risk_figure(risk),
            strategy=strategy(risk),
            limits=limits(evidence, risk),
        )
    )


def auroc_text(cell: Cell) -> str:
    """Such as `AUROC 0.93 (0.71-0.99)`."""
    if cell.auroc is None or cell.auroc_interval is None:
        return "no AUROC"
    low, high = cell.auroc_interval
    return f"AUROC {cell.auroc:.2f} ({low:.2f}-{high:.2f})"


def _types(evidence: Evidence) -> dict[str, tuple[str, ...]]:
    """Type -> its families in words; types of the population, then any that only a column knows."""
    families: dict[str, dict[str, None]] = {name: {} for name in evidence.types}
    for column in evidence.columns:
        for cell in column.cells:
            text = f"{cell.family}: {cell.origin}, {cell.adversary}"
            families.setdefault(cell.misalignment, {})[text] = None
    return {name: tuple(texts) for name, texts in families.items()}


def _environment() -> Environment:
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "auroc": auroc_text,
        "construction": construction,
        "horizon": horizon_text,
        "normality": normality,
        "percent": percent,
        "plural": plural,
        "stratum": stratum_text,
        "threshold": threshold_text,
        "weight": weight_text,
    }
    return environment


def _text(name: str) -> str:
    return resources.files("evals.report").joinpath(name).read_text(encoding="utf-8")
