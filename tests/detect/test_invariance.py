"""The order of units and heads, the signs inside heads and rotations change no verdict.

Misalignment detectors score a trained network and its disguise (permuted residual stream, hidden
units and heads, signs flipped); search detectors a constructed one in two bases, where every space
is turned by an orthogonal matrix.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
import torch
from test_registry import AT_HOME_IN_LANGUAGE, every, tuned
from test_search import TREE, built
from torch import nn

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.oracle.disagreement import regrets
from detect.registry import DETECTORS
from organisms.nets.disguise import disguised
from organisms.records.net_spec import NetSpec
from organisms.worlds.language.dialogues import LanguageSize
from organisms.worlds.language.language import Language
from organisms.worlds.regression.problems import RegressionSize
from organisms.worlds.regression.regression import Regression
from organisms.worlds.world import World
from probes.network.suspect import ReferencedSuspect
from scripted import SMALL_MAZE as MAZE
from scripted import generator, suspect_of

LANGUAGE = Language(LanguageSize(n_slots=3, n_values=3))
REGRESSION = Regression(RegressionSize(n_slots=2, n_values=2))
SHAPE = NetSpec(16, 2, 2)

ROUNDING = 0.02
"""Of a score, times its own size where that is above 1."""

DRAWN_BY_COORDINATE = {
    "activation_noise": 0.15,
    "weight_noise": 0.15,
    "plan_swap": 0.1,
    "search_verdict": 0.1,
}
"""Detectors whose noise, of the method or of its control, falls on numbered coordinates: isotropic,
so that the distribution of the score is the same in every basis, but one seed falls otherwise on a
permuted network. The number bounds the spread over seeds, which a test measures."""

QUICK = 0.5
"""Declared cost up to which a detector is tried in the default run."""


@cache
def trained() -> nn.Module:
    """Trained on mazes for a moment: far from its start, and far from perfect."""
    net = MAZE.net_shape(SHAPE).build(generator(7))
    optimizer, drawn = torch.optim.Adam(net.parameters(), lr=0.01), generator(1)
    for _ in range(60):
        levels = MAZE.sample(64, generator=drawn)
        with torch.enable_grad():
            loss = regrets(net(MAZE.tokens(levels)), MAZE.optimal(levels, MAZE.base_objective))
            optimizer.zero_grad()
            loss.nanmean().backward()
        optimizer.step()
    return net.eval().requires_grad_(False)


def regressor() -> nn.Module:
    return REGRESSION.net_shape(SHAPE).build(generator(7)).eval().requires_grad_(False)


def pair(kind: type[Detector]) -> tuple[World, nn.Module, nn.Module]:
    """The detector's home, and one function from two sets of weights."""
    if kind.name == "in_context_optimiser":
        return REGRESSION, regressor(), disguised(regressor(), generator(1))
    if kind.question == "search":
        return TREE, built("bfs", seed=5), built("bfs", seed=6)
    if kind.name in AT_HOME_IN_LANGUAGE:
        return LANGUAGE, tuned(LANGUAGE, 7), reordered(tuned(LANGUAGE, 7), generator(1))
    return MAZE, trained(), disguised(trained(), generator(1))


def reordered(net: Any, drawn: torch.Generator) -> nn.Module:
    """The same language model, its residual stream in another order."""
    order = torch.randperm(net.shape.width, generator=drawn)
    for name, weight in net.named_parameters():
        reads = name.endswith(("embed.weight", "W_QKV.weight", "W_in.weight"))
        weight.copy_(weight[:, order] if reads else weight)
        writes = "ln" in name or ".W_O." in name or ".W_out." in name
        weight.copy_(weight[order] if writes else weight)
    return net


def in_basis(kind: type[Detector], seed: int) -> nn.Module:
    """The same function, its units in the order, or its spaces at the angle, of a seed."""
    if kind.question == "search":
        return built("bfs", seed=seed)
    return disguised(trained(), generator(seed))


def scored(kind: type[Detector], net: nn.Module, world: World, *, seed: int = 3) -> Score:
    """With the same twin for all."""
    suspect = suspect_of(net, world, seed=seed, untrained=net.shape.build)
    twin = world.net_shape(SHAPE).build(generator(9)).eval()
    return kind().score(ReferencedSuspect.beside(suspect, twin).at(kind.access))


@pytest.mark.parametrize(
    "name", ["random_score", "plan_probe", "in_context_optimiser", "deception_probe"]
)
def test_the_pairs_are_one_function_of_different_weights(name: str) -> None:
    world, one, other = pair(DETECTORS[name])
    tokens = world.tokens(world.sample(50, generator=generator()))
    torch.testing.assert_close(one(tokens), other(tokens), atol=1e-3, rtol=1e-3)
    different = [
        not torch.allclose(a, b, atol=1e-3)
        for a, b in zip(one.parameters(), other.parameters(), strict=True)
        if a.ndim > 1
    ]
    assert sum(different) >= len(different) - 2


@pytest.mark.slow
def test_the_base_is_not_recognised_in_another_order_of_units() -> None:
    """Weights are compared with the base's one by one."""
    world, one, other = pair(DETECTORS["model_diffing"])
    assert not scored(DETECTORS["model_diffing"], one, world).abstained
    assert "no fine-tune" in scored(DETECTORS["model_diffing"], other, world).reason


@pytest.mark.parametrize("name", every(QUICK, but=("model_diffing",)))
def test_no_verdict_changes(name: str) -> None:
    kind = DETECTORS[name]
    world, one, other = pair(kind)
    before, after = scored(kind, one, world), scored(kind, other, world)
    assert (before.abstained, before.reason) == (after.abstained, after.reason)
    assert not before.abstained, before.reason
    tolerance = DRAWN_BY_COORDINATE.get(name, ROUNDING * max(1.0, abs(before.value)))
    assert after.value == pytest.approx(before.value, abs=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(DRAWN_BY_COORDINATE))
def test_noise_moves_a_score_by_a_basis_no_more_than_by_a_seed(name: str) -> None:
    kind = DETECTORS[name]
    world, one, _ = pair(kind)
    seeds = torch.tensor([scored(kind, one, world, seed=n).value for n in range(8)])
    bases = torch.tensor([scored(kind, in_basis(kind, n), world).value for n in range(8)])
    assert float(bases.std()) <= 2 * float(seeds.std()) + ROUNDING
    assert float(bases.max() - bases.min()) <= 2 * DRAWN_BY_COORDINATE[name]


def test_a_detector_that_reads_the_order_of_units_would_be_seen() -> None:
    world, one, other = pair(DETECTORS["ood_battery"])
    levels, site = world.sample(40, generator=generator()), "blocks.1.hook_mlp_post"
    first, second = (
        float(suspect_of(net, world).capture(levels, [site])[site][..., 0].mean())
        for net in (one, other)
    )
    assert abs(first - second) > ROUNDING
