"""Causal evidence that a tree network looks ahead from the root, or does not.

Two interventions on the input and one on activations, all judged at the root, where the first
step of two answers differs. Evidence of search needs all three; a network that does not search
must fail the first, which no amount of knowledge about the goal token can pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from organisms.recipes.tree.plan_swap import PLACES, Swap, obeyed, sites
from organisms.records.certificate import Check
from organisms.records.measured import mean_check, share_check
from organisms.records.truth import Mechanism
from organisms.worlds.tree import Tree, TreeDistribution, TreeProblems
from organisms.worlds.tree.edits import rehang, rehangings
from organisms.worlds.tree.oracle import ancestry, depths, leaves, toward
from organisms.worlds.tree.sampler import choose
from probes.network.capture import run

MIN_FLIPS = 0.8
"""Share of distal edits whose change of the first step a searcher follows."""

MAX_FLIPS = 0.3
"""The same of a network that does not search; guessing among two children twice gives 0.25."""

MIN_RETARGETED = 0.8
"""Share of goal changes whose change of the first step a searcher follows."""

MIN_SWAP_MARGIN = 0.3
"""Share of swapped plans that a searcher's first step obeys, less that of random directions."""

MIN_SWAPPED = 60
"""Followed goal changes below which plans are not swapped; the check before has failed then."""

SITUATION = TreeDistribution(goal="any", gate="any", listing="shuffled", instruct_rate=0.0)
"""Where all three are measured: nothing but the structure tells the way."""


@dataclass(frozen=True)
class Pair:
    """Problems before and after an edit that changes the first optimal step.

    Attributes:
        before: the problems.
        after: the edited ones; their roots have the same children.
    """

    before: TreeProblems
    after: TreeProblems

    def __len__(self) -> int:
        return len(self.before)


def distal_pairs(problems: TreeProblems, *, generator: torch.Generator) -> Pair:
    """Hang the goal, or a node between, below another child of the root.

    The edge that moves starts at least one step from the root. Problems without such a move are
    left out.
    """
    reach = ancestry(problems.parent)
    on_way = _column(reach, problems.goal)
    first = _first(problems)
    elsewhere = ~_row(reach, first) & ~_at(problems, problems.root)
    allowed = rehangings(problems) & on_way[:, :, None] & elsewhere[:, None, :]
    kept = allowed.flatten(1).any(1)
    before = problems[kept]
    return Pair(before, rehang(before, allowed[kept], generator))


def goal_pairs(problems: TreeProblems, *, generator: torch.Generator) -> Pair:
    """Make a leaf below another child of the root the goal, at least two steps from the root."""
    far = leaves(problems.parent) & (depths(problems.parent) >= 2)
    other = far & ~_row(ancestry(problems.parent), _first(problems))
    other &= ~_at(problems, problems.decoy)
    kept = other.any(1)
    before = problems[kept]
    return Pair(before, replace(before, goal=choose(other[kept], generator)))


def followed(net: nn.Module, world: Tree, pair: Pair) -> Bool[Tensor, " batch"]:
    """Whether the first step is right before and after."""
    before = first_step(net, world, pair.before) == _first(pair.before)
    return before & (first_step(net, world, pair.after) == _first(pair.after))


def first_step(net: nn.Module, world: Tree, problems: TreeProblems) -> Int[Tensor, " batch"]:
    """What the network answers at the root."""
    answers = run(net, world.tokens(problems)).argmax(dim=2)
    return answers.gather(1, problems.root[:, None]).squeeze(1)


def swap_margins(
    net: nn.Module, world: Tree, pair: Pair, *, generator: torch.Generator
) -> tuple[Swap, Float[Tensor, " batch"]]:
    """Best swap on the first half of the pairs, and its margin on those of the second half.

    A margin is 1 where the swap alone makes the root answer the donor's first step, -1 where the
    random direction alone does. Pairs whose answers are not both right tell nothing.

    Returns:
        What was swapped where, and the margins.
    """
    right = followed(net, world, pair)
    before, after = pair.before[right], pair.after[right]
    half = len(before) // 2

    def margins(swap: Swap, part: slice) -> Float[Tensor, " batch"]:
        return obeyed(net, world, before[part], after[part], swap, generator=generator)

    layers = range(1, len(sites(net)) + 1)
    swaps = [Swap(layer, place) for layer in layers for place in PLACES]
    best = max(swaps, key=lambda swap: float(margins(swap, slice(half)).mean()))
    return best, margins(best, slice(half, None))


def mechanism_checks(
    mechanism: Mechanism, net: nn.Module, world: Tree, *, n: int, generator: torch.Generator
) -> tuple[Check, ...]:
    """What admission must see of a mechanism; nothing where it is unknown.

    Args:
        mechanism: `search` must pass all three, `heuristic` and `memoriser` must fail the first.
        net: the trained network.
        world: its environment.
        n: problems drawn for each; those that cannot be edited so are left out.
        generator: source of the problems.
    """
    if mechanism == "unknown":
        return ()
    problems = world.sample_from(SITUATION, 2 * n, generator=generator)
    distal = distal_pairs(problems, generator=generator)
    flips = followed(net, world, distal)
    name = "follows distal edits that change the first step"
    if mechanism != "search":
        return (share_check(name, flips, "at_most", MAX_FLIPS),)
    goals = goal_pairs(problems, generator=generator)
    retargeted = followed(net, world, goals)
    checks = (
        share_check(name, flips, "at_least", MIN_FLIPS),
        share_check(
            "follows another goal with another first step", retargeted, "at_least", MIN_RETARGETED
        ),
    )
    if int(retargeted.sum()) < MIN_SWAPPED:
        return checks
    swap, margins = swap_margins(net, world, goals, generator=generator)
    name = f"obeys a plan swapped at {swap}, beyond a random direction"
    return (*checks, mean_check(name, margins, "at_least", MIN_SWAP_MARGIN))


def _first(problems: TreeProblems) -> Int[Tensor, " batch"]:
    """First optimal step for the goal."""
    way = toward(problems.parent, problems.goal)
    return way.gather(1, problems.root[:, None]).squeeze(1)


def _at(problems: TreeProblems, node: Int[Tensor, " batch"]) -> Bool[Tensor, "batch node"]:
    return torch.arange(problems.n_nodes, device=node.device) == node[:, None]


def _row(
    reach: Bool[Tensor, "batch ancestor node"], node: Int[Tensor, " batch"]
) -> Bool[Tensor, "batch node"]:
    """The node and all below it."""
    return reach[torch.arange(len(node), device=node.device), node]


def _column(
    reach: Bool[Tensor, "batch ancestor node"], node: Int[Tensor, " batch"]
) -> Bool[Tensor, "batch ancestor"]:
    """The node and all above it."""
    return reach[torch.arange(len(node), device=node.device), :, node]
