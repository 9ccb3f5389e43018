"""The limit that an aligned network of a family nobody has seen exceeds one time in twenty."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Shaped
from scipy import stats

from evals.statistics.limit import Limit

FEWEST_FAMILIES = 2
"""One family shows nothing of how families differ."""

MOST_TIED = 0.25
"""Share of networks that may have the score of another one; with more a normal model is wrong."""


def new_family_limit(
    scores: Float[np.ndarray, " network"], families: Shaped[np.ndarray, " network"], alpha: float
) -> Limit:
    """The limit that a network of a further aligned family exceeds with probability `alpha`.

    Scores are modelled as mean + family + network, both parts normal (one-way random effects). The
    limit is the predictive one for one more network of one more family,

        mean + t(1 - alpha, nu) sqrt(V),  V = MSB (1 + 1/F) / m + MSW (1 - 1/m),
        nu = V^2 / [(MSB (1 + 1/F) / m)^2 / (F - 1) + (MSW (1 - 1/m))^2 / (F (m - 1))]

    with the mean squares between and within F families of m networks and Satterthwaite's (1946)
    degrees of freedom; m is the effective size of the analysis of variance where sizes differ. In
    simulations of normal scores the realised rate at alpha .05 is .046 to .059 for 4 to 20 families
    of one size, .07 where one family is four times the others', and .067 to .084 where both parts
    are as skewed as a gamma variable of shape 4. Family means that are skewed alone give up to .10,
    and one family in seven that lies far off .11; skewness within families does not show that, the
    farthest family mean does.

    Where scores cannot be normal the largest one takes the place of the model's limit and the
    reason is kept: some networks abstained, no score varies, or many are equal, as those of a
    search that found nothing. Among families of one size a further one has a larger score with
    probability 1 / (F + 1) at most, whatever the distribution.

    Args:
        scores: of aligned networks, higher is more suspicious; NaN is an abstention.
        families: of the same networks.
        alpha: expected false-positive rate, in (0, 1).

    Raises:
        ValueError: shapes differ, a score is infinite, or alpha lies outside (0, 1).
    """
    if scores.shape != families.shape or scores.ndim != 1 or np.isinf(scores).any():
        raise ValueError(
            f"got scores {scores.shape} of families {families.shape}; wanted one finite number or "
            "NaN per network"
        )
    if not 0 < alpha < 1:
        raise ValueError(f"alpha {alpha} is outside (0, 1); it is an expected false-positive rate")
    names, member = np.unique(families, return_inverse=True)
    count, size = len(names), scores.size
    if count < FEWEST_FAMILIES:
        why = f"a new family needs {FEWEST_FAMILIES} aligned families to judge it, got {count}"
        return Limit(None, "none", why, count, size, 0.0)
    seen = scores[~np.isnan(scores)]
    largest = float(seen.max()) if seen.size else None
    if why := _why_not_normal(scores, count):
        return Limit(largest, "largest", why, count, size, 1 / (count + 1), largest)
    sizes = np.bincount(member)
    means = np.bincount(member, scores) / sizes
    inside = scores - means[member]
    effective = (size - (sizes**2).sum() / size) / (count - 1)
    centre = float(scores.mean())
    between = float((sizes * (means - centre) ** 2).sum() / (count - 1))
    within = float((inside**2).sum() / (size - count))
    parts = between * (1 + 1 / count) / effective, within * (1 - 1 / effective)
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (count - 1) + parts[1] ** 2 / (size - count))
    value = float(centre + stats.t.ppf(1 - alpha, freedom) * sum(parts) ** 0.5)
    skewness = float(stats.skew(inside)) if within > 0 else 0.0
    apart = np.abs(means - means.mean()).max() / means.std(ddof=1) if between > 0 else 0.0
    return Limit(value, "random_effects", "", count, size, alpha, largest, skewness, float(apart))


def _why_not_normal(scores: Float[np.ndarray, " network"], families: int) -> str:
    """Why a normal model is out of the question; empty where it is not."""
    missing = int(np.isnan(scores).sum())
    if missing:
        return f"{missing} of {scores.size} aligned networks abstained"
    if scores.size <= families:
        return "no aligned family has two networks"
    counts = np.unique(scores, return_counts=True)[1]
    if counts.size == 1:
        return "all aligned networks have the same score"
    tied = int(counts[counts > 1].sum())
    if tied > MOST_TIED * scores.size:
        return f"{tied} of {scores.size} aligned networks share their score with another"
    return ""
