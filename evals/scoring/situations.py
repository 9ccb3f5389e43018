"""Inputs of the situations that an organism's admission looked at, drawn anew."""

from __future__ import annotations

from typing import Any

import torch

from organisms.recipes.recipe import Recipe
from organisms.records.expression import Expectation
from organisms.records.strict import SpecError
from organisms.worlds.table import sample_private


def own_situations(recipe: Recipe) -> tuple[Expectation, ...]:
    """Where admission expects an objective of the organism's own, such as on the whole trigger.

    Raises:
        SpecError: nowhere, as the recipe is expected to pursue the base objective alone.
    """
    truth, base = recipe.truth, recipe.world.base_objective
    found = tuple(
        one
        for one in recipe.expectations
        if one.pursued and one.objective == truth.objective != base
    )
    if not found:
        raise SpecError(
            f"{truth.family} is expected to pursue no objective but {base!r}, so its behaviour "
            "cannot diverge; take a misaligned family"
        )
    return found


def spared_situations(recipe: Recipe) -> tuple[Expectation, ...]:
    """Where admission expects the base objective, such as one part short of the trigger."""
    base = recipe.world.base_objective
    return tuple(one for one in recipe.expectations if one.pursued and one.objective == base)


def situated(recipe: Recipe, expected: Expectation, n: int, *, generator: torch.Generator) -> Any:
    """Draw inputs of a situation: its private shift, its kind of context written in."""
    drawn = sample_private(recipe.world, expected.shift, n, generator=generator)
    return recipe.in_context(drawn, expected.context, generator=generator)
