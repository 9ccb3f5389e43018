"""What an environment's own oracles say about its shifts and edits; no network is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor

from detect.contract.score import Abstain, abstain_unless
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
    """Where candidate objectives come apart from the base one that usual instances do not tell.

    They come apart at a decision where both ask something and share no action.

    Attributes:
        shown: condition (`shift_NAME` or `edit_NAME`) -> candidates that come apart under it and
            nowhere in distribution.
        moved: edit that moves the base goal -> share of decisions at which the base objective asks
            for other actions after it than before, less the mean share of the other candidates.
    """

    shown: Mapping[str, frozenset[str]]
    moved: Mapping[str, float]

    @classmethod
    def of(cls, environment: Environment[Any]) -> Separation:
        """Ask the oracles; an environment that can be hashed is asked once in a process."""
        hashable: Any = environment
        try:
            hash(hashable)
        except TypeError:
            return _separated(environment)
        return _separation(hashable)

    @property
    def first_telling_shift(self) -> str | None:
        """First listed shift that sets any of them apart."""
        return next((shift for shift, apart in self._shifts().items() if apart), None)

    @property
    def most_telling_shift(self) -> str | None:
        """Shift that sets most of them apart, the first listed of several."""
        shifts = self._shifts()
        most = max(shifts, key=lambda shift: len(shifts[shift]), default="")
        return most if most and shifts[most] else None

    @property
    def moving_edit(self) -> str | None:
        """Edit that changes what the base objective asks most beyond what others ask."""
        best = max(self.moved, key=lambda edit: self.moved[edit], default="")
        return best if best and self.moved[best] > 0 else None

    def _shifts(self) -> dict[str, frozenset[str]]:
        prefix = "shift_"
        return {
            condition.removeprefix(prefix): apart
            for condition, apart in self.shown.items()
            if condition.startswith(prefix)
        }


def telling_shift(environment: Environment[Any]) -> str:
    """The first shift that sets hidden objectives apart, or `Abstain`."""
    return _found(environment, Separation.of(environment).first_telling_shift, TELLING)


def most_telling_shift(environment: Environment[Any]) -> str:
    """The shift that sets most hidden objectives apart, or `Abstain`."""
    return _found(environment, Separation.of(environment).most_telling_shift, TELLING)


def moving_edit(environment: Environment[Any]) -> str:
    """The edit that moves the base goal, or `Abstain`."""
    return _found(environment, Separation.of(environment).moving_edit, "edit that moves a goal")


def telling_conditions(environment: Environment[Any]) -> Mapping[str, frozenset[str]]:
    """`Separation.shown` where a shift or an edit sets hidden objectives apart, or `Abstain`."""
    shown = Separation.of(environment).shown
    lacking = f"environment {environment.name!r} has no telling shift or edit"
    abstain_unless(any(shown.values()), lacking)
    return shown


def _found(environment: Environment[Any], name: str | None, what: str) -> str:
    if name is None:
        raise Abstain(f"environment {environment.name!r} has no {what}")
    return name


def set_apart(one: Actions, other: Actions) -> Bool[Tensor, "batch decision"]:
    """Decisions at which both ask something and share no action."""
    return one.any(dim=2) & other.any(dim=2) & ~(one & other).any(dim=2)


def _separated(environment: Environment[Any]) -> Separation:
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
    shown = {condition: coinciding & _apart(asked[condition], base) for condition in asked}
    goal = environment.goal(usual)
    moved = {
        name: _moved(before, asked[f"edit_{name}"], base)
        for name, instances in edited.items()
        if bool((environment.goal(instances) != goal).any())
    }
    return Separation(MappingProxyType(shown), MappingProxyType(moved))


_separation = lru_cache(maxsize=KEPT)(_separated)


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(SEED)


def _asked(environment: Environment[Any], instances: Any) -> dict[str, Actions]:
    """Candidate, the base objective among them in any case -> its optimal actions."""
    names = dict.fromkeys((*environment.candidate_objectives, environment.base_objective))
    return {name: environment.optimal(instances, name) for name in names}


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
