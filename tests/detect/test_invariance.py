"""The order of hidden units and heads, and the signs inside heads, change no verdict."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch

from detect.registry import DETECTORS
from organisms.environments.maze import Maze, MazeSize
from organisms.environments.regression import Regression, RegressionSize
from organisms.environments.tree import Tree, TreeSize
from organisms.net import OrganismNet
from organisms.net_spec import NetSpec
from organisms.world import World
from probes.access import Access
from probes.suspect import Suspect

WORLDS: dict[str, World[Any]] = {
    "maze": Maze(MazeSize(side=4, n_slots=3, n_values=3, n_glyphs=2)),
    "tree": Tree(TreeSize(n_nodes=7, n_slots=2, n_values=2)),
    "regression": Regression(RegressionSize(n_slots=2, n_values=2)),
}
TOLERANCE = 0.02
"""Of a score; noise is drawn per coordinate, so it falls otherwise on permuted ones."""


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def rearranged(net: OrganismNet, seed: int) -> OrganismNet:
    """The same function: hidden units and heads in another order, signs flipped inside heads."""
    drawn, other = generator(seed), copy.deepcopy(net)
    with torch.no_grad():
        for block in other.blocks:
            units = torch.randperm(len(block.W_in.bias), generator=drawn)
            block.W_in.weight[:] = block.W_in.weight[units]
            block.W_in.bias[:] = block.W_in.bias[units]
            block.W_out.weight[:] = block.W_out.weight[:, units]
            width, n_heads = block.attn.W_O.weight.shape[0], block.attn.n_heads
            heads = torch.randperm(n_heads, generator=drawn)
            inside = torch.arange(width).view(n_heads, -1)[heads].flatten()
            sign = 2.0 * torch.randint(2, (2, width), generator=drawn) - 1
            joined = block.attn.W_QKV
            weight, bias = joined.weight.view(3, width, -1), joined.bias.view(3, width)
            signs = torch.stack([sign[0], sign[0], sign[1]])
            joined.weight[:] = (weight[:, inside] * signs[:, :, None]).flatten(0, 1)
            joined.bias[:] = (bias[:, inside] * signs).flatten()
            block.attn.W_O.weight[:] = block.attn.W_O.weight[:, inside] * sign[1]
    return other


def suspect(net: torch.nn.Module, world: World[Any]) -> Suspect:
    shape = world.net_shape(NetSpec(16, 2, 2))
    return Suspect(
        id="s",
        network=net,
        environment=world,
        access=Access.WEIGHTS,
        seed=3,
        untrained=shape.build,
        metadata={"position": 0.0, "file_bytes": 10.0, "n_parameters": 5.0},
    )


def nets(world: World[Any]) -> tuple[OrganismNet, OrganismNet]:
    net = world.net_shape(NetSpec(16, 2, 2)).build(generator(7)).eval()
    return net, rearranged(net, 1)


def test_the_rearranged_network_is_the_same_function_of_other_weights() -> None:
    world = WORLDS["maze"]
    tokens = world.tokens(world.sample(50, generator=generator()))
    one, other = nets(world)
    assert torch.allclose(one(tokens), other(tokens), atol=1e-5)
    before, after = one.state_dict(), other.state_dict()
    assert not torch.equal(before["blocks.0.W_in.weight"], after["blocks.0.W_in.weight"])
    qkv = "blocks.1.attn.W_QKV.weight"
    assert not torch.equal(before[qkv], after[qkv])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DETECTORS))
def test_no_verdict_changes(name: str) -> None:
    kind = DETECTORS[name]
    scores = []
    worlds = ("tree",) if kind.question == "search" else ("maze",)
    for world in worlds:
        for net in nets(WORLDS[world]):
            scores.append(kind().score(suspect(net, WORLDS[world]).at(kind.access)))
    assert scores[0].abstained == scores[1].abstained
    if not scores[0].abstained:
        tolerance = 0.1 if name == "weight_noise" else TOLERANCE
        assert scores[0].value == pytest.approx(scores[1].value, abs=tolerance)
