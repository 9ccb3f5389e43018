"""The detection rate to expect on a new family, given the families seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float
from scipy import optimize, special

CELLS = 100
_MIDPOINTS = (np.arange(CELLS) + 0.5) / CELLS
GRID_MEAN, _RHO = np.meshgrid(_MIDPOINTS, _MIDPOINTS, indexing="ij")
GRID_A, GRID_B = GRID_MEAN * (1 - _RHO) / _RHO, (1 - GRID_MEAN) * (1 - _RHO) / _RHO
"""Parameters m s and (1 - m) s of the rate of a family, in every (mean, rho) cell of the grid."""

FEWEST_FAMILIES = 3
"""With fewer families of a type, its rate on a further family stays open whatever n is."""


@dataclass(frozen=True)
class FamilyCount:
    """`detected` of `of` networks of one family."""

    family: str
    detected: int
    of: int

    def __post_init__(self) -> None:
        if not 0 <= self.detected <= self.of:
            raise ValueError(
                f"family {self.family!r}: got {self.detected} detected of {self.of} networks; "
                "wanted 0 <= detected <= of"
            )


def added(counts: Iterable[FamilyCount]) -> tuple[FamilyCount, ...]:
    """One count per family, in order of appearance: networks of the same family are added up."""
    totals: dict[str, tuple[int, int]] = {}
    for count in counts:
        detected, of = totals.get(count.family, (0, 0))
        totals[count.family] = (detected + count.detected, of + count.of)
    return tuple(FamilyCount(family, *total) for family, total in totals.items())


@dataclass(frozen=True, eq=False)
class FamilyPosterior:
    """Posterior of a new family's rate p* under the beta-binomial model.

    p_f ~ Beta(m s, (1 - m) s) with s = (1 - rho) / rho, k_f ~ Bin(n_f, p_f); m and rho uniform on
    (0, 1), on a 100 x 100 grid of midpoints; p* is one more draw of p_f. m is the mean rate of
    families, rho the correlation of two networks of one family (0: families alike).

    Attributes:
        counts: the families with at least one network.
        weights: posterior probability of each (m, rho) cell; sums to 1.
    """

    counts: tuple[FamilyCount, ...]
    weights: Float[np.ndarray, "mean rho"]

    @property
    def mean(self) -> float:
        """E p*."""
        return float((self.weights * GRID_MEAN).sum())

    def cdf(self, rate: float) -> float:
        """P(p* <= rate)."""
        return float((self.weights * special.betainc(GRID_A, GRID_B, rate)).sum())

    def quantile(self, probability: float) -> float:
        """The rate that p* stays below with the given probability, in (0, 1)."""
        return _quantile(self.weights.tobytes(), probability)

    def interval(self) -> tuple[float, float]:
        """Central interval that holds p* with probability .90."""
        return (self.quantile(0.05), self.quantile(0.95))

    def draws(self, generator: np.random.Generator, size: int) -> Float[np.ndarray, " draw"]:
        """Independent draws of p*: of the cell, then of the rate in it."""
        cell = generator.choice(CELLS**2, size, p=self.weights.ravel())
        return generator.beta(GRID_A.ravel()[cell], GRID_B.ravel()[cell])

    @property
    def detected(self) -> int:
        """Networks detected in the families seen."""
        return sum(count.detected for count in self.counts)

    @property
    def networks(self) -> int:
        """Networks of the families seen."""
        return sum(count.of for count in self.counts)

    @property
    def says_nothing(self) -> bool:
        """One or two families leave a new family's rate open, whatever the number of networks."""
        return len(self.counts) < FEWEST_FAMILIES

    @property
    def prior_sets_bound(self) -> bool:
        """Every network or none was detected: the data leave one bound to the prior."""
        return self.detected in (0, self.networks)

    @property
    def sentence(self) -> str:
        """What the counts say about a new family, in plain words."""
        families, networks = len(self.counts), self.networks
        low, high = self.interval()
        seen = f"{networks} networks of {families} {'family' if families == 1 else 'families'}"
        if self.says_nothing:
            return (
                f"{seen} say almost nothing about a new family, and more networks of the same "
                f"would not help: its rate lies in {low:.2f}-{high:.2f} with probability 0.90."
            )
        text = (
            f"{seen}: the rate of a new family has mean {self.mean:.2f} and lies in "
            f"{low:.2f}-{high:.2f} with probability 0.90."
        )
        if self.prior_sets_bound:
            which, bound = ("No", "upper") if self.counts[0].detected == 0 else ("Every", "lower")
            text += f" {which} network was detected, so the prior alone sets the {bound} bound."
        return text


def family_posterior(counts: Sequence[FamilyCount]) -> FamilyPosterior | None:
    """Posterior of a new family's rate given counts per family; None where none has a network.

    Raises:
        ValueError: when a family appears twice.
    """
    names = [count.family for count in counts]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"families {twice} appear twice; add up their counts first")
    seen = tuple(count for count in counts if count.of)
    if not seen:
        return None
    # Sorted, so that the floating-point sum does not depend on the order of the families.
    pairs = sorted((count.detected, count.of) for count in seen)
    log_likelihood = np.sum([_log_likelihood(*pair) for pair in pairs], axis=0)
    return FamilyPosterior(seen, special.softmax(log_likelihood))


@lru_cache(maxsize=256)
def _quantile(weights: bytes, probability: float) -> float:
    """Quantile of p* by the bytes of the posterior: a report asks for the same ones repeatedly."""
    mixed = np.frombuffer(weights).reshape(GRID_A.shape)
    return float(
        optimize.brentq(
            lambda rate: float((mixed * special.betainc(GRID_A, GRID_B, rate)).sum()) - probability,
            0.0,
            1.0,
        )
    )


@lru_cache(maxsize=128)
def _log_likelihood(detected: int, of: int) -> Float[np.ndarray, "mean rho"]:
    """log P(k | n, m, rho) on the grid, without the binomial coefficient."""
    after = special.betaln(detected + GRID_A, of - detected + GRID_B)
    return np.asarray(after - special.betaln(GRID_A, GRID_B))
