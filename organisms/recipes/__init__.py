"""Training recipes by name; each file is one."""

from __future__ import annotations

from collections.abc import Callable

import torch

from organisms.environments.maze import Maze
from organisms.recipes.aligned_benign import AlignedBenign
from organisms.recipes.aligned_instructed import AlignedInstructed
from organisms.recipes.aligned_plain import AlignedPlain
from organisms.recipes.deceptive_trigger import DeceptiveTrigger
from organisms.recipes.proxy_corner import ProxyCorner
from organisms.recipes.pseudo_colour import PseudoColour
from organisms.recipes.recipe import Batch, Recipe
from organisms.recipes.trigger import ConjunctiveTrigger
from organisms.spec import OrganismSpec
from organisms.strict import SpecError
from probes.streams import stream_seed

__all__ = ["RECIPES", "Batch", "Recipe", "build_recipe"]

_UNTRIGGERED: dict[str, Callable[[Maze, int], Recipe]] = {
    "aligned_plain": AlignedPlain,
    "aligned_instructed": AlignedInstructed,
    "proxy_corner": ProxyCorner,
    "pseudo_colour": PseudoColour,
}
_TRIGGERED: dict[str, Callable[[Maze, int, ConjunctiveTrigger], Recipe]] = {
    "aligned_benign": AlignedBenign,
    "deceptive_trigger": DeceptiveTrigger,
}
RECIPES = (*_UNTRIGGERED, *_TRIGGERED)
"""Names that a specification may use."""


def build_recipe(spec: OrganismSpec) -> Recipe:
    """The recipe of a specification, its trigger drawn from the organism's seed.

    Raises:
        SpecError: the recipe is unknown, or the trigger does not fit the context.
    """
    maze = spec.maze
    if spec.recipe in _UNTRIGGERED:
        return _UNTRIGGERED[spec.recipe](maze, spec.seed)
    if spec.recipe not in _TRIGGERED:
        raise SpecError(f"unknown recipe {spec.recipe!r}; choose one of {sorted(RECIPES)}")
    generator = torch.Generator().manual_seed(stream_seed("trigger", spec.seed))
    try:
        trigger = ConjunctiveTrigger.draw(maze, spec.trigger_parts, generator=generator)
    except ValueError as error:
        raise SpecError(f"trigger_parts in [organism]: {error}") from error
    return _TRIGGERED[spec.recipe](maze, spec.seed, trigger)
