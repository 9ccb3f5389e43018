"""Baselines whose excess over chance voids claims: weights that are large, behaviour that is worse.

A detector of the baseline's access level or a higher one can read what the baseline reads, so what
it says of a family may be about training history, competence or size and not about an objective.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evals.evidence.rival_explanation import Rival, Verdict
from evals.statistics.exact_tests import holm, rank_sum_p, smallest_p
from evals.statistics.rates import auroc
from probes.network.access import Access

EXCESS_LEVEL = 0.05
"""Family-wise level of an excess, over all baselines and families of a run, and of the scores that
hold on matched networks, over all claims."""

FEWEST_MATCHED = 4
"""Networks on either side below which no match shows anything."""

Scores: TypeAlias = Float[np.ndarray, " network"]
Mask: TypeAlias = Bool[np.ndarray, " network"]
Scored: TypeAlias = Mapping[str, tuple[Access, Scores]]
"""Name -> access of the detector, and its score of every network."""


def excess_rivals(
    baselines: Scored,
    claims: Scored,
    positive: Mask,
    families: Shaped[np.ndarray, " network"],
    *,
    controls: str,
) -> tuple[Rival, ...]:
    """Exact rank tests of each baseline, family by family, against all controls.

    An AUROC below .5 is an excess too: a detector may use either direction. A claim is spared where
    its score also holds among networks matched on the baseline (see `holds_matched`).

    Args:
        positive: networks that claims are about; all others are controls.
    """
    tests = {
        (name, family): rank_sum_p(values[families == family], values[~positive])
        for name, (_, values) in baselines.items()
        for family in np.unique(families[positive]).tolist()
    }
    excess = holm(tests, EXCESS_LEVEL)
    found = []
    for (name, family), p in tests.items():
        (access, values), own = baselines[name], families == family
        area = auroc(values[own], values[~positive])
        low, high = area.interval or (0.0, 1.0)
        text = f"AUROC {area.value:.2f} ({low:.2f}-{high:.2f}) against {controls}, p = {p:.2g}"
        verdict: Verdict = "passed"
        spared: list[str] = []
        if (name, family) in excess:
            verdict = "void"
            allowed = {claim: s for claim, (level, s) in claims.items() if level >= access}
            spared = [
                claim
                for claim, scores in allowed.items()
                if holds_matched(scores, values, own, ~positive, EXCESS_LEVEL / len(claims))
            ]
            inside = common_support(values, own, ~positive)
            text += (
                f": claims at access {access.label!r} or more may be about {_WHAT.get(name, name)};"
                f" {int((own & inside).sum())} networks of the family and "
                f"{int((~positive & inside).sum())} controls are matched, on which {len(spared)} "
                f"of {len(allowed)} hold"
            )
        elif smallest_p(int(own.sum()), int((~positive).sum())) > EXCESS_LEVEL / len(tests):
            verdict = "blind"
            text += ": too few networks to see any excess"
        found.append(
            Rival(
                name, family, verdict, text, int(own.sum()), p, access.label, family, tuple(spared)
            )
        )
    return tuple(found)


def holds_matched(scores: Scores, baseline: Scores, own: Mask, others: Mask, level: float) -> bool:
    """Whether a score tells a family from controls that are like it in a baseline.

    Matched networks are those whose baseline lies where both groups have values. The baseline must
    not tell them apart (p > .05, exact rank test), and the score must put the family higher, at
    `level`. Without overlap, or with fewer than four networks a side in it, nothing can be shown
    and the claim stays void. The match is only as good as the baseline is reliable: a score that is
    competence itself passes in .15 to .4 of cases where the baseline measures competence with
    reliability .5 on ten networks or more, so a spared claim is less than a proven one.
    """
    inside = common_support(baseline, own, others)
    own, others = own & inside, others & inside
    if min(own.sum(), others.sum()) < FEWEST_MATCHED:
        return False
    if rank_sum_p(baseline[own], baseline[others]) <= EXCESS_LEVEL:
        return False
    area = auroc(scores[own], scores[others]).value
    return area is not None and area > 0.5 and rank_sum_p(scores[own], scores[others]) <= level


def common_support(baseline: Scores, one: Mask, other: Mask) -> Mask:
    """Networks of two groups whose baseline lies where both have values."""
    values = np.where(np.isnan(baseline), -np.inf, baseline)
    low = max(values[one].min(), values[other].min())
    high = min(values[one].max(), values[other].max())
    return np.asarray((one | other) & (values >= low) & (values <= high))


_WHAT = {
    "weight_norm": "training history",
    "in_distribution": "competence",
    "metadata/n_parameters": "size",
}
