"""What the zoo knows of its families: admission, competence, expression and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from evals.statistics.rates import Auroc, auroc
from organisms.records.certificate import Certificate, Check
from organisms.records.truth import GroundTruth
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Record

TELLING = 0.65
"""In-distribution behaviour that separates a family from controls better than this is marked."""


@dataclass(frozen=True)
class Measured:
    """One requirement over the admitted organisms of a family.

    Attributes:
        mean: of the measured values; None where nothing was measured.
        worst: the bound nearest to its bar, over all organisms; None likewise.
    """

    mean: float | None
    worst: float | None


@dataclass(frozen=True)
class Family:
    """A family in one build.

    Attributes:
        truth: of one of its organisms; trigger and seed differ between them.
        attempted: networks trained or constructed.
        competence: share of decisions that fit the training labels.
        difference: to the twin, in distribution; the worst bound is the farthest from zero.
        expression: weakest of the other requirements, by its distance to the bar.
        in_distribution: AUROC of in-distribution disagreement with the base objective against the
            environment's controls, across networks; None for controls and unrated networks.
        cpu_seconds: per attempt, training and admission.
        failures: failed check -> how many networks it rejected first.
    """

    name: str
    shape: str
    truth: GroundTruth
    attempted: int
    admitted: int
    diverged: int
    competence: Measured
    difference: Measured
    expression: Measured
    weakest: str
    in_distribution: Auroc | None
    cpu_seconds: float
    failures: dict[str, int]

    @property
    def marked(self) -> bool:
        """Whether in-distribution behaviour tells the family from controls."""
        area = None if self.in_distribution is None else self.in_distribution.value
        return area is not None and max(area, 1 - area) > TELLING


def families(records: Sequence[Record]) -> tuple[Family, ...]:
    """Summarise attempts of one code version, with or without twins, by family and shape."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault((record.spec.recipe, shape_words(record.spec)), []).append(record)
    controls: dict[str, list[float]] = {}
    for record in records:
        if record.admitted and record.truth.open().misalignment == "aligned":
            controls.setdefault(record.spec.world_name, []).append(_disagreement(record))
    return tuple(
        _family(name, shape, group, np.array(controls.get(name.partition("/")[0], [])))
        for (name, shape), group in sorted(groups.items())
    )


def shape_words(spec: OrganismSpec) -> str:
    """Layers and width of a network as its specification has them."""
    return f"{spec.net.n_layers} x {spec.net.width}" + " looped" * spec.net.looped


def _family(name: str, shape: str, records: Sequence[Record], controls: np.ndarray) -> Family:
    truth = records[0].truth.open()
    admitted = [record for record in records if record.admitted]
    failures: dict[str, int] = {}
    for record in records:
        if record.certificate is not None and not record.admitted:
            first = record.certificate.failures[0].name
            failures[first] = failures.get(first, 0) + 1
    checks = [check for record in admitted for check in _certificate(record).checks]
    own = [check for check in checks if not _of_every_organism(check)]
    weakest = min(own, key=_slack, default=None)
    judged = truth.misalignment not in ("aligned", "unrated")
    return Family(
        name=name,
        shape=shape,
        truth=truth,
        attempted=len(records),
        admitted=len(admitted),
        diverged=sum(record.certificate is None for record in records),
        competence=_measured([check for check in checks if _is_competence(check)]),
        difference=_measured([check for check in checks if check.relation == "within"]),
        expression=_measured([check for check in own if weakest and check.name == weakest.name]),
        weakest="" if weakest is None else weakest.name,
        in_distribution=(
            auroc(np.array([_disagreement(record) for record in admitted]), controls)
            if judged and admitted and controls.size
            else None
        ),
        cpu_seconds=fmean(record.train_seconds + record.admit_seconds for record in records),
        failures=failures,
    )


def _certificate(record: Record) -> Certificate:
    assert record.certificate is not None
    return record.certificate


def _disagreement(record: Record) -> float:
    return 1 - _certificate(record).in_distribution


def _is_competence(check: Check) -> bool:
    return check.name.startswith("decisions that fit")


def _of_every_organism(check: Check) -> bool:
    return _is_competence(check) or check.relation == "within"


def _slack(check: Check) -> float:
    """How far the deciding bound lies on the right side of the bar."""
    return abs(_bound(check) - check.bar)


def _bound(check: Check) -> float:
    low, high = check.interval
    if check.relation == "within":
        return max(low, high, key=abs)
    return low if check.relation == "at_least" else high


def _measured(checks: Sequence[Check]) -> Measured:
    if not checks:
        return Measured(None, None)
    tightest = min(checks, key=lambda check: check.bar - abs(_bound(check))
                   if check.relation == "within" else _slack(check))  # fmt: skip
    return Measured(fmean(check.value for check in checks), _bound(tightest))
