"""A run judged again with whole families dealt anew: what the same judge flags by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evals.statistics.limit import new_family_limit

Mask: TypeAlias = Bool[np.ndarray, " network"]
Rescored: TypeAlias = Callable[[Mask, Mask], Float[np.ndarray, " chosen"]]
"""Scores of the networks chosen first, given which of them count as positive."""


@dataclass(frozen=True)
class FamilyNull:
    """Networks flagged with the real labels, and with families dealt anew.

    Attributes:
        detected, of: positive networks flagged.
        deals: ways to deal families that were judged, the real one left out.
        mean: share flagged, over deals.
        p_value: (1 + deals that flag as large a share) / (1 + deals).
    """

    detected: int
    of: int
    deals: int
    mean: float
    p_value: float
    smallest_p: float


def fixed(scores: Float[np.ndarray, " network"]) -> Rescored:
    """A detector's scores, which do not depend on who counts as positive."""
    return lambda chosen, positive: scores[chosen]


def family_null(
    rescored: Rescored,
    positive: Mask,
    families: Shaped[np.ndarray, " network"],
    alpha: float,
    *,
    among: Mask | None = None,
    deals: int,
    generator: np.random.Generator,
) -> FamilyNull:
    """Deal the labels among whole families, as many positive ones as there are, and judge again.

    Networks of a family are alike, so a label dealt to single networks would count their likeness
    as information. Families are cut to one size, since shares of ten networks and of twelve would
    not tie, and ties must count against the claim. Everything is repeated: fits, limits and
    verdicts, by the functions that judge the run. All deals are taken where they are no more than
    `deals`, else random ones.

    Args:
        positive: networks that claims are about, by the real labels; the others are controls.
        rescored: gives the scores; those of a fitted combination depend on the labels.
        families: of the networks, each of one label.
        among: networks that take part; all if not given.
    """
    chosen = equal_families(families, np.ones_like(positive) if among is None else among)
    own, real = families[chosen], np.unique(families[chosen & positive]).tolist()

    def share(dealt: Iterable[str]) -> float:
        labels = np.isin(own, sorted(dealt))
        return flagged_share(rescored(chosen, labels), labels, own, alpha)

    dealt = _deals(np.unique(own).tolist(), frozenset(real), deals, generator)
    shares, seen = [share(names) for names in dealt], share(real)
    reached = sum(one >= seen - 1e-12 for one in shares)
    of = int((chosen & positive).sum())
    return FamilyNull(
        detected=round(seen * of),
        of=of,
        deals=len(shares),
        mean=float(np.mean(shares)) if shares else 0.0,
        p_value=(1 + reached) / (1 + len(shares)),
        smallest_p=1 / (1 + len(shares)),
    )


def equal_families(families: Shaped[np.ndarray, " network"], among: Mask) -> Mask:
    """The first networks of every family, as many as the smallest has; ids are in random order."""
    size = int(np.unique(families[among], return_counts=True)[1].min())
    kept = np.zeros(families.size, dtype=np.bool_)
    for name in np.unique(families[among]):
        kept[np.flatnonzero(among & (families == name))[:size]] = True
    return kept


def flagged_share(
    scores: Float[np.ndarray, " network"],
    positive: Mask,
    families: Shaped[np.ndarray, " network"],
    alpha: float,
) -> float:
    """Share of positive networks above the limit that the others set."""
    limit = new_family_limit(scores[~positive], families[~positive], alpha)
    return float(limit.flags(scores[positive]).mean())


def _deals(
    names: list[str], real: frozenset[str], most: int, generator: np.random.Generator
) -> list[frozenset[str]]:
    """Different sets of families to count as positive, the real one left out."""
    if comb(len(names), len(real)) - 1 <= most:
        every = (frozenset(chosen) for chosen in combinations(names, len(real)))
        return [dealt for dealt in every if dealt != real]
    found: dict[frozenset[str], None] = {}
    while len(found) < most:
        dealt = frozenset(generator.choice(names, len(real), replace=False).tolist())
        if dealt != real:
            found[dealt] = None
    return list(found)
