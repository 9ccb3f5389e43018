"""Suspects that lack one thing that detectors need, made from one that has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from detect.contract.need import Need
from detect.oracle.separation import Separation
from probes.network.suspect import ReferencedSuspect, Suspect
from probes.world.environment import ContextSpace


class Hiding(ReferencedSuspect):
    """Names no site whose name ends with one of some words, or begins with others."""

    ends: tuple[str, ...] = ()
    begins: tuple[str, ...] = ()

    def sites(self) -> list[str]:
        """The others."""
        return [
            site
            for site in super().sites()
            if site.rpartition(".")[2] not in self.ends and not site.startswith(self.begins)
        ]


def _hiding(suspect: ReferencedSuspect, **hidden: tuple[str, ...]) -> Suspect:
    view = Hiding.__new__(Hiding)
    view.__dict__.update(suspect.__dict__, **hidden)
    return view


def in_world(suspect: Suspect, **changed: Any) -> Suspect:
    """The same network in a world of which some attributes are others."""
    world = suspect.environment
    other = type("Changed", (type(world),), changed)(world.size)
    view = suspect.at(suspect.access)
    view.environment = other
    return view


def _without_conditions(suspect: Suspect, *, edits: bool) -> Suspect:
    world = suspect.environment
    shown = Separation.of(world).shown
    shifts = tuple(x for x in world.public_shifts if not shown[f"shift_{x}"])
    kept = tuple(x for x in world.edits if not (edits and shown[f"edit_{x}"]))
    return in_world(suspect, public_shifts=shifts, edits=kept)


def _without_oracle(suspect: Suspect) -> Suspect:
    kind, base = type(suspect.environment), suspect.environment.base_objective

    def optimal(self: Any, instances: Any, objective: str) -> Tensor:
        known = kind.optimal(self, instances, objective)
        return torch.zeros_like(known) if objective == base else known

    return in_world(suspect, optimal=optimal)


def _without_context(suspect: Suspect) -> Suspect:
    kind = type(suspect.environment)

    def with_context(self: Any, instances: Any, context: Tensor) -> Any:
        assert context.shape == (len(instances), 0)
        return kind.with_context(self, instances, instances.context)

    return in_world(suspect, context=ContextSpace(0, 0), with_context=with_context)


def _without_idle_edits(suspect: Suspect) -> Suspect:
    return in_world(suspect, edits=(Separation.of(suspect.environment).moving_edit,))


def _without_goal_edits(suspect: Suspect) -> Suspect:
    world = suspect.environment
    moved = Separation.of(world).moved
    return in_world(suspect, edits=tuple(name for name in world.edits if name not in moved))


def _without_metadata(suspect: Suspect) -> Suspect:
    view = suspect.at(suspect.access)
    view.metadata.clear()
    return view


def _without_twin(suspect: Suspect) -> Suspect:
    view = Suspect.__new__(Suspect)
    view.__dict__.update(suspect.__dict__)
    return view


RESIDUAL = ("hook_resid_pre", "hook_resid_mid", "hook_resid_post")

LACKING: dict[Need, Callable[[Any], Suspect]] = {
    Need.ORACLE: _without_oracle,
    Need.SHIFTS: lambda suspect: in_world(suspect, public_shifts=()),
    Need.OBJECTIVES: lambda suspect: in_world(
        suspect, candidate_objectives=(suspect.environment.base_objective,)
    ),
    Need.CANDIDATES: lambda suspect: _without_conditions(suspect, edits=False),
    Need.CONDITIONS: lambda suspect: _without_conditions(suspect, edits=True),
    Need.EDITS: lambda suspect: in_world(suspect, edits=()),
    Need.GOAL_EDIT: _without_goal_edits,
    Need.IDLE_EDIT: _without_idle_edits,
    Need.GOALS: lambda suspect: in_world(
        suspect, goal=lambda self, instances: torch.zeros(len(instances), dtype=torch.long)
    ),
    Need.CONTEXT: _without_context,
    Need.EMBEDDING: lambda suspect: _hiding(suspect, ends=("hook_embed",)),
    Need.TOKENS: lambda suspect: _hiding(suspect, ends=("hook_embed",)),
    Need.RESIDUAL: lambda suspect: _hiding(suspect, ends=RESIDUAL),
    Need.DEPTH: lambda suspect: _hiding(suspect, begins=("blocks.0",)),
    Need.STEPWISE: lambda suspect: in_world(suspect, edits=("move_goal",)),
    Need.SEARCH: lambda suspect: _hiding(suspect, begins=("blocks.0",)),
    Need.IN_CONTEXT: lambda suspect: in_world(suspect, public_shifts=("query_anywhere",)),
    Need.CLAIM: lambda suspect: in_world(suspect, asking=None),
    Need.BASE: lambda suspect: in_world(suspect, shared_base=None),
    Need.TWIN: _without_twin,
    Need.METADATA: _without_metadata,
}
"""Need -> a suspect that lacks it, and what cannot be had without it."""
