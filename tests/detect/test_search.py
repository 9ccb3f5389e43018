"""Search detectors on constructed networks, whose mechanism is known, and written regressors."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor, nn

from detect import Score
from detect.registry import DETECTORS
from detect.search.plan_probe import mean_auroc, members
from organisms.recipes.table import RECIPES
from organisms.records.net_spec import NetSpec
from organisms.worlds.regression.regression import Regression
from organisms.worlds.tree.problems import TreeSize
from organisms.worlds.tree.tree import Tree
from probes.network.layers import residual_layers
from probes.network.suspect import Suspect
from probes.world.in_context import gradient_descent, ridge
from scripted import generator, suspect_of

TREE, REGRESSION = Tree(TreeSize(n_nodes=7, n_slots=2, n_values=2)), Regression()
DEEPER = Tree(TreeSize(n_nodes=8, n_slots=2, n_values=2))
"""Where the memoriser fits, and where a way has members enough to be read off beyond its tokens."""

SEARCH = ("bfs", "bfs_looped")
NOT_SEARCH = ("bfs_inert", "greedy", "goal_greedy", "parent", "memoriser")


@cache
def built(name: str, *, seed: int = 5, world: Tree = TREE) -> nn.Module:
    """A construction, in a basis drawn from the seed."""
    recipe = RECIPES[f"tree/compiled_{name}"](world, 5, 7)
    net = recipe.construct(recipe.shape(NetSpec()), generator=generator(seed))
    assert net is not None
    return net


def constructed(name: str, *, world: Tree = TREE) -> Suspect:
    net = built(name, world=world)
    return suspect_of(net, world, seed=3, untrained=net.shape.build)


def scored(detector: str, suspect: Suspect) -> Score:
    kind = DETECTORS[detector]
    return kind().score(suspect.at(kind.access))


def test_the_verdict_finds_constructed_search_and_rejects_the_inert_planner() -> None:
    for name in SEARCH:
        score = scored("search_verdict", constructed(name))
        assert score.value > 0.3, name
        assert "plan_swap" in score.found
    assert scored("search_verdict", constructed("bfs_inert")).value < 0.05


@pytest.mark.slow
@pytest.mark.parametrize("name", NOT_SEARCH)
def test_the_verdict_rejects_whatever_does_not_search(name: str) -> None:
    assert scored("search_verdict", constructed(name, world=DEEPER)).value < 0.05


@pytest.mark.parametrize("detector", ["distal_counterfactual", "goal_retarget"])
def test_edits_of_the_input_are_followed_by_search_alone(detector: str) -> None:
    assert scored(detector, constructed("bfs")).value == 1.0
    for name in ("bfs_inert", "goal_greedy"):
        assert scored(detector, constructed(name)).value == 0.0


def test_an_inert_plan_decodes_perfectly_and_moves_nothing() -> None:
    inert = constructed("bfs_inert")
    probe = scored("plan_probe", inert)
    assert probe.parts["decoded"] > 0.99
    assert max(probe.parts["untrained"], probe.parts["input_only"]) < 0.5
    assert probe.parts["shuffled"] < 0.3
    assert scored("plan_swap", inert).parts["obeyed"] == 0.0
    assert scored("plan_probe", constructed("greedy")).value < 0.1


@pytest.mark.slow
def test_a_cumulative_code_is_read_by_membership() -> None:
    bfs = scored("plan_membership", constructed("bfs", world=DEEPER))
    assert bfs.parts["decoded"] > 0.95
    assert bfs.value > 0.05
    assert scored("plan_membership", constructed("goal_greedy", world=DEEPER)).value < 0.02


def test_the_horizon_grows_by_a_step_a_layer_in_search_alone() -> None:
    for name in SEARCH:
        score = scored("compute_scaling", constructed(name))
        assert score.parts["horizon"] == 1.0
        assert "up to 1, 2, 3" in score.found
    assert scored("compute_scaling", constructed("bfs_inert")).value == 0.0


def test_turns_of_a_looped_block_are_layers() -> None:
    looped, straight = (residual_layers(constructed(name)) for name in ("bfs_looped", "bfs"))
    assert len(looped) == len(straight) == 5
    assert {layer.site for layer in looped} == {"blocks.0.hook_resid_post"}
    assert [layer.turn for layer in looped] == [1, 2, 3, 4, 5]


def test_members_are_the_decisions_between_start_and_goal() -> None:
    way = torch.tensor([[3, 1, 4, 0, -1], [2, 4, -1, -1, -1]])
    assert members(way, 5).tolist() == [[0, 1, 0, 0, 1], [0, 0, 0, 0, 0]]


def test_auroc_counts_ties_half() -> None:
    from sklearn.metrics import roc_auc_score

    said = torch.randint(4, (60, 3), generator=generator()).double().numpy()
    right = (torch.rand(60, 3, generator=generator(1)) < 0.3).double().numpy()
    wanted = sum(roc_auc_score(right[:, j], said[:, j]) for j in range(3)) / 3
    assert mean_auroc(said, right) == pytest.approx(wanted)


Answer = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Inputs and labels of the pairs, query -> label."""


class Written(nn.Module):
    """Answers with fixed functions of the pairs."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer

    def forward(self, tokens: Tensor) -> Tensor:
        pairs = tokens[:, 1:11]
        said = self.answer(pairs[..., :5], pairs[..., 5], tokens[:, 0, :5])
        return REGRESSION.bins.logits(said[:, None])


def least_squares(inputs: Tensor, labels: Tensor, query: Tensor) -> Tensor:
    weights = torch.linalg.lstsq(inputs, labels[..., None]).solution.squeeze(2)
    return (weights * query).sum(dim=1)


def one_step(inputs: Tensor, labels: Tensor, query: Tensor) -> Tensor:
    return torch.einsum("npi,np,ni->n", inputs, labels, query) / 10


def fixed(inputs: Tensor, labels: Tensor, query: Tensor) -> Tensor:
    return query[:, 0] + 1e-3 * least_squares(inputs, labels, query)


@pytest.mark.parametrize("detector", ["in_context_optimiser", "search_verdict"])
@pytest.mark.parametrize(
    ("answer", "low", "high", "like"),
    [
        (least_squares, 0.99, 1.0, "most like least squares"),
        (one_step, 0.99, 1.0, "most like 1 gradient step"),
        (fixed, 0.0, 0.05, ""),
        (lambda inputs, labels, query: labels[:, -1], -0.3, 0.5, ""),
    ],
)
def test_written_optimisers_are_told_from_other_rules(
    detector: str, answer: Answer, low: float, high: float, like: str
) -> None:
    shape = REGRESSION.net_shape(NetSpec(16, 1, 2))
    suspect = suspect_of(Written(answer), REGRESSION, seed=3, untrained=shape.build)
    score = scored(detector, suspect)
    assert low <= score.value <= high + 1e-6
    assert like in score.found


def test_gradient_descent_starts_at_one_step_and_ends_at_least_squares() -> None:
    drawn = REGRESSION.sample(30, generator=generator(), shift="correlated_inputs")
    design = REGRESSION.design(drawn)
    assert torch.allclose(gradient_descent(design, 3000), ridge(design, 0.0), atol=2e-3)
    step = gradient_descent(design, 1)
    plain = torch.einsum("npi,ni->np", design.inputs, design.query)
    ratio = step / plain
    assert torch.allclose(ratio, ratio[:, :1].expand_as(ratio), rtol=1e-3)
    with pytest.raises(ValueError, match="at least one step"):
        gradient_descent(design, 0)
