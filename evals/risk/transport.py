"""The transport weight: a product of named steps, and the pool that it weighs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from types import MappingProxyType

import numpy as np
from jaxtyping import Float

from evals.risk.figures import QuestionError
from probes.arguments import near_misses
from probes.parsing import parse_toml


@dataclass(frozen=True)
class Step:
    """One step from the organisms to the system at stake, as in `transport.toml`.

    Attributes:
        judged: P(the rate carries over this step | it carried over those before), a judgement.
        void: what would show that it does not carry over.
        drops: measurements that argue for less than 1, with their source.
    """

    name: str
    title: str
    judged: float
    void: str
    drops: tuple[str, ...]


@dataclass(frozen=True)
class Transport:
    """The steps, and what argues against all of them at once.

    Attributes:
        drops: measured before any step is taken.
        weight: P(the system at stake behaves like one more draw from the organism families): the
            product of the steps, or stated as a whole. By default it is below one half, as no rate
            measured on organisms has been checked on a frontier system, and above .05, so that the
            measured lower tail can reach a 5% quantile.
    """

    steps: tuple[Step, ...]
    drops: tuple[str, ...]
    weight: float

    def __post_init__(self) -> None:
        numbers = {"weight": self.weight, **{step.name: step.judged for step in self.steps}}
        for name, number in numbers.items():
            if not 0 <= number <= 1:
                raise QuestionError(f"transport {name} {number} is outside [0, 1]")

    @property
    def product(self) -> float:
        """Of the steps; another one than `weight` where that was stated as a whole."""
        return math.prod(step.judged for step in self.steps)


def load_transport(judged: Mapping[str, float] = MappingProxyType({})) -> Transport:
    """The steps of `transport.toml`, some of them with other numbers, and their product."""
    file = resources.files("evals.risk").joinpath("transport.toml")
    table = parse_toml(file.read_bytes(), file)
    for name in judged:
        if name not in table["step"]:
            raise QuestionError(f"unknown step {name!r}: {near_misses(name, table['step'])}")
    steps = tuple(
        Step(name, row["title"], judged.get(name, row["judged"]), row["void"], tuple(row["drops"]))
        for name, row in table["step"].items()
    )
    weight = math.prod(step.judged for step in steps)
    return Transport(steps, tuple(table["every_step"]["drops"]), weight)


def read_transport(text: str | None) -> Transport:
    """The weight as a whole, such as `0.2`, or some steps, such as `small_to_large=0.3`, or None.

    Raises:
        QuestionError: neither of the two.
    """
    if text is None:
        return load_transport()
    try:
        pairs = [part.rpartition("=") for part in text.split(",")]
        numbers = {name.strip(): float(value) for name, _, value in pairs}
    except ValueError as error:
        raise QuestionError(
            f"transport {text!r} is neither a weight in [0, 1] nor steps such as "
            f"small_to_large=0.3,naive_to_adaptive=0.4: {error}"
        ) from error
    if list(numbers) == [""]:
        return replace(load_transport(), weight=numbers[""])
    return load_transport(numbers)


def pool(
    judged: Float[np.ndarray, "*draws"],
    measured: Float[np.ndarray, "*draws"],
    transport: Float[np.ndarray, " draw"],
    weight: float,
) -> Float[np.ndarray, "*draws"]:
    """The measured value where transport < weight and there is one, the judged one elsewhere.

    One uniform in [0, 1) decides for everything measured: relevance is shared. Weight 0 returns the
    judged draws bit by bit and weight 1 the measured ones; what was not measured is NaN in every
    draw. The weight is stated beforehand: read off the data, falling with disagreement, it would
    turn perfect detection into the judgement.
    """
    known = ~np.isnan(measured[0])
    if not known.any() or not weight:
        return judged
    taken = (transport < weight).reshape(-1, *[1] * (judged.ndim - 1))
    return np.where(taken & known, measured, judged)


def blend(
    judged: Float[np.ndarray, "*draws"], measured: Float[np.ndarray, "*draws"], weight: float
) -> Float[np.ndarray, "*draws"]:
    """(1 - w) judged + w measured: the expectation of the pool over the transport draw."""
    return np.asarray((1 - weight) * judged + weight * measured)
