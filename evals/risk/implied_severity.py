"""The severity that the judged rows imply, horizon by horizon."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from evals.risk.figures import HORIZONS, Figures, FiguresError
from evals.risk.fitted import fitted_beta, fitted_lognormal
from evals.risk.incoherence import Incoherence, bound_holds, ends, equal_rows, plain
from evals.risk.judged import lognormal_from_interval
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


def implied_severity(
    figures: Figures, *, generator: np.random.Generator, draws: int
) -> tuple[Incoherence, ...]:
    """Catastrophe over P_em P_mis by horizon, its growth against the harm multiple, the hazard per
    unit of harm, the severity that is linear in the multiple, and what the model predicts.

    Raises:
        FiguresError: when an interval fits no distribution, the harm multiple does not grow between
            horizons, or no draw of a horizon's rows implies a probability of catastrophe.
    """
    rows = {name: _horizon(figures, name, generator, draws) for name in HORIZONS}
    return (
        *(_severity(name, rows[name]) for name in HORIZONS),
        *(_growth(name, rows[name], rows[earlier]) for name, earlier in _EARLIER.items()),
        _exponent(figures, rows["medium_term"], rows["near_term"]),
        _kappa(rows["medium_term"], rows["near_term"]),
        *_linear(figures, rows, generator, draws),
        *(_predicted(figures, name, rows[name], generator) for name in HORIZONS),
    )


def _severity(name: str, row: _Horizon) -> Incoherence:
    low, high = ends(row.severity)
    middle = float(np.median(row.severity))
    within = float(np.mean(row.severity <= 1))
    return Incoherence(
        f"implied severity, {name}",
        f"For {plain(name)} the judged catastrophe, emergence and misalignment imply that a "
        f"misaligned system ends in catastrophe with probability {middle:.3f} "
        f"({low:.3f}-{high:.3f}), which is at most 1 in {within:.1%} of draws.",
        middle,
        low,
        high,
        bound_holds(within),
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
        raise FiguresError(
            f"the harm multiple grows by a factor of {multiple:.3g} from near_term to medium_term; "
            "wanted more than 1, to compare the growth of the implied hazard with it"
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
    figures: Figures, rows: dict[str, _Horizon], generator: np.random.Generator, draws: int
) -> tuple[Incoherence, ...]:
    near = rows["near_term"]
    level, interval = max(figures.capability_levels.items(), key=lambda item: item[1][1])
    at_level = fitted_lognormal(f"capability_level.{level}", interval).at(generator.random(draws))
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
        fitted_beta(f"horizon.{name}.{field}", getattr(row, field)).at(generator.random(draws))
        for field in ("emergence", "misaligned_given_emergence", "catastrophe")
    )
    multiple = fitted_lognormal(f"horizon.{name}.harm_multiple", row.harm_multiple)
    systems = emergence * misaligned
    severity = catastrophe / systems
    possible = severity < 1
    if not possible.any():
        raise FiguresError(
            f"horizon.{name}: catastrophe {row.catastrophe} exceeds emergence x misalignment in "
            f"every one of {draws} draws, so no severity explains it; lower it"
        )
    hazard = np.full(draws, np.nan)
    hazard[possible] = -np.log1p(-severity[possible])
    return _Horizon(systems, multiple.at(generator.random(draws)), catastrophe, severity, hazard)


def _known(values: Float[np.ndarray, " draw"]) -> Float[np.ndarray, " known"]:
    """Those draws in which every severity involved is below 1."""
    return np.asarray(values[~np.isnan(values)])


def _share_below(first: Float[np.ndarray, " draw"], second: Float[np.ndarray, " draw"]) -> float:
    return float(np.mean(first[~np.isnan(first)] < second[~np.isnan(first)]))
