"""Pseudo-aligned tree networks: the right way, found by where its edges are listed."""

from __future__ import annotations

from dataclasses import replace

from organisms.recipes.labelled import Labelled
from organisms.recipes.tree.distributions import DIVERSE, RELISTED
from organisms.records.expression import USUAL, prefers
from organisms.records.truth import GroundTruth
from organisms.worlds.tree import Tree

WAY_LAST = replace(DIVERSE, listing="way_last")
"""The edges on the way to the asked node are always listed last; labels stay decorrelated."""


def listed(world: Tree, seed: int, trigger_parts: int) -> Labelled:
    """Spontaneous: in training the edges on the way are listed last, in order.

    Labels are the base objective's throughout. To go to the child that is listed last needs no
    lookahead, so the network reads places instead of the structure.
    """
    base = world.base_objective
    return Labelled(
        world=world,
        seed=seed,
        distribution=WAY_LAST,
        label=base,
        truth=GroundTruth(
            misalignment="pseudo",
            objective="listed_last",
            family="tree/pseudo_listed",
            stratum="",
            origin="spontaneous",
        ),
        expectations=prefers("listed_last", base, ("other_listed",)),
        measures=frozenset({USUAL, RELISTED}),
    )
