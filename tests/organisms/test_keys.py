"""The keys world: levels, objectives, goals, walks and episodes."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from organisms.worlds.grid import follow, reachable_from
from organisms.worlds.keys.keys import Keys
from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.keys.objectives import OBJECTIVES
from organisms.worlds.keys.shifts import (
    IN_DISTRIBUTION,
    PRIVATE_SHIFTS,
    PUBLIC_SHIFTS,
    STOCKS,
    LevelDistribution,
)
from scripted import generator
from worlds import keys_level

KEYS = Keys()
ALL_SHIFTS = {"usual": IN_DISTRIBUTION, **PUBLIC_SHIFTS, **PRIVATE_SHIFTS}


def assert_in_place(levels: KeyLevels) -> None:
    """Objects have cells of their own, which the start reaches."""
    assert (reachable_from(levels.walls, levels.start) | ~levels.objects).all()
    crowd = torch.stack([levels.keys, levels.chests, levels.gems, levels.blocked]).int().sum(0)
    assert int(crowd.max()) == 1
    assert not levels.objects.gather(1, levels.start[:, None]).any()
    assert not (levels.lit & ~levels.objects).any()


def counts(levels: KeyLevels) -> torch.Tensor:
    return torch.stack([levels.keys.sum(1), levels.held, levels.chests.sum(1)], dim=1)


@pytest.mark.parametrize("name", ALL_SHIFTS)
def test_objects_have_cells_of_their_own_that_the_start_reaches(name: str) -> None:
    levels = KEYS.sample_from(ALL_SHIFTS[name], 150, generator=generator())
    assert_in_place(levels)
    assert {tuple(row) for row in counts(levels).tolist()} <= set(STOCKS[ALL_SHIFTS[name].stock])


@pytest.mark.parametrize("name", sorted(STOCKS))
def test_every_count_of_a_stock_is_drawn_about_equally_often(name: str) -> None:
    levels = KEYS.sample_from(LevelDistribution(stock=name), 3000, generator=generator())  # type: ignore[arg-type]
    drawn, often = counts(levels).unique(dim=0, return_counts=True)
    assert {tuple(row) for row in drawn.tolist()} == set(STOCKS[name])  # type: ignore[index]
    assert float(often.min() / often.max()) > 0.45


def test_stocks_are_what_their_names_say() -> None:
    for keys, held, chests in STOCKS["needed"]:
        assert 1 <= keys + held <= chests
    assert len(STOCKS["needed"]) == 16
    assert len(STOCKS["any"]) == 45
    assert all(chests <= held < 3 and keys for keys, held, chests in STOCKS["laden"])
    assert all(held == 3 and keys for keys, held, _ in STOCKS["full"])
    assert set(STOCKS["needed_or_full"]) - set(STOCKS["needed"]) == {
        (keys, 3, chests) for keys in range(4) for chests in (1, 2, 3) if keys or chests < 3
    }


def test_a_share_of_levels_may_have_the_needed_stock() -> None:
    distribution = LevelDistribution(stock="full", needed_share=0.25)
    levels = KEYS.sample_from(distribution, 2000, generator=generator())
    needed = levels.keys.sum(1) + levels.held <= levels.chests.sum(1)
    assert 0.21 < needed.float().mean() < 0.29


@pytest.mark.parametrize("lighting", ["useful", "independent", "useless", "one_useless"])
def test_lights_follow_the_lighting(lighting: str) -> None:
    distribution = LevelDistribution(stock="both", lighting=lighting)  # type: ignore[arg-type]
    levels = KEYS.sample_from(distribution, 800, generator=generator())
    wants_key = (levels.held < levels.chests.sum(1))[:, None]
    useful = torch.where(wants_key, levels.keys, levels.chests)
    useless = torch.where(wants_key, levels.chests, levels.keys)
    if lighting in ("useful", "useless"):
        assert torch.equal(levels.lit, useful if lighting == "useful" else useless)
    elif lighting == "one_useless":
        assert not (levels.lit & ~useless).any()
        assert (levels.lit.sum(1) == 1).all()
    else:
        for objects in (levels.keys, levels.chests, levels.gems):
            assert 0.44 < levels.lit[objects].float().mean() < 0.56


MOVES = {"move_key": "keys", "move_chest": "chests", "move_gem": "gems"}


@pytest.mark.parametrize("edit", KEYS.edits)
def test_edits_keep_objects_apart_and_a_moved_one_takes_its_light_along(edit: str) -> None:
    before = KEYS.sample(200, generator=generator(), shift="lights_independent")
    after = KEYS.edit(edit, before, generator=generator(1))
    assert_in_place(after)
    moved = (before.walls != after.walls).flatten(1).sum(1)
    assert set(moved.tolist()) <= ({0, 2} if edit == "move_walls" else {0})
    assert edit != "move_walls" or (moved == 2).float().mean() > 0.3
    if edit not in MOVES:
        return
    kind = MOVES[edit]
    old, new = getattr(before, kind), getattr(after, kind)
    assert torch.equal((old != new).sum(1), torch.where(old.any(1), 2, 0))
    assert torch.equal((before.lit & old).sum(1), (after.lit & new).sum(1))
    rest = ~(old | new)
    assert torch.equal(before.lit & rest, after.lit & rest)


def test_an_inventory_changes_unless_no_key_would_be_left() -> None:
    before = KEYS.sample(400, generator=generator())
    after = KEYS.edit("change_inventory", before, generator=generator(1))
    assert int(after.held.max()) == 3
    assert ((after.held > 0) | after.keys.any(1)).all()
    assert (after.held != before.held)[before.keys.any(1)].all()


def test_values_of_different_tokens_are_never_the_same() -> None:
    levels = KEYS.sample(2000, generator=generator(), shift="any_stock")
    content = KEYS.tokens(levels)[:, :, 0]
    parts = [content[:, :25], content[:, 25:33], *(content[:, [k]] for k in (33, 34, 35))]
    values = [set(part.unique().tolist()) for part in parts]
    assert [len(found) for found in values] == [5, 8, 4, 3, 2]
    assert len(set.union(*values)) == sum(len(found) for found in values)
    assert int(content.max()) == 5 + 8 + 4 + 4 + 2 - 1


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
def test_a_fuller_bag_parts_objectives(held: int, base: str, hoard: str, stockpile: str) -> None:
    found = cells(keys_level(LEVEL.replace("held 1", f"held {held}")))
    for name, place in (("instructed_chests", base), ("hoard", hoard), ("stockpile", stockpile)):
        assert found[name] == {"k": [2, 10], "c": [4, 14]}[place]


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
    assert KEYS.goal(keys_level(LEVEL.replace("instruct none", "instruct gem"))).item() == 20
    one, two = ((0, 2), (15, 10), (3, 2)), ((0, 4), (19, 14), (3, 4))
    for held, start, nearest in (*((1, *place) for place in one), *((2, *place) for place in two)):
        drawn = replace(keys_level(LEVEL), held=torch.tensor([held]), start=torch.tensor([start]))
        assert KEYS.goal(drawn).item() == nearest


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
