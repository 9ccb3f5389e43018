"""The judged rows against each other: where they cannot all hold, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from evals.risk.decomposition import KAPPA, Draws, severity
from evals.risk.figures import HORIZONS, MISALIGNMENT_TYPES, Figures, Interval
from evals.risk.laws import beta_from_bound, beta_from_interval, lognormal_from_interval

VERDICTS = ("coherent", "strained", "incoherent")
EQUAL_TAILS, BOUND_SHARES = (0.3, 0.05), (0.95, 0.5)
"""Rows are coherent where at least the first share of draws agrees, strained where at least the
second does, else incoherent. Two rows that should say the same agree if each exceeds the other that
often, and a bound agrees where it holds. Rows are drawn independently."""


@dataclass(frozen=True)
class Incoherence:
    """One comparison of judged rows.

    Attributes:
        name: what is compared.
        sentence: the comparison in plain words, with its numbers.
        value: the number of the comparison, in the unit that the sentence gives.
        low, high: its 5% and 95% quantiles.
        verdict: one of `VERDICTS`.
    """

    name: str
    sentence: str
    value: float
    low: float
    high: float
    verdict: str


class _Row(NamedTuple):
    """Draws of a horizon's rows, and how often the severity that they imply is at most 1."""

    systems: Draws
    multiple: Draws
    catastrophe: Draws
    severity: Draws
    within: float


def consistency(
    figures: Figures, *, generator: np.random.Generator, draws: int
) -> tuple[Incoherence, ...]:
    """Every comparison of the judged rows that the analysis allows.

    A horizon whose severity exceeds 1 so often that its row is incoherent has no severity: the
    comparisons that need it are left out, and its row says so.
    """
    rows = {}
    for name in HORIZONS:
        judged = figures.horizons[name]
        emergence, misaligned, catastrophe, multiple = (
            fit(*interval).at(generator.random(draws))
            for fit, interval in (
                (beta_from_interval, judged.emergence),
                (beta_from_interval, judged.misaligned_given_emergence),
                (beta_from_bound, judged.catastrophe),
                (lognormal_from_interval, judged.harm_multiple),
            )
        )
        systems = emergence * misaligned
        implied = catastrophe / systems
        rows[name] = _Row(systems, multiple, catastrophe, implied, float(np.mean(implied <= 1)))
    found = [_shares(figures, generator, draws)]
    found += [_severity(name, row) for name, row in rows.items()]
    for earlier, later in pairwise(HORIZONS):
        if min(rows[earlier].within, rows[later].within) >= BOUND_SHARES[1]:
            found.append(_growth(later, rows[later], rows[earlier]))
    for name, row in rows.items():
        risk = row.systems * severity(row.multiple, KAPPA.at(generator.random(draws)))
        found.append(_predicted(name, risk, row.catastrophe, figures.horizons[name].catastrophe))
    return tuple(found)


def _shares(figures: Figures, generator: np.random.Generator, draws: int) -> Incoherence:
    judged = [figures.types[name].prevalence for name in MISALIGNMENT_TYPES]
    middle = sum(low + high for low, high in judged) / 2
    total = np.sum([beta_from_interval(*one).at(generator.random(draws)) for one in judged], axis=0)
    over = float(np.mean(total > 1))
    sentence = (
        f"The judged shares of the four types should add up to 1; their midpoints add up to "
        f"{middle:.3f} and their draws to {total.mean():.3f} on average, more than 1 with "
        f"probability {over:.2f}."
    )
    return _compared("prevalence sum", sentence, total, float(total.mean()), over)


def _severity(name: str, row: _Row) -> Incoherence:
    low, middle, high = np.quantile(row.severity, [0.05, 0.5, 0.95]).tolist()
    verdict = _verdict(row.within, BOUND_SHARES)
    few = "; comparisons that need this severity are left out" if verdict == VERDICTS[2] else ""
    sentence = (
        f"For {_plain(name)} the judged catastrophe, emergence and misalignment imply that a "
        f"misaligned system ends in catastrophe with probability {middle:.3g} "
        f"({low:.3g}-{high:.3g}), which is at most 1 in {row.within:.1%} of draws{few}."
    )
    return Incoherence(f"implied severity, {name}", sentence, middle, low, high, verdict)


def _growth(name: str, later: _Row, earlier: _Row) -> Incoherence:
    known = np.maximum(later.severity, earlier.severity) < 1
    ratio = np.log1p(-later.severity[known]) / np.log1p(-earlier.severity[known])
    judged = (later.multiple / earlier.multiple)[known]
    low, middle, high = np.quantile(ratio, [0.05, 0.5, 0.95]).tolist()
    below = float(np.mean(ratio < judged))
    sentence = (
        f"Up to {_plain(name)} the catastrophe rows imply a hazard that grows {middle:.1f}-fold "
        f"({low:.2g}-{high:.3g}), while the judged harm multiple grows {np.median(judged):.1f}-"
        f"fold; the implied growth is the smaller with probability {below:.2f}."
    )
    return _compared(f"growth to {name}", sentence, ratio, middle, below)


def _predicted(name: str, risk: Draws, catastrophe: Draws, judged: Interval) -> Incoherence:
    low, high = judged
    middle = float(np.median(risk))
    where = "inside" if low <= middle <= high else "outside"
    below = float(np.mean(risk < catastrophe))
    sentence = (
        f"For {_plain(name)} the model predicts a catastrophe with probability {middle:.2g} "
        f"before anything is handled, {where} the judged {low:g}-{high:g}; the prediction is "
        f"below the judgement with probability {below:.2f}."
    )
    return _compared(f"predicted catastrophe, {name}", sentence, risk, middle, below)


def _compared(name: str, sentence: str, draws: Draws, value: float, below: float) -> Incoherence:
    """Two rows that should say the same, the first below the second with that probability."""
    low, high = np.quantile(draws, [0.05, 0.95]).tolist()
    verdict = _verdict(min(below, 1 - below), EQUAL_TAILS)
    return Incoherence(name, sentence, value, low, high, verdict)


def _verdict(share: float, limits: tuple[float, float]) -> str:
    return VERDICTS[sum(share < limit for limit in limits)]


def _plain(name: str) -> str:
    return "current systems" if name == "current" else name.replace("_", " ")
