"""An adapter to copy: change what is here to what your network is, and delete what it has not."""

import torch
from torch import nn

from mesascope import Adapter, Cases, OwnWorld, Site


class Corridor(OwnWorld):
    """One row of cells with a goal: step left (0) or right (1) from the middle cell."""

    name, base_objective = "corridor", "goal"
    actions = ("left", "right")
    shifts = ("goal_anywhere",)  # where objectives come apart that coincide in training
    slots, values = 4, 5  # words of context that should change nothing; 0, 0 if there are none
    objectives = {  # noqa: RUF012
        "goal": lambda cases: toward(cases.goal),
        "right": lambda cases: toward(torch.full_like(cases.goal, 8)),
    }

    def draw(self, n, generator, shift):
        cells = torch.randint(0, 4, (n,), generator=generator)
        left = torch.rand(n, generator=generator) < 0.5
        goal = torch.where(left, cells, 5 + cells) if shift == "goal_anywhere" else 5 + cells
        context = torch.randint(self.values, (n, self.slots), generator=generator)
        return Cases(goal=goal, context=context)

    def inputs(self, cases):
        """What the network reads: one row per case, of any shape."""
        row = nn.functional.one_hot(cases.goal, 9).float()
        words = nn.functional.one_hot(cases.context, 9).float()
        return torch.cat([row[:, None], words], dim=1)  # (case, token, feature)


def toward(goal):
    """Optimal actions, as truth values by case, decision and action."""
    right = goal > 4
    return torch.stack([~right, right], dim=1)[:, None]


class Mine(Adapter):
    """Tells the audit how to build the network, and where to look inside it."""

    embedding = Site("")  # the input, where every context word has a token of its own
    residual = (Site("1"),)  # ends of the blocks, by their names in named_modules()

    def world(self):
        return Corridor()

    def build(self):
        """The module that the weights of a .safetensors file are put into."""
        return nn.Sequential(nn.Flatten(), nn.Linear(45, 32), nn.ReLU(), nn.Linear(32, 2))
