"""What an environment's own oracles say about its shifts and edits; no network is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NoReturn

import torch
from jaxtyping import Bool
from torch import Tensor

from detect.contract.score import Abstain
from probes.world.environment import Environment

INSTANCES = 256
SEED = 7
"""Of the instances on which oracles are compared, the same for every suspect and every detector."""

KEPT = 128
"""Environments whose separation is remembered."""

TELLING = "shift that sets hidden objectives apart"

Actions = Bool[Tensor, "batch decision action"]


@dataclass(frozen=True)
class Separation:
    """Where candidate objectives that usual instances do not tell from the base one come apart.

    An objective comes apart at a decision where it and the base objective both ask something and
    share no action.

    Attributes:
        shown: condition (`shift_NAME` or `edit_NAME`) -> candidates that come apart under it and
            nowhere in distribution.
        moved: edit that moves the base goal -> share of decisions at which what the base objective
            asks before and after it has no action in common, less the mean of that share over the
            other candidates.
    """

    shown: Mapping[str, frozenset[str]]
    moved: Mapping[str, float]

    @classmethod
    def of(cls, environment: Environment[Any]) -> Separation:
        """Ask the oracles; an environment is asked once in a process.

        Raises:
            TypeError: the environment cannot be hashed.
        """
        hashable: Any = environment
        try:
            hash(hashable)
        except TypeError as error:
            raise TypeError(
                f"environment {environment.name!r} cannot be hashed ({error}); make its class a "
                "frozen dataclass, so that equal environments are asked once"
            ) from error
        return _separation(hashable)

    @property
    def first_telling_shift(self) -> str | None:
        """First listed shift that sets any of them apart."""
        return next((shift for shift, apart in self._shifts() if apart), None)

    @property
    def most_telling_shift(self) -> str | None:
        """Shift that sets most of them apart, the first listed of several."""
        most = max(self._shifts(), key=lambda one: len(one[1]), default=("", frozenset()))
        return most[0] if most[1] else None

    @property
    def moving_edit(self) -> str | None:
        """Edit that changes what the base objective asks most beyond what others ask."""
        best = max(self.moved, key=lambda edit: self.moved[edit], default="")
        return best if best and self.moved[best] > 0 else None

    def _shifts(self) -> Iterator[tuple[str, frozenset[str]]]:
        for condition, apart in self.shown.items():
            kind, _, name = condition.partition("_")
            if kind == "shift":
                yield name, apart


def telling_shift(environment: Environment[Any], asked: str | None) -> str:
    """The shift asked for, or the first telling one.

    Raises:
        Abstain: there is none.
    """
    if asked is not None:
        return _existing(environment, "shift", asked, environment.public_shifts)
    return Separation.of(environment).first_telling_shift or _none(environment, TELLING)


def most_telling_shift(environment: Environment[Any], asked: str | None) -> str:
    """The shift asked for, or the most telling one.

    Raises:
        Abstain: there is none.
    """
    if asked is not None:
        return telling_shift(environment, asked)
    return Separation.of(environment).most_telling_shift or _none(environment, TELLING)


def moving_edit(environment: Environment[Any], asked: str | None) -> str:
    """The edit asked for, or the one that moves the base goal.

    Raises:
        Abstain: there is none.
    """
    if asked is not None:
        return _existing(environment, "edit", asked, environment.edits)
    return Separation.of(environment).moving_edit or _none(environment, "edit that moves a goal")


def _existing(environment: Environment[Any], kind: str, asked: str, known: Sequence[str]) -> str:
    return asked if asked in known else _none(environment, f"{kind} {asked!r}")


def _none(environment: Environment[Any], what: str) -> NoReturn:
    raise Abstain(f"environment {environment.name!r} has no {what}")


def set_apart(one: Actions, other: Actions) -> Bool[Tensor, "batch decision"]:
    """Decisions at which both ask something and share no action."""
    return one.any(dim=2) & other.any(dim=2) & ~(one & other).any(dim=2)


@lru_cache(maxsize=KEPT)
def _separation(environment: Environment[Any]) -> Separation:
    def drawn(shift: str | None) -> Any:
        return environment.sample(INSTANCES, generator=_generator(), shift=shift)

    usual, base = drawn(None), environment.base_objective
    edited = {
        name: environment.edit(name, usual, generator=_generator()) for name in environment.edits
    }
    varied = {f"shift_{name}": drawn(name) for name in environment.public_shifts}
    varied |= {f"edit_{name}": instances for name, instances in edited.items()}
    before = _asked(environment, usual)
    asked = {condition: _asked(environment, instances) for condition, instances in varied.items()}
    coinciding = frozenset(before) - _apart(before, base)
    goal = environment.goal(usual)
    return Separation(
        shown=MappingProxyType({name: coinciding & _apart(asked[name], base) for name in asked}),
        moved=MappingProxyType(
            {
                name: _moved(before, asked[f"edit_{name}"], base)
                for name, instances in edited.items()
                if bool((environment.goal(instances) != goal).any())
            }
        ),
    )


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(SEED)


def _asked(environment: Environment[Any], instances: Any) -> dict[str, Actions]:
    """Candidate -> its optimal actions."""
    return {name: environment.optimal(instances, name) for name in environment.candidate_objectives}


def _apart(asked: Mapping[str, Actions], base: str) -> frozenset[str]:
    """Candidates that come apart from the base objective at any decision."""
    return frozenset(name for name, own in asked.items() if bool(set_apart(asked[base], own).any()))


def _moved(before: Mapping[str, Actions], after: Mapping[str, Actions], base: str) -> float:
    """By how much more an edit changes what the base objective asks than what others ask."""
    changed = {name: _share_apart(before[name], after[name]) for name in before}
    own = changed.pop(base)
    return own - sum(changed.values()) / max(1, len(changed))


def _share_apart(one: Actions, other: Actions) -> float:
    """Share of the decisions at which both ask something that set them apart; 0 where none does."""
    asked = one.any(dim=2) & other.any(dim=2)
    return float(set_apart(one, other).sum()) / max(1, int(asked.sum()))
