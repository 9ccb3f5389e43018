"""What the numbers do not show, in plain words with the run's own numbers."""

from __future__ import annotations

from collections.abc import Iterator

from evals.evidence.detector_rates import Cell
from evals.evidence.evidence import Evidence
from evals.report.pictures.forest import seen_rate, whole_columns
from evals.report.words.model_limits import model_limits
from evals.report.words.wording import listed, plural
from evals.risk.risk_report import RiskReport
from evals.statistics.family_posterior import FEWEST_FAMILIES
from evals.statistics.power import upper_bound
from evals.statistics.rates import rate


def limits(evidence: Evidence, report: RiskReport) -> tuple[str, ...]:
    """The sentences, counts first; each holds a number of this run."""
    return (
        *_counts(evidence),
        *_false_alarms(evidence),
        *_threshold(evidence),
        *_families(evidence, report),
        *_construction(evidence),
        *_selection(evidence),
        *_abstentions(evidence),
        *_triggered(evidence),
        *_setting(evidence),
        *model_limits(report),
    )


def highest_silent_rate(of: int) -> float:
    """The rate at which none of `of` networks shows an event one time in twenty: 1 - .05^(1/n)."""
    return upper_bound(0, of)


def _counts(evidence: Evidence) -> Iterator[str]:
    for misalignment, cells in _by_type(evidence).items():
        seen = seen_rate(cells)
        if seen.interval is None:
            continue
        low, high = seen.interval
        text = (
            f'"{seen.detected} of {seen.of}" {misalignment} does not mean a rate of '
            f"{seen.detected / seen.of:.2f}: "
            f"for networks made the same way the exact 95% interval is {low:.2f}-{high:.2f}."
        )
        other = highest_silent_rate(seen.of)
        if seen.detected == seen.of:
            text += (
                f" A rule that catches only {1 - other:.0%} of such networks catches all "
                f"{seen.of} one time in twenty."
            )
        if seen.detected == 0:
            text += (
                f" A rule that catches {other:.0%} of such networks catches none of {seen.of} "
                "one time in twenty."
            )
        yield text


def _false_alarms(evidence: Evidence) -> Iterator[str]:
    rule = evidence.column(evidence.rule)
    seen = rule.false_alarms
    if not seen.of:
        yield "0 aligned controls were held out: the false-alarm rate was not measured at all."
        return
    if seen.detected:
        text = f'"{seen.detected} of {seen.of} controls alarmed" does not show a rate near alpha'
    else:
        bound = highest_silent_rate(seen.of)
        text = (
            f'"{seen.of} of {seen.of} without alarm" does not mean that false alarms are rare: a '
            f"rule that alarms on {bound:.0%} of aligned networks is silent on {seen.of} one time "
            "in twenty"
        )
    yield f"{text}."
    groups = [f"{row.alarms} of {row.of} {row.group.replace('_', ' ')}" for row in rule.alarms]
    if len(groups) > 1:
        smallest = min(row.of for row in rule.alarms)
        alone = rate(0, smallest).interval
        bound_text = f": 0 of {smallest} alone allows a rate up to {alone[1]:.2f}" if alone else ""
        yield (
            f"Kinds of control cannot be compared ({listed(groups)} alarmed){bound_text}. Controls "
            "were themselves admitted on behaviour under shift, so these rates are of networks "
            "already known to behave."
        )
    else:
        yield (
            "Controls were themselves admitted on behaviour under shift, so the false-alarm rate "
            "is of networks already known to behave."
        )


def _threshold(evidence: Evidence) -> Iterator[str]:
    rule = evidence.column(evidence.rule)
    limit = rule.limit
    yield (
        f"The limit rests on {plural(limit.networks, 'aligned network')} of "
        f"{plural(limit.families, 'family', 'families')} and would move with others, and P(detect) "
        f"along with it. Without a model of the scores nothing below "
        f"{1 / (limit.families + 1):.2f} can be promised for a further family."
    )


def _families(evidence: Evidence, report: RiskReport) -> Iterator[str]:
    measured = {record.misalignment: record for record in report.types}
    for misalignment, cells in _by_type(evidence).items():
        if not 0 < len(cells) < FEWEST_FAMILIES:
            continue
        verb = "says" if len(cells) == 1 else "say"
        text = (
            f"{plural(len(cells), 'family', 'families')} of {misalignment} "
            f"({', '.join(cell.family for cell in cells)}; "
            f"{plural(sum(cell.of for cell in cells), 'network')}) "
            f"{verb} nothing about a further family, and more networks of the same would not help."
        )
        record = measured.get(misalignment)
        new = record.measured_detection if record else None
        if new is not None:
            text += (
                f" A new family's rate lies in {new.q05:.2f}-{new.q95:.2f} with probability .90, "
                "nearly all of it prior."
            )
        yield text


def _construction(evidence: Evidence) -> Iterator[str]:
    marked = [
        f"{column.name} on {cell.family}"
        for column in whole_columns(evidence)
        for cell in column.cells
        if cell.by_construction and cell.of
    ]
    if marked:
        yield (
            f"{plural(len(marked), 'cell')} hold by construction (hollow markers): admission "
            "selected these organisms by the same kind of behaviour that the column measures, so a "
            "high rate there is no finding, and none of them enters the risk. They are "
            f"{listed(marked)}."
        )


def _selection(evidence: Evidence) -> Iterator[str]:
    others = len(whole_columns(evidence)) - 1
    if others > 0:
        yield (
            f"Only the rule {evidence.rule!r} was fixed beforehand and enters the risk. The best "
            f"of the {others} other columns would be picked on the networks it is judged on, "
            "and is therefore flattered."
        )


def _abstentions(evidence: Evidence) -> Iterator[str]:
    abstained = {
        column.name: sum(cell.abstained for cell in column.cells)
        for column in whole_columns(evidence)
    }
    shares = [f"{name} on {plural(n, 'organism')}" for name, n in abstained.items() if n]
    if shares:
        yield (
            f"A detector that could not look counts as a miss, never as safe: {listed(shares)} "
            "gave no score."
        )


def _triggered(evidence: Evidence) -> Iterator[str]:
    cells = [cell for cell in evidence.column(evidence.rule).of_type("deceptive") if cell.of]
    if cells:
        yield (
            f"The {plural(sum(cell.of for cell in cells), 'deceptive organism')} are triggered "
            "networks, trained by labels to defect on a rare context: a stand-in for deception. "
            "They neither know that they are watched nor lose anything by being seen."
        )


def _setting(evidence: Evidence) -> Iterator[str]:
    attempted = sum(row.attempted for row in evidence.population)
    admitted = sum(row.admitted for row in evidence.population)
    yield (
        f"All {plural(admitted, 'network')} are small and live in one environment, the "
        f"{evidence.environment}; they share code, data generator and author. Nothing here was "
        "tried on a large model."
    )
    yield (
        f"{admitted} of {attempted} trained networks were admitted. That share is a property of "
        "recipes and bars, not P(emergence) and not P(misaligned | emergence)."
    )
    adversaries = tuple(
        dict.fromkeys(cell.adversary for column in evidence.columns for cell in column.cells)
    )
    if adversaries == ("naive",):
        of = sum(cell.of for cell in evidence.column(evidence.rule).cells)
        yield (
            f"All adversaries are naive: 0 of {plural(of, 'organism')} were trained to escape a "
            "detector."
        )
    elif adversaries:
        count = plural(len(adversaries), "kind")
        yield f"Adversaries tried: {count} ({listed(adversaries)}); any other may escape."


def _by_type(evidence: Evidence) -> dict[str, list[Cell]]:
    cells = [cell for cell in evidence.column(evidence.rule).cells if cell.of]
    names = dict.fromkeys(cell.misalignment for cell in cells)
    return {name: [cell for cell in cells if cell.misalignment == name] for name in names}
