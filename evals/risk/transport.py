"""The transport weight: a product of named steps, and the pool that it weighs."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

import numpy as np
from jaxtyping import Float


class TransportError(ValueError):
    """A step that does not exist, or a weight that is no probability."""


@dataclass(frozen=True)
class Step:
    """One step from the organisms to the system at stake, as in `transport.toml`.

    Attributes:
        judged: P(the rate carries over this step | it carried over those before), a judgement.
        void: what would void it.
        drops: measurements that argue for less than 1, with their source.
    """

    name: str
    title: str
    judged: float
    void: str
    drops: tuple[str, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.judged <= 1:
            raise TransportError(f"step {self.name} is {self.judged}, wanted a probability")


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
        if not 0 <= self.weight <= 1:
            raise TransportError(f"transport weight {self.weight} is outside [0, 1]")

    @property
    def product(self) -> float:
        """Of the steps; another one than `weight` where that was stated as a whole."""
        return math.prod(step.judged for step in self.steps)


def load_transport(judged: Mapping[str, float] = MappingProxyType({})) -> Transport:
    """The steps of `transport.toml`, some of them with other numbers, and their product."""
    text = resources.files("evals.risk").joinpath("transport.toml").read_text("utf-8")
    table = tomllib.loads(text)
    if unknown := sorted(set(judged) - set(table["step"])):
        raise TransportError(f"unknown steps {unknown}, wanted some of {', '.join(table['step'])}")
    steps = tuple(
        Step(name, row["title"], judged.get(name, row["judged"]), row["void"], tuple(row["drops"]))
        for name, row in table["step"].items()
    )
    product = math.prod(step.judged for step in steps)
    return Transport(steps, tuple(table["every_step"]["drops"]), product)


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
