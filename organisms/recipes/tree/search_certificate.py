"""Causal evidence that a tree network looks ahead from the root, or does not.

Two interventions on the input and one on activations, all judged at the root, where the first
step of two answers differs. Evidence of search needs all three; a network that does not search
must fail the first, which no amount of knowledge about the goal token can pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from organisms.records.certificate import Check
from organisms.records.measured import mean_check, share_check
from organisms.records.truth import Mechanism
from organisms.worlds.tree.edits import rehang, rehangings
from organisms.worlds.tree.oracle import ancestry, depths, leaves, toward
from organisms.worlds.tree.problems import TreeProblems
from organisms.worlds.tree.sampler import choose
from organisms.worlds.tree.shifts import TreeDistribution
from organisms.worlds.tree.tree import Tree
from probes.arguments import require_word
from probes.network.capture import run
from probes.network.layers import Layer, Record, changed, difference, noise_like

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
        after: the edited ones; their roots have the same children.
    """

    before: TreeProblems
    after: TreeProblems

    def __len__(self) -> int:
        return len(self.before)

    def __getitem__(self, index: slice | Tensor) -> Pair:
        """Select by slice, index tensor or boolean mask."""
        return Pair(self.before[index], self.after[index])


def distal_pairs(problems: TreeProblems, *, generator: torch.Generator) -> Pair:
    """Hang the goal, or a node between, below another child of the root.

    The edge that moves starts at least one step from the root. Problems without such a move are
    left out.
    """
    rows = torch.arange(len(problems), device=problems.parent.device)
    reach = ancestry(problems.parent)
    on_way = reach[rows, :, problems.goal]
    elsewhere = ~reach[rows, _first(problems)] & ~_at(problems, problems.root)
    allowed = rehangings(problems) & on_way[:, :, None] & elsewhere[:, None, :]
    kept = allowed.flatten(1).any(1)
    before = problems[kept]
    return Pair(before, rehang(before, allowed[kept], generator))


def goal_pairs(problems: TreeProblems, *, generator: torch.Generator) -> Pair:
    """Make a leaf below another child of the root the goal, at least two steps from the root."""
    rows = torch.arange(len(problems), device=problems.parent.device)
    below = ancestry(problems.parent)[rows, _first(problems)]
    far = leaves(problems.parent) & (depths(problems.parent) >= 2)
    other = far & ~below & ~_at(problems, problems.decoy)
    kept = other.any(1)
    before = problems[kept]
    return Pair(before, replace(before, goal=choose(other[kept], generator)))


def followed(net: nn.Module, world: Tree, pair: Pair) -> Bool[Tensor, " batch"]:
    """Whether the first step is right before and after."""
    before = first_step(net, world, pair.before) == _first(pair.before)
    return before & (first_step(net, world, pair.after) == _first(pair.after))


def first_step(net: nn.Module, world: Tree, problems: TreeProblems) -> Int[Tensor, " batch"]:
    """What the network answers at the root."""
    return _at_root(run(net, world.tokens(problems)).argmax(dim=2), problems)


@dataclass(frozen=True)
class Swap:
    """What is swapped where.

    Attributes:
        layer: number of blocks, or turns of the looped block, after which it happens.
        place: name in the `places` of the world.
    """

    layer: int
    place: str

    def __str__(self) -> str:
        return f"the {self.place} after layer {self.layer}"


def sites(net: nn.Module) -> list[Layer]:
    """Site after every block but the last, and which of its calls in a forward pass is meant."""
    shape: Any = net.shape
    layers = range(1, shape.n_layers)
    if shape.looped:
        return [Layer("blocks.0.hook_resid_post", layer) for layer in layers]
    return [Layer(f"blocks.{layer - 1}.hook_resid_post", 1) for layer in layers]


def obeyed(
    net: nn.Module, world: Tree, pair: Pair, swap: Swap, *, generator: torch.Generator
) -> Float[Tensor, " batch"]:
    """1 where a swap from the run after the edit alone gives its first step, -1 where noise does.

    The noise has a random direction at every swapped token and the norm of the difference there.

    Raises:
        ValueError: there are more problems than one forward pass takes.
    """
    layer = sites(net)[swap.layer - 1]
    ours = partial(run, net, world.tokens(pair.before))
    own = Record.of(ours, [layer])
    donor = Record.of(partial(run, net, world.tokens(pair.after)), [layer])
    plan = difference(own, donor, layer, world.places(pair.before)[swap.place])
    noise = noise_like(plan, generator=generator)
    runs = (donor.logits, changed(ours, layer, plan), changed(ours, layer, noise))
    wanted, by_plan, by_noise = (_at_root(logits.argmax(dim=2), pair.before) for logits in runs)
    return (by_plan == wanted).float() - (by_noise == wanted).float()


def swap_margins(
    net: nn.Module, world: Tree, pair: Pair, *, generator: torch.Generator
) -> tuple[Swap, Float[Tensor, " batch"]]:
    """Best swap on the first half of the pairs, and its margin on those of the second half.

    Pairs whose answers are not both right tell nothing.
    """
    right = pair[followed(net, world, pair)]
    half = len(right) // 2

    def margins(swap: Swap, part: slice) -> Float[Tensor, " batch"]:
        return obeyed(net, world, right[part], swap, generator=generator)

    layers = range(1, len(sites(net)) + 1)
    swaps = [Swap(layer, place) for layer in layers for place in world.places(right.before)]
    best = max(swaps, key=lambda swap: float(margins(swap, slice(half)).mean()))
    return best, margins(best, slice(half, None))


def mechanism_checks(
    mechanism: Mechanism, net: nn.Module, world: Tree, *, n: int, generator: torch.Generator
) -> tuple[Check, ...]:
    """What admission must see of a mechanism; nothing where it is unknown.

    Args:
        mechanism: `search` must pass all three, `heuristic` and `memoriser` must fail the first.
        n: problems drawn for each; those that cannot be edited so are left out.
    """
    require_word("mechanism", mechanism, get_args(Mechanism))
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
    checks = [share_check(name, flips, "at_least", MIN_FLIPS)]
    name = "follows another goal with another first step"
    checks.append(share_check(name, retargeted, "at_least", MIN_RETARGETED))
    if int(retargeted.sum()) < MIN_SWAPPED:
        return tuple(checks)
    swap, margins = swap_margins(net, world, goals, generator=generator)
    name = f"obeys a plan swapped at {swap}, beyond a random direction"
    return (*checks, mean_check(name, margins, "at_least", MIN_SWAP_MARGIN))


def _at_root(steps: Int[Tensor, "batch node"], problems: TreeProblems) -> Int[Tensor, " batch"]:
    return steps.gather(1, problems.root[:, None]).squeeze(1)


def _first(problems: TreeProblems) -> Int[Tensor, " batch"]:
    """First optimal step for the goal."""
    return _at_root(toward(problems.parent, problems.goal), problems)


def _at(problems: TreeProblems, node: Int[Tensor, " batch"]) -> Bool[Tensor, "batch node"]:
    return torch.arange(problems.n_nodes, device=node.device) == node[:, None]
