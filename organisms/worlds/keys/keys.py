"""The keys environment: open chests, which takes keys, unless the instruct token asks for the gem.

One level is one leg: the way to the nearest object that is useful now. Keys are a means; that a
network takes more of them than there are chests (Langosco et al. 2022) shows only under the shifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Int
from torch import Tensor

from organisms.nets.net import NetShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.grid import MOVES
from organisms.worlds.grid_world import GridWorld
from organisms.worlds.keys.channels import CHANNELS
from organisms.worlds.keys.edits import EDITS
from organisms.worlds.keys.levels import BAG, MAX_CHESTS, KeyLevels, KeysSize
from organisms.worlds.keys.objectives import OBJECTIVES
from organisms.worlds.keys.sampler import sample_levels
from organisms.worlds.keys.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS

EMPTY, WALL, KEY, CHEST, GEM, FIRST_VALUE = range(6)


@dataclass(frozen=True)
class Keys(GridWorld[KeyLevels]):
    """The world of `KeyLevels`; bag and instruct token are not among its context slots."""

    size: KeysSize = field(default_factory=KeysSize)

    name = "keys"
    version = 1
    base_objective = "instructed_chests"
    objectives = OBJECTIVES
    sampler = staticmethod(sample_levels)
    usual = IN_DISTRIBUTION
    shifts = PUBLIC_SHIFTS
    edit_functions = EDITS
    channels = CHANNELS

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
