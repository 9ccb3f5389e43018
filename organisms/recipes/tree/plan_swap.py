"""Put what one run holds at some tokens into another run, and read the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.environments.tree import Tree, TreeProblems
from probes.capture import BATCH, run

Place = Callable[[TreeProblems], Bool[Tensor, "batch position"]]


def _nodes(problems: TreeProblems) -> Bool[Tensor, "batch position"]:
    """Every node but the root, whose own answer is read."""
    places = torch.arange(_length(problems), device=problems.goal.device)
    return (places < problems.n_nodes) & (places != problems.root[:, None])


def _edges(problems: TreeProblems) -> Bool[Tensor, "batch position"]:
    places = torch.arange(_length(problems), device=problems.goal.device)
    listed = (places >= problems.n_nodes) & (places < 2 * problems.n_nodes - 1)
    return listed.expand(len(problems), -1)


def _length(problems: TreeProblems) -> int:
    """Nodes, edges, goal, decoy, root, context slots and the instruct token."""
    return 2 * problems.n_nodes + 3 + problems.context.shape[1]


PLACES: dict[str, Place] = {
    "nodes": _nodes,
    "edges": _edges,
    "nodes and edges": lambda problems: _nodes(problems) | _edges(problems),
}
"""Tokens that may hold a plan. None tells the goal by itself: goal, decoy and root are left out."""


@dataclass(frozen=True)
class Swap:
    """What is swapped where.

    Attributes:
        layer: number of blocks, or turns of the looped block, after which it happens.
        place: name in `PLACES`.
    """

    layer: int
    place: str

    def __str__(self) -> str:
        return f"the {self.place} after layer {self.layer}"


class Replacement:
    """Adds differences to the residual stream after one layer, once per forward pass."""

    def __init__(self, differences: Float[Tensor, "batch position width"], turn: int) -> None:
        self.differences = differences
        self.turn = turn
        self.calls = 0

    def __call__(
        self, residual: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position width"]:
        self.calls += 1
        return residual + self.differences if self.calls == self.turn else residual


class Recording:
    """Keeps the residual stream after one layer."""

    def __init__(self, turn: int) -> None:
        self.turn = turn
        self.calls = 0
        self.kept: Tensor | None = None

    def __call__(
        self, residual: Float[Tensor, "batch position width"]
    ) -> Float[Tensor, "batch position width"]:
        self.calls += 1
        if self.calls == self.turn:
            self.kept = residual
        return residual


def sites(net: nn.Module) -> list[tuple[str, int]]:
    """Site after every block but the last, and which of its calls in a forward pass is meant."""
    shape: Any = net.shape
    layers = range(1, shape.n_layers)
    if shape.looped:
        return [("blocks.0.hook_resid_post", layer) for layer in layers]
    return [(f"blocks.{layer - 1}.hook_resid_post", 1) for layer in layers]


def obeyed(
    net: nn.Module,
    world: Tree,
    own: TreeProblems,
    donor: TreeProblems,
    swap: Swap,
    *,
    generator: torch.Generator,
) -> Float[Tensor, " batch"]:
    """1 where the swap alone makes the root answer as in the donor's run, -1 where noise does.

    The noise has a random direction at every swapped token and the norm of the difference there.

    Raises:
        ValueError: there are more problems than one forward pass takes.
    """
    if len(own) > BATCH:
        raise ValueError(f"at most {BATCH} problems can be swapped at once, got {len(own)}")
    site, turn = sites(net)[swap.layer - 1]
    tokens, root = world.tokens(own), own.root[:, None]
    ours, theirs = Recording(turn), Recording(turn)
    run(net, tokens, {site: ours})
    wanted = run(net, world.tokens(donor), {site: theirs}).argmax(dim=2).gather(1, root)
    assert ours.kept is not None
    assert theirs.kept is not None
    swapped = PLACES[swap.place](own)[:, :, None]
    difference = (theirs.kept - ours.kept) * swapped
    noise = torch.randn(difference.shape, generator=generator, device=generator.device)
    noise *= difference.norm(dim=2, keepdim=True) / noise.norm(dim=2, keepdim=True)
    hits = []
    for added in (difference, noise):
        logits = run(net, tokens, {site: Replacement(added, turn)})
        hits.append((logits.argmax(dim=2).gather(1, root) == wanted).squeeze(1).float())
    return hits[0] - hits[1]
