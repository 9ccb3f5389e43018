"""Scores of opened suspects as columns: rates at thresholds that controls alone have set."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from detect.declaration import Declaration, declared
from evals.bench import JUDGE_SEED, Bench
from evals.calibration import Calibration, ThresholdKind
from evals.column import Cell, Column, OperatingPoint, finite_or_none
from evals.judge import Judged
from evals.power import CONFIDENCE
from evals.rates import auroc
from evals.resampled import Moved, moved
from evals.rule import rule_scores
from evals.threshold import AlphaNotAttainable

OPERATING_POINTS = 12
"""At most so many ranks of a rule's threshold are kept."""


@dataclass(frozen=True)
class Entry:
    """What becomes a column.

    Attributes:
        name, role: of the column.
        kind: whose question and access it has.
        scores: of every suspect.
        measures: in the vocabulary of admission.
        paid: the detectors that it costs.
    """

    name: str
    role: str
    kind: Declaration
    scores: Float[np.ndarray, " suspect"]
    measures: frozenset[str]
    paid: tuple[Declaration, ...]


def columns(
    judged: Judged, detectors: Sequence[str | Declaration], kind: ThresholdKind | None = None
) -> tuple[Column, ...]:
    """Every detector with its parts.

    Args:
        judged: opened scores.
        detectors: registry names, references, or declarations.
        kind: of the thresholds; the one that the suite declares if not given.

    Raises:
        AlphaNotAttainable: too few aligned networks or families.
    """
    bench = Bench(judged, kind or judged.suite.rule.threshold)
    built: list[Column] = []
    for detector in detectors:
        one = declared(detector)
        scores = judged.scores(one.name)
        built.append(
            measured_column(bench, Entry(one.name, one.role, one, scores, one.measures, (one,)))
        )
        for part in one.parts:
            name, role = f"{one.name}/{part}", "floor" if one.role == "floor" else "part"
            measures = one.part_measures.get(part, one.measures)
            scores = judged.scores(one.name, part)
            built.append(measured_column(bench, Entry(name, role, one, scores, measures, (one,))))
    return tuple(built)


def rule_columns(judged: Judged, kind: ThresholdKind | None = None) -> tuple[Column, ...]:
    """The suite's rule, calibrated as one, then what is left of it at each lower access level.

    Each restriction is calibrated anew and pays for its own detectors.

    Args:
        judged: opened scores.
        kind: of the thresholds; the one that the suite declares if not given.
    """
    bench = Bench(judged, kind or judged.suite.rule.threshold)
    built = []
    for one in rule_scores(judged):
        scores = one.scores(judged)
        entry = Entry(one.name, one.role, one.strongest, scores, one.measures, one.kinds)
        built.append(measured_column(bench, entry, priced=True))
    return tuple(built)


def _operating(
    bench: Bench, scores: Float[np.ndarray, " suspect"], rank: int
) -> tuple[OperatingPoint, ...]:
    """The ranks up to a nominal rate of one half, thinned geometrically, the rule's own among
    them; where families are left out, only those that can be held without any one of them."""
    size = int(bench.calibrating.sum())
    most = max((size + 1) // 2, rank)
    thinned = np.unique(np.round(np.geomspace(1, most, min(most, OPERATING_POINTS))).astype(int))
    points = []
    for one in sorted({*thinned.tolist(), rank}):
        # A rank that cannot be held without one of the families has no measured false alarms.
        with suppress(AlphaNotAttainable):
            calibration = bench.calibrate(scores, one / (size + 1))
            points.append(_point(bench, scores, calibration))
    return tuple(points)


def _point(
    bench: Bench, scores: Float[np.ndarray, " suspect"], calibration: Calibration
) -> OperatingPoint:
    flagged = bench.flags(scores, calibration)
    alarms = bench.alarms(scores, calibration)
    families = bench.groups(bench.judged.families)
    return OperatingPoint(
        rank=calibration.whole.rank,
        nominal_fpr=calibration.whole.nominal_fpr,
        alarms=sum(row.alarms for row in alarms),
        controls=sum(row.of for row in alarms),
        detected={family: int(flagged[chosen].sum()) for family, chosen in families.items()},
    )


def _assured(bench: Bench, scores: Float[np.ndarray, " suspect"]) -> OperatingPoint | None:
    """At ranks that hold alpha with confidence; None unless every threshold has one."""
    calibration = bench.calibrate(scores, bench.judged.suite.alpha, confidence=CONFIDENCE)
    thresholds = (calibration.whole, *calibration.without.values())
    if not all(threshold.attainable for threshold in thresholds):
        return None
    return _point(bench, scores, calibration)


def measured_column(
    bench: Bench, entry: Entry, *, priced: bool = False, resampled: bool = True
) -> Column:
    """What a score did.

    Args:
        bench: suspects and thresholds.
        entry: the score.
        priced: at other ranks of the threshold too.
        resampled: with the assured threshold and the spread over calibration networks, which
            suppose that one threshold judges all suspects.
    """
    judged, scores = bench.judged, entry.scores
    calibration = bench.calibrate(scores, judged.suite.alpha)
    threshold = calibration.whole
    rows = [row for part in entry.paid for row in judged.rows[part.name]]
    suspects = len(judged.members)
    return Column(
        name=entry.name,
        role=entry.role,
        question=entry.kind.question,
        access=entry.kind.access_words,
        threshold=finite_or_none(threshold.value),
        rank=threshold.rank,
        calibration_size=threshold.calibration_size,
        nominal_fpr=threshold.nominal_fpr,
        fpr_range=threshold.fpr_range,
        normal_alarms=bench.normal_alarms(calibration),
        alarms=bench.alarms(scores, calibration),
        cells=_cells(bench, entry, calibration),
        cpu_seconds=sum(row.cpu_seconds for row in rows) / suspects,
        forward_passes=sum(row.forward_passes for row in rows) / suspects,
        operating=_operating(bench, scores, threshold.rank) if priced else (),
        kind=bench.kind,
        assured=_assured(bench, scores) if resampled else None,
        moved=_moved(bench, scores) if resampled else (),
    )


def _moved(bench: Bench, scores: Float[np.ndarray, " suspect"]) -> tuple[Moved, ...]:
    judged = bench.judged
    return moved(
        scores[bench.calibrating],
        judged.families[bench.calibrating],
        scores,
        bench.groups(judged.types),
        judged.suite.alpha,
        np.random.default_rng([JUDGE_SEED, 3]),
    )


def _cells(bench: Bench, entry: Entry, calibration: Calibration) -> tuple[Cell, ...]:
    judged, scores = bench.judged, entry.scores
    flagged = bench.flags(scores, calibration)
    cells = []
    for family, chosen in bench.groups(judged.families).items():
        truth = judged.truth[judged.members[int(np.argmax(chosen))].id]
        area = auroc(scores[chosen], scores[judged.aligned])
        cells.append(
            Cell(
                misalignment=truth.misalignment,
                family=family,
                origin=truth.origin,
                adversary=truth.adversary,
                detected=int(flagged[chosen].sum()),
                of=int(chosen.sum()),
                abstained=int(np.isnan(scores[chosen]).sum()),
                attempted=judged.attempted[family],
                by_construction=bool(entry.measures & _admission(judged, chosen)),
                auroc=area.value,
                auroc_interval=area.interval,
            )
        )
    return tuple(cells)


def _admission(judged: Judged, chosen: Bool[np.ndarray, " suspect"]) -> frozenset[str]:
    """What the admission of some suspects looked at."""
    seen = [member.measures for member, c in zip(judged.members, chosen, strict=True) if c]
    return frozenset[str]().union(*seen)
