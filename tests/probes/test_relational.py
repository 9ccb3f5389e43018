"""Relational probes against explicit products, planted matrices and a compiled net's edges."""

from __future__ import annotations

import pytest
import torch
from sklearn.linear_model import Ridge
from torch import Tensor

from organisms.nets.compiled.constructions import compile_bfs
from organisms.recipes.tree.compiled import tree_tokens
from organisms.worlds.tree import Tree, TreeSize
from probes.causal.relational import (
    RelationError,
    fit_bilinear,
    fit_low_rank,
    pointer_accuracy,
)
from probes.linear.features import Block, Features, read_sites

N, POSITIONS, WIDTH = 60, 5, 4


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


ROWS = torch.randn(N, POSITIONS, WIDTH, generator=seeded(1), dtype=torch.float64) + 2


def related(rank: int, *, noise: float = 0.3) -> Tensor:
    """Pairs above the median of a planted bilinear score, with noise."""
    left, right = torch.randn(2, WIDTH, rank, generator=seeded(2), dtype=torch.float64)
    centred = ROWS - 2
    scores = (centred @ left) @ (centred @ right).mT
    scores = scores + noise * torch.randn(scores.shape, generator=seeded(3), dtype=torch.float64)
    return scores > scores.median()


def blocks(size: int = N):
    return lambda: (Block(start, ROWS[start : start + size]) for start in range(0, N, size))


@pytest.mark.parametrize("size", [N, 7])
@pytest.mark.parametrize("alpha", [0.1, 30.0])
def test_bilinear_is_ridge_on_products(size: int, alpha: float) -> None:
    relation = related(2)
    probe = fit_bilinear(blocks(size), relation, alpha=alpha, tolerance=1e-10)
    x = ROWS - ROWS.mean(dim=(0, 1))
    x = torch.cat([x, torch.ones(N, POSITIONS, 1, dtype=torch.float64)], dim=2)
    products = torch.einsum("nia,njb->nijab", x, x).reshape(-1, (WIDTH + 1) ** 2)
    wanted = relation.double().flatten() - relation.double().mean()
    ridge = Ridge(alpha=alpha, fit_intercept=False, solver="cholesky").fit(products, wanted)
    theirs = torch.from_numpy(ridge.coef_).view(WIDTH + 1, WIDTH + 1)
    torch.testing.assert_close(probe.matrix, theirs, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(probe.scores(ROWS), (x @ theirs) @ x.mT, atol=1e-5, rtol=1e-5)


def loss(probe, relation: Tensor, alpha: float) -> float:
    error = probe.scores(ROWS) - (relation.double() - relation.double().mean())
    return float(error.square().sum() + alpha * probe.matrix.square().sum())


def test_low_rank_has_its_rank_and_loses_as_little_as_it_can() -> None:
    relation, alpha = related(2), 1.0
    full = fit_bilinear(blocks(), relation, alpha=alpha, tolerance=1e-10)
    losses = []
    for rank in range(1, WIDTH + 2):
        probe = fit_low_rank(blocks(13), relation, rank=rank, alpha=alpha)
        assert int(torch.linalg.matrix_rank(probe.matrix)) == rank
        u, s, vh = torch.linalg.svd(full.matrix)
        truncated = type(probe)(u[:, :rank] * s[:rank], vh[:rank].T, full.origin)
        losses.append(loss(probe, relation, alpha))
        assert losses[-1] <= loss(truncated, relation, alpha) + 1e-9
        for seed in range(10):
            nudge = 0.01 * torch.randn(probe.left.shape, generator=seeded(seed)).double()
            moved = type(probe)(probe.left + nudge, probe.right, full.origin)
            assert loss(moved, relation, alpha) >= losses[-1] - 1e-6
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(loss(full, relation, alpha), rel=1e-6)


def test_edges_of_a_compiled_searcher_are_read_and_need_their_rank() -> None:
    """A node holds its children, and itself: their product is the edge, of rank N - 1 or so."""
    world = Tree(TreeSize(n_nodes=8))
    net = compile_bfs(tree_tokens(world), n_layers=2, generator=seeded(3)).net
    problems = world.sample(200, generator=seeded(4))
    site = "blocks.0.hook_resid_post"
    residual = read_sites(net, world.tokens(problems), [site])[site][:, :8]
    nodes = torch.arange(8)
    edges = (problems.parent[:, None] == nodes[:, None]) & (problems.parent != nodes)[:, None]
    train, test = slice(0, 140), slice(140, 200)
    features = Features.given({"nodes": residual[train]})

    def read() -> object:
        return features.blocks("nodes")

    def reached(relation: Tensor, rank: int | None = None) -> float:
        if rank is None:
            probe = fit_bilinear(read, relation, alpha=30.0)
        else:
            probe = fit_low_rank(read, relation, rank=rank, alpha=30.0)
        return pointer_accuracy(probe.scores(residual[test]), edges[test])

    assert reached(edges[train]) > 0.99
    assert reached(edges[train], rank=1) < 0.6
    assert reached(edges[train].roll(1, dims=0)) < 0.6  # those of another tree


def test_pointer_accuracy_by_hand() -> None:
    relation = torch.tensor([[[0, 1, 1], [0, 0, 0], [1, 0, 0]]]).bool()
    scores = torch.tensor([[[9.0, 0, 1], [0, 0, 0], [5, 4, 3]]])
    assert pointer_accuracy(scores, relation) == 0.5
    with pytest.raises(RelationError, match="no position has a partner"):
        pointer_accuracy(scores, torch.zeros_like(relation))


def test_unusable_relations_are_refused() -> None:
    relation = related(2)
    with pytest.raises(RelationError, match="both kinds"):
        fit_bilinear(blocks(), torch.ones_like(relation), alpha=1.0)
    with pytest.raises(RelationError, match="alpha must be positive"):
        fit_bilinear(blocks(), relation, alpha=0.0)
    with pytest.raises(RelationError, match="of 59 x 5 positions"):
        fit_bilinear(blocks(), relation[1:], alpha=1.0)
    with pytest.raises(RelationError, match="the rank lies between 1 and 5"):
        fit_low_rank(blocks(), relation, rank=6, alpha=1.0)
