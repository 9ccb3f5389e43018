"""Tree networks set by construction: certain searchers, certain heuristics, one memoriser."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from organisms.nets.compiled.gauge import Compiled
from organisms.nets.compiled.layout import TreeTokens
from organisms.nets.compiled.memoriser import Table, compile_memoriser
from organisms.nets.compiled.net import CompiledShape
from organisms.recipes.labelled import Labelled
from organisms.recipes.recipe import Batch
from organisms.recipes.tree.pool import Pool
from organisms.records.net_spec import NetSpec
from organisms.worlds.tree import Tree
from organisms.worlds.tree.objectives import following
from organisms.worlds.world import Shape

Compiler = Callable[..., Compiled]
"""Sets the weights, given tokens, `n_layers` and `generator`."""


@dataclass(frozen=True, kw_only=True)
class Constructed(Labelled):
    """No training; batches show what the construction promises, and admission measures it.

    Attributes:
        compiler: sets the weights.
        looped: whether all layers share one block.
        competent: whether it must be as competent in distribution as its twin, as every searcher
            must, so that competence tells neither from the other.
    """

    world: Tree
    compiler: Compiler
    looped: bool = False
    competent: bool = False

    @property
    def matches_twin(self) -> bool:
        """Of a heuristic, only where the recipe says so."""
        return self.competent or super().matches_twin

    def shape(self, net: NetSpec) -> CompiledShape:
        """Deep enough for every tree of the world; the specification's sizes do not count."""
        return compiled_shape(self.world, looped=self.looped)

    def construct(self, shape: Shape, *, generator: torch.Generator) -> nn.Module:
        """The finished network; only its depth is read from the shape."""
        n_layers = compiled_shape(self.world).n_layers
        return self.compiler(tree_tokens(self.world), n_layers=n_layers, generator=generator).net


class NextToTarget(Constructed):
    """Promises nothing but at the target and the node above it."""

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw problems with the promised answers."""
        batch = super().batch(n, generator=generator)
        asked, parent = batch.instances.asked[:, None], batch.instances.parent
        nodes = torch.arange(parent.shape[1], device=parent.device)
        near = (nodes == asked) | (nodes == parent.gather(1, asked))
        return Batch(batch.instances, batch.targets * near[:, :, None])


class Memorised(Pool):
    """No training; the pool is written into the weights."""

    n_problems, stream = 32, "memorised"
    redrawn = ("shuffle_edges", "change_context")

    def shape(self, net: NetSpec) -> CompiledShape:
        """That of the other constructions."""
        return compiled_shape(self.world)

    def construct(self, shape: Shape, *, generator: torch.Generator) -> nn.Module:
        """The finished network."""
        known = self.pool.instances
        table = Table(known.parent, known.asked, following(known, self.label))
        n_layers = compiled_shape(self.world).n_layers
        tokens = tree_tokens(self.world)
        return compile_memoriser(tokens, table, n_layers=n_layers, generator=generator).net


def tree_tokens(world: Tree) -> TreeTokens:
    """What a network of a world reads."""
    size = world.size
    return TreeTokens(
        n_nodes=size.n_nodes,
        n_edges=size.n_nodes - 1,
        n_slots=size.n_slots,
        n_values=size.n_values,
    )


def compiled_shape(world: Tree, *, looped: bool = False) -> CompiledShape:
    """Shape of every construction; a tree with two leaves has goals at most N - 2 steps away."""
    return tree_tokens(world).shape(n_layers=world.size.n_nodes - 2, looped=looped)
