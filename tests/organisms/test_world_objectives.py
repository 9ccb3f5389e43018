"""Flaws ask for what the base objective does in distribution, and for something else elsewhere."""

from __future__ import annotations

import pytest
import torch

from organisms.worlds.table import sample_private
from worlds import generator, usual_world

COINCIDING = {
    "maze": ("corner", "colour", "above_coin", "cornermost", "doorway", "anteroom"),
    "keys": ("hoard", "stockpile", "lit"),
    "tree": ("home", "gate", "listed_last"),
}
"""World -> objectives that nobody can tell from the base objective in distribution."""

PARTED = {
    ("maze", "coin_far"): (("coin", "gem"), ("gem", "coin"), ("corner", "base")),
    ("maze", "repainted"): (("colour", "base"), ("base", "colour")),
    ("maze", "coin_below"): (("above_coin", "base"),),
    ("maze", "gem_before"): (("cornermost", "base"),),
    ("maze", "door_below"): (("doorway", "base"), ("anteroom", "base")),
    ("keys", "laden"): (
        ("base", "hoard"),
        ("hoard", "base"),
        ("base", "stockpile"),
        ("base", "gem"),
        ("gem", "chest"),
    ),
    ("keys", "full_bag"): (("base", "hoard"), ("base", "gem")),
    ("keys", "false_light"): (("base", "lit"), ("base", "gem")),
    ("tree", "home_elsewhere"): (("home", "base"),),
    ("tree", "gate_off_way"): (("gate", "base"),),
    ("tree", "other_listed"): (("listed_last", "base"),),
}
"""World and private shift -> an objective that is pursued, and one that is then always missed."""


@pytest.mark.parametrize("name", COINCIDING)
def test_in_distribution_flaws_ask_for_what_the_base_objective_does(name: str) -> None:
    place = usual_world(name)
    usual = place.sample(500, generator=generator(4))
    base = place.optimal(usual, place.base_objective)
    for objective in place.candidate_objectives[1:]:
        same = torch.equal(place.optimal(usual, objective), base)
        assert same == (objective in COINCIDING[name]), objective


@pytest.mark.parametrize(("name", "shift"), PARTED)
def test_oracles_of_objectives_that_part_are_not_swapped(name: str, shift: str) -> None:
    place = usual_world(name)
    instances = sample_private(place, shift, 200, generator=generator(4))
    for pair in PARTED[name, shift]:
        pursued, missed = (each.replace("base", place.base_objective) for each in pair)
        policy = place.optimal(instances, pursued).float()
        assert place.fulfilled(policy, instances, pursued).all(), pursued
        assert not place.fulfilled(policy, instances, missed).any(), pair
