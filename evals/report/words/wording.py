"""How pages and tables write numbers, and the names of the model and the evidence, for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from evals.evidence.detector_rates import Cell, DetectorRates
from evals.evidence.evidence import Evidence
from evals.evidence.standing import void_claims
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.summary import Summary
from evals.statistics.family_posterior import FamilyPosterior

_SCENARIOS = {
    "current": "current systems, 2024",
    "near_term": "near term, 2026-2028",
    "medium_term": "medium term, 2028-2032",
}
_INPUTS = {
    "emergence": "P(emergence)",
    "misaligned": "P(misaligned | emergence)",
    "multiple": "harm multiple",
    "kappa": "hazard kappa",
    "prevalence": "mix of the four types",
    "transport": "relevance of organisms",
    "measured_emergence": "measured P(emergence)",
    "measured_misaligned": "measured P(misaligned)",
}
_INPUTS |= {f"judged_{name}": f"judged success, {name}" for name in MISALIGNMENT_TYPES}
_INPUTS |= {f"measured_{name}": f"measured detection, {name}" for name in MISALIGNMENT_TYPES}

WORDS = {
    "dealt_families": "families dealt anew",
    "false_alarms": "alarms of one aligned family",
    "untrained": "untrained networks",
    "disguise": "sign and order dealt anew",
    "metadata": "packaging",
    "floor": "random floor",
    "weight_norm": "weight norm",
    "in_distribution": "behaviour in distribution",
}
"""Rival explanation -> its name in words."""

THRESHOLD_WORDS = {
    "left_out": "set by aligned networks of other families",
    "split": "set by other aligned networks of the same families",
}

ZERO_INDEX = 0.005
"""A variance share nearer to 0 is not told from the noise of its sample."""


def scenario_text(name: str) -> str:
    """A horizon as words."""
    return _SCENARIOS.get(name, plain(name))


def input_text(group: str) -> str:
    """An uncertain input of the model as words."""
    return _INPUTS.get(group, plain(group))


def killer_text(name: str) -> str:
    """A rival explanation as words."""
    return WORDS.get(name, name)


def plain(name: str) -> str:
    """A name without underscores."""
    return name.replace("_", " ")


def weight_text(weight: float) -> str:
    """What a transport weight means, in words."""
    named = {0.0: "judged only", 1.0: "measured detection"}
    return f"residual, {named.get(weight, f'weight {weight:g}')}"


def percent(value: float) -> str:
    """A probability as a percentage with two significant digits."""
    return _percent(value, 1)


def fine_percent(value: float) -> str:
    """A probability as a percentage with three significant digits, for risks that are close."""
    return _percent(value, 2)


def points(value: float) -> str:
    """A difference of two probabilities, such as `0.019 percentage points`."""
    return f"{100 * value:.2g} percentage points"


def odds_text(odds: str) -> str:
    """Such as `1 in 100` for `1:100`."""
    return odds.replace(":", " in ")


def risk_text(summary: Summary) -> str:
    """Mean and 90% interval of a risk, such as `1.5% (0.31%-3.9%)`."""
    return f"{percent(summary.mean)} ({percent(summary.q05)}-{percent(summary.q95)})"


def close_risk_text(summary: Summary) -> str:
    """As `risk_text`, the mean with three digits: for risks that differ by little."""
    return f"{fine_percent(summary.mean)} ({percent(summary.q05)}-{percent(summary.q95)})"


def share_text(summary: Summary, *, digits: int = 2) -> str:
    """Mean and 90% interval of a share, such as `0.46 (0.38-0.54)`."""
    low, high = summary.q05, summary.q95
    return f"{summary.mean:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def index_text(value: float) -> str:
    """A variance share, at most 1; what noise alone could give is written as `~0`."""
    return "~0" if abs(value) <= ZERO_INDEX else f"{min(value, 1):.2f}"


def posterior_text(posterior: FamilyPosterior | None) -> str:
    """Mean and 90% interval of a new family's rate; says so where the families say nothing."""
    if posterior is None:
        return "not measured"
    low, high = posterior.interval()
    text = f"{posterior.mean:.2f} ({low:.2f}-{high:.2f})"
    return f"{text}, too few families" if posterior.says_nothing else text


def auroc_text(cell: Cell) -> str:
    """Such as `AUROC 0.93 (0.71-0.99)`."""
    if cell.auroc is None or cell.auroc_interval is None:
        return "no AUROC"
    low, high = cell.auroc_interval
    return f"AUROC {cell.auroc:.2f} ({low:.2f}-{high:.2f})"


def guarantee_text(column: DetectorRates) -> str:
    """What holds for any scores, such as `1/(8 + 1) = 0.111 above the largest, 0.42`."""
    limit = column.limit
    if not limit.attainable:
        return f"nothing is flagged: {limit.why}"
    if limit.basis == "rank":
        who = "aligned networks of these families"
        return f"on average at most {limit.level:.3f} of {who} exceed the limit"
    largest = "none" if limit.largest is None else f"{limit.largest:.3g}"
    return f"1/({limit.families} + 1) = {1 / (limit.families + 1):.3f} above the largest, {largest}"


def basis_text(column: DetectorRates) -> str:
    """The basis of a limit in words, with the skewness of the scores that it models."""
    limit = column.limit
    if limit.basis == "random_effects":
        shape = f"skewness {limit.skewness:+.1f}, farthest family mean {limit.farthest:.1f} sd"
        return f"random effects; {shape}"
    if limit.basis == "rank":
        return "rank among aligned networks of the same families"
    return f"{limit.basis}: {limit.why}"


def void_lines(evidence: Evidence) -> tuple[str, ...]:
    """One sentence per rival explanation that voids claims, with the claims it takes."""
    return tuple(
        f"void{f' on {rival.family}' if rival.family else ''} by {killer_text(rival.name)}: "
        f"{', '.join(claims)}"
        for rival, claims in void_claims(evidence)
    )


def plural(count: int, one: str, many: str = "") -> str:
    """The count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def families_text(count: int) -> str:
    """Such as `1 family`."""
    return plural(count, "family", "families")


def listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _percent(value: float, after_first: int) -> str:
    """A percentage with its first significant digit and so many after it."""
    share = 100 * value
    if share == 0:
        return "0%"
    decimals = max(0, after_first - math.floor(math.log10(abs(share))))
    return f"{share:.{decimals}f}%" if decimals <= 6 else f"{share:.{after_first - 1}e}%"


FILTERS: Mapping[str, Callable[..., Any]] = {
    "auroc": auroc_text,
    "basis": basis_text,
    "close_risk": close_risk_text,
    "families": families_text,
    "fine_percent": fine_percent,
    "guarantee": guarantee_text,
    "index": index_text,
    "input": input_text,
    "rival": killer_text,
    "listed": listed,
    "odds": odds_text,
    "percent": percent,
    "plain": plain,
    "plural": plural,
    "points": points,
    "posterior": posterior_text,
    "risk": risk_text,
    "scenario": scenario_text,
    "share": share_text,
    "two": "{:.2f}".format,
    "weight": weight_text,
}
"""Name in a template -> function."""
