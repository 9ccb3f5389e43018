"""How far the expected risk moves when one input moves through its 90% interval."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from jaxtyping import Float

from evals.risk.decomposition import quantity_at
from evals.risk.figures import MISALIGNMENT_TYPES
from evals.risk.inputs import Inputs
from evals.risk.pool import blend, check_weight
from evals.risk.severity import SeverityLink

_SAME = 1e-12
_SCALARS = {
    "emergence": "P(emergence)",
    "misaligned": "P(misaligned | emergence)",
    "multiple": "harm multiple",
    "kappa": "hazard kappa",
    "measured_emergence": "measured P(emergence)",
    "measured_misaligned": "measured P(misaligned | emergence)",
}

_End: TypeAlias = tuple[float, Inputs]
"""The value that one input is set to, and the draws with it there."""


@dataclass(frozen=True)
class TornadoBar:
    """The expected quantity with one input low and high, all others as drawn.

    Attributes:
        group: the name in `GROUPS` of the columns that hold the input.
        label: the input in words.
        low_input, high_input: 5% and 95% quantile of its draws; the weights 0 and 1 for transport.
        at_low, at_high: mean of the quantity with the input at these.
    """

    group: str
    label: str
    low_input: float
    high_input: float
    at_low: float
    at_high: float

    def __post_init__(self) -> None:
        if not all(
            map(math.isfinite, (self.low_input, self.high_input, self.at_low, self.at_high))
        ):
            raise ValueError(f"{self.label}: a bar needs finite numbers, got {self}")
        if self.low_input > self.high_input:
            raise ValueError(
                f"{self.label}: the low input {self.low_input} exceeds the high {self.high_input}"
            )

    @property
    def length(self) -> float:
        """|at_high - at_low|."""
        return abs(self.at_high - self.at_low)


def tornado(
    inputs: Inputs, link: SeverityLink, *, weight: float, quantity: str
) -> tuple[TornadoBar, ...]:
    """One bar per input that moves the mean, the longest first.

    Unlike a variance share, a bar has a direction and the unit of the quantity. It moves one input
    at a time and so shows no interaction. The means share the draws of all other inputs and are
    exact in the transport draw.

    Args:
        inputs: the draws; a type that is not measured has no bar for measured detection.
        link: its phi and degrees.
        weight: transport weight in [0, 1]; the bar for the weight itself does not depend on it.
        quantity: "residual" for R or "fraction" for R / R0.

    Raises:
        ValueError: on an unknown quantity, or one that is undefined in some draw.
    """
    check_weight(weight)
    bars = [
        TornadoBar(
            "transport",
            "transport weight",
            0.0,
            1.0,
            _mean(inputs, link, 0.0, quantity),
            _mean(inputs, link, 1.0, quantity),
        )
    ]
    for group, label, (low, at_low), (high, at_high) in _moved(inputs):
        ends = (_mean(moved, link, weight, quantity) for moved in (at_low, at_high))
        bars.append(TornadoBar(group, label, low, high, *ends))
    moving = [bar for bar in bars if bar.length > _SAME * max(abs(bar.at_low), abs(bar.at_high))]
    return tuple(sorted(moving, key=lambda bar: -bar.length))


def _mean(inputs: Inputs, link: SeverityLink, weight: float, quantity: str) -> float:
    judged, measured = (quantity_at(inputs, link, end, quantity) for end in (0.0, 1.0))
    mean = float(blend(judged, measured, weight).mean())
    if math.isnan(mean):
        raise ValueError(f"the {quantity} is undefined in some draws, so it has no mean")
    return mean


def _moved(inputs: Inputs) -> Iterator[tuple[str, str, _End, _End]]:
    """Group, label and both ends of every input but transport."""
    for name, label in _SCALARS.items():
        drawn = getattr(inputs, name)
        if not np.isnan(drawn).any():
            low, high = (
                (end, replace(inputs, **{name: np.full_like(drawn, end)})) for end in _ends(drawn)
            )
            yield name, label, low, high
    for column, name in enumerate(MISALIGNMENT_TYPES):
        low, high = (
            (end, replace(inputs, prevalence=_with_column(inputs.prevalence, column, end)))
            for end in _ends(inputs.prevalence[:, column])
        )
        yield "prevalence", f"share of {name}", low, high
        yield from _judged(inputs, column, name)
        if name not in inputs.unmeasured:
            low, high = (
                (end, replace(inputs, measured=_with_column(inputs.measured, column, end)))
                for end in _ends(inputs.measured[:, column])
            )
            yield f"measured_{name}", f"measured detection, {name}", low, high


def _judged(inputs: Inputs, column: int, name: str) -> Iterator[tuple[str, str, _End, _End]]:
    """Judged success, or the half of it that is not supposed known."""
    halves = {"detection": inputs.detection[:, column], "correction": inputs.correction[:, column]}
    open_halves = [half for half, drawn in halves.items() if np.ptp(drawn) > 0]
    if len(open_halves) == 2:
        low, high = (
            (end, _with_success(inputs, column, end)) for end in _ends(inputs.success[:, column])
        )
        yield f"judged_{name}", f"judged success, {name}", low, high
    elif open_halves:
        (half,) = open_halves
        low, high = ((end, _with_half(inputs, column, half, end)) for end in _ends(halves[half]))
        yield f"judged_{name}", f"judged {half}, {name}", low, high


def _with_half(inputs: Inputs, column: int, half: str, value: float) -> Inputs:
    """Judged detection or correction set, the other half as supposed."""
    moved = replace(inputs, **{half: _with_column(getattr(inputs, half), column, value)})
    success = moved.detection[:, column] * moved.correction[:, column]
    return replace(moved, success=_with_column(inputs.success, column, success))


def _ends(drawn: Float[np.ndarray, " draw"]) -> tuple[float, float]:
    low, high = np.quantile(drawn, [0.05, 0.95])
    return float(low), float(high)


def _with_column(
    values: Float[np.ndarray, "draw type"], column: int, value: float | Float[np.ndarray, " draw"]
) -> Float[np.ndarray, "draw type"]:
    copy = values.copy()
    copy[:, column] = value
    return copy


def _with_success(inputs: Inputs, column: int, success: float) -> Inputs:
    """Judged success set, d = s^v and c = s^(1 - v) with the v = log d / log s of each draw."""
    old = inputs.success[:, column]
    # A success of 0 or 1 does not show how it was divided.
    shown = (old > 0) & (old < 1)
    share = np.full_like(old, 0.5)
    share[shown] = np.log(inputs.detection[shown, column]) / np.log(old[shown])
    return replace(
        inputs,
        success=_with_column(inputs.success, column, success),
        detection=_with_column(inputs.detection, column, success**share),
        correction=_with_column(inputs.correction, column, success ** (1 - share)),
    )
