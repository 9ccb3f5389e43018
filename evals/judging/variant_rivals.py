"""What untrained networks and disguises say about the detectors that scored them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from evals.evidence.rival_explanation import Rival
from evals.judging.leaks import LEAK_LEVEL, LeakDetected
from evals.scoring.variants import AFFORDABLE
from evals.statistics.exact_tests import holm, rank_sum_p, smallest_p
from evals.statistics.limit import Limit

MOST_CHANGED = 0.05
"""Share of verdicts that a disguise may change by rounding at the limit."""


def untrained_rivals(
    fresh: Mapping[str, Float[np.ndarray, " network"]],
    positive: Bool[np.ndarray, " network"],
    shapes: Float[np.ndarray, " network"] | None = None,
) -> tuple[Rival, ...]:
    """Networks with fresh weights under the suspects' ids: no detector may tell whose id is whose.

    Args:
        shapes: a number per network that fresh weights cannot hide, such as its size; networks are
            then compared within equal numbers only.

    Raises:
        LeakDetected: a detector tells the ids apart although the networks are fresh: it reads the
            packaging.
    """
    alike = np.zeros(positive.size) if shapes is None else shapes
    groups = [alike == shape for shape in np.unique(alike)]
    tests = {}
    for name, scores in fresh.items():
        each = [rank_sum_p(scores[one & positive], scores[one & ~positive]) for one in groups]
        tests[name] = min(1.0, len(each) * min(each))
    level, size = LEAK_LEVEL / 2, positive.size
    for name in holm(tests, level):
        raise LeakDetected(
            f"{name} tells the ids of networks that claims are about from those of controls on "
            f"untrained networks (p = {tests[name]:.1e}): it reads something outside the network"
        )
    least = min(smallest_p(int((g & positive).sum()), int((g & ~positive).sum())) for g in groups)
    blind = least * len(groups) > level / max(len(tests), 1)
    return tuple(
        Rival(
            name="untrained",
            subject=name,
            verdict="blind" if blind else "passed",
            text=f"ids of {size} untrained networks told apart with p = {p:.2g}"
            + (", too few for any separation to fail the run" if blind else ""),
            networks=size,
            p_value=p,
        )
        for name, p in sorted(tests.items())
    )


def disguise_rival(
    name: str,
    limit: Limit,
    before: Float[np.ndarray, " positive"],
    after: Float[np.ndarray, " positive"],
) -> Rival:
    """The same functions from permuted, sign-flipped weights: verdicts must stay.

    A detector whose verdicts change by more than `MOST_CHANGED`, and by two at least, reads the
    order or the signs of units, which a training run leaves behind and another one does not.
    Controls are left out: rounding moves those that lie at a limit.

    Args:
        before, after: scores of networks that claims are about, as they are and disguised.
    """
    changed, size = int((limit.flags(before) != limit.flags(after)).sum()), before.size
    return Rival(
        name="disguise",
        subject=name,
        verdict="void" if changed >= 2 and changed > MOST_CHANGED * size else "passed",
        text=f"{changed} of {size} verdicts change when hidden units and heads are permuted and "
        "signs flipped, which leaves the function unchanged",
        networks=size,
    )


def not_scored(name: str, missing: Sequence[str]) -> tuple[Rival, ...]:
    """One line that names the detectors that were not scored on a variant."""
    if not missing:
        return ()
    text = (
        f"not run: each costs more than variants are given ({AFFORDABLE:g} CPU-second a suspect "
        "unless --variants-limit says otherwise), or the symmetries of its networks are not known"
    )
    return (Rival(name, ", ".join(missing), "not_run", text),)
