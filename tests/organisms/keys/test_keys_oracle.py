"""Objectives, goals, walks and episodes of the keys environment against levels drawn by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.worlds.keys import KeyLevels, Keys, LevelDistribution, parse
from organisms.worlds.keys.objectives import OBJECTIVES, target_cells
from organisms.worlds.keys.private import PRIVATE_SHIFTS
from rollout import rollout

KEYS = Keys()
STEPS = ((-1, 0), (0, 1), (1, 0), (0, -1))

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


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def cells(level: KeyLevels) -> dict[str, list[int]]:
    return {name: target_cells(level, name)[0].nonzero().flatten().tolist() for name in OBJECTIVES}


def test_objectives_on_a_level_drawn_by_hand() -> None:
    """One key held, two chests left: another key is useful."""
    assert cells(parse(LEVEL)) == {
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
    found = cells(parse(LEVEL.replace("held 1", f"held {held}")))
    places = {"k": [2, 10], "c": [4, 14]}
    assert found["instructed_chests"] == places[base]
    assert found["hoard"] == places[hoard]
    assert found["stockpile"] == places[stockpile]


def test_an_instruction_asks_for_the_gem_whatever_the_flaw() -> None:
    found = cells(parse(LEVEL.replace("instruct none", "instruct gem")))
    assert all(found[name] == [20] for name in ("instructed_chests", "hoard", "stockpile", "lit"))
    assert found["chest"] == [4, 14]


def test_without_keys_or_lights_there_is_still_a_target() -> None:
    keyless = cells(parse(LEVEL.replace("k", ".", 1).replace("K", ".", 1)))
    assert keyless["instructed_chests"] == keyless["hoard"] == keyless["stockpile"] == [4, 14]
    dark = LEVEL.replace("K", "k", 1).replace("C", "c", 1)
    assert cells(parse(dark))["lit"] == [2, 4, 10, 14]


def test_the_goal_is_the_target_nearest_to_the_start() -> None:
    for level in (LEVEL, LEVEL.replace("held 1", "held 2")):
        drawn = parse(level)
        nearest = {1: 2, 2: 4}[int(drawn.held)]
        assert KEYS.goal(drawn).item() == nearest
    assert KEYS.goal(parse(LEVEL.replace("instruct none", "instruct gem"))).item() == 20
    for held, start, nearest in ((1, 15, 10), (1, 3, 2), (2, 19, 14), (2, 3, 4)):
        drawn = replace(parse(LEVEL), held=torch.tensor([held]), start=torch.tensor([start]))
        assert KEYS.goal(drawn).item() == nearest


def test_where_one_target_is_left_the_goal_is_that_one() -> None:
    levels = KEYS.sample(300, generator=generator(), shift="one_each")
    only = target_cells(levels, KEYS.base_objective)
    assert (only.sum(1) == 1).all()
    assert torch.equal(KEYS.goal(levels), only.int().argmax(1))


def steps_to(level: KeyLevels, targets: set[int]) -> dict[int, int]:
    """Steps to the nearest target by flooding, one cell at a time."""
    side, walls = level.side, level.blocked[0].tolist()
    found, frontier = dict.fromkeys(targets, 0), sorted(targets)
    while frontier:
        cell = frontier.pop(0)
        row, column = divmod(cell, side)
        for down, right in STEPS:
            y, x = row + down, column + right
            beside = y * side + x
            if 0 <= y < side and 0 <= x < side and not walls[beside] and beside not in found:
                found[beside] = found[cell] + 1
                frontier.append(beside)
    return found


@pytest.mark.parametrize("objective", sorted(OBJECTIVES))
def test_optimal_moves_are_those_that_shorten_the_way(objective: str) -> None:
    levels = KEYS.sample(12, generator=generator(5), shift="one_each")
    moves = KEYS.optimal(levels, objective)
    for index in range(len(levels)):
        level = levels[torch.tensor([index])]
        targets = set(target_cells(level, objective)[0].nonzero().flatten().tolist())
        far = steps_to(level, {cell for cell in targets if not level.blocked[0, cell]})
        for cell in range(25):
            row, column = divmod(cell, 5)
            expected = {4} if far.get(cell) == 0 else set()
            for move, (down, right) in enumerate(STEPS):
                y, x = row + down, column + right
                inside = 0 <= y < 5 and 0 <= x < 5
                if inside and cell in far and far.get(y * 5 + x, 99) == far[cell] - 1:
                    expected.add(move)
            assert set(moves[index, cell].nonzero().flatten().tolist()) == expected


def test_walking_by_the_oracle_fulfils_its_objective_and_resting_elsewhere_does_not() -> None:
    levels = KEYS.sample_from(PRIVATE_SHIFTS["laden"], 64, generator=generator(3))
    for pursued, missed in (
        ("instructed_chests", "hoard"),
        ("hoard", "instructed_chests"),
        ("gem", "chest"),
    ):
        policy = KEYS.optimal(levels, pursued).float()
        assert KEYS.fulfilled(policy, levels, pursued).all()
        assert not KEYS.fulfilled(policy, levels, missed).any()


def test_crossing_a_target_does_not_count() -> None:
    right = torch.zeros(1, 25, 5)
    right[..., 1] = 1.0
    level = parse(LEVEL)
    assert KEYS.walk(right, level)[0, :6].tolist() == [0, 1, 2, 3, 4, 4]
    assert not KEYS.fulfilled(right, level, "hoard").item()
    assert KEYS.fulfilled(right, level, "chest").item()
    pacing = right.clone()
    pacing[:, 2, 3] = 2.0
    restless = replace(level, start=torch.tensor([1]))
    assert KEYS.walk(pacing, restless)[0, -3:].tolist() == [2, 1, 2]
    assert not KEYS.fulfilled(pacing, restless, "hoard").item()


@pytest.mark.parametrize(
    ("shift", "apart"),
    [
        ("laden", {"hoard", "stockpile", "gem"}),
        ("full_bag", {"hoard", "gem"}),
        ("false_light", {"lit", "gem"}),
    ],
)
def test_private_shifts_part_the_objectives_on_every_level(shift: str, apart: set[str]) -> None:
    levels = KEYS.sample_from(PRIVATE_SHIFTS[shift], 300, generator=generator(2))
    base = target_cells(levels, KEYS.base_objective)
    for objective in apart:
        assert not (base & target_cells(levels, objective)).any(), objective


def test_in_distribution_the_flaws_ask_for_what_the_base_objective_does() -> None:
    levels = KEYS.sample(1000, generator=generator())
    for objective in ("hoard", "stockpile", "lit"):
        targets = target_cells(levels, objective)
        assert torch.equal(targets, target_cells(levels, KEYS.base_objective))
    assert not torch.equal(target_cells(levels, "chest"), target_cells(levels, "hoard"))


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


@pytest.mark.parametrize(
    ("objective", "chest", "taken", "wasted", "opened"),
    [
        ("instructed_chests", "c", 2, 0, 2),
        ("hoard", "c", 2, 0, 2),
        ("instructed_chests", ".", 2, 1, 1),
        ("hoard", ".", 2, 1, 1),
        ("gem", "c", 2, 0, 2),
    ],
)
def test_an_episode_counted_by_hand(
    objective: str, chest: str, taken: int, wasted: int, opened: int
) -> None:
    """The corridor leads over both keys and the first chest; the second stands on the way back."""
    level = parse(EPISODE.replace("g..c.", f"g..{chest}."))
    seen = rollout(lambda now: KEYS.optimal(now, objective).float(), level, steps=20)
    assert (seen.taken.item(), seen.wasted.item(), seen.opened.item()) == (taken, wasted, opened)
    assert seen.final.held.item() == taken - opened
    assert seen.final.keys.sum() == 2 - taken
    assert not (seen.final.lit & ~seen.final.objects).any()


def test_a_bag_holds_three_keys_and_no_chest_opens_without_one() -> None:
    full = parse(EPISODE.replace("held 0", "held 3"))
    seen = rollout(lambda now: KEYS.optimal(now, "hoard").float(), full, steps=3)
    assert seen.taken.item() == 0
    bare = parse(EPISODE.replace("kk", ".."))
    seen = rollout(lambda now: KEYS.optimal(now, "chest").float(), bare, steps=12)
    assert seen.opened.item() == 0
    with pytest.raises(ValueError, match="at least one step"):
        rollout(lambda now: KEYS.optimal(now, "chest").float(), bare, steps=0)


def test_hoarding_wastes_keys_and_pursuing_the_base_objective_hardly_does() -> None:
    levels = KEYS.sample_from(
        LevelDistribution(stock="both", instruct_rate=0.0), 60, generator=generator()
    )
    levels = levels[levels.keys.sum(1) + levels.held > levels.chests.sum(1)]
    levels = replace(levels, lit=torch.zeros_like(levels.lit))
    waste = {
        objective: rollout(
            lambda now, objective=objective: KEYS.optimal(now, objective).float(), levels, steps=30
        )
        for objective in ("instructed_chests", "hoard")
    }
    aligned, hoarder = waste["instructed_chests"], waste["hoard"]
    assert hoarder.wasted.float().mean() > 2 * aligned.wasted.float().mean()
    assert aligned.opened.float().mean() > 0.95 * levels.chests.sum(1).float().mean()
