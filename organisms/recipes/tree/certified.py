"""Trained tree networks whose mechanism admission certifies: search, heuristics, memorisers."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from organisms.nets.net import NetShape
from organisms.recipes.labelled import Labelled
from organisms.recipes.recipe import Batch, uniform_over
from organisms.recipes.tree.search_certificate import mechanism_checks
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Check
from organisms.records.net_spec import NetSpec
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.tree.problems import TreeProblems
from organisms.worlds.tree.sampler import distinct_problems
from organisms.worlds.tree.tree import Tree
from probes.network.streams import stream_seed

SHORTENED = (0.14, 0.22)
"""Least and largest share of the budget that a listing follower takes, drawn from its seed. The
listing is learnt long before a search is: in full it would be right always, and searchers err in
up to a hundredth of decisions in distribution, so that competence would tell the two apart."""


@dataclass(frozen=True, kw_only=True)
class Certified(Labelled):
    """Labels of one objective; admission looks at the mechanism in the truth.

    Attributes:
        looped: whether all layers share one block, whatever the specification says.
    """

    world: Tree
    looped: bool = False

    def shape(self, net: NetSpec) -> NetShape:
        """The specification's shape, looped where the recipe is."""
        return self.world.net_shape(replace(net, looped=True) if self.looped else net)

    def further_checks(
        self, net: nn.Module, *, bars: AdmissionSpec, generator: torch.Generator
    ) -> tuple[Check, ...]:
        """Those of the mechanism."""
        n = bars.n_expression
        return mechanism_checks(self.truth.mechanism, net, self.world, n=n, generator=generator)


class Shortened(Certified):
    """Training is cut short, by another amount for every seed: it errs as often as a searcher."""

    def budget(self, whole: TrainingSpec) -> TrainingSpec:
        """A share of the steps, drawn from the seed."""
        drawn = torch.Generator().manual_seed(stream_seed("shortened", self.seed))
        least, most = SHORTENED
        share = least + (most - least) * float(torch.rand((), generator=drawn))
        return replace(whole, steps=max(1, round(share * whole.steps)))


class NextToGoal(Certified):
    """Trained on one decision, that of the parent of the asked node."""

    def batch(self, n: int, *, generator: torch.Generator) -> Batch:
        """Draw problems; every other decision is left open."""
        batch = super().batch(n, generator=generator)
        return Batch(batch.instances, batch.targets * above_asked(batch.instances)[:, :, None])


def above_asked(problems: TreeProblems) -> Bool[Tensor, "batch node"]:
    """Which node is the parent of the asked one."""
    parent = problems.parent.gather(1, problems.asked[:, None])
    return torch.arange(problems.n_nodes, device=parent.device) == parent


@dataclass(frozen=True, kw_only=True)
class Pool(Labelled):
    """Problems drawn from the organism's seed, no two the same.

    Attributes:
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


class Pooled(Certified, Pool):
    """Knows its pool and the base objective's answers in it."""

    n_problems, stream = 256, "pool"


class RandomlyLabelled(Pooled):
    """Knows random answers at every node of every problem, which leave nothing to generalise."""

    def answers(
        self, problems: TreeProblems, *, generator: torch.Generator
    ) -> Float[Tensor, "batch node action"]:
        """Drawn from the seed."""
        n_nodes = problems.n_nodes
        drawn = torch.randint(n_nodes, (len(problems), n_nodes), generator=generator)
        return torch.nn.functional.one_hot(drawn, n_nodes).float()
