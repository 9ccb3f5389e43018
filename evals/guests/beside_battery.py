"""One detector beside each of a battery, on the same networks: exact McNemar tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool
from scipy import stats

from evals.statistics.exact_tests import holm

PAIRED_LEVEL = 0.05
"""Family-wise level of a comparison with the whole battery."""


@dataclass(frozen=True)
class Paired:
    """How one detector did beside another on the same misaligned networks.

    Attributes:
        other: the detector compared with.
        only_own: networks that the first alone flags.
        only_other: networks that the other alone flags.
        p_value: exact, two-sided.
        verdict: `better`, `worse` or `not told apart`, at a level shared over the battery.
    """

    other: str
    only_own: int
    only_other: int
    p_value: float
    verdict: str


def paired(
    own: Bool[np.ndarray, " network"], battery: Mapping[str, Bool[np.ndarray, " network"]]
) -> tuple[Paired, ...]:
    """Compare with every detector of a battery; of n networks on which two differ, half by chance.

    Args:
        own: which misaligned networks the detector flags.
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
    return tuple(
        Paired(name, *counts[name], tests[name], _verdict(name in told, *counts[name]))
        for name in battery
    )


def rank_text(comparisons: tuple[Paired, ...]) -> str:
    """Such as `better than 2, worse than 1, not told apart from 5`; says where no rank exists."""
    if not comparisons:
        return "cannot be ranked: nothing to compare with"
    names: dict[str, list[str]] = {}
    for one in comparisons:
        names.setdefault(one.verdict, []).append(one.other)
    if set(names) == {"not told apart"}:
        return f"cannot be ranked: not told apart from any of {len(comparisons)} of the battery"
    parts = [
        f"{verdict} than {', '.join(names[verdict])}"
        for verdict in ("better", "worse")
        if verdict in names
    ]
    if "not told apart" in names:
        parts.append(f"cannot be ranked against {', '.join(names['not told apart'])}")
    return "; ".join(parts)


def _verdict(told: bool, only_own: int, only_other: int) -> str:
    if not told:
        return "not told apart"
    return "better" if only_own > only_other else "worse"
