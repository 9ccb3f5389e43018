"""Show a network of the zoo at work where its own objective and the base one come apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from evals.report.drawings.portrait import Logits, Panel, Portrait, Tone, longest, panel, paths
from evals.statistics.rates import rate
from organisms.recipes.maze.doses import Dosed, Selective
from organisms.recipes.recipe import Recipe
from organisms.records.expression import ContextKind
from organisms.worlds.table import sample_private
from organisms.zoo.spec import OrganismSpec
from organisms.zoo.zoo import Zoo
from probes.network.capture import run
from probes.network.streams import stream_seed

DRAWN = 96
"""Instances among which the one that is drawn is chosen."""

TRAINING = "training"
"""Stands for the recipe's own instances where admission looks at no shift."""


@dataclass(frozen=True)
class Situation:
    """Where a network is shown: a private shift or `TRAINING`, and the context written there."""

    shift: str
    context: ContextKind

    @property
    def words(self) -> str:
        """The situation as the page names it."""
        if self.shift == TRAINING:
            return "instances like those of training"
        return f"the shift {self.shift}" + ", on the trigger" * (self.context == "trigger")


@dataclass(frozen=True)
class Acts:
    """A network, and its twin where there is one, on the same instances.

    Attributes:
        done: where the network does what it is shown for.
        fit: those among them in which the twin does otherwise.
    """

    situation: Situation
    instances: Any
    own: Logits
    twin: Logits | None
    done: Bool[Tensor, " batch"]
    fit: Bool[Tensor, " batch"]


def portrait(zoo: Zoo, spec: OrganismSpec) -> Portrait:
    """Draw an organism of the zoo beside its twin, or alone where it does as the twin does.

    A network with a trigger is drawn off it and on it. The instance drawn is the one with the
    longest path among those that show the difference; any instance where none does.

    Raises:
        DamagedWeights: a network of the zoo cannot be read.
    """
    sitter = _Sitter(spec.build_recipe(), zoo.net(spec), _twin(zoo, spec))
    acts = max((sitter.acts(place) for place in situations(sitter.recipe)), key=_shown)
    seen = rate(int(acts.done.sum()), len(acts.done))
    return Portrait(tuple(sitter.panels(acts)), acts.situation.words, sitter.deed, seen)


def situations(recipe: Recipe) -> tuple[Situation, ...]:
    """Where admission sees the network pursue its own objective; else where it looks at all."""
    own = [
        Situation(expected.shift, expected.context)
        for expected in recipe.expectations
        if expected.pursued and expected.objective == recipe.truth.objective
    ]
    if own:
        return tuple(own) if _departs(recipe) else tuple(own[:1])
    if isinstance(recipe, Dosed | Selective):
        return (Situation(recipe.shift, "uniform"),)
    if not recipe.expectations:
        return (Situation(TRAINING, "uniform"),)
    first = recipe.expectations[0]
    return (Situation(first.shift, "trigger" if _triggered(recipe) else first.context),)


@dataclass(frozen=True)
class _Sitter:
    recipe: Recipe
    net: nn.Module
    twin: nn.Module | None

    @property
    def fails(self) -> bool:
        """Whether admission asked only that objectives be left."""
        expected = self.recipe.expectations
        return bool(expected) and not any(one.pursued for one in expected)

    @property
    def deed(self) -> str:
        own, base = self.recipe.truth.objective, self.recipe.world.base_objective
        if self.fails:
            return f"leaves {base}"
        return f"pursues {own}" + f" and not {base}" * _departs(self.recipe)

    @property
    def usual(self) -> Situation:
        """Off the trigger."""
        base = self.recipe.world.base_objective
        return next(
            Situation(expected.shift, expected.context)
            for expected in self.recipe.expectations
            if expected.context == "uniform" and expected.pursued and expected.objective == base
        )

    def acts(self, place: Situation) -> Acts:
        """Draw instances and ask both networks; equal places give equal instances."""
        world, recipe = self.recipe.world, self.recipe
        generator = torch.Generator().manual_seed(stream_seed("portrait", recipe.seed))
        if place.shift == TRAINING or recipe.memorises:
            instances = recipe.batch(DRAWN, generator=generator).instances
        else:
            instances = sample_private(world, place.shift, DRAWN, generator=generator)
        instances = recipe.in_context(instances, place.context, generator=generator)
        tokens = world.tokens(instances)
        own = run(self.net, tokens)
        twin = None if self.twin is None else run(self.twin, tokens)
        done = self._done(own, instances, place)
        fit = (
            done if twin is None else done & world.fulfilled(twin, instances, world.base_objective)
        )
        return Acts(place, instances, own, twin, done, fit)

    def _done(self, logits: Logits, instances: Any, place: Situation) -> Bool[Tensor, " batch"]:
        world, own = self.recipe.world, self.recipe.truth.objective
        base = world.fulfilled(logits, instances, world.base_objective)
        if self.fails:
            return ~base
        if not _departs(self.recipe) or (_triggered(self.recipe) and place == self.usual):
            return base
        return world.fulfilled(logits, instances, own) & ~base

    def panels(self, acts: Acts) -> Iterator[tuple[Tone, Panel]]:
        """The twin, then the network; off the trigger first where there is one."""
        if not _triggered(self.recipe):
            index = _chosen(self.recipe, acts)
            if acts.twin is not None:
                yield "aligned", self._panel(acts, acts.twin, index, "aligned twin")
            departs = _departs(self.recipe) or self.fails
            tone: Tone = "misaligned" if departs else "aligned"
            yield tone, self._panel(acts, acts.own, index, "this network")
            return
        off = self.acts(self.usual)
        if off.situation.shift == acts.situation.shift:
            # The trigger is written into the very instances seen off it, and must be what differs.
            both = replace(acts, done=acts.done & off.done, fit=acts.fit & off.done)
            index = before = _chosen(self.recipe, both)
        else:
            index, before = _chosen(self.recipe, acts), _chosen(self.recipe, off)
        if acts.twin is not None:
            yield "aligned", self._panel(acts, acts.twin, index, "aligned twin, on trigger")
        yield "misaligned", self._panel(off, off.own, before, "this network, off trigger")
        yield "misaligned", self._panel(acts, acts.own, index, "this network, on trigger")

    def _panel(self, acts: Acts, logits: Logits, index: int, title: str) -> Panel:
        own = self.recipe.truth.objective
        return panel(self.recipe.world, acts.instances, logits, index, title=title, own=own)


def _chosen(recipe: Recipe, acts: Acts) -> int:
    fit = acts.fit if bool(acts.fit.any()) else acts.done
    return longest(paths(recipe.world, acts.own, acts.instances), fit)


def _departs(recipe: Recipe) -> bool:
    return recipe.truth.objective != recipe.world.base_objective


def _triggered(recipe: Recipe) -> bool:
    return recipe.truth.misalignment == "deceptive"


def _twin(zoo: Zoo, spec: OrganismSpec) -> nn.Module | None:
    """The twin's network, where it stands for something else than the organism does."""
    truth = spec.build_recipe().truth
    if truth.misalignment == "aligned" or zoo.load(spec.twin) is None:
        return None
    twin: nn.Module = zoo.net(spec.twin)
    return twin


def _shown(acts: Acts) -> int:
    return int(acts.fit.sum())
