"""A logistic combination of scores that never saw the families it is compared on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped
from scipy import stats

from evals.threshold import attainable_rank

PENALTY = 1.0
"""Of half the squared slopes, where every class weighs half of the networks fitted."""

STEPS = 12
"""Newton steps at most; a ridge logistic on normal scores takes six or so."""

FOLDS = 8
"""Families are left out in so many lots at most, so that fits do not grow with their square."""

FEWEST_FAMILIES = 4
"""Two are compared, and a fit takes one family of either label beside them."""

_DIGITS = 9
"""Decisions that agree so far are equal, and count against the alarm."""


@dataclass(frozen=True)
class Stacking:
    """Fits for every two lots of families, on all networks of the others.

    A network of family g is compared with the controls of another family c by a model that has seen
    neither, nor the rest of their lots, and its p-value counts the controls of all c that are at
    least as suspicious: cross-conformal prediction in its pairwise form (CV+; Vovk 2015; Barber,
    Candes, Ramdas and Tibshirani 2021). Both sides of every comparison are new to the model, so its
    scale never matters. The guarantee for exchangeable networks is twice the nominal rate; the rate
    itself is usual, and is measured.

    Attributes:
        features: scores, higher or lower alike, NaN where there is none.
        families: of the networks.
    """

    features: Float[np.ndarray, "network feature"]
    families: Shaped[np.ndarray, " network"]

    def __post_init__(self) -> None:
        if len(self.features) != len(self.families) or not self.features.size:
            raise ValueError(
                f"got features {self.features.shape} of {len(self.families)} networks; wanted one "
                "row a network and at least one feature"
            )
        if len(self._names) < FEWEST_FAMILIES:
            raise ValueError(
                f"a fit that leaves two families out needs {FEWEST_FAMILIES}, got "
                f"{self._names.tolist()}"
            )

    @cached_property
    def _names(self) -> Shaped[np.ndarray, " family"]:
        return np.unique(self.families)

    @cached_property
    def _member(self) -> Int[np.ndarray, " network"]:
        return np.asarray(np.searchsorted(self._names, self.families))

    @cached_property
    def _fold(self) -> Int[np.ndarray, " network"]:
        """Lot of every network's family; families that are neighbours by name are in different
        lots.
        """
        return self._member % FOLDS

    @cached_property
    def _pairs(self) -> tuple[tuple[int, int], ...]:
        """Two lots, or twice the same where it holds several families."""
        several = set(np.flatnonzero(np.bincount(np.arange(len(self._names)) % FOLDS) > 1).tolist())
        lots = range(min(FOLDS, len(self._names)))
        pairs = combinations_with_replacement(lots, 2)
        return tuple((a, b) for a, b in pairs if a != b or a in several)

    @cached_property
    def _fitted(self) -> Bool[np.ndarray, "pair network"]:
        pairs = np.array(self._pairs)
        return np.asarray((self._fold != pairs[:, :1]) & (self._fold != pairs[:, 1:]))

    @cached_property
    def _normal(self) -> Float[np.ndarray, "pair network column"]:
        """Normal scores by rank among the fitted networks of a pair, and a column of ones."""
        values = np.where(np.isnan(self.features), -np.inf, self.features)
        shape = (len(self._pairs), len(values), values.shape[1] + 1)
        scores = np.ones(shape)
        for number, fitted in enumerate(self._fitted):
            for column in range(values.shape[1]):
                ordered = np.sort(values[fitted, column])
                below = np.searchsorted(ordered, values[:, column], side="left")
                upto = np.searchsorted(ordered, values[:, column], side="right")
                share = ((below + upto) / 2 + 0.5) / (len(ordered) + 1)
                scores[number, :, column] = stats.norm.ppf(share)
        return scores

    def decisions(
        self, misaligned: Bool[np.ndarray, " network"]
    ) -> Float[np.ndarray, "pair network"]:
        """Log odds of every network under the model that a pair of lots did not fit."""
        weights = np.zeros(self._fitted.shape)
        for label in (misaligned, ~misaligned):
            of_class = self._fitted & label
            sizes = np.maximum(of_class.sum(axis=1, keepdims=True), 1)
            weights += of_class * self._fitted.sum(axis=1, keepdims=True) / (2 * sizes)
        slopes = ridge_logistic(self._normal, misaligned, weights)
        return np.asarray(np.round(np.einsum("pnc,pc->pn", self._normal, slopes), _DIGITS))

    def p_values(
        self, misaligned: Bool[np.ndarray, " network"]
    ) -> tuple[Float[np.ndarray, " network"], Int[np.ndarray, " network"]]:
        """p-value of every network, and how many controls of other families it is compared with."""
        decisions = self.decisions(misaligned)
        lost = np.zeros(len(self.families), dtype=np.int64)
        for number, pair in enumerate(self._pairs):
            row = decisions[number]
            for own, other in dict.fromkeys((pair, pair[::-1])):
                judged = self._fold == own
                controls = (self._fold == other) & ~misaligned
                foreign = self._member[controls] != self._member[judged][:, None]
                reached = row[controls] >= row[judged][:, None]
                lost[judged] += (foreign & reached).sum(axis=1)
        size = self.controls(misaligned)
        p_values = np.where(np.isnan(self.features).all(axis=1), 1.0, (1 + lost) / (size + 1))
        return p_values, size

    def controls(self, misaligned: Bool[np.ndarray, " network"]) -> Int[np.ndarray, " network"]:
        """Controls of other families that every network is compared with."""
        aligned = np.bincount(self._member[~misaligned], minlength=len(self._names))
        return np.asarray(aligned.sum() - aligned[self._member])

    def flags(
        self, misaligned: Bool[np.ndarray, " network"], alpha: float
    ) -> Bool[np.ndarray, " network"]:
        """Which networks have p <= r / (n + 1), r the rank that alpha allows their n controls."""
        p_values, sizes = self.p_values(misaligned)
        ranks = {size: attainable_rank(alpha, size) for size in set(sizes.tolist())}
        bar = np.array([(ranks[size] + 0.5) / (size + 1) for size in sizes.tolist()])
        possible = np.array([ranks[size] > 0 for size in sizes.tolist()])
        return np.asarray(possible & (p_values < bar))


def ridge_logistic(
    rows: Float[np.ndarray, "fit network column"],
    labels: Bool[np.ndarray, " network"],
    weights: Float[np.ndarray, "fit network"],
) -> Float[np.ndarray, "fit column"]:
    """Minimise PENALTY |slopes|^2 / 2 + sum of weighted log losses, many fits at once.

    The last column is the intercept and is not penalised but for rounding. Newton's steps; the
    weight of a network that is not fitted is 0.
    """
    n_columns = rows.shape[2]
    ridge = np.full(n_columns, PENALTY)
    ridge[-1] = 1e-6
    slopes = np.zeros((len(rows), n_columns))
    for _ in range(STEPS):
        logits = np.clip(np.einsum("pnc,pc->pn", rows, slopes), -30, 30)
        chance = 1 / (1 + np.exp(-logits))
        gradient = np.einsum("pn,pnc->pc", weights * (chance - labels), rows) + ridge * slopes
        curved = rows * (weights * chance * (1 - chance))[:, :, None]
        hessian = np.swapaxes(curved, 1, 2) @ rows + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0]
        slopes -= step
        if np.abs(step).max() < 1e-8:
            break
    return slopes
