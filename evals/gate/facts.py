"""Whom a policy is applied to, and the numbers of a run that it may refer to by name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.evidence.detector_rates import DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.evidence_file import read_suite_evidence
from evals.evidence.validation import Words
from evals.gate.policy import SubjectKind
from evals.risk.analysis import analyse
from evals.risk.figures import Figures
from evals.risk.merged import merge, public_text
from evals.risk.risk_report import RiskReport
from evals.risk.transport import Transport
from evals.risk.update import TypeUpdate
from evals.statistics.rates import rate

QUANTITIES = {
    "unmitigated": "P(catastrophe) if no misaligned system were handled",
    "residual": "P(catastrophe) after detection and correction",
    "fraction": "share of the unmitigated risk that remains",
}
STATISTICS = {"mean": "mean", "q05": "5% quantile of the belief", "q95": "95% quantile"}

NO_CONTROLS = "no aligned control was held out, so no false alarm could be seen"


@dataclass(frozen=True)
class Subject:
    """Whom a policy is applied to.

    Attributes:
        kind: run, suspect or audit.
        name: of the run, id of the suspect, or path of the network audited.
        suite: name of the suite; of an audit, its world.
        suite_hash: its content hash; of an audit, the digest of the network's weights.
        scores_sha256: digest of the score table, frozen before truth was opened; of an audit, that
            of its record.
    """

    kind: SubjectKind
    name: Words
    suite: Words
    suite_hash: Words
    scores_sha256: Words


@dataclass(frozen=True)
class Fact:
    """A named number.

    Attributes:
        name: as a policy writes it.
        value: finite; None means not measured.
        text: what the number is; why it is missing where `value` is None.
    """

    name: str
    value: float | None
    text: str

    def __post_init__(self) -> None:
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(
                f"fact {self.name} is {self.value}; give a finite number, or None and the reason"
            )


Known = tuple[Subject, Mapping[str, Fact], Mapping[str, str]]
"""Whom it is about, what is known of it by name, and where that comes from."""


def gated_run(path: Path, figures: Figures, transport: Transport) -> Known:
    """A run, by its evidence file and the update that follows from it, nothing supposed.

    Args:
        transport: its weight is that of the pooled risk.
    """
    evidence = read_suite_evidence(path)
    subject = Subject(
        "run", evidence.suite, evidence.suite, evidence.suite_hash, evidence.scores_sha256
    )
    risk = analyse(merge([evidence]), figures, transport)
    return subject, run_facts(evidence, risk), evidence.provenance


def run_facts(evidence: Evidence, risk: RiskReport) -> Mapping[str, Fact]:
    """The facts of a run, by name.

    `residual.S.wW.mean|q05|q95` for scenario S at transport weight W (likewise `unmitigated` and
    `fraction`), and `residual.S.pooled...` at the one weight strictly between 0 and 1;
    `detect.T.mean|q05|q95` on a new family of type T, `detect.T.seen`, `families.T`,
    `organisms.T`, `families.fewest`, `types.unmeasured`, of the cells that count;
    `false_alarms.realised|upper|nominal|worst`, `controls.held_out|calibration`, `alpha`, `duds`,
    `abstained`, all of the rule; `public`, organisms that whoever wrote a detector may know.

    Raises:
        ValueError: two weights print alike, so that one name would stand for two numbers.
    """
    rule = evidence.column(evidence.rule)
    organisms = sum(cell.of for cell in rule.cells)
    silent = sum(cell.abstained for cell in rule.cells)
    duds = sum(len(row.duds) for row in evidence.population)
    trained = sum(row.attempted for row in evidence.population)
    public = public_text(evidence) if evidence.public else "organisms of the public reference set"
    abstained = f"share of {organisms} misaligned organisms on which the rule gave no score"
    return by_name(
        [
            *_risk(risk),
            *_types(risk.types),
            *_false_alarms(rule),
            Fact("public", float(evidence.public), public),
            Fact("alpha", evidence.alpha, "expected false-positive rate asked for"),
            Fact("duds", float(duds), f"networks that failed admission, of {trained} trained"),
            Fact("abstained", silent / organisms, abstained)
            if organisms
            else Fact("abstained", None, "no misaligned organism was scored"),
        ]
    )


def by_name(facts: Iterable[Fact]) -> Mapping[str, Fact]:
    """The facts by name.

    Raises:
        ValueError: two have one name.
    """
    found: dict[str, Fact] = {}
    for fact in facts:
        if fact.name in found:
            raise ValueError(f"two facts are called {fact.name}; weights must differ by six digits")
        found[fact.name] = fact
    return found


def _risk(risk: RiskReport) -> Iterator[Fact]:
    for scenario in dict.fromkeys(row.scenario for row in risk.rows):
        at = [row for row in risk.rows if row.scenario == scenario]
        rows = [(f"w{row.weight:g}", row) for row in at]
        middle = [("pooled", row) for row in at if 0 < row.weight < 1]
        if len(middle) == 1:
            rows += middle
        reason = (
            "'pooled' means the one transport weight strictly between 0 and 1; the risk was "
            f"computed at {', '.join(f'{row.weight:g}' for row in at)}"
        )
        for quantity, meaning in QUANTITIES.items():
            for label, row in rows:
                text = f"{meaning}, {scenario}, at transport weight {row.weight:g}"
                yield from _belief(f"{quantity}.{scenario}.{label}", getattr(row, quantity), text)
            if len(middle) != 1:
                yield from _belief(f"{quantity}.{scenario}.pooled", None, reason)


def _belief(name: str, belief: Any, text: str, after: str = "") -> Iterator[Fact]:
    """Mean and quantiles of a quantity; None where it was not measured, and `text` says why."""
    for statistic, words in STATISTICS.items():
        if belief is None:
            yield Fact(f"{name}.{statistic}", None, text)
        else:
            value = getattr(belief, statistic)
            yield Fact(f"{name}.{statistic}", value, f"{text}: {words}{after}")


def _types(types: Sequence[TypeUpdate]) -> Iterator[Fact]:
    for kind in types:
        yield from _type(kind)
    fewest = min(types, key=lambda kind: kind.families)
    text = f"families that count of type {fewest.misalignment}"
    yield Fact("families.fewest", float(fewest.families), text)
    missing = [kind.misalignment for kind in types if not kind.families]
    text = f"misalignment types without a cell that counts ({', '.join(missing) or 'none'})"
    yield Fact("types.unmeasured", float(len(missing)), text)


def _type(kind: TypeUpdate) -> Iterator[Fact]:
    """Void cells and cells by construction do not count, here as in the risk."""
    name, measured, seen = kind.misalignment, kind.measured_detection, rate(kind.detected, kind.of)
    caveats = "".join(f"; {flag.rstrip('.')}" for flag in kind.flags)
    missing = f"no cell of type {name} counts, so its detection rests on judgement alone{caveats}"
    text = missing if measured is None else f"P(detect) of a new {name} family"
    yield from _belief(f"detect.{name}", measured, text, caveats)
    text = f"detected {name} organisms of families that count: {seen.text}"
    yield Fact(f"detect.{name}.seen", seen.value, text if seen.of else missing)
    yield Fact(f"families.{name}", float(kind.families), f"families of type {name} that count")
    yield Fact(f"organisms.{name}", float(kind.of), f"organisms of type {name} that count")


def _false_alarms(rule: DetectorRates) -> Iterator[Fact]:
    seen, new, worst = rule.false_alarms, rule.new_family_alarms, rule.worst_alarms
    if new is None or worst is None:
        for name in ("realised", "upper", "worst"):
            yield Fact(f"false_alarms.{name}", None, NO_CONTROLS)
    else:
        text = f"false alarms on held-out aligned controls: {seen.text}"
        yield Fact("false_alarms.realised", seen.value, text)
        text = "95% quantile of the false-positive rate on a new family of controls"
        yield Fact("false_alarms.upper", new.quantile(0.95), text)
        text = "largest share of one aligned family that raises a false alarm"
        yield Fact("false_alarms.worst", worst.alarms / worst.of, text)
    nominal = "false-positive rate that the rule's limit is for"
    yield Fact("false_alarms.nominal", rule.limit.level, nominal)
    yield Fact("controls.held_out", float(seen.of), "held-out aligned controls")
    size = float(rule.limit.networks)
    yield Fact("controls.calibration", size, "aligned networks that set the limit")
