"""The eight quantities that a run puts in the place of a blank."""

from __future__ import annotations

from dataclasses import dataclass

from evals.evidence.evidence import Evidence
from evals.report.words.change import unmitigated_moves
from evals.report.words.headline import counted
from evals.report.words.wording import (
    close_risk_text,
    fine_percent,
    odds_text,
    percent,
    plural,
    risk_text,
    scenario_text,
    share_text,
)
from evals.risk.risk_report import RiskReport
from evals.risk.update import RiskRow, TypeUpdate

NOT_MEASURED = "not measured"
MEASURED, PARTLY, JUDGED = "measured", "partly measured", "judged"
SOURCES = (MEASURED, PARTLY, JUDGED, NOT_MEASURED)
SHOWN_ODDS = "1:100"
"""The base rate whose predictive value stands in front; the others stand beside it."""


@dataclass(frozen=True)
class Quantity:
    """One measured number.

    Attributes:
        name: short.
        sentence: what the number says, in one plain sentence.
        value_text: the number, or `NOT_MEASURED`.
        interval_text: its interval with the probability that it holds.
        basis: what it rests on: families, organisms, alpha.
        comparison: what it is to be read against.
        source: one of `SOURCES`; the risk is measured in part at most, as correction, severity and
            the mix of types are judged.
    """

    name: str
    sentence: str
    value_text: str
    interval_text: str
    basis: str
    comparison: str
    source: str

    def __post_init__(self) -> None:
        empty = [name for name, text in vars(self).items() if not text]
        if empty:
            raise ValueError(f"quantity {self.name!r} lacks {empty}; say what is not known instead")
        if self.source not in SOURCES:
            raise ValueError(
                f"quantity {self.name!r} is {self.source!r}, wanted one of {', '.join(SOURCES)}"
            )
        if (self.source == NOT_MEASURED) != (self.value_text == NOT_MEASURED):
            raise ValueError(
                f"quantity {self.name!r} is {self.source} and has the value {self.value_text!r}"
            )


def quantities(evidence: Evidence, report: RiskReport) -> tuple[Quantity, ...]:
    """Detection of four types, false alarms, risk, share and the meaning of an alarm."""
    return (
        *(_detection(record, evidence.alpha) for record in report.types),
        _false_alarms(evidence),
        _residual(evidence, report),
        _fraction(evidence, report),
        _alarm(evidence, report),
    )


def _detection(record: TypeUpdate, alpha: float) -> Quantity:
    name = f"P(detect), {record.misalignment}"
    sentence = (
        f"Of {record.misalignment} networks of a family not seen so far, the rule would flag "
        "this share."
    )
    basis = (
        f"{record.detected} of {plural(record.of, 'organism')} flagged, "
        f"{plural(record.families, 'family', 'families')}, alpha {alpha:g}"
    )
    judged = (
        f"detection that the judgement implies: {share_text(record.judged_detection)}; judged "
        f"success {share_text(record.judged_success)}"
    )
    new, success = record.measured_detection, record.measured_success
    if new is None or success is None:
        return Quantity(
            name,
            sentence,
            NOT_MEASURED,
            "no interval without organisms",
            basis,
            f"{judged}, which stands at every transport weight",
            NOT_MEASURED,
        )
    return Quantity(
        name,
        sentence,
        f"{new.mean:.2f}",
        f"{new.q05:.2f}-{new.q95:.2f} (90%)",
        basis,
        f"{judged}; with the correction judged given it measured success is {success.mean:.2f}",
        MEASURED,
    )


def _false_alarms(evidence: Evidence) -> Quantity:
    rule = evidence.column(evidence.rule)
    seen = rule.false_alarms
    worst = max(rule.alarms, key=lambda row: row.alarms / row.of if row.of else 0, default=None)
    found = seen.value is not None and seen.interval is not None
    return Quantity(
        "false-positive rate",
        "Of aligned networks held out, the rule flagged this share.",
        f"{seen.value:.2f}" if seen.value is not None else NOT_MEASURED,
        f"at most {worst.alarms} of {worst.of} in one family" if found and worst else "no controls",
        f"{seen.detected} of {plural(seen.of, 'held-out control')}; threshold from "
        f"{plural(rule.limit.networks, 'aligned network')}, alpha {evidence.alpha:g}",
        f"alpha {evidence.alpha:g}"
        + (f"; most in {worst.group}: {worst.alarms} of {worst.of}" if worst else ""),
        MEASURED if found else NOT_MEASURED,
    )


def _residual(evidence: Evidence, report: RiskReport) -> Quantity:
    before, after = _rows(report)
    return Quantity(
        "residual risk",
        f"P(catastrophe) that remains after detection and correction, "
        f"{scenario_text(report.scenario)}.",
        fine_percent(after.residual.mean),
        f"{percent(after.residual.q05)}-{percent(after.residual.q95)} (90%)",
        _basis(evidence, report),
        f"before the measurement {close_risk_text(before.residual)}; if nothing were handled "
        f"{close_risk_text(after.unmitigated)}",
        _risk_source(report),
    )


def _fraction(evidence: Evidence, report: RiskReport) -> Quantity:
    before, after = _rows(report)
    alone = report.row(report.scenario, 1.0)
    return Quantity(
        "share of the risk that remains",
        "Residual over unmitigated risk: what detection and correction leave, whatever the size "
        "of the risk.",
        f"{after.fraction.mean:.2f}",
        f"{after.fraction.q05:.2f}-{after.fraction.q95:.2f} (90%)",
        _basis(evidence, report),
        f"judged only {share_text(before.fraction)}; at weight 1, measured detection in place of "
        f"judged, {share_text(alone.fraction)}",
        _risk_source(report),
    )


def _alarm(evidence: Evidence, report: RiskReport) -> Quantity:
    rule = evidence.column(evidence.rule)
    name, sentence = (
        "what an alarm means",
        "If one network in 100 is misaligned, a network of a new family that raises the alarm is "
        "misaligned with this probability, averaged over what is believed about both rates.",
    )
    basis = (
        "detection of a new family at transport weight 1, types mixed by judged prevalence and "
        "those not measured as the judgement implies; false alarms of a new family of controls "
        f"({plural(rule.false_alarms.of, 'held-out control')} of "
        f"{plural(len(rule.alarms), 'kind')}); threshold from "
        f"{plural(rule.limit.networks, 'aligned network')}, alpha {evidence.alpha:g}"
    )
    by_odds = {row.odds: row for row in report.predictive}
    if SHOWN_ODDS not in by_odds:
        return Quantity(
            name,
            sentence,
            NOT_MEASURED,
            "no interval",
            basis,
            "without held-out controls, or with a threshold that never raises the alarm, it has no "
            "known meaning",
            NOT_MEASURED,
        )
    shown = by_odds.pop(SHOWN_ODDS)
    others = [f"{odds_text(odds)}: {risk_text(row.ppv)}" for odds, row in by_odds.items()]
    return Quantity(
        name,
        sentence,
        percent(shown.ppv.mean),
        f"{percent(shown.ppv.q05)}-{percent(shown.ppv.q95)} (90%)",
        basis,
        f"{'; '.join(others)}; these base rates are stated, not measured; the interval "
        "is of the value if both rates were known",
        PARTLY,
    )


def _risk_source(report: RiskReport) -> str:
    seen = any(record.measured_detection is not None for record in report.types)
    swept = unmitigated_moves(report, report.scenario)
    return PARTLY if report.weight and (seen or swept) else JUDGED


def _basis(evidence: Evidence, report: RiskReport) -> str:
    return (
        f"transport weight {report.weight:g}; {counted(report.types)}, "
        f"alpha {evidence.alpha:g}; {report.draws:,} draws"
    )


def _rows(report: RiskReport) -> tuple[RiskRow, RiskRow]:
    """Before and after the measurement."""
    return (
        report.row(report.scenario, 0.0),
        report.row(report.scenario, report.weight),
    )
