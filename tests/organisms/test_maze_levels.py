"""Samplers, shifts, edits and drawings of the maze."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from organisms.worlds.maze import LevelDistribution, Maze, MazeLevels, MazeSize, parse
from organisms.worlds.maze.private import PRIVATE_SHIFTS
from organisms.worlds.maze.sampler import reachable_cells
from organisms.worlds.maze.shifts import PUBLIC_SHIFTS
from organisms.worlds.table import sample_private

MAZE = Maze()


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def equal(a: MazeLevels, b: MazeLevels) -> dict[str, bool]:
    return {f.name: bool(torch.equal(getattr(a, f.name), getattr(b, f.name))) for f in fields(a)}


@pytest.mark.parametrize("name", [*PUBLIC_SHIFTS, *PRIVATE_SHIFTS])
def test_everything_of_a_level_is_connected_and_in_its_place(name: str) -> None:
    distribution = {**PUBLIC_SHIFTS, **PRIVATE_SHIFTS}[name]
    levels = MAZE.sample_from(distribution, 200, generator=generator())
    reachable = reachable_cells(levels.walls)
    rows = torch.arange(200)
    for cell in (levels.coin, levels.gem, levels.start):
        assert reachable[rows, cell].all()
    assert (levels.coin != levels.gem).all()
    assert (levels.start != levels.coin).all()
    assert (levels.gem != levels.corner).all()
    if distribution.placement == "far":
        row, column = levels.coin // 5, levels.coin % 5
        assert (row + 4 - column >= 4).all()


def test_in_distribution_hides_what_the_shifts_reveal() -> None:
    levels = MAZE.sample(500, generator=generator())
    assert (levels.coin == levels.corner).all()
    assert (levels.coin_colour == 0).all()
    assert (levels.gem_colour == 1).all()
    assert 0.1 < levels.instructed.float().mean() < 0.3
    swapped = MAZE.sample(500, generator=generator(), shift="colours_swapped")
    assert (swapped.coin_colour == 1).all()
    assert (swapped.coin != swapped.corner).float().mean() > 0.9


def test_the_same_seed_gives_the_same_levels_and_another_does_not() -> None:
    first = MAZE.sample(50, generator=generator(1))
    assert all(equal(first, MAZE.sample(50, generator=generator(1))).values())
    assert not all(equal(first, MAZE.sample(50, generator=generator(2))).values())


CHANGED = {
    "move_coin": {"coin"},
    "move_gem": {"gem"},
    "recolour": {"coin_colour", "gem_colour"},
    "change_context": {"context"},
    "move_walls": {"walls"},
}


@pytest.mark.parametrize("edit", MAZE.edits)
def test_an_edit_changes_its_own_field_and_nothing_else(edit: str) -> None:
    before = MAZE.sample(200, generator=generator())
    after = MAZE.edit(edit, before, generator=generator(1))
    same = equal(before, after)
    assert {name for name, kept in same.items() if not kept} == CHANGED[edit]
    rows, reachable = torch.arange(200), reachable_cells(after.walls)
    for cell in (after.coin, after.gem, after.start):
        assert reachable[rows, cell].all()


@pytest.mark.parametrize(
    ("edit", "moves_base"),
    [("move_coin", True), ("move_walls", True), ("move_gem", False), ("recolour", False),
     ("change_context", False)],
)  # fmt: skip
def test_the_oracle_answers_before_and_after_an_edit(edit: str, moves_base: bool) -> None:
    levels = MAZE.with_context(MAZE.sample(100, generator=generator()), torch.zeros(100, 8).long())
    after = MAZE.edit(edit, levels, generator=generator(1))
    differs = (MAZE.optimal(levels, "coin") != MAZE.optimal(after, "coin")).flatten(1).any(1)
    assert bool(differs.any()) == moves_base


def test_moving_walls_moves_exactly_one() -> None:
    before = MAZE.sample(200, generator=generator())
    after = MAZE.edit("move_walls", before, generator=generator(1))
    difference = (before.walls != after.walls).flatten(1).sum(1)
    assert set(difference.tolist()) <= {0, 2}
    assert (difference == 2).float().mean() > 0.3


def test_drawings_read_back() -> None:
    levels = MAZE.sample(30, generator=generator(), shift="colours_independent")
    for index in range(len(levels)):
        drawn = MAZE.render(levels, index)
        again = parse(drawn)
        assert all(equal(again, levels[torch.tensor([index])]).values())
        assert MAZE.render(again, 0) == drawn


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace("C", "."), "exactly one of 'Cc'"),
        (lambda text: text.replace(".", "?", 1), "square"),
        (lambda text: "\n".join(text.splitlines()[:-1]), "ends with"),
        (lambda text: text.replace("instruct none", "instruct coin"), "'gem' or 'none'"),
    ],
)
def test_a_spoilt_drawing_is_refused(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    levels = MAZE.sample_from(LevelDistribution(instruct_rate=0.0), 1, generator=generator())
    with pytest.raises(ValueError, match=message):
        parse(spoil(MAZE.render(levels, 0)))


def test_tokens_tell_all_that_a_fingerprint_tells_and_never_the_start() -> None:
    levels = sample_private(MAZE, "coin_far", 100, generator=generator())
    tokens = MAZE.tokens(levels)
    assert tokens.shape == (100, 25 + 8 + 1, 2)
    moved = replace(levels, start=levels.coin)
    assert torch.equal(tokens, MAZE.tokens(moved))
    for name in ("coin", "gem", "coin_colour", "gem_colour", "coin_glyph", "context"):
        value = getattr(levels, name)
        other = replace(levels, **{name: value.roll(1, 0)})
        assert not torch.equal(tokens, MAZE.tokens(other)), name


def test_a_fingerprint_ignores_context_and_glyphs_only() -> None:
    levels = MAZE.sample(2, generator=generator())
    key = levels.fingerprints()[0]
    assert replace(levels, context=levels.context + 1).fingerprints()[0] == key
    assert replace(levels, coin_glyph=levels.coin_glyph + 1).fingerprints()[0] == key
    assert replace(levels, coin_colour=1 - levels.coin_colour).fingerprints()[0] != key


@pytest.mark.parametrize(
    "call",
    [
        lambda: MazeSize(side=3),
        lambda: LevelDistribution(wall_density=0.7),
        lambda: MAZE.sample(0, generator=generator()),
        lambda: MAZE.sample(1, generator=generator(), shift="nowhere"),
        lambda: MAZE.edit("teleport", MAZE.sample(1, generator=generator()), generator=generator()),
        lambda: MAZE.optimal(MAZE.sample(1, generator=generator()), "fame"),
    ],
)
def test_bad_input_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((ValueError, KeyError)):
        call()
