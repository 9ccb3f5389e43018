"""Strategic importance: what matters most, what to measure next and what access buys, in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from evals.report.pictures.access_figure import risk_at
from evals.report.words.headline import counted
from evals.report.words.wording import (
    ZERO_INDEX,
    fine_percent,
    input_text,
    listed,
    odds_text,
    plural,
    points,
    risk_text,
    scenario_text,
    share_text,
)
from evals.risk.information import Candidate
from evals.risk.risk_report import RiskReport
from evals.risk.sobol import SobolIndex
from evals.risk.update import TypeUpdate
from evals.statistics.family_posterior import FEWEST_FAMILIES

TOP = 3
"""Inputs and candidates named in words; the tables have all of them."""


def strategy(report: RiskReport) -> tuple[str, ...]:
    """Sentences, from what makes up the risk to what an alarm means."""
    return (
        *_shares(report),
        *_matters(report),
        *_information(report),
        *_next(report),
        *crossing(report),
        *_access(report),
        *_alarm(report),
        *_disagreement(report),
        *_shortage(report),
    )


def at_expectation(report: RiskReport) -> bool:
    """Whether r* is the expected residual risk itself, where information is worth most."""
    expected = report.row(report.scenario, report.weight).residual.mean
    return math.isclose(report.decision_level, expected, rel_tol=1e-9, abs_tol=1e-15)


def candidate_text(one: Candidate) -> str:
    """Which networks to build, such as `10 networks of a new proxy family (outputs)`."""
    where = f"a new {one.misalignment} family" if one.family is None else f"{one.family} (seen)"
    return f"{plural(one.networks, 'network')} of {where}, audited with access to {one.access}"


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


def _shares(report: RiskReport) -> Iterator[str]:
    known = sorted(
        ((part.share, part) for part in report.types if part.share is not None),
        key=lambda pair: -pair[0],
    )
    if not known:
        return
    parts = [
        f"{part.misalignment} {share:.0%} (of {fine_percent(part.unmitigated.mean)}, "
        f"{fine_percent(part.residual.mean)} remain)"
        for share, part in known
    ]
    yield (
        f"What remains of the risk, {scenario_text(report.scenario)}, at transport weight "
        f"{report.weight:g}: {listed(parts)}. Perfect handling of the largest part would remove "
        "most; what a smaller improvement removes is another question."
    )


def _matters(report: RiskReport) -> Iterator[str]:
    fraction = _top(report.sobol.get("fraction", ()))
    residual = _top(report.sobol.get("residual", ()))
    if fraction:
        yield (
            "The share that remains is uncertain chiefly because of "
            f"{listed(fraction)}. (In brackets: the part of its variance that an input has a hand "
            "in; parts overlap and need not add up to 1.)"
        )
    if residual:
        yield (
            f"The size of the residual risk is uncertain chiefly because of {listed(residual)}; "
            "what is judged there, no measurement of detection narrows."
        )


def _top(indices: Sequence[SobolIndex]) -> list[str]:
    return [
        f"{input_text(index.group)} ({index.total:.2f})"
        for index in sorted(indices, key=lambda index: -index.total)[:TOP]
        if index.total > ZERO_INDEX
    ]


def _information(report: RiskReport) -> Iterator[str]:
    (_, everything), *inputs = report.information.items()
    expected = report.row(report.scenario, report.weight).residual.mean
    level = f"r* = {fine_percent(report.decision_level)}"
    if at_expectation(report):
        now = (
            f"is below a level r*. No level was stated, so {level} is the expected residual risk "
            "itself, where the decision is on the edge and information is worth most."
        )
    else:
        decision = "deploy" if expected < report.decision_level else "not deploy"
        now = (
            f"is below {level}. At the expected {fine_percent(expected)} one would now {decision}."
        )
    worth = "Nothing that one could learn would change that: the value of information is 0."
    if everything:
        worth = f"Knowing everything would be worth {points(everything)} of risk."
    yield f"Suppose one deploys exactly if the expected residual risk {now} {worth}"
    best = [(name, value) for name, value in inputs if value][:TOP]
    if best:
        parts = [f"{input_text(group)} ({value / everything:.0%} of that)" for group, value in best]
        yield f"At this r*, most is to be gained from knowing {listed(parts)}."


def _next(report: RiskReport) -> Iterator[str]:
    if not report.candidates:
        return
    top, now = report.candidates[:TOP], report.row(report.scenario, report.weight).residual.mean
    level = fine_percent(report.decision_level)
    if not any(one.value for one in report.candidates):
        yield (
            f"No further measurement of {plural(top[0].networks, 'network')} would change the "
            f"decision at r* = {level}: every value is 0, as no outcome moves the expected "
            f"risk ({fine_percent(now)}) across r* at transport "
            f"weight {report.weight:g}. By how much they narrow what is known for their cost, "
            f"they rank: {'; '.join(_width(one) for one in top)}."
        )
        return
    first, *others = [one for one in top if one.value]
    text = (
        f"Measure next, at r* = {level}: {_width(first)}. It is worth "
        f"{points(first.value_per_cpu_hour)} of risk per CPU-hour."
    )
    if others:
        behind = [f"{candidate_text(one)} ({points(one.value_per_cpu_hour)})" for one in others]
        text += f" After it: {'; '.join(behind)}."
    yield text


def _width(one: Candidate) -> str:
    return (
        f"{candidate_text(one)} ({one.cpu_hours:.2g} CPU-hours; 90% interval of a new family "
        f"{one.width_now:.2f} wide now, {one.width_after:.2f} expected after)"
    )


def crossing(report: RiskReport) -> Iterator[str]:
    """Where the expected residual risk meets the decision level; nothing if none was stated."""
    if at_expectation(report):
        return
    low, high = (report.row(report.scenario, end).residual.mean for end in (0.0, 1.0))
    level = report.decision_level
    if min(low, high) <= level <= max(low, high):
        yield (
            f"The expected residual risk meets r* = {fine_percent(level)} at transport weight "
            f"{(level - low) / (high - low):.2f}: whoever trusts the organisms more than that "
            "decides differently from whoever trusts them less."
        )
        return
    yield (
        f"How far one trusts the organisms does not decide: from transport weight 0 "
        f"({fine_percent(low)}) to 1 ({fine_percent(high)}) the expected residual risk does not "
        f"meet r* = {fine_percent(level)}."
    )


def _access(report: RiskReport) -> Iterator[str]:
    if len(report.access) < 2:
        yield (
            f"What more access buys was not measured: {plural(len(report.access), 'access level')} "
            "of the rule."
        )
        return
    most, least = report.access[0], report.access[-1]
    judged = report.row(report.scenario, 0.0).fraction
    texts = []
    for weight in dict.fromkeys((report.weight, 1.0)):
        full, little = (risk_at(row, report.scenario, weight).fraction for row in (most, least))
        texts.append(
            f"at weight {weight:g} the share that remains is {share_text(full)} with {most.access} "
            f"and {share_text(little)} with {least.access} alone"
        )
    yield (
        f"What does access to the inside of the network buy? {'; '.join(texts).capitalize()} "
        f"(judged only {share_text(judged)}). Every level was measured on the same "
        f"{counted(report.types)}. CPU-seconds per suspect: {most.cpu_seconds:.2g} "
        f"against {least.cpu_seconds:.2g}."
    )


def _alarm(report: RiskReport) -> Iterator[str]:
    parts = [
        f"{risk_text(row.ppv)} if {odds_text(row.odds)} networks is misaligned"
        for row in report.predictive
    ]
    if parts:
        yield (
            "An alarm of the rule on a network of a new family means misalignment with "
            f"probability {listed(parts)}, averaged over what is believed about detection and "
            "about false alarms on a new family of controls (in brackets: 90% of the belief about "
            "it, if both rates were known). The rarer misalignment is, the more alarms are false, "
            "however good the detection."
        )


def _disagreement(report: RiskReport) -> Iterator[str]:
    groups: dict[str, list[str]] = {}
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
        groups.setdefault(verdict, []).append(
            f"{record.misalignment} ({new.q05:.2f}-{new.q95:.2f} from "
            f"{plural(record.families, 'family', 'families')}, judged "
            f"{judged.q05:.2f}-{judged.q95:.2f})"
        )
    for verdict, types in groups.items():
        yield f"Measured detection of a new family is {verdict} for {listed(types)}."


def _shortage(report: RiskReport) -> Iterator[str]:
    short = [_missing(record) for record in report.types if record.families < FEWEST_FAMILIES]
    if short:
        yield (
            f"Whatever the decision, {listed(short)} are wanting. With one or two families of a "
            "type the model leaves the rate of a new family open, however many networks are built: "
            "families come first."
        )


def _missing(record: TypeUpdate) -> str:
    wanted = FEWEST_FAMILIES - record.families
    return f"{plural(wanted, 'more family', 'more families')} of {record.misalignment}"
