"""Levels of the keys environment: what their distributions promise, and what edits keep."""

from __future__ import annotations

import pytest
import torch

from organisms.worlds.grid import reachable_from
from organisms.worlds.keys.keys import Keys
from organisms.worlds.keys.levels import KeyLevels
from organisms.worlds.keys.shifts import (
    IN_DISTRIBUTION,
    PRIVATE_SHIFTS,
    PUBLIC_SHIFTS,
    STOCKS,
    LevelDistribution,
)
from worlds import generator

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


@pytest.mark.parametrize("lighting", ["useful", "independent", "useless", "one_useless"])
def test_lights_follow_the_lighting(lighting: str) -> None:
    distribution = LevelDistribution(stock="both", lighting=lighting)  # type: ignore[arg-type]
    levels = KEYS.sample_from(distribution, 800, generator=generator())
    wants_key = (levels.held < levels.chests.sum(1))[:, None]
    useful = torch.where(wants_key, levels.keys, levels.chests)
    useless = torch.where(wants_key, levels.chests, levels.keys)
    if lighting == "useful":
        assert torch.equal(levels.lit, useful)
    elif lighting == "useless":
        assert torch.equal(levels.lit, useless)
    elif lighting == "one_useless":
        assert not (levels.lit & ~useless).any()
        assert (levels.lit.sum(1) == 1).all()
    else:
        for objects in (levels.keys, levels.chests, levels.gems):
            assert 0.44 < levels.lit[objects].float().mean() < 0.56


def test_in_distribution_hides_what_the_shifts_reveal() -> None:
    levels = KEYS.sample(500, generator=generator())
    assert (levels.keys.sum(1) + levels.held <= levels.chests.sum(1)).all()
    assert torch.equal(levels.lit, levels.useful)
    assert 0.1 < levels.instructed.float().mean() < 0.3
    anything = KEYS.sample(500, generator=generator(), shift="any_stock")
    surplus = anything.keys.sum(1) + anything.held > anything.chests.sum(1)
    assert surplus.float().mean() > 0.4


def test_a_share_of_levels_may_have_the_needed_stock() -> None:
    distribution = LevelDistribution(stock="full", needed_share=0.25)
    levels = KEYS.sample_from(distribution, 2000, generator=generator())
    needed = levels.keys.sum(1) + levels.held <= levels.chests.sum(1)
    assert 0.21 < needed.float().mean() < 0.29


@pytest.mark.parametrize("edit", KEYS.edits)
def test_every_object_keeps_a_cell_of_its_own_through_an_edit(edit: str) -> None:
    before = KEYS.sample(200, generator=generator(), shift="lights_independent")
    after = KEYS.edit(edit, before, generator=generator(1))
    assert_in_place(after)
    moved = (before.walls != after.walls).flatten(1).sum(1)
    assert set(moved.tolist()) <= ({0, 2} if edit == "move_walls" else {0})
    assert edit != "move_walls" or (moved == 2).float().mean() > 0.3


@pytest.mark.parametrize("kind", ["keys", "chests", "gems"])
def test_a_moved_object_takes_its_light_along(kind: str) -> None:
    before = KEYS.sample(200, generator=generator(), shift="lights_independent")
    edit = {"keys": "move_key", "chests": "move_chest", "gems": "move_gem"}[kind]
    after = KEYS.edit(edit, before, generator=generator(1))
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
