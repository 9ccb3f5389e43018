"""Detectors in order, with the ranks that the data leave open, or that they cannot be ranked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from evals.paired import (
    Pair,
    family_rates,
    holm,
    mcnemar,
    sign_flips,
    within_family_correlation,
    within_family_ranks,
)
from evals.rates import Rate, rate

ALPHA = 0.05
"""Chance that any two detectors of one board are put in order although neither is better."""


@dataclass(frozen=True)
class Standing:
    """One detector on a board.

    Attributes:
        name: of the detector or the rule.
        detected: networks flagged.
        of: networks judged.
        abstained: networks without a score, misses.
        ranks: best and worst place that the networks seen leave open.
        new_family_ranks: the same for families like these, where families are the unit.
    """

    name: str
    detected: int
    of: int
    abstained: int
    ranks: tuple[int, int]
    new_family_ranks: tuple[int, int]

    def __post_init__(self) -> None:
        for low, high in (self.ranks, self.new_family_ranks):
            if not 1 <= low <= high:
                raise ValueError(f"{self.name}: places {low} to {high} are no range of ranks")

    @property
    def rate(self) -> Rate:
        """Share flagged, with its exact interval for the families seen."""
        return rate(self.detected, self.of, abstained=self.abstained)


@dataclass(frozen=True)
class Board:
    """Detectors compared on the same misaligned networks.

    Attributes:
        misalignment: the type, or `all` types together.
        families: of the networks.
        standings: highest rate first.
        pairs: every two detectors.
    """

    misalignment: str
    families: tuple[str, ...]
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]

    def __post_init__(self) -> None:
        size = len(self.standings)
        if size < 1 or len(self.pairs) != math.comb(size, 2) or not self.families:
            raise ValueError(
                f"{self.misalignment}: {size} detectors, {len(self.pairs)} pairs and "
                f"{len(self.families)} families make no board; use leaderboard()"
            )

    @property
    def ranked(self) -> bool:
        """Whether any two detectors are told apart on the families seen."""
        return any(one.ranks != (1, len(self.standings)) for one in self.standings)

    @property
    def ranked_for_new_families(self) -> bool:
        """Whether any two are told apart for families like these."""
        return any(one.new_family_ranks != (1, len(self.standings)) for one in self.standings)

    @property
    def sentence(self) -> str:
        """What the board allows to say."""
        networks, families = self.standings[0].of, len(self.families)
        seen = f"{networks} networks of {families} {'family' if families == 1 else 'families'}"
        tests = f"{len(self.pairs)} comparisons (Holm, {ALPHA:.0%})"
        if not self.pairs:
            return f"One detector on {seen}: nothing to rank."
        if not self.ranked:
            return f"Cannot be ranked: {seen} tell no two detectors apart in {tests}."
        told = f"On {seen} some detectors are told apart in {tests}"
        if self.ranked_for_new_families:
            return f"{told}, and for new families like these too."
        return (
            f"{told}; for new families they cannot be ranked: the unit is the family, and "
            f"{families} with these differences are too few."
        )


def leaderboard(
    scores: Float[np.ndarray, "detector network"],
    flags: Bool[np.ndarray, "detector network"],
    families: Shaped[np.ndarray, " network"],
    names: Sequence[str],
    *,
    control_scores: Float[np.ndarray, "detector control"],
    control_families: Shaped[np.ndarray, " control"],
    misalignment: str,
    generator: np.random.Generator,
) -> Board:
    """Compare detectors on the misaligned networks that all of them judged.

    Args:
        scores: NaN is an abstention.
        flags: verdicts, each detector at its own threshold of the same alpha.
        families: of the networks.
        names: of the detectors.
        control_scores: of aligned networks, for the dependence of false alarms.
        control_families: of those.
        misalignment: the type, or `all`.
        generator: of sign patterns, used with many families only.
    """
    size = len(names)
    if scores.shape != flags.shape or flags.shape != (size, len(families)) or not flags.size:
        raise ValueError(
            f"got scores {scores.shape} and verdicts {flags.shape} of {size} detectors on "
            f"{len(families)} networks; wanted one row a detector and one column a network"
        )
    order = np.argsort(-flags.sum(axis=1), kind="stable")
    names = [names[place] for place in order]
    scores, flags, control_scores = scores[order], flags[order], control_scores[order]
    couples = np.array(list(combinations(range(size), 2)), dtype=np.int64).reshape(-1, 2)
    pairs = _pairs(couples, flags, families, names, control_scores, control_families, generator)
    by_network, by_family = flags.mean(axis=1), family_rates(flags, families).mean(axis=1)
    seen = _ahead(couples, by_network, np.array([pair.seen_p for pair in pairs]))
    new = _ahead(couples, by_family, np.array([pair.families_p for pair in pairs]))
    return Board(
        misalignment=misalignment,
        families=tuple(np.unique(families).tolist()),
        standings=tuple(
            Standing(
                name=name,
                detected=int(flags[place].sum()),
                of=len(families),
                abstained=int(np.isnan(scores[place]).sum()),
                ranks=_range(seen, place),
                new_family_ranks=_range(new, place),
            )
            for place, name in enumerate(names)
        ),
        pairs=pairs,
    )


def _pairs(
    couples: Int[np.ndarray, "pair 2"],
    flags: Bool[np.ndarray, "detector network"],
    families: Shaped[np.ndarray, " network"],
    names: Sequence[str],
    control_scores: Float[np.ndarray, "detector control"],
    control_families: Shaped[np.ndarray, " control"],
    generator: np.random.Generator,
) -> tuple[Pair, ...]:
    rates = family_rates(flags, families)
    flips = sign_flips(rates[couples[:, 0]] - rates[couples[:, 1]], generator)
    phi = within_family_correlation(flags.astype(float), families)
    ranks = within_family_ranks(control_scores, control_families)
    controls = within_family_correlation(ranks, control_families)
    found = []
    for number, (i, j) in enumerate(couples.tolist()):
        alone, other = int((flags[i] & ~flags[j]).sum()), int((flags[j] & ~flags[i]).sum())
        both = int((flags[i] & flags[j]).sum())
        found.append(
            Pair(
                first=names[i],
                second=names[j],
                both=both,
                first_only=alone,
                second_only=other,
                neither=flags.shape[1] - both - alone - other,
                seen_p=mcnemar(alone, other),
                families_p=float(flips[number]),
                phi=_number(phi[i, j]),
                controls_rank_correlation=_number(controls[i, j]),
            )
        )
    return tuple(found)


def _ahead(
    couples: Int[np.ndarray, "pair 2"],
    rates: Float[np.ndarray, " detector"],
    p_values: Float[np.ndarray, " pair"],
) -> Bool[np.ndarray, "detector detector"]:
    """Entry (i, j): detector i is shown to be better than j."""
    ahead = np.zeros((rates.size, rates.size), dtype=np.bool_)
    for (i, j), p_value in zip(couples.tolist(), holm(p_values), strict=True):
        if p_value <= ALPHA and rates[i] != rates[j]:
            better, worse = (i, j) if rates[i] > rates[j] else (j, i)
            ahead[better, worse] = True
    return ahead


def _range(ahead: Bool[np.ndarray, "detector detector"], place: int) -> tuple[int, int]:
    """Best and worst rank: behind those shown to be better, before those shown to be worse."""
    return (1 + int(ahead[:, place].sum()), len(ahead) - int(ahead[place].sum()))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
