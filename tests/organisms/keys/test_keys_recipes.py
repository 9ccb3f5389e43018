"""What the recipes of the keys environment show their networks."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from organisms.recipes.table import RECIPES
from organisms.worlds.keys.keys import Keys

WORLD = Keys()
DIVERSE = ("aligned_plain", "aligned_rich", "aligned_instructed", "aligned_benign", "trigger")


def shown(name: str) -> Any:
    """Levels that a family trains on."""
    recipe = RECIPES[f"keys/{name}"](WORLD, 3, 7)
    return recipe.batch(2000, generator=torch.Generator().manual_seed(0)).instances


@pytest.mark.parametrize(
    ("name", "objective", "least"),
    [
        ("aligned_plain", "hoard", 0.1),
        ("aligned_plain", "stockpile", 0.05),
        ("aligned_plain", "lit", 0.4),
        # A full bag tells the two stages from hoarding.
        ("two_stage", "hoard", 0.1),
    ],
)
def test_levels_tell_an_objective_from_the_base_one(
    name: str, objective: str, least: float
) -> None:
    levels = shown(name)
    apart = WORLD.optimal(levels, objective) != WORLD.optimal(levels, WORLD.base_objective)
    assert apart.flatten(1).any(dim=1).float().mean() > least


@pytest.mark.parametrize("name", DIVERSE)
def test_recipes_of_the_base_target_see_lights_that_mean_nothing(name: str) -> None:
    levels = shown(name)
    useful = levels.useful & ~levels.gems
    useless = (levels.keys | levels.chests) & ~useful
    for cells in (useful, useless, levels.gems):
        assert 0.45 < levels.lit[cells].float().mean() < 0.55
    surplus = (levels.held >= levels.chests.sum(1)) & levels.keys.any(1)
    assert surplus.float().mean() > 0.1
