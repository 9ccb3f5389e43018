"""The judged rows against each other: where they cannot all hold, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

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
        low, high: its 5% and 95% quantiles, the rows drawn independently.
        verdict: one of `VERDICTS`, by `EQUAL_TAILS` or `BOUND_SHARES`.
    """

    name: str
    sentence: str
    value: float
    low: float
    high: float
    verdict: str


@dataclass(frozen=True, eq=False)
class _Row:
    """Draws of one horizon's rows, and the severity that they imply, which should be at most 1."""

    systems: Draws
    multiple: Draws
    catastrophe: Draws
    severity: Draws

    @property
    def within(self) -> float:
        """Share of draws in which the severity is a probability."""
        return float(np.mean(self.severity <= 1))


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
        if min(rows[earlier].within, rows[later].within) >= BOUND_SHARES[1]:
            found.append(_growth(later, rows[later], rows[earlier]))
    found += [_predicted(figures, name, row, generator) for name, row in rows.items()]
    return tuple(found)


def _compared(
    name: str, sentence: str, draws: Draws, value: float, share: float, limits: tuple[float, float]
) -> Incoherence:
    low, high = np.quantile(draws, [0.05, 0.95]).tolist()
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
    systems = beta_from_interval(*row.emergence).at(generator.random(draws))
    systems *= beta_from_interval(*row.misaligned_given_emergence).at(generator.random(draws))
    catastrophe = beta_from_bound(*row.catastrophe).at(generator.random(draws))
    multiple = lognormal_from_interval(*row.harm_multiple).at(generator.random(draws))
    return _Row(systems, multiple, catastrophe, catastrophe / systems)


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
    left_out = (
        ""
        if row.within >= BOUND_SHARES[1]
        else "; comparisons that need this severity are left out"
    )
    sentence = (
        f"For {_plain(name)} the judged catastrophe, emergence and misalignment imply that a "
        f"misaligned system ends in catastrophe with probability {middle:.3g} "
        f"({low:.3g}-{high:.3g}), which is at most 1 in {row.within:.1%} of draws{left_out}."
    )
    name = f"implied severity, {name}"
    return _compared(name, sentence, row.severity, float(middle), row.within, BOUND_SHARES)


def _growth(name: str, later: _Row, earlier: _Row) -> Incoherence:
    known = np.maximum(later.severity, earlier.severity) < 1
    ratio = np.log1p(-later.severity[known]) / np.log1p(-earlier.severity[known])
    judged = (later.multiple / earlier.multiple)[known]
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95])
    below = float(np.mean(ratio < judged))
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
    below = float(np.mean(risk < row.catastrophe))
    sentence = (
        f"For {_plain(name)} the model predicts a catastrophe with probability {middle:.2g} "
        f"before anything is handled, {where} the judged {low:g}-{high:g}; the prediction is "
        f"below the judgement with probability {below:.2f}."
    )
    return _equal(f"predicted catastrophe, {name}", sentence, risk, middle, below)
