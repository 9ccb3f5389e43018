"""The tree environment: go to the goal, or to the decoy where the instruct token asks for it.

A shuffled list of edges, after Brinkmann et al. (2024), but with a policy map instead of a path:
the network writes at every node which node to go to, so one forward pass holds a whole walk. The
answer at the root needs lookahead. Objectives that coincide in distribution (goal, node `HOME`,
node `GATE` first, the edge listed last) come apart under the shifts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from organisms.nets.net import NetShape
from organisms.records.net_spec import NetSpec
from organisms.worlds.tree.channels import CHANNELS
from organisms.worlds.tree.edits import EDITS
from organisms.worlds.tree.objectives import GATED, OBJECTIVES, following
from organisms.worlds.tree.oracle import NOT_ASKED, follow, one_hot, walk
from organisms.worlds.tree.problems import TreeProblems, TreeSize
from organisms.worlds.tree.sampler import sample_problems
from organisms.worlds.tree.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS
from organisms.worlds.world import World

NODE, EDGE, GOAL, DECOY, ROOT, SLOT, INSTRUCT = range(7)
"""Values of the third token channel."""

N_KINDS = 7


@dataclass(frozen=True)
class Tree(World[TreeProblems]):
    """The world of `TreeProblems`; it also fulfils `probes.world.environment.Stepwise`."""

    size: TreeSize = field(default_factory=TreeSize)

    name = "tree"
    version = 1
    base_objective = "instructed_goal"
    objectives = OBJECTIVES
    sampler = staticmethod(sample_problems)
    usual = IN_DISTRIBUTION
    shifts = PUBLIC_SHIFTS
    edit_functions = EDITS
    channels = CHANNELS

    def tokens(self, instances: TreeProblems) -> Int[Tensor, "batch position channel"]:
        """Nodes, edges, goal, decoy, root, context slots, instruct token.

        The channels are a node (the parent of an edge), value or instruction; the child of an
        edge; and the kind.
        """
        n_nodes, device = self.size.n_nodes, instances.goal.device
        nodes = torch.arange(n_nodes, device=device).expand(len(instances), -1)
        ends = torch.stack([instances.goal, instances.decoy, instances.root], dim=1)
        told = (n_nodes + self.size.n_values + instances.instructed.long())[:, None]
        edges = instances.parent.gather(1, instances.order)
        first = torch.cat([nodes, edges, ends, n_nodes + instances.context, told], dim=1)
        second = torch.full_like(first, n_nodes)
        second[:, n_nodes : 2 * n_nodes - 1] = instances.order
        kinds = [NODE] * n_nodes + [EDGE] * (n_nodes - 1) + [GOAL, DECOY, ROOT]
        kinds += [SLOT] * self.size.n_slots + [INSTRUCT]
        kind = torch.tensor(kinds, device=device).expand_as(first)
        return torch.stack([first, second, kind], dim=2)

    def optimal(
        self, instances: TreeProblems, objective: str
    ) -> Bool[Tensor, "batch decision action"]:
        """The one optimal action at every node on the way; other nodes are not asked."""
        return one_hot(following(instances, objective))

    @property
    def action_names(self) -> tuple[str, ...]:
        """The labels of the nodes."""
        return tuple(map(str, range(self.size.n_nodes)))

    def goal(self, instances: TreeProblems, objective: str | None = None) -> Int[Tensor, " batch"]:
        """Node that an objective asks for."""
        return self.target(instances, objective or self.base_objective)

    def start(self, instances: TreeProblems) -> Int[Tensor, " batch"]:
        """The root."""
        return instances.root

    def way(
        self, instances: TreeProblems, objective: str | None = None
    ) -> Int[Tensor, "batch time"]:
        """Nodes from the root to the one that an objective asks for, then -1."""
        ahead = following(instances, objective or self.base_objective)
        path = follow(ahead, instances.parent, instances.root)
        rests = torch.zeros_like(path, dtype=torch.bool)
        rests[:, 1:] = path[:, 1:] == path[:, :-1]
        return path.masked_fill(rests, NOT_ASKED)

    def places(self, instances: TreeProblems) -> dict[str, Bool[Tensor, "batch position"]]:
        """Nodes other than the root, whose own answer is read; edges; and both."""
        n_nodes = self.size.n_nodes
        n_positions = n_nodes + self.n_others
        positions = torch.arange(n_positions, device=instances.goal.device)
        positions = positions.expand(len(instances), -1)
        nodes = (positions < n_nodes) & (positions != instances.root[:, None])
        edges = (positions >= n_nodes) & (positions < 2 * n_nodes - 1)
        return {"nodes": nodes, "edges": edges, "nodes and edges": nodes | edges}

    def fulfilled(
        self,
        logits: Float[Tensor, "batch decision action"],
        instances: TreeProblems,
        objective: str,
    ) -> Bool[Tensor, " batch"]:
        """Whether the walk from the root rests on the objective's node, or passes the gate."""
        path = walk(logits, instances.parent, instances.root)
        visited = path if objective == GATED else path[:, -1:]
        return (visited == self.target(instances, objective)[:, None]).any(dim=1)

    @property
    def n_others(self) -> int:
        """Tokens that are no nodes: edges, goal, decoy and root, context slots, instruct token."""
        return self.size.n_nodes - 1 + 3 + self.size.n_slots + 1

    def net_shape(self, net: NetSpec) -> NetShape:
        """Shape of a network for this environment."""
        size = self.size
        return NetShape.of(
            net,
            n_decisions=size.n_nodes,
            n_others=self.n_others,
            vocabularies=(size.n_nodes + size.n_values + 2, size.n_nodes + 1, N_KINDS),
            n_actions=size.n_nodes,
        )
