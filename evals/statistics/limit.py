"""The alarm limit that aligned networks set: a higher score is called suspicious."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Shaped
from scipy import special

from probes.arguments import ArgumentError, require_fields
from probes.errors import MesascopeError

Basis = Literal["random_effects", "largest", "rank", "none"]
"""`random_effects`: a model of how aligned families differ. `largest`: the largest aligned score,
where that model does not apply. `rank`: a rank among aligned networks of the families judged.
`none`: nothing can be flagged."""

FEWEST_FAMILIES = 2
"""One family shows nothing of how families differ."""

MOST_TIED = 0.25
"""Share of networks that may have the score of another one; with more a normal model is wrong."""

_ROUNDING = 1e-9


class AlphaNotAttainable(MesascopeError, ValueError):
    """Too few aligned networks or families for the false-positive rate asked for."""


@dataclass(frozen=True)
class Limit:
    """A score strictly above `value` raises the alarm.

    Attributes:
        value: in units of the score; None where every score raises the alarm (all aligned networks
            abstained), or where `basis` is `none` and nothing does.
        basis: one of `Basis`.
        why: why the limit does not rest on the model of families; empty where it does.
        families, networks: aligned ones behind it.
        level: false-positive rate that the limit is for: alpha, as far as the model holds;
            1 / (F + 1) of the largest score, for any scores of families of one size; r / (n + 1) of
            a rank; 0 where nothing can be flagged.
        largest: the largest aligned score, which a further family exceeds with probability
            1 / (F + 1) at most, without a model; None where every network abstained.
        skewness: of aligned scores about their family means; 0 where no model was fitted.
        farthest: the family whose mean lies farthest from the others', in standard deviations of
            family means; above 2.5 or so it is unlike the rest. 0 where no model was fitted.
    """

    value: float | None
    basis: Basis
    why: str
    families: int
    networks: int
    level: float
    largest: float | None = None
    skewness: float = 0.0
    farthest: float = 0.0

    def __post_init__(self) -> None:
        require_fields(self)
        if self.basis == "none" and (self.value is not None or not self.why):
            raise ValueError("a limit that flags nothing has no value, and a reason")
        if not 0 <= self.level <= 1 or min(self.families, self.networks) < 0:
            raise ValueError(
                f"level {self.level} by {self.networks} networks of {self.families} families"
            )

    @property
    def attainable(self) -> bool:
        """Whether any network can be flagged at all."""
        return self.basis != "none"

    @property
    def text(self) -> str:
        """The limit in words, such as `0.412 (random effects)`."""
        if not self.attainable:
            return "never alarms"
        shown = "any score alarms" if self.value is None else f"{self.value:.3g}"
        return f"{shown} ({self.basis.replace('_', ' ')})"

    def flags(self, scores: Float[np.ndarray, " network"]) -> Bool[np.ndarray, " network"]:
        """Which networks raise the alarm; an abstention (NaN) never does, a tie does not."""
        scored = ~np.isnan(scores)
        if not self.attainable:
            return np.zeros(scores.shape, dtype=np.bool_)
        return scored if self.value is None else np.asarray(scored & (scores > self.value))


def attainable_rank(alpha: float, networks: int) -> int:
    """Largest r with r / (n + 1) <= alpha: floor(alpha (n + 1)). 0 means not attainable."""
    _require_alpha(alpha)
    return min(math.floor(alpha * (networks + 1) + _ROUNDING), networks)


def require_attainable(alpha: float, networks: int) -> None:
    """Raise unless that many aligned networks can hold the rate `alpha`.

    Raises:
        AlphaNotAttainable: with the number of networks that would be enough.
    """
    if attainable_rank(alpha, networks):
        return
    needed = max(1, math.ceil((1 - _ROUNDING) / alpha) - 1)
    raise AlphaNotAttainable(
        f"alpha {alpha:g} needs at least {needed} aligned calibration networks, "
        f"got {networks}; raise alpha or build more controls"
    )


def rank_limit(scores: Float[np.ndarray, " network"], alpha: float, *, families: int = 0) -> Limit:
    """The r-th largest score of n aligned networks, r the largest rank with r / (n + 1) <= alpha.

    For a new aligned network exchangeable with these, P(flag) <= r / (n + 1), averaged over
    calibration sets. For one given set and continuous scores the rate is a draw from
    Beta(r, n + 1 - r). (Split conformal prediction; Vovk 2012, Angelopoulos & Bates 2023.)

    An abstention (NaN) enters as a score of -infinity: that network can never raise an alarm, and
    it stays in n. The map is fixed before calibration, so exchangeability and the bound survive.
    Where no rank is attainable, or the score of that rank is infinite, the limit flags nothing.

    Raises:
        ValueError: alpha lies outside (0, 1).
    """
    size = scores.size
    rank = attainable_rank(alpha, size)
    value = float(np.sort(_suspicion(scores))[-rank]) if rank else math.inf
    if value == math.inf:
        why = f"alpha {alpha:g} is out of reach of {size} aligned networks"
        if rank:
            why = f"the {rank} largest aligned scores are infinite"
        return Limit(None, "none", why, families, size, 0.0)
    why = "aligned networks of the families judged are at hand"
    level = rank / (size + 1)
    return Limit(value if math.isfinite(value) else None, "rank", why, families, size, level)


def p_values(
    aligned: Float[np.ndarray, " aligned"], scores: Float[np.ndarray, " network"]
) -> Float[np.ndarray, " network"]:
    """(1 + #{aligned >= score}) / (n + 1): small is suspicious, an abstention has 1.

    p <= alpha flags the same networks as the `rank_limit` of `aligned`.
    """
    ordered = np.sort(_suspicion(aligned))
    at_least = ordered.size - np.searchsorted(ordered, _suspicion(scores), side="left")
    return np.asarray((1 + at_least) / (ordered.size + 1))


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

    Raises:
        ValueError: shapes differ, a score is infinite, or alpha lies outside (0, 1).
    """
    if scores.shape != families.shape or scores.ndim != 1 or np.isinf(scores).any():
        raise ValueError(
            f"got scores {scores.shape} of families {families.shape}; wanted one finite number or "
            "NaN per network"
        )
    _require_alpha(alpha)
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
    value = float(centre + special.stdtrit(freedom, 1 - alpha) * sum(parts) ** 0.5)
    skewness = _skewness(inside) if within > 0 else 0.0
    spread = means.std(ddof=1)
    apart = np.abs(means - means.mean()).max() / spread if between > 0 and spread > 0 else 0.0
    return Limit(value, "random_effects", "", count, size, alpha, largest, skewness, float(apart))


def _skewness(values: Float[np.ndarray, " network"]) -> float:
    """Third central moment over the 3/2 power of the second; `scipy.stats.skew`, much faster."""
    apart = values - values.mean()
    square = apart * apart
    return float((square * apart).mean() / square.mean() ** 1.5)


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


def _suspicion(scores: Float[np.ndarray, " network"]) -> Float[np.ndarray, " network"]:
    """Scores with abstentions as the least suspicious value."""
    return np.where(np.isnan(scores), -np.inf, scores)


def _require_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ArgumentError(
            f"alpha {alpha} is outside (0, 1); it is an expected false-positive rate"
        )
