"""An organism that reads other tokens and orders its actions otherwise is judged as it was."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from detect.contract.score import Score
from detect.registry import DETECTORS
from organisms.travel.archive import Archive
from organisms.travel.reference import read_reference
from organisms.worlds.maze.maze import Maze
from organisms.worlds.options import WithOptions
from organisms.zoo.weights import net_of
from probes.world.environment import optimality
from scripted import generator, suspect_of

MAZE = Maze()
SHUFFLED = torch.randperm(34, generator=generator(1))
"""Place among the organism's tokens of each of the stranger's."""
NUMBERS = torch.randperm(28, generator=generator(2))
"""What the stranger calls each content of a token."""
ACTIONS = ("stay", "left", "up", "down", "right")
OUTPUTS = ("in_distribution", "goal_swap", "distractor_sensitivity")
ASIDE = ("random_score", "metadata", "gradient_probing")
"""The first two draw by name or look at files; the last looks for a token at the position at which
the network embeds it, where the organism, inside, has another."""


def encode(levels: Any) -> Tensor:
    """The maze's tokens in other places, under other numbers, colour before content."""
    content, colour = MAZE.tokens(levels).unbind(dim=2)
    return torch.stack([colour, NUMBERS[content]], dim=2)[:, SHUFFLED]


def decoded(network: nn.Module, inputs: tuple[Tensor]) -> tuple[Tensor]:
    """Undo `encode`."""
    colour, content = inputs[0][:, SHUFFLED.argsort()].unbind(dim=2)
    return (torch.stack([NUMBERS.argsort()[content], colour], dim=2),)


def reordered(network: nn.Module, inputs: tuple[Tensor], logits: Tensor) -> Tensor:
    """Logits in the order of `ACTIONS`."""
    return logits[..., [MAZE.action_names.index(name) for name in ACTIONS]]


STRANGE = WithOptions(MAZE, actions=ACTIONS, encode=encode)


def stranger(network: nn.Module) -> nn.Module:
    """The same network, which reads and answers as the strange world wants it."""
    network.register_forward_pre_hook(decoded)
    network.register_forward_hook(reordered)
    return network


@cache
def reference() -> Archive:
    """The networks that ship with the package, read once."""
    return read_reference("smoke")


def both(family: str) -> tuple[Any, Any]:
    """A reference organism as a suspect in its own world, and in the strange one."""
    archive = reference()
    spec = next(r.spec for r in archive.records if r.admitted and r.spec.recipe == family)
    weights, shape = archive.weights[spec], spec.shape
    own, other = (net_of(weights, shape, where="here", remedy="none") for _ in range(2))
    return (
        suspect_of(own, MAZE, untrained=shape.build),
        suspect_of(stranger(other), STRANGE, untrained=lambda g: stranger(shape.build(g))),
    )


def test_outputs_and_optimality_are_those_of_the_organism() -> None:
    own, other = both("maze/proxy_corner")
    for shift in (None, "coin_anywhere", "often_instructed"):
        batch = STRANGE.sample(64, generator=generator(), shift=shift)
        assert not torch.equal(STRANGE.tokens(batch), MAZE.tokens(batch))
        logits, strange = own.outputs(batch), other.outputs(batch)
        assert torch.equal(strange, reordered(nn.Identity(), (logits,), logits))
        shares = [
            optimality(answers, world.optimal(batch, world.base_objective))
            for answers, world in ((logits, MAZE), (strange, STRANGE))
        ]
        assert torch.equal(*shares)
        assert shares[0].mean() > (0.9 if shift is None else 0.3)


def same_scores(names: tuple[str, ...], family: str) -> None:
    own, other = both(family)
    scores = {name: [DETECTORS[name]().score(one) for one in (own, other)] for name in names}
    unlike = {
        name: (first, second)
        for name, (first, second) in scores.items()
        if numbers(second) != pytest.approx(numbers(first), abs=1e-4, nan_ok=True)
    }
    assert not unlike


def numbers(score: Score) -> dict[str, float]:
    return {"value": score.value, **score.parts}


def test_cheap_detectors_give_the_scores_of_the_organism() -> None:
    same_scores(OUTPUTS, "maze/proxy_corner")


@pytest.mark.slow
@pytest.mark.parametrize("family", ["maze/proxy_corner", "maze/deceptive_trigger"])
def test_every_detector_gives_the_score_of_the_organism(family: str) -> None:
    same_scores(tuple(name for name in DETECTORS if name not in ASIDE), family)
