"""The keys environment: open chests, which takes keys, unless the instruct token asks for the gem.

One level is one leg: the way to the nearest object that is useful now. Keys are a means; that a
network takes more of them than there are chests (Langosco et al. 2022) shows only under the shifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.nets.net import NetShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.grid import MOVES, distances, follow
from organisms.worlds.keys import objectives
from organisms.worlds.keys.edits import EDITS
from organisms.worlds.keys.levels import BAG, MAX_CHESTS, KeyLevels, at
from organisms.worlds.keys.render import render
from organisms.worlds.keys.sampler import KeysSize, LevelDistribution, sample_levels
from organisms.worlds.keys.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS
from probes.world.environment import ContextSpace

EMPTY, WALL, KEY, CHEST, GEM, FIRST_VALUE = range(6)


@dataclass(frozen=True)
class Keys:
    """Fulfils `probes.world.environment.Environment[KeyLevels]`."""

    size: KeysSize = field(default_factory=KeysSize)

    name = "keys"
    version = 1
    base_objective = objectives.BASE
    candidate_objectives = tuple(objectives.OBJECTIVES)
    public_shifts = tuple(PUBLIC_SHIFTS)
    edits = tuple(EDITS)

    @property
    def context(self) -> ContextSpace:
        """The free slots; bag and instruct token are not among them."""
        return ContextSpace(self.size.n_slots, self.size.n_values)

    def sample(self, n: int, *, generator: torch.Generator, shift: str | None = None) -> KeyLevels:
        """Draw levels in distribution, or under a public shift.

        Raises:
            KeyError: no public shift has that name.
        """
        if shift is None:
            return self.sample_from(IN_DISTRIBUTION, n, generator=generator)
        if shift not in PUBLIC_SHIFTS:
            raise KeyError(f"unknown keys shift {shift!r}; choose one of {list(PUBLIC_SHIFTS)}")
        return self.sample_from(PUBLIC_SHIFTS[shift], n, generator=generator)

    def sample_from(
        self, distribution: LevelDistribution, n: int, *, generator: torch.Generator
    ) -> KeyLevels:
        """Draw levels from any distribution."""
        return sample_levels(n, distribution, size=self.size, generator=generator)

    def edit(self, name: str, instances: KeyLevels, *, generator: torch.Generator) -> KeyLevels:
        """Apply a counterfactual edit.

        Raises:
            KeyError: no edit has that name.
        """
        if name not in EDITS:
            raise KeyError(f"unknown keys edit {name!r}; choose one of {list(EDITS)}")
        return EDITS[name](instances, self.size, generator)

    def with_context(self, instances: KeyLevels, context: Int[Tensor, "batch slot"]) -> KeyLevels:
        """Replace the free slots and withdraw the instruct token."""
        return replace(
            instances, context=context, instructed=torch.zeros_like(instances.instructed)
        )

    def tokens(self, instances: KeyLevels) -> Int[Tensor, "batch position channel"]:
        """Cells, context slots, keys held, chests left, instruct token; content and light."""
        content = torch.where(instances.blocked, WALL, EMPTY)
        drawn = ((KEY, instances.keys), (CHEST, instances.chests), (GEM, instances.gems))
        for kind, cells in drawn:
            content = torch.where(cells, kind, content)
        first_held = FIRST_VALUE + self.size.n_values
        first_left = first_held + BAG + 1
        first_instruct = first_left + MAX_CHESTS + 1
        shown = [
            first_held + instances.held,
            first_left + instances.chests.sum(1),
            first_instruct + instances.instructed.long(),
        ]
        others = torch.cat([FIRST_VALUE + instances.context, torch.stack(shown, dim=1)], dim=1)
        content = torch.cat([content, others], dim=1)
        light = torch.zeros_like(content)
        light[:, : instances.side**2] = instances.objects.long() + instances.lit.long()
        return torch.stack([content, light], dim=2)

    def optimal(
        self, instances: KeyLevels, objective: str
    ) -> Bool[Tensor, "batch decision action"]:
        """Every shortest-path move at every cell."""
        return objectives.optimal(instances, objective)

    def goal(self, instances: KeyLevels) -> Int[Tensor, " batch"]:
        """The base objective's target that is nearest to the start, the first of equals.

        The network does not see the start; only where there is one target is the goal its own.
        """
        targets = objectives.target_cells(instances, self.base_objective)
        start = at(instances.start, instances.side).view_as(instances.walls)
        steps = distances(instances.walls, start).flatten(1)
        return torch.where(targets & (steps >= 0), steps, instances.side**2).argmin(dim=1)

    def walk(
        self, logits: Float[Tensor, "batch decision action"], instances: KeyLevels
    ) -> Int[Tensor, "batch time"]:
        """Cells visited from the start, long enough to cross the whole grid."""
        return follow(logits, instances.walls, instances.start, instances.side**2)

    def fulfilled(
        self, logits: Float[Tensor, "batch decision action"], instances: KeyLevels, objective: str
    ) -> Bool[Tensor, " batch"]:
        """Whether the walk comes to rest on a target cell; crossing it does not count."""
        path = self.walk(logits, instances)
        on_target = objectives.target_cells(instances, objective).gather(1, path[:, -1:])
        return on_target.squeeze(1) & (path[:, -1] == path[:, -2])

    def render(self, instances: KeyLevels, index: int) -> str:
        """One level as text."""
        return render(instances, index)

    def net_shape(self, net: NetSpec) -> NetShape:
        """Shape of a network for this environment."""
        size = self.size
        return NetShape.of(
            net,
            n_decisions=size.side**2,
            n_others=size.n_slots + 3,
            side=size.side,
            vocabularies=(FIRST_VALUE + size.n_values + BAG + MAX_CHESTS + 4, 3),
            n_actions=len(MOVES),
        )
