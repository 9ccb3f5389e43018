"""A detector beside others on the same networks: what is shown next to it, and paired tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from scipy import stats

from evals.evidence.detector_rates import DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.rival_explanation import Rival
from evals.guests.type_score import type_score
from evals.statistics.exact_tests import holm

PAIRED_LEVEL = 0.05
"""Level of the comparison with the whole battery: chance of any wrong verdict."""

Flags = Bool[np.ndarray, " network"]
"""Which misaligned networks a detector flags, where no rival explanation voids that."""


@dataclass(frozen=True)
class Paired:
    """How one detector did beside another on the same misaligned networks.

    Attributes:
        other: the detector compared with.
        only_own: networks that the first alone flags.
        only_other: networks that the other alone flags.
        p_value: of McNemar's exact test, two-sided.
        verdict: `better`, `worse` or `not told apart`, at a level shared over the battery.
    """

    other: str
    only_own: int
    only_other: int
    p_value: float
    verdict: str


@dataclass(frozen=True)
class Beside:
    """A detector, the rule or chance at its own limit, for the reader to compare with.

    Attributes:
        name: of the column.
        why: why it is shown: `yours`, `rule`, `in the rule` or `chance`; all were fixed before any
            score was seen.
        access: what it was given.
        types: flagged networks by type, as `4/4*`.
        intervals: their exact 95% intervals, as `0.40-1.00`.
        alarms: false alarms, as `3/48`.
    """

    name: str
    why: str
    access: str
    types: tuple[str, ...]
    intervals: tuple[str, ...]
    alarms: str


def paired(own: Flags, battery: Mapping[str, Flags]) -> tuple[Paired, ...]:
    """Exact McNemar tests: of the networks on which two detectors differ, half fall to either.

    Args:
        battery: the same of the others, each at its own threshold.
    """
    counts = {
        name: (int((own & ~flags).sum()), int((flags & ~own).sum()))
        for name, flags in battery.items()
    }
    tests = {
        name: float(stats.binomtest(alone, alone + other).pvalue) if alone + other else 1.0
        for name, (alone, other) in counts.items()
    }
    told = holm(tests, PAIRED_LEVEL)
    verdicts = {name: "better" if counts[name][0] > counts[name][1] else "worse" for name in told}
    return tuple(
        Paired(name, *counts[name], tests[name], verdicts.get(name, "not told apart"))
        for name in battery
    )


def rank_text(comparisons: tuple[Paired, ...]) -> str:
    """Such as `better than a, b; worse than c`; says where no rank exists."""
    if not comparisons:
        return "cannot be ranked: nothing to compare with"
    better, worse, unclear = (
        ", ".join(one.other for one in comparisons if one.verdict == verdict)
        for verdict in ("better", "worse", "not told apart")
    )
    if not better and not worse:
        return f"cannot be ranked: not told apart from any of {len(comparisons)} of the battery"
    parts = (
        ("better than", better),
        ("worse than", worse),
        ("cannot be ranked against", unclear),
    )
    return "; ".join(f"{words} {names}" for words, names in parts if names)


def rows_beside(
    evidence: Evidence, own: DetectorRates, killers: tuple[Rival, ...]
) -> tuple[Beside, ...]:
    """The detector, then one of the rule at each access level, the rule, and chance."""
    columns = {one.name: one for one in evidence.columns}
    shown = {own.name: (own, "yours")}
    levels = set[str]()
    for name in evidence.rule_detectors:
        if (access := columns[name].access) not in levels:
            shown.setdefault(name, (columns[name], "in the rule"))
        levels.add(access)
    shown.setdefault(evidence.rule, (columns[evidence.rule], "rule"))
    for column in evidence.columns:
        if column.role == "floor" and "/" not in column.name:
            shown.setdefault(column.name, (column, "chance"))
    return tuple(_row(*one, evidence.types, killers) for one in shown.values())


def _row(
    column: DetectorRates, why: str, types: tuple[str, ...], killers: tuple[Rival, ...]
) -> Beside:
    found = [type_score(column, name, killers) for name in types]
    return Beside(
        name=column.name,
        why=why,
        access=column.access,
        types=tuple(one.count for one in found),
        intervals=tuple(one.range for one in found),
        alarms=f"{column.false_alarms.detected}/{column.false_alarms.of}",
    )
