"""What matters most, what to measure next, and what access buys."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evals.report.template import paragraph
from evals.report.words.wording import ZERO_INDEX, fine_percent, input_text, listed, plural, points
from evals.risk.information import Candidate
from evals.risk.risk_report import AccessRow, RiskReport
from evals.risk.sobol import SobolIndex
from evals.risk.update import RiskRow, TypeUpdate
from evals.statistics.family_posterior import FEWEST_FAMILIES

TOP = 3
"""Inputs and candidates named in sentences; the tables have all of them."""


def at_expectation(report: RiskReport) -> bool:
    """Whether r* is the expected residual risk itself, where information is worth most."""
    expected = report.row(report.scenario, report.weight).residual.mean
    return math.isclose(report.decision_level, expected, rel_tol=1e-9, abs_tol=1e-15)


def crossing(report: RiskReport) -> tuple[str, ...]:
    """Where the expected residual risk meets the decision level; nothing if none was stated."""
    if at_expectation(report):
        return ()
    low, high = (report.row(report.scenario, end).residual.mean for end in (0.0, 1.0))
    level = report.decision_level
    met = min(low, high) <= level <= max(low, high)
    weight = (level - low) / (high - low) if met else None
    return (paragraph("crossing.txt.j2", low=low, high=high, level=level, weight=weight),)


def top_inputs(indices: Sequence[SobolIndex]) -> list[SobolIndex]:
    """The inputs with the largest total shares of the variance, as far as they are told from 0."""
    ranked = sorted(indices, key=lambda index: -index.total)[:TOP]
    return [index for index in ranked if index.total > ZERO_INDEX]


def sobol_rows(report: RiskReport) -> list[tuple[str, SobolIndex | None, SobolIndex | None]]:
    """Input, its index of the residual risk and of the share; those that matter most first.

    A measurement that was not made has an index of exactly 0 and is left out: it is no finding.
    """
    parts = [{i.group: i for i in report.sobol.get(name, ())} for name in ("residual", "fraction")]
    totals = {
        group: max(part[group].total for part in parts if group in part)
        for group in {**parts[1], **parts[0]}
    }
    return [
        (group, parts[0].get(group), parts[1].get(group))
        for group in sorted(totals, key=lambda group: -totals[group])
        if totals[group] or not group.startswith("measured_")
    ]


def best_inputs(report: RiskReport) -> list[tuple[str, float]]:
    """The inputs most worth knowing, each with its share of the value of knowing everything."""
    (_, everything), *inputs = report.information.items()
    return [(name, value / everything) for name, value in inputs if value][:TOP]


def information_text(group: str, report: RiskReport) -> str:
    """The share of knowing everything; an estimate of 0 is what chance finds, and no proof of 0."""
    value, everything = report.information[group], report.information["everything"]
    if not everything:
        return "no decision to change"
    if not value:
        # The value of the transport draw alone is exact, without a null to subtract.
        return "0: changes no decision" if group == "transport" else "not told from 0"
    return f"{value / everything:.0%}" if value >= 0.01 * everything else "below 1%"


def candidate_text(one: Candidate) -> str:
    """Which networks to build, such as `10 networks of a new proxy family (outputs)`."""
    where = f"a new {one.misalignment} family" if one.family is None else f"{one.family} (seen)"
    access = f", audited with access to {one.access}" if one.access else ""
    return f"{plural(one.networks, 'network')} of {where}{access}"


def next_text(report: RiskReport) -> str:
    """What would move the risk next, in one sentence."""
    level = fine_percent(report.decision_level)
    top = [input_text(one.group) for one in top_inputs(report.sobol.get("residual", ()))]
    rest = f". The size of the risk hangs most on {listed(top)}" if top else ""
    if not report.candidates:
        return f"Next: no further measurement was weighed{rest}."
    best = report.candidates[0]
    cost = "" if best.cpu_hours is None else f" ({best.cpu_hours:.2g} CPU-hours)"
    what = f"{candidate_text(best)}{cost}"
    if best.value:
        worth = f"worth {points(best.value)} to someone who deploys below a risk of {level}"
    else:
        worth = f"narrow most, but change no decision to deploy below a risk of {level}"
    return f"Next: {what}, {worth}{rest}."


def candidate_note(one: Candidate, report: RiskReport) -> str:
    """What a reader of the candidate's value must know, or nothing."""
    if not report.weight:
        return "at transport weight 0 no measurement of organisms changes the risk"
    (rule,) = (row for row in report.access if row.access == one.access)
    first = (
        "not measured so far: the value is against a uniform prior with mean detection 0.50, which "
        f"replaces the judged detection with probability {report.weight:g} once measured"
    )
    notes = [] if rule.detection[one.misalignment] else [first]
    return "; ".join(notes if one.value else [*notes, "no outcome changes the decision"])


def risk_at(row: AccessRow, scenario: str, weight: float) -> RiskRow:
    """The risk of a scenario and weight with that access."""
    return {(one.scenario, one.weight): one for one in row.rows}[scenario, weight]


def disagreement(report: RiskReport) -> dict[str, list[TypeUpdate]]:
    """How measured detection of a new family lies beside the judged interval -> the types."""
    groups: dict[str, list[TypeUpdate]] = {}
    for record in report.types:
        new, judged = record.measured_detection, record.judged_detection
        if new is None:
            continue
        if record.families < FEWEST_FAMILIES:
            verdict = "too open to confirm or contradict the judged one"
        elif new.q05 > judged.q95:
            verdict = "above the whole judged interval"
        elif new.q95 < judged.q05:
            verdict = "below the whole judged interval"
        else:
            verdict = "compatible with the judged interval"
        groups.setdefault(verdict, []).append(record)
    return groups
