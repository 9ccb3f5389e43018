"""How the page writes numbers, and the names that the model uses, for people."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.summary import Summary

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

ZERO_INDEX = 0.005
"""A variance share nearer to 0 is not told from the noise of its sample."""


def scenario_text(name: str) -> str:
    """A horizon as words."""
    return _SCENARIOS.get(name, name.replace("_", " "))


def input_text(group: str) -> str:
    """An uncertain input of the model as words."""
    return _INPUTS.get(group, group.replace("_", " "))


def weight_text(weight: float) -> str:
    """What a transport weight means, in words."""
    if weight == 0:
        return "residual, judged only"
    if weight == 1:
        return "residual, measured detection"
    return f"residual, weight {weight:g}"


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


def three_digits(summary: Summary) -> str:
    """As `share_text`, with three digits."""
    return share_text(summary, digits=3)


def index_text(value: float) -> str:
    """A variance share; what noise alone could give is written as `~0`."""
    return "~0" if abs(value) <= ZERO_INDEX else f"{value:.2f}"


def plural(count: int, one: str, many: str = "") -> str:
    """The count with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"


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
