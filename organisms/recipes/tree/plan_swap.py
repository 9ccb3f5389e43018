"""Put what one run holds at some tokens into another run, and read the first step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.worlds.tree import Tree, TreeProblems
from organisms.worlds.tree.problems import edge_places, node_places
from probes.network.capture import run
from probes.network.layers import Layer, Record, changed, difference, noise_like

Place = Callable[[TreeProblems], Bool[Tensor, "batch position"]]


PLACES: dict[str, Place] = {
    "nodes": node_places,
    "edges": edge_places,
    "nodes and edges": lambda problems: node_places(problems) | edge_places(problems),
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


def sites(net: nn.Module) -> list[Layer]:
    """Site after every block but the last, and which of its calls in a forward pass is meant."""
    shape: Any = net.shape
    layers = range(1, shape.n_layers)
    if shape.looped:
        return [Layer("blocks.0.hook_resid_post", layer) for layer in layers]
    return [Layer(f"blocks.{layer - 1}.hook_resid_post", 1) for layer in layers]


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
    root = own.root[:, None]
    layer = sites(net)[swap.layer - 1]
    ours = partial(run, net, world.tokens(own))
    record = Record.of(ours, [layer])
    other = Record.of(partial(run, net, world.tokens(donor)), [layer])
    plan = difference(record, other, layer, PLACES[swap.place](own))
    noise = noise_like(plan, generator=generator)

    def answers(logits: Tensor) -> Tensor:
        return logits.argmax(dim=2).gather(1, root).squeeze(1)

    wanted = answers(other.logits)
    hits = [(answers(changed(ours, layer, added)) == wanted).float() for added in (plan, noise)]
    return hits[0] - hits[1]
