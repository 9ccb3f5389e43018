"""What the risk model takes for granted, with the numbers that show it."""

from __future__ import annotations

from collections.abc import Iterator

from evals.report.words.wording import (
    fine_percent,
    listed,
    odds_text,
    plural,
    risk_text,
    scenario_text,
)
from evals.risk.risk_report import RiskReport


def model_limits(report: RiskReport) -> tuple[str, ...]:
    """The sentences; each holds a number of this run."""
    return (
        *_unmeasured(report),
        *_transport(report),
        *_correction(report),
        *_severity(report),
        *_choices(report),
        *_verdicts(report),
    )


def _unmeasured(report: RiskReport) -> Iterator[str]:
    missing = [record.misalignment for record in report.types if record.measured_detection is None]
    if missing:
        verb = "was" if len(missing) == 1 else "were"
        yield (
            f"{listed(missing).capitalize()} alignment {verb} not measured (0 organisms count); "
            "the risk keeps the judged value there, at every transport weight."
        )


def _transport(report: RiskReport) -> Iterator[str]:
    ends = [report.row(report.scenario, end).residual.mean for end in (0.0, 1.0)]
    yield (
        f"The transport weight ({report.weight:g} here) is the probability that a frontier system "
        "behaves like one more draw from these families. It is a judgement, not an estimate. At 0 "
        "what was measured counts for nothing and the expected residual risk "
        f"({scenario_text(report.scenario)}) is {fine_percent(ends[0])}; at 1 measured "
        "detection takes the place of the judged one, for the types that were measured, while "
        "correction (given that detection), severity and mix stay judged, and it is "
        f"{fine_percent(ends[1])}."
    )


def _correction(report: RiskReport) -> Iterator[str]:
    judged = [
        f"{record.misalignment} {record.judged_correction.q05:.2f}-"
        f"{record.judged_correction.q95:.2f}"
        for record in report.types
    ]
    yield (
        f"Correction was not measured: 0 flagged networks were corrected. P(corrected | detected) "
        f"is what the judged success implies ({listed(judged)}), and how success divides into "
        "detection and correction is an assumption."
    )


def _severity(report: RiskReport) -> Iterator[str]:
    totals = {index.group: index.total for index in report.sobol.get("residual", ())}
    carried = (
        f" It has a hand in {totals['kappa']:.0%} of the variance of the residual risk."
        if ("kappa" in totals)
        else ""
    )
    yield (
        "The link from harm to the probability of catastrophe is a fit to judged rows, without any "
        f"observation.{carried} Read as of the world as it is and not as before handling, those "
        f"rows make every residual {report.as_it_is:.2f} times larger."
    )


def _choices(report: RiskReport) -> Iterator[str]:
    rows = sorted((rows[-1].fraction.mean, name) for name, rows in report.readings.items())
    yield (
        f"Readings of the same evidence move the share that remains at weight 1 from "
        f"{rows[0][0]:.2f} ({rows[0][1]}) to {rows[-1][0]:.2f} ({rows[-1][1]})."
    )
    bad = [row.name for row in report.consistency if row.verdict == "incoherent"]
    if bad:
        yield (
            f"{len(bad)} of {plural(len(report.consistency), 'comparison')} of the judged rows "
            f"with one another {'is' if len(bad) == 1 else 'are'} incoherent ({', '.join(bad)}): "
            "not all of the judgement can hold."
        )


def _verdicts(report: RiskReport) -> Iterator[str]:
    if not report.predictive:
        return
    parts = [f"{risk_text(row.ppv)} at {odds_text(row.odds)}" for row in report.predictive]
    missing = sum(record.measured_detection is None for record in report.types)
    judged = (
        f"; {plural(missing, 'type')} of {len(report.types)} without organisms take the "
        "detection that the judgement implies"
        if missing
        else ""
    )
    yield (
        f"What an alarm means ({listed(parts)}) takes the organisms at their word (transport "
        f"weight 1) and mixes the types by judged prevalence{judged}. Detection is of a new "
        "family of organisms and false alarms are of a new family of controls: with few kinds of "
        "control, as with few families, the model's prior decides much of both. The base "
        "rates are stated."
    )
