"""The severity that the judged rows imply, horizon by horizon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from evals.risk.figures import HORIZONS, Figures, Interval
from evals.risk.fitted import drawable_bound
from evals.risk.incoherence import Incoherence, bound_holds, ends, equal_rows, plain
from evals.risk.judged import beta_from_interval, lognormal_from_interval
from evals.risk.severity import SeverityLink

_EARLIER = MappingProxyType({"near_term": "current", "medium_term": "near_term"})


@dataclass(frozen=True, eq=False)
class _Horizon:
    """Draws of one horizon's rows; `hazard` is -log(1 - severity), NaN where severity is over 1."""

    systems: Float[np.ndarray, " draw"]
    multiple: Float[np.ndarray, " draw"]
    catastrophe: Float[np.ndarray, " draw"]
    severity: Float[np.ndarray, " draw"]
    hazard: Float[np.ndarray, " draw"]

    @property
    def within(self) -> float:
        """Share of draws in which the severity is a probability."""
        return float(np.mean(self.severity <= 1))

    @property
    def explained(self) -> bool:
        """Whether a severity explains the rows in enough draws to be compared with others."""
        return bound_holds(self.within) != "incoherent"


def implied_severity(
    figures: Figures, *, generator: np.random.Generator, draws: int
) -> tuple[Incoherence, ...]:
    """Catastrophe over P_em P_mis by horizon, its growth against the harm multiple, the hazard per
    unit of harm, the severity that is linear in the multiple, and what the model predicts.

    A horizon whose severity exceeds 1 so often that its row is incoherent has no severity: the
    comparisons that need it are left out, and its row says so.
    """
    rows = {name: _horizon(figures, name, generator, draws) for name in HORIZONS}
    at_level = generator.random(draws)
    near, medium = rows["near_term"], rows["medium_term"]
    found = [_severity(name, rows[name], figures.horizons[name].catastrophe) for name in HORIZONS]
    for name, earlier in _EARLIER.items():
        if rows[name].explained and rows[earlier].explained:
            found.append(_growth(name, rows[name], rows[earlier]))
    if medium.explained and near.explained:
        found += [_exponent(figures, medium, near), _kappa(medium, near)]
    if near.explained:
        found += _linear(figures, rows, at_level)
    return (*found, *(_predicted(figures, name, rows[name], generator) for name in HORIZONS))


def _severity(name: str, row: _Horizon, judged: Interval) -> Incoherence:
    low, high = ends(row.severity)
    middle = float(np.median(row.severity))
    sentence = (
        f"For {plain(name)} the judged catastrophe, emergence and misalignment imply that a "
        f"misaligned system ends in catastrophe with probability {middle:.3f} "
        f"({low:.3f}-{high:.3f}), which is at most 1 in {row.within:.1%} of draws."
    )
    if not row.explained:
        sentence = (
            f"For {plain(name)} the catastrophe judged at {judged[0]:g}-{judged[1]:g} exceeds "
            f"emergence times misalignment in {1 - row.within:.1%} of draws: a misaligned system "
            f"would have to end in catastrophe with probability {middle:.3g} ({low:.3g}-{high:.3g})"
            ", which is impossible above 1; comparisons that need this severity are left out."
        )
    return Incoherence(
        f"implied severity, {name}", sentence, middle, low, high, bound_holds(row.within)
    )


def _growth(name: str, later: _Horizon, earlier: _Horizon) -> Incoherence:
    implied, judged = later.hazard / earlier.hazard, later.multiple / earlier.multiple
    ratio = _known(implied)
    low, high = ends(ratio)
    below = _share_below(implied, judged)
    return Incoherence(
        f"growth to {name}",
        f"From {plain(_EARLIER[name])} to {plain(name)} the catastrophe rows imply a hazard that "
        f"grows {np.median(ratio):.1f}-fold ({low:.2g}-{high:.3g}), while the judged harm multiple "
        f"grows {np.median(judged):.1f}-fold; the implied growth is the smaller with probability "
        f"{below:.2f}.",
        float(np.median(ratio)),
        low,
        high,
        equal_rows(below),
    )


def _exponent(figures: Figures, later: _Horizon, earlier: _Horizon) -> Incoherence:
    medium, near = (
        lognormal_from_interval(*figures.horizons[name].harm_multiple).median
        for name in ("medium_term", "near_term")
    )
    multiple = medium / near
    if not multiple > 1:
        return Incoherence(
            "growth of the harm multiple",
            f"From near term to medium term the judged harm multiple changes {multiple:.3g}-fold, "
            "which is no growth; no power of it, whichever the exponent, makes the hazard grow, so "
            "the growth exponent is left out.",
            multiple,
            None,
            None,
            "incoherent",
        )
    implied = later.hazard / earlier.hazard
    exponents = np.log(_known(implied)) / math.log(multiple)
    value = math.log(np.nanmedian(later.hazard) / np.nanmedian(earlier.hazard)) / math.log(multiple)
    below = _share_below(implied, later.multiple / earlier.multiple)
    return Incoherence(
        "growth exponent",
        f"From near term to medium term the judged rows let the hazard grow as the harm multiple "
        f"to the power {value:.2f}; severity in proportion to the multiple would be the power 1.",
        value,
        *ends(exponents),
        equal_rows(below),
    )


def _kappa(later: _Horizon, earlier: _Horizon) -> Incoherence:
    kappas = earlier.hazard / earlier.multiple, later.hazard / later.multiple
    gap = _known(np.log(kappas[0]) - np.log(kappas[1]))
    standard = float(gap.mean() / gap.std())
    near, medium = (float(np.nanmedian(kappa)) for kappa in kappas)
    return Incoherence(
        "hazard per unit of harm",
        f"One hazard per unit of harm should serve every horizon; near term implies {near:.4f} and "
        f"medium term {medium:.4f}, {abs(standard):.2f} standard deviations apart on the log "
        "scale.",
        standard,
        None,
        None,
        equal_rows(float(np.mean(gap < 0))),
    )


def _linear(
    figures: Figures, rows: dict[str, _Horizon], uniforms: Float[np.ndarray, " draw"]
) -> tuple[Incoherence, ...]:
    near = rows["near_term"]
    level, interval = max(figures.capability_levels.items(), key=lambda item: item[1][1])
    at_level = lognormal_from_interval(*interval).at(uniforms)
    found = []
    for name, multiple in (("medium_term", rows["medium_term"].multiple), (level, at_level)):
        severity = near.severity * multiple / near.multiple
        middle = float(np.median(near.severity) / np.median(near.multiple) * np.median(multiple))
        within = float(np.mean(severity <= 1))
        found.append(
            Incoherence(
                f"linear severity, {name}",
                f"Severity in proportion to the harm multiple, met at near term, would be "
                f"{middle:.2f} for {plain(name)}; it is a probability, at most 1, in "
                f"{within:.0%} of draws.",
                middle,
                *ends(severity),
                bound_holds(within),
            )
        )
    return tuple(found)


def _predicted(
    figures: Figures, name: str, row: _Horizon, generator: np.random.Generator
) -> Incoherence:
    link = SeverityLink()
    kappa = link.kappa.at(generator.random(len(row.systems)))
    risk = row.systems * link.at(row.multiple, kappa)[:, 0]
    low, high = figures.horizons[name].catastrophe
    middle = float(np.median(risk))
    where = "inside" if low <= middle <= high else "outside"
    below = _share_below(risk, row.catastrophe)
    return Incoherence(
        f"predicted catastrophe, {name}",
        f"For {plain(name)} the model predicts a catastrophe with probability {middle:.2g} "
        f"before anything is handled, {where} the judged {low:g}-{high:g}; the prediction is "
        f"below the judgement with probability {below:.2f}.",
        middle,
        *ends(risk),
        equal_rows(below),
    )


def _horizon(figures: Figures, name: str, generator: np.random.Generator, draws: int) -> _Horizon:
    row = figures.horizons[name]
    emergence, misaligned, catastrophe = (
        fit(*interval).at(generator.random(draws))
        for fit, interval in (
            (beta_from_interval, row.emergence),
            (beta_from_interval, row.misaligned_given_emergence),
            (drawable_bound, row.catastrophe),
        )
    )
    multiple = lognormal_from_interval(*row.harm_multiple)
    systems = emergence * misaligned
    severity = catastrophe / systems
    possible = severity < 1
    hazard = np.full(draws, np.nan)
    hazard[possible] = -np.log1p(-severity[possible])
    return _Horizon(systems, multiple.at(generator.random(draws)), catastrophe, severity, hazard)


def _known(values: Float[np.ndarray, " draw"]) -> Float[np.ndarray, " known"]:
    """Those draws in which every severity involved is below 1."""
    return np.asarray(values[~np.isnan(values)])


def _share_below(first: Float[np.ndarray, " draw"], second: Float[np.ndarray, " draw"]) -> float:
    return float(np.mean(first[~np.isnan(first)] < second[~np.isnan(first)]))
