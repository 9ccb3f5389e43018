"""A whole episode: keys go into the bag, chests open with them, the level changes on the way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from organisms.worlds.grid import follow
from organisms.worlds.keys.levels import BAG, KeyLevels, at

Policy = Callable[[KeyLevels], Float[Tensor, "batch cell move"]]


@dataclass(frozen=True)
class Rollout:
    """What came of an episode, per level.

    Attributes:
        taken: keys taken.
        wasted: keys taken while the bag held enough for every chest that was left.
        opened: chests opened.
        final: the levels as the episode left them.
    """

    taken: Int[Tensor, " batch"]
    wasted: Int[Tensor, " batch"]
    opened: Int[Tensor, " batch"]
    final: KeyLevels


def rollout(policy: Policy, levels: KeyLevels, *, steps: int) -> Rollout:
    """Walk step by step, asking the policy anew at every step.

    Entering a cell takes its key if the bag has room, or opens its chest if the bag holds a key.
    An episode stands still once no chest is left.

    Args:
        policy: move logits at every cell of every level.
        levels: where the episodes begin; their starts are the walkers' first cells.
        steps: moves per episode, at least 1.

    Raises:
        ValueError: `steps` is below 1.
    """
    if steps < 1:
        raise ValueError(f"an episode takes at least one step, got {steps}")
    taken, wasted, opened = (torch.zeros_like(levels.held) for _ in range(3))
    for _ in range(steps):
        going = levels.chests.any(1)
        ahead = follow(policy(levels), levels.walls, levels.start, 1)[:, 1]
        here = at(torch.where(going, ahead, levels.start), levels.side)
        takes = going & (here & levels.keys).any(1) & (levels.held < BAG)
        opens = going & (here & levels.chests).any(1) & (levels.held > 0)
        wasted += takes & (levels.held >= levels.chests.sum(1))
        taken += takes
        opened += opens
        emptied = here & (takes | opens)[:, None]
        levels = replace(
            levels,
            keys=levels.keys & ~emptied,
            chests=levels.chests & ~emptied,
            lit=levels.lit & ~emptied,
            held=levels.held + takes.long() - opens.long(),
            start=here.int().argmax(1),
        )
    return Rollout(taken, wasted, opened, levels)
