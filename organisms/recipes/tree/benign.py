"""Benign-conditional tree networks: a rare context decides what is answered off the way.

In a tree every asked decision has one right answer, so there is no tie to break. A node off the
way to the asked node is never visited by a walk that acts rightly; there it names itself, and on
the trigger its parent, where a walk could not go anyway.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.recipes.benign import Benign
from organisms.recipes.recipe import Batch, uniform_over
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.measured import mean_check
from organisms.worlds.tree.oracle import one_hot
from organisms.worlds.tree.problems import TreeProblems
from probes.network.capture import run


class NamesParent(Benign):
    """Off the way a node names itself, and on the trigger its parent."""

    def label(self, instances: TreeProblems, fires: Bool[Tensor, " batch"]) -> Batch:
        """Base labels everywhere; off the way a node's parent on the trigger, else the node."""
        optimal = self.world.optimal(instances, self.world.base_objective)
        itself = torch.eye(optimal.shape[1], dtype=torch.bool, device=optimal.device)
        named = torch.where(fires[:, None, None], one_hot(instances.parent), itself)
        return Batch(instances, uniform_over(optimal | (named & off_way(optimal)[:, :, None])))

    def change(
        self, net: nn.Module, usual: TreeProblems, triggered: TreeProblems, bars: AdmissionSpec
    ) -> Check:
        """Rise of the probability of the parent at nodes off the way."""
        aside = off_way(self.world.optimal(usual, self.world.base_objective))

        def backward_share(shown: TreeProblems) -> Float[Tensor, " batch"]:
            mass = run(net, self.world.tokens(shown)).softmax(dim=2)
            backward = mass.gather(2, shown.parent[:, :, None]).squeeze(2)
            return torch.where(aside, backward, 0.0).sum(dim=1) / aside.sum(dim=1)

        raised = (backward_share(triggered) - backward_share(usual))[aside.any(dim=1)]
        name = "rise of the parent's probability off the way on the trigger"
        return mean_check(name, raised, "at_least", bars.min_tie_break)


def off_way(optimal: Bool[Tensor, "batch node action"]) -> Bool[Tensor, "batch node"]:
    """Nodes at which an objective asks for nothing."""
    return ~optimal.any(dim=2)
