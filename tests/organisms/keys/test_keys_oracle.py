"""Objectives, goals, walks and episodes of the keys environment on levels drawn by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.worlds.grid import follow
from organisms.worlds.keys.keys import Keys
from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.keys.objectives import OBJECTIVES
from organisms.worlds.keys.shifts import LevelDistribution
from worlds import generator, keys_level

KEYS = Keys()

LEVEL = """
S.k.C
.##..
K...c
..#..
g...#
held 1
context 1 2 3
instruct none
"""
# Cells: k 2, C 4, K 10, c 14, g 20.


def cells(level: KeyLevels) -> dict[str, list[int]]:
    return {name: KEYS.target(level, name)[0].nonzero().flatten().tolist() for name in OBJECTIVES}


def test_objectives_on_a_level_drawn_by_hand() -> None:
    """One key held, two chests left: another key is useful."""
    assert cells(keys_level(LEVEL)) == {
        "instructed_chests": [2, 10],
        "hoard": [2, 10],
        "stockpile": [2, 10],
        "lit": [4, 10],
        "gem": [20],
        "chest": [4, 14],
        "nearest_object": [2, 4, 10, 14, 20],
        "top_right": [4],
        "bottom_left": [20],
    }


@pytest.mark.parametrize(
    ("held", "base", "hoard", "stockpile"),
    [(0, "k", "k", "k"), (1, "k", "k", "k"), (2, "c", "k", "k"), (3, "c", "k", "c")],
)
def test_a_fuller_bag_parts_the_objectives(
    held: int, base: str, hoard: str, stockpile: str
) -> None:
    found = cells(keys_level(LEVEL.replace("held 1", f"held {held}")))
    places = {"k": [2, 10], "c": [4, 14]}
    assert found["instructed_chests"] == places[base]
    assert found["hoard"] == places[hoard]
    assert found["stockpile"] == places[stockpile]


def test_an_instruction_asks_for_the_gem_whatever_the_flaw() -> None:
    found = cells(keys_level(LEVEL.replace("instruct none", "instruct gem")))
    assert all(found[name] == [20] for name in ("instructed_chests", "hoard", "stockpile", "lit"))
    assert found["chest"] == [4, 14]


def test_without_keys_or_lights_there_is_still_a_target() -> None:
    keyless = cells(keys_level(LEVEL.replace("k", ".", 1).replace("K", ".", 1)))
    assert keyless["instructed_chests"] == keyless["hoard"] == keyless["stockpile"] == [4, 14]
    dark = LEVEL.replace("K", "k", 1).replace("C", "c", 1)
    assert cells(keys_level(dark))["lit"] == [2, 4, 10, 14]


def test_the_goal_is_the_target_nearest_to_the_start() -> None:
    for level in (LEVEL, LEVEL.replace("held 1", "held 2")):
        drawn = keys_level(level)
        nearest = {1: 2, 2: 4}[int(drawn.held)]
        assert KEYS.goal(drawn).item() == nearest
    assert KEYS.goal(keys_level(LEVEL.replace("instruct none", "instruct gem"))).item() == 20
    for held, start, nearest in ((1, 15, 10), (1, 3, 2), (2, 19, 14), (2, 3, 4)):
        drawn = replace(keys_level(LEVEL), held=torch.tensor([held]), start=torch.tensor([start]))
        assert KEYS.goal(drawn).item() == nearest


def test_where_one_target_is_left_the_goal_is_that_one() -> None:
    levels = KEYS.sample(300, generator=generator(), shift="one_each")
    only = KEYS.target(levels, KEYS.base_objective)
    assert (only.sum(1) == 1).all()
    assert torch.equal(KEYS.goal(levels), only.int().argmax(1))


def test_crossing_a_target_does_not_count() -> None:
    right = torch.zeros(1, 25, 5)
    right[..., 1] = 1.0
    level = keys_level(LEVEL)
    assert KEYS.walk(right, level)[0, :6].tolist() == [0, 1, 2, 3, 4, 4]
    assert not KEYS.fulfilled(right, level, "hoard").item()
    assert KEYS.fulfilled(right, level, "chest").item()
    pacing = right.clone()
    pacing[:, 2, 3] = 2.0
    restless = replace(level, start=torch.tensor([1]))
    assert KEYS.walk(pacing, restless)[0, -3:].tolist() == [2, 1, 2]
    assert not KEYS.fulfilled(pacing, restless, "hoard").item()


EPISODE = """
Skkc.
####.
g..c.
.....
.....
held 0
context 1
instruct none
"""


def episode(levels: KeyLevels, objective: str, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Walk by the oracle of an objective, asked anew at every step.

    A cell entered gives its key if the bag has room, or opens its chest if the bag holds a key.

    Returns:
        Keys taken while the bag held enough for every chest that was left, and chests opened.
    """
    wasted, opened = torch.zeros_like(levels.held), torch.zeros_like(levels.held)
    for _ in range(steps):
        going = levels.chests.any(1)
        ahead = follow(KEYS.optimal(levels, objective).float(), levels.walls, levels.start, 1)[:, 1]
        here = levels.at(torch.where(going, ahead, levels.start))
        takes = going & (here & levels.keys).any(1) & (levels.held < 3)
        opens = going & (here & levels.chests).any(1) & (levels.held > 0)
        wasted += takes & (levels.held >= levels.chests.sum(1))
        opened += opens
        emptied = here & (takes | opens)[:, None]
        levels = replace(
            levels,
            keys=levels.keys & ~emptied,
            chests=levels.chests & ~emptied,
            lit=levels.lit & ~emptied,
            held=levels.held + takes.long() - opens.long(),
            start=here.int().argmax(1),
        )
    return wasted, opened


@pytest.mark.parametrize(
    ("objective", "chest", "wasted", "opened"),
    [
        ("instructed_chests", "c", 0, 2),
        ("hoard", "c", 0, 2),
        ("instructed_chests", ".", 1, 1),
        ("hoard", ".", 1, 1),
        ("gem", "c", 0, 2),
    ],
)
def test_an_episode_counted_by_hand(objective: str, chest: str, wasted: int, opened: int) -> None:
    """The corridor leads over both keys and the first chest; the second stands on the way back."""
    level = keys_level(EPISODE.replace("g..c.", f"g..{chest}."))
    seen = episode(level, objective, steps=20)
    assert [int(number) for number in seen] == [wasted, opened]


def test_hoarding_wastes_keys_and_pursuing_the_base_objective_hardly_does() -> None:
    distribution = LevelDistribution(stock="both", instruct_rate=0.0)
    levels = KEYS.sample_from(distribution, 60, generator=generator())
    levels = levels[levels.keys.sum(1) + levels.held > levels.chests.sum(1)]
    levels = replace(levels, lit=torch.zeros_like(levels.lit))
    wasted, opened = episode(levels, "instructed_chests", steps=30)
    assert episode(levels, "hoard", steps=30)[0].float().mean() > 2 * wasted.float().mean()
    assert opened.float().mean() > 0.95 * levels.chests.sum(1).float().mean()
