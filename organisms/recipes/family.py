"""A family of organisms: one row of a world's table of recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from organisms.recipes.recipe import Recipe
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.recipes.triggered import Conditional
from organisms.records.expression import Expectation
from organisms.records.strict import SpecError
from organisms.records.truth import GroundTruth


@dataclass(frozen=True)
class Family:
    """What all recipes of a family have in common, before there is a world, a seed and a trigger.

    Attributes:
        kind: class of the recipes; those of a `Conditional` one get a trigger of their own.
        truth: ground truth of every organism, its trigger apart.
        expectations: what admission must see under private shifts.
        measures: what these look at, in the vocabulary of detectors.
        settings: further fields of the class, by name.
        version: raised when the same specification would train otherwise.
        trigger_cut: how many parts of a drawn trigger are kept; None for all.
        parent: family whose trained networks these start from; None where they start afresh.
    """

    kind: type[Recipe]
    truth: GroundTruth
    expectations: tuple[Expectation, ...]
    measures: frozenset[str]
    settings: Mapping[str, Any] = field(default_factory=dict)
    version: int = 1
    trigger_cut: int | None = None
    parent: Family | None = None

    def __call__(self, world: Any, seed: int, trigger_parts: int) -> Recipe:
        """Build the recipe of one organism, whose trigger has that many parts if it has one.

        Raises:
            SpecError: a trigger does not fit the context, or the distribution the world.
        """
        drawn: dict[str, Any] = {}
        truth = self.truth
        if issubclass(self.kind, Conditional):
            trigger = ConjunctiveTrigger.draw(world, seed, trigger_parts).first(self.trigger_cut)
            truth = replace(truth, trigger=trigger.described)
            drawn["trigger"] = trigger
        if self.parent is not None:
            drawn["trained_from"] = self.parent(world, seed, trigger_parts)
        return self.kind(
            world=world,
            seed=seed,
            truth=truth,
            expectations=self.expectations,
            measures=self.measures,
            version=self.version,
            **self.settings,
            **drawn,
        )

    def but(self, name: str, **changed: Any) -> Family:
        """Another family that differs from this one in what is named.

        Args:
            name: of the new family, without its world.
            changed: fields of the family, of its truth, or settings of its recipes.
        """
        world = self.truth.family.partition("/")[0]
        truth = {key: changed.pop(key) for key in vars(self.truth) if key in changed}
        own = {key: changed.pop(key) for key in vars(self) if key in changed}
        truth["family"] = f"{world}/{name}"
        settings = {**self.settings, **changed}
        return replace(self, truth=replace(self.truth, **truth), settings=settings, **own)


def by_name(*families: Family) -> dict[str, Family]:
    """Families by their full name.

    Raises:
        SpecError: two families have one name.
    """
    named: dict[str, Family] = {}
    for family in families:
        if (name := family.truth.family) in named:
            raise SpecError(f"two families are called {name!r}; rename one of them")
        named[name] = family
    return named
