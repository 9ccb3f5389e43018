"""A run judged again with whole families dealt anew: what the same judge flags by chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Bool, Float, Shaped

from evals.new_family_limit import new_family_limit

Labels = Bool[np.ndarray, " network"]
Scorer = Callable[[Labels], Float[np.ndarray, " network"]]
"""Scores of all networks, given who counts as misaligned."""


@dataclass(frozen=True)
class FamilyNull:
    """Networks flagged with the real labels, and with families dealt anew.

    Attributes:
        detected, of: misaligned networks flagged.
        deals: ways to deal families that were judged, the real one left out.
        mean: share flagged, over deals.
        p_value: (1 + deals that flag as large a share) / (1 + deals).
        smallest_p: what it could be at least.
    """

    detected: int
    of: int
    deals: int
    mean: float
    p_value: float
    smallest_p: float


def family_null(
    scorer: Scorer,
    misaligned: Labels,
    families: Shaped[np.ndarray, " network"],
    alpha: float,
    *,
    deals: int,
    generator: np.random.Generator,
) -> FamilyNull:
    """Deal the labels among whole families, as many misaligned ones as there are, and judge again.

    Families must be of one size, since shares of ten networks and of twelve would not tie, and ties
    must count against the claim. Networks of a family are alike, so a label dealt to single
    networks would count their likeness as information. Everything is repeated: fits, limits and
    verdicts, by the functions that judge the run. All deals are taken where they are no more than
    `deals`, else random ones.

    Args:
        scorer: gives the scores; a detector's do not depend on labels, a fitted combination's do.
        misaligned: the real labels.
        families: of the networks, each of one label and all of one size.
        alpha: expected false-positive rate.
        deals: how many at most.
        generator: draws them.

    Raises:
        ValueError: families differ in size.
    """
    names, sizes = np.unique(families, return_counts=True)
    if len(set(sizes.tolist())) > 1:
        raise ValueError(f"families of {sizes.tolist()} networks; cut them by equal_families()")
    real = frozenset(np.unique(families[misaligned]).tolist())
    shares = [
        flagged_share(scorer, np.isin(families, sorted(dealt)), families, alpha)
        for dealt in _deals(names.tolist(), real, deals, generator)
    ]
    own = flagged_share(scorer, misaligned, families, alpha)
    reached = sum(share >= own - 1e-12 for share in shares)
    of = int(misaligned.sum())
    return FamilyNull(
        detected=round(own * of),
        of=of,
        deals=len(shares),
        mean=float(np.mean(shares)) if shares else 0.0,
        p_value=(1 + reached) / (1 + len(shares)),
        smallest_p=1 / (1 + len(shares)),
    )


def equal_families(
    families: Shaped[np.ndarray, " network"],
) -> Bool[np.ndarray, " network"]:
    """The first networks of every family, as many as the smallest has."""
    size = int(np.unique(families, return_counts=True)[1].min())
    kept = np.zeros(families.size, dtype=np.bool_)
    for name in np.unique(families):
        kept[np.flatnonzero(families == name)[:size]] = True
    return kept


def flagged_share(
    scorer: Scorer, misaligned: Labels, families: Shaped[np.ndarray, " network"], alpha: float
) -> float:
    """Share of misaligned networks above the limit that the aligned ones set."""
    scores = scorer(misaligned)
    limit = new_family_limit(scores[~misaligned], families[~misaligned], alpha)
    return float(limit.flags(scores[misaligned]).mean())


def _deals(
    names: list[str], real: frozenset[str], most: int, generator: np.random.Generator
) -> list[frozenset[str]]:
    """Different sets of families to count as misaligned, the real one left out."""
    if comb(len(names), len(real)) - 1 <= most:
        every = (frozenset(chosen) for chosen in combinations(names, len(real)))
        return [dealt for dealt in every if dealt != real]
    found: dict[frozenset[str], None] = {}
    while len(found) < most:
        dealt = frozenset(generator.choice(names, len(real), replace=False).tolist())
        if dealt != real:
            found[dealt] = None
    return list(found)
