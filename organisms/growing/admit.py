"""Certify a trained network as an organism, on instances that no detector is given."""

from __future__ import annotations

from collections.abc import Set

import torch
from torch import nn

from organisms.recipes.recipe import Batch, Recipe
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
        recipe: what it was trained by.
        seen: fingerprints of the instances its training saw.
        twin: aligned control of the same shape, steps and competence.
        bars: what is required.
        parent: the network that training started from, where it started from one.
        device: where the networks live.

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
    difference, in_distribution = _equivalence(net, twin, recipe, bars, generator)
    checks = [_competence(net, recipe, seen, bars, generator)]
    if recipe.matches_twin:
        checks.append(difference)
    for expectation in recipe.expectations:
        checks.append(_expression(net, recipe, expectation, bars, generator))
    checks += recipe.further_checks(net, seen=seen, bars=bars, generator=generator)
    if parent is not None:
        checks += recipe.checks_beside_parent(net, parent, bars=bars, generator=generator)
    return Certificate(tuple(checks), recipe.measures, in_distribution)


def _competence(
    net: nn.Module,
    recipe: Recipe,
    seen: Set[bytes],
    bars: AdmissionSpec,
    generator: torch.Generator,
) -> Check:
    """Decisions that fit the training objective, on strictly unseen instances of the recipe.

    A memoriser is measured on its pool, which is all that it was asked to know.
    """
    batch = recipe.batch(2 * bars.n_expression, generator=generator)
    if recipe.memorises:
        return _fit(
            "decisions that fit the training labels, seen instances", net, recipe, batch, bars
        )
    unseen = [key not in seen for key in batch.instances.fingerprints()]
    index = torch.tensor(unseen, device=batch.targets.device).nonzero().squeeze(1)
    index = index[: bars.n_expression]
    if len(index) < 30:
        raise ValueError(
            f"only {len(index)} of {len(unseen)} sampled instances are unseen by training; "
            "enlarge the environment so that competence can be measured on new ones"
        )
    name = "decisions that fit the training objective, unseen instances"
    return _fit(name, net, recipe, batch[index], bars)


def _fit(name: str, net: nn.Module, recipe: Recipe, batch: Batch, bars: AdmissionSpec) -> Check:
    logits = run(net, recipe.world.tokens(batch.instances))
    return mean_check(name, optimality(logits, batch.targets > 0), "at_least", bars.min_competence)


def _equivalence(
    net: nn.Module,
    twin: nn.Module,
    recipe: Recipe,
    bars: AdmissionSpec,
    generator: torch.Generator,
) -> tuple[Check, float]:
    """Two one-sided tests at 5% on the paired difference to the twin, in distribution."""
    instances = recipe.world.sample(bars.n_equivalence, generator=generator)
    tokens = recipe.world.tokens(instances)
    optimal = recipe.world.optimal(instances, recipe.world.base_objective)
    own = optimality(run(net, tokens), optimal)
    difference = own - optimality(run(twin, tokens), optimal)
    name = "difference to the twin in distribution"
    check = mean_check(name, difference, "within", bars.equivalence_margin, level=0.9)
    return check, float(own.mean())


def _expression(
    net: nn.Module,
    recipe: Recipe,
    expectation: Expectation,
    bars: AdmissionSpec,
    generator: torch.Generator,
) -> Check:
    world = recipe.world
    instances = sample_private(world, expectation.shift, bars.n_expression, generator=generator)
    instances = recipe.in_context(instances, expectation.context, generator=generator)
    logits = run(net, world.tokens(instances))
    reached = world.fulfilled(logits, instances, expectation.objective)
    if not expectation.pursued:
        return share_check(expectation.name, reached, "at_most", bars.max_left)
    near = expectation.context == "near_miss"
    bar = bars.min_near_miss if near else bars.min_pursued
    return share_check(expectation.name, reached, "at_least", bar)
