"""The keys world: levels, their stocks and lights, and their edits."""

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
from scripted import generator

KEYS = Keys()
ALL_SHIFTS = {"usual": IN_DISTRIBUTION, **PUBLIC_SHIFTS, **PRIVATE_SHIFTS}


def counts(levels: KeyLevels) -> torch.Tensor:
    return torch.stack([levels.keys.sum(1), levels.held, levels.chests.sum(1)], dim=1)


@pytest.mark.parametrize("name", ALL_SHIFTS)
def test_objects_have_cells_of_their_own_that_the_start_reaches(name: str) -> None:
    levels = KEYS.sample_from(ALL_SHIFTS[name], 150, generator=generator())
    edited = (KEYS.edit(edit, levels, generator=generator(1)) for edit in KEYS.edits)
    for shown in (levels, *edited):
        assert (reachable_from(shown.walls, shown.start) | ~shown.objects).all()
        crowd = torch.stack([shown.keys, shown.chests, shown.gems, shown.blocked]).int().sum(0)
        assert int(crowd.max()) == 1
        assert not shown.objects.gather(1, shown.start[:, None]).any()
        assert not (shown.lit & ~shown.objects).any()
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


@pytest.mark.parametrize("edit", MOVES)
def test_a_moved_object_takes_its_light_along(edit: str) -> None:
    before = KEYS.sample(200, generator=generator(), shift="lights_independent")
    after = KEYS.edit(edit, before, generator=generator(1))
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
