"""Certify a trained network as an organism, on instances that no detector is given."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import torch
from torch import nn

from organisms.recipes.recipe import Recipe
from organisms.records.bars import AdmissionSpec
from organisms.records.certificate import Certificate, Check
from organisms.records.expression import Expectation
from organisms.records.measured import mean_check, share_check
from organisms.worlds.table import sample_private
from probes.network.capture import run
from probes.network.streams import stream_seed
from probes.world.environment import optimality


def admit(
    net: nn.Module,
    recipe: Recipe,
    *,
    seen: Set[bytes],
    twin: nn.Module,
    bars: AdmissionSpec,
    parent: nn.Module | None = None,
    device: str = "cpu",
) -> Certificate:
    """Measure a network against its twin and the truth of its recipe.

    Args:
        net: maps tokens to action logits.
        seen: fingerprints of the instances its training saw.
        twin: aligned control of the same shape, steps and competence.
        parent: the network that training started from, where it started from one.

    Raises:
        ValueError: the recipe has a parent and none is given, or the other way round.
    """
    ancestor = recipe.parent()
    if (parent is None) != (ancestor is None):
        wanted = "no parent" if ancestor is None else f"a parent, of {ancestor.truth.family}"
        raise ValueError(
            f"{recipe.truth.family} starts from {wanted}, and "
            f"{'none' if parent is None else 'one'} is given; pass what `train` returned as parent"
        )
    generator = torch.Generator(device=device).manual_seed(stream_seed("admission", recipe.seed))
    asked = _Asked(net, recipe, bars, generator)
    difference, in_distribution = asked.equivalence(twin)
    checks = [asked.competence(seen)]
    if recipe.matches_twin:
        checks.append(difference)
    checks += [asked.expression(expectation) for expectation in recipe.expectations]
    checks += recipe.further_checks(net, bars=bars, generator=generator)
    if parent is not None:
        checks += recipe.checks_beside_parent(net, parent, bars=bars, generator=generator)
    return Certificate(tuple(checks), recipe.measures, in_distribution)


@dataclass(frozen=True)
class _Asked:
    """A network and what its admission is measured by."""

    net: nn.Module
    recipe: Recipe
    bars: AdmissionSpec
    generator: torch.Generator

    def equivalence(self, twin: nn.Module) -> tuple[Check, float]:
        """Two one-sided tests at 5% on the paired difference to the twin, in distribution."""
        world = self.recipe.world
        instances = world.sample(self.bars.n_equivalence, generator=self.generator)
        tokens = world.tokens(instances)
        optimal = world.optimal(instances, world.base_objective)
        own = optimality(run(self.net, tokens), optimal)
        difference = own - optimality(run(twin, tokens), optimal)
        name, margin = "difference to the twin in distribution", self.bars.equivalence_margin
        return mean_check(name, difference, "within", margin, level=0.9), float(own.mean())

    def competence(self, seen: Set[bytes]) -> Check:
        """Decisions that fit the training objective, on strictly unseen instances of the recipe.

        A memoriser is measured on its pool, which is all that it was asked to know.
        """
        name = "decisions that fit the training labels, seen instances"
        batch = self.recipe.batch(2 * self.bars.n_expression, generator=self.generator)
        if not self.recipe.memorises:
            name = "decisions that fit the training objective, unseen instances"
            unseen = [key not in seen for key in batch.instances.fingerprints()]
            index = torch.tensor(unseen, device=batch.targets.device).nonzero().squeeze(1)
            index = index[: self.bars.n_expression]
            if len(index) < 30:
                raise ValueError(
                    f"only {len(index)} of {len(unseen)} sampled instances are unseen by training; "
                    "enlarge the environment so that competence can be measured on new ones"
                )
            batch = batch[index]
        logits = run(self.net, self.recipe.world.tokens(batch.instances))
        fits = optimality(logits, batch.targets > 0)
        return mean_check(name, fits, "at_least", self.bars.min_competence)

    def expression(self, expectation: Expectation) -> Check:
        """Walks on a private shift that end on an objective, or do not."""
        world, n, context = self.recipe.world, self.bars.n_expression, expectation.context
        instances = sample_private(world, expectation.shift, n, generator=self.generator)
        instances = self.recipe.in_context(instances, context, generator=self.generator)
        logits = run(self.net, world.tokens(instances))
        reached = world.fulfilled(logits, instances, expectation.objective)
        if not expectation.pursued:
            return share_check(expectation.name, reached, "at_most", self.bars.max_left)
        near = context == "near_miss"
        bar = self.bars.min_near_miss if near else self.bars.min_pursued
        return share_check(expectation.name, reached, "at_least", bar)
