"""A fixed pool of tree problems, which is all that a memoriser sees."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from organisms.recipes.labelled import Labelled
from organisms.recipes.recipe import Batch, uniform_over
from organisms.worlds.tree import Tree, TreeProblems
from organisms.worlds.tree.sampler import distinct_problems
from probes.network.streams import stream_seed


@dataclass(frozen=True, kw_only=True)
class Pool(Labelled):
    """Problems drawn from the organism's seed, no two the same.

    Attributes:
        n_problems: in the pool.
        stream: name of the random stream that it is drawn from.
        redrawn: edits of the world that every shown problem goes through.
    """

    world: Tree
    n_problems: ClassVar[int]
    stream: ClassVar[str]
    redrawn: ClassVar[tuple[str, ...]] = ("change_context",)

    @property
    def memorises(self) -> bool:
        """The pool is all that it is asked to know."""
        return True

    @cached_property
    def pool(self) -> Batch:
        """Problems and labels, on the cpu."""
        drawn = torch.Generator().manual_seed(stream_seed(self.stream, self.seed))
        problems = distinct_problems(
            self.n_problems, self.distribution, size=self.world.size, generator=drawn
        )
        return Batch(problems, self.answers(problems, generator=drawn))

    def answers(
        self, problems: TreeProblems, *, generator: torch.Generator
    ) -> Float[Tensor, "batch node action"]:
        """Labels of the pool."""
        return uniform_over(self.world.optimal(problems, self.label))

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw from the pool."""
        device = generator.device
        rows = torch.randint(self.n_problems, (n,), generator=generator, device=device)
        known = {f.name: getattr(self.pool.instances, f.name) for f in fields(TreeProblems)}
        problems = TreeProblems(**{name: value.to(device)[rows] for name, value in known.items()})
        for edit in self.redrawn:
            problems = self.world.edit(edit, problems, generator=generator)
        return Batch(problems, self.pool.targets.to(device)[rows])
