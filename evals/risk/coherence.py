"""The judged rows against each other: where they cannot all hold, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import special

from evals.risk.decomposition import severity
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Figures
from evals.risk.inputs import KAPPA, Draws
from evals.risk.judged import beta_from_bound, beta_from_interval, lognormal_from_interval

VERDICTS = ("coherent", "strained", "incoherent")
EQUAL_TAILS = (0.3, 0.05)
"""Two rows that should say the same: coherent when each exceeds the other in at least the first
share of draws, strained at least the second, else incoherent. Rows are drawn independently."""
BOUND_SHARES = (0.95, 0.5)
"""A bound that must hold: coherent when it holds in at least the first share of draws, strained at
least the second, else incoherent. Both rules are conventions, stated once, here."""


@dataclass(frozen=True)
class Incoherence:
    """One comparison of judged rows.

    Attributes:
        name: what is compared.
        sentence: the comparison in plain words, with its numbers.
        value: the number of the comparison, in the unit that the sentence gives.
        low, high: its 5% and 95% quantiles, the rows drawn independently; None where the value is
            a statement about the whole distribution.
        verdict: one of `VERDICTS`, by `EQUAL_TAILS` or `BOUND_SHARES`.
    """

    name: str
    sentence: str
    value: float
    low: float | None
    high: float | None
    verdict: str


@dataclass(frozen=True, eq=False)
class _Row:
    """Draws of one horizon's rows; `hazard` is -log(1 - severity), NaN where severity is over 1."""

    systems: Draws
    multiple: Draws
    catastrophe: Draws
    severity: Draws
    hazard: Draws

    @property
    def within(self) -> float:
        """Share of draws in which the severity is a probability."""
        return float(np.mean(self.severity <= 1))

    @property
    def explained(self) -> bool:
        """Whether a severity explains the rows in enough draws to be compared with others."""
        return self.within >= BOUND_SHARES[1]


def consistency(
    figures: Figures, *, generator: np.random.Generator, draws: int = 100_000
) -> tuple[Incoherence, ...]:
    """Every comparison of the judged rows that the analysis allows.

    A horizon whose severity exceeds 1 so often that its row is incoherent has no severity: the
    comparisons that need it are left out, and its row says so.
    """
    rows = {name: _row(figures, name, generator, draws) for name in HORIZONS}
    found = [_shares(figures, generator, draws)]
    found += [_severity(name, row) for name, row in rows.items()]
    for earlier, later in pairwise(HORIZONS):
        if rows[earlier].explained and rows[later].explained:
            found.append(_growth(later, rows[later], rows[earlier]))
    found += [_predicted(figures, name, row, generator) for name, row in rows.items()]
    return (*found, _emergence(figures))


def _compared(
    name: str, sentence: str, draws: Draws, value: float, share: float, limits: tuple[float, float]
) -> Incoherence:
    low, high = np.nanquantile(draws, [0.05, 0.95]).tolist()
    return Incoherence(name, sentence, value, low, high, _verdict(share, limits))


def _equal(name: str, sentence: str, draws: Draws, value: float, below: float) -> Incoherence:
    """Two rows that should say the same, the first below the second with that probability."""
    return _compared(name, sentence, draws, value, min(below, 1 - below), EQUAL_TAILS)


def _verdict(value: float, limits: tuple[float, float]) -> str:
    return VERDICTS[sum(value < limit for limit in limits)]


def _plain(name: str) -> str:
    return "current systems" if name == "current" else name.replace("_", " ")


def _row(figures: Figures, name: str, generator: np.random.Generator, draws: int) -> _Row:
    row = figures.horizons[name]
    emergence, misaligned, catastrophe = (
        fit(*interval).at(generator.random(draws))
        for fit, interval in (
            (beta_from_interval, row.emergence),
            (beta_from_interval, row.misaligned_given_emergence),
            (beta_from_bound, row.catastrophe),
        )
    )
    systems = emergence * misaligned
    implied = catastrophe / systems
    hazard = -np.log1p(-implied, out=np.full(draws, np.nan), where=implied < 1)
    multiple = lognormal_from_interval(*row.harm_multiple).at(generator.random(draws))
    return _Row(systems, multiple, catastrophe, implied, hazard)


def _shares(figures: Figures, generator: np.random.Generator, draws: int) -> Incoherence:
    judged = [figures.types[name].prevalence for name in MISALIGNMENT_TYPES]
    middle = sum(low + high for low, high in judged) / 2
    parts = [beta_from_interval(*one).at(generator.random(draws)) for one in judged]
    total = np.sum(parts, axis=0)
    over = float(np.mean(total > 1))
    sentence = (
        f"The judged shares of the four types should add up to 1; their midpoints add up to "
        f"{middle:.3f} and their draws to {total.mean():.3f} on average, more than 1 with "
        f"probability {over:.2f}."
    )
    return _equal("prevalence sum", sentence, total, float(total.mean()), over)


def _severity(name: str, row: _Row) -> Incoherence:
    low, middle, high = np.quantile(row.severity, [0.05, 0.5, 0.95])
    left_out = "" if row.explained else "; comparisons that need this severity are left out"
    sentence = (
        f"For {_plain(name)} the judged catastrophe, emergence and misalignment imply that a "
        f"misaligned system ends in catastrophe with probability {middle:.3g} "
        f"({low:.3g}-{high:.3g}), which is at most 1 in {row.within:.1%} of draws{left_out}."
    )
    name = f"implied severity, {name}"
    return _compared(name, sentence, row.severity, float(middle), row.within, BOUND_SHARES)


def _growth(name: str, later: _Row, earlier: _Row) -> Incoherence:
    ratio, judged = later.hazard / earlier.hazard, later.multiple / earlier.multiple
    low, middle, high = np.nanquantile(ratio, [0.05, 0.5, 0.95])
    below = _share_below(ratio, judged)
    sentence = (
        f"Up to {_plain(name)} the catastrophe rows imply a hazard that grows {middle:.1f}-fold "
        f"({low:.2g}-{high:.3g}), while the judged harm multiple grows {np.median(judged):.1f}-"
        f"fold; the implied growth is the smaller with probability {below:.2f}."
    )
    return _equal(f"growth to {name}", sentence, ratio, float(middle), below)


def _predicted(
    figures: Figures, name: str, row: _Row, generator: np.random.Generator
) -> Incoherence:
    kappa = KAPPA.at(generator.random(len(row.systems)))
    risk = row.systems * severity(row.multiple, kappa)
    low, high = figures.horizons[name].catastrophe
    middle = float(np.median(risk))
    where = "inside" if low <= middle <= high else "outside"
    below = _share_below(risk, row.catastrophe)
    sentence = (
        f"For {_plain(name)} the model predicts a catastrophe with probability {middle:.2g} "
        f"before anything is handled, {where} the judged {low:g}-{high:g}; the prediction is "
        f"below the judgement with probability {below:.2f}."
    )
    return _equal(f"predicted catastrophe, {name}", sentence, risk, middle, below)


def _emergence(figures: Figures) -> Incoherence:
    bound, (low, high) = figures.horizons["current"].emergence[1], figures.emergence_gpt4_plus
    judged = beta_from_interval(low, high)
    above = float(special.betaincc(judged.a, judged.b, bound))
    sentence = (
        f"Emergence is judged at {low:.2f}-{high:.2f} for GPT-4 class systems and later, which "
        f"puts {above:.0%} above {bound:.2f}, the judged upper end for current systems; the two "
        "rows describe different systems and are kept apart."
    )
    name = "emergence of GPT-4 class and later"
    return Incoherence(name, sentence, above, None, None, _verdict(1 - above, BOUND_SHARES))


def _share_below(first: Draws, second: Draws) -> float:
    known = ~np.isnan(first)
    return float(np.mean(first[known] < second[known]))
