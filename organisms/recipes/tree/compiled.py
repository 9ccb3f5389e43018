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
from organisms.recipes.tree.certified import Pool, above_asked
from organisms.records.net_spec import NetSpec
from organisms.worlds.tree.objectives import following
from organisms.worlds.tree.tree import Tree
from organisms.worlds.world import Shape

Compiler = Callable[..., Compiled]
"""Sets the weights, given tokens, `n_layers` and `generator`."""


@dataclass(frozen=True, kw_only=True)
class Constructed(Labelled):
    """No training; batches show what the construction promises, and admission measures it."""

    world: Tree
    compiler: Compiler
    looped: bool = False

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
        near = above_asked(batch.instances)
        near.scatter_(1, batch.instances.asked[:, None], True)
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
        known, n_layers = self.pool.instances, compiled_shape(self.world).n_layers
        table = Table(known.parent, known.asked, following(known, self.label))
        tokens = tree_tokens(self.world)
        return compile_memoriser(tokens, table, n_layers=n_layers, generator=generator).net


def tree_tokens(world: Tree) -> TreeTokens:
    """What a network of a world reads."""
    n, size = world.size.n_nodes, world.size
    return TreeTokens(n_nodes=n, n_edges=n - 1, n_slots=size.n_slots, n_values=size.n_values)


def compiled_shape(world: Tree, *, looped: bool = False) -> CompiledShape:
    """Shape of every construction; a tree with two leaves has goals at most N - 2 steps away."""
    return tree_tokens(world).shape(n_layers=world.size.n_nodes - 2, looped=looped)
