"""Samplers, shifts, edits and drawings of the keys environment."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
import torch

from organisms.worlds.keys import KeyLevels, Keys, KeysSize, LevelDistribution, parse
from organisms.worlds.keys.private import PRIVATE_SHIFTS
from organisms.worlds.keys.shifts import IN_DISTRIBUTION, PUBLIC_SHIFTS
from organisms.worlds.keys.stocks import STOCKS

KEYS = Keys()
ALL_SHIFTS = {"usual": IN_DISTRIBUTION, **PUBLIC_SHIFTS, **PRIVATE_SHIFTS}


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def equal(a: KeyLevels, b: KeyLevels) -> dict[str, bool]:
    return {f.name: bool(torch.equal(getattr(a, f.name), getattr(b, f.name))) for f in fields(a)}


def connected(levels: KeyLevels) -> torch.Tensor:
    """Whether the start reaches every object, flooding cell by cell."""
    side, found = levels.side, []
    for walls, start, objects in zip(
        levels.blocked.tolist(), levels.start.tolist(), levels.objects.tolist(), strict=True
    ):
        seen, waiting = {start}, [start]
        while waiting:
            row, column = divmod(waiting.pop(), side)
            for y, x in (
                (row - 1, column),
                (row + 1, column),
                (row, column - 1),
                (row, column + 1),
            ):
                cell = y * side + x
                if 0 <= y < side and 0 <= x < side and not walls[cell] and cell not in seen:
                    seen.add(cell)
                    waiting.append(cell)
        found.append(all(cell in seen for cell, there in enumerate(objects) if there))
    return torch.tensor(found)


@pytest.mark.parametrize("name", ALL_SHIFTS)
def test_objects_have_cells_of_their_own_that_the_start_reaches(name: str) -> None:
    distribution = ALL_SHIFTS[name]
    levels = KEYS.sample_from(distribution, 150, generator=generator())
    assert connected(levels).all()
    crowd = torch.stack([levels.keys, levels.chests, levels.gems, levels.blocked]).int().sum(0)
    assert int(crowd.max()) == 1
    assert not levels.objects.gather(1, levels.start[:, None]).any()
    assert not (levels.lit & ~levels.objects).any()
    counts = torch.stack([levels.keys.sum(1), levels.held, levels.chests.sum(1)], dim=1)
    assert {tuple(row) for row in counts.tolist()} <= set(STOCKS[distribution.stock])


@pytest.mark.parametrize("name", sorted(STOCKS))
def test_every_count_of_a_stock_is_drawn_about_equally_often(name: str) -> None:
    levels = KEYS.sample_from(LevelDistribution(stock=name), 3000, generator=generator())  # type: ignore[arg-type]
    counts = torch.stack([levels.keys.sum(1), levels.held, levels.chests.sum(1)], dim=1)
    drawn, often = counts.unique(dim=0, return_counts=True)
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


CHANGED = {
    "move_key": {"keys", "lit"},
    "move_chest": {"chests", "lit"},
    "move_gem": {"gem", "lit"},
    "change_inventory": {"held"},
    "switch_lights": {"lit"},
    "change_context": {"context"},
    "move_walls": {"walls"},
}


@pytest.mark.parametrize("edit", KEYS.edits)
def test_an_edit_changes_its_own_field_and_nothing_else(edit: str) -> None:
    before = KEYS.sample(200, generator=generator(), shift="lights_independent")
    after = KEYS.edit(edit, before, generator=generator(1))
    same = equal(before, after)
    assert {name for name, kept in same.items() if not kept} == CHANGED[edit]
    assert connected(after).all()
    assert not after.objects.gather(1, after.start[:, None]).any()
    assert not (after.lit & ~after.objects).any()


@pytest.mark.parametrize("kind", ["keys", "chests", "gems"])
def test_a_moved_object_takes_its_light_along(kind: str) -> None:
    before = KEYS.sample(200, generator=generator(), shift="lights_independent")
    edit = {"keys": "move_key", "chests": "move_chest", "gems": "move_gem"}[kind]
    after = KEYS.edit(edit, before, generator=generator(1))
    old, new = getattr(before, kind), getattr(after, kind)
    moved = (old != new).sum(1)
    assert torch.equal(moved, torch.where(old.any(1), 2, 0))
    assert torch.equal((before.lit & old).sum(1), (after.lit & new).sum(1))
    rest = ~(old | new)
    assert torch.equal(before.lit & rest, after.lit & rest)


def test_an_inventory_changes_unless_no_key_would_be_left() -> None:
    before = KEYS.sample(400, generator=generator())
    after = KEYS.edit("change_inventory", before, generator=generator(1))
    assert int(after.held.max()) == 3
    assert ((after.held > 0) | after.keys.any(1)).all()
    assert (after.held != before.held)[before.keys.any(1)].all()


def test_moving_walls_moves_exactly_one() -> None:
    before = KEYS.sample(200, generator=generator())
    after = KEYS.edit("move_walls", before, generator=generator(1))
    difference = (before.walls != after.walls).flatten(1).sum(1)
    assert set(difference.tolist()) <= {0, 2}
    assert (difference == 2).float().mean() > 0.3


def test_drawings_read_back() -> None:
    levels = KEYS.sample(30, generator=generator(), shift="lights_independent")
    for index in range(len(levels)):
        drawn = KEYS.render(levels, index)
        again = parse(drawn)
        assert all(equal(again, levels[torch.tensor([index])]).values())
        assert KEYS.render(again, 0) == drawn


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text.replace("S", "."), "exactly one of 'S'"),
        (lambda text: text.replace(".", "?", 1), "square"),
        (lambda text: "\n".join(text.splitlines()[:-1]), "ends with"),
        (lambda text: text.replace("instruct none", "instruct chest"), "'gem' or 'none'"),
        (lambda text: text.replace("held 0", "held 4"), "from 0 to 3"),
    ],
)
def test_a_spoilt_drawing_is_refused(spoil, message: str) -> None:  # type: ignore[no-untyped-def]
    levels = KEYS.sample_from(LevelDistribution(instruct_rate=0.0), 1, generator=generator())
    levels = replace(levels, held=torch.zeros(1).long())
    with pytest.raises(ValueError, match=message):
        parse(spoil(KEYS.render(levels, 0)))


def test_tokens_tell_all_that_a_fingerprint_tells_and_never_the_start() -> None:
    levels = KEYS.sample(100, generator=generator(), shift="one_each")
    tokens = KEYS.tokens(levels)
    assert tokens.shape == (100, 25 + 8 + 3, 2)
    assert torch.equal(tokens, KEYS.tokens(replace(levels, start=levels.gem)))
    for name in ("walls", "keys", "chests", "gem", "lit", "held", "context", "instructed"):
        other = replace(levels, **{name: getattr(levels, name).roll(1, 0)})
        differs = (tokens != KEYS.tokens(other)).flatten(1).any(1)
        changed = (getattr(levels, name) != getattr(other, name)).view(100, -1).any(1)
        assert torch.equal(differs, changed), name


def test_values_of_different_tokens_are_never_the_same() -> None:
    levels = KEYS.sample(2000, generator=generator(), shift="any_stock")
    content = KEYS.tokens(levels)[:, :, 0]
    parts = [content[:, :25], content[:, 25:33], *(content[:, [k]] for k in (33, 34, 35))]
    values = [set(part.unique().tolist()) for part in parts]
    assert [len(found) for found in values] == [5, 8, 4, 3, 2]
    assert len(set.union(*values)) == sum(len(found) for found in values)
    assert int(content.max()) == 5 + 8 + 4 + 4 + 2 - 1


def test_a_fingerprint_ignores_the_context_only() -> None:
    levels = KEYS.sample(2, generator=generator())
    key = levels.fingerprints()[0]
    assert replace(levels, context=levels.context + 1).fingerprints()[0] == key
    for change in (
        {"held": levels.held + 1},
        {"lit": levels.objects & ~levels.lit},
        {"instructed": ~levels.instructed},
        {"keys": levels.chests, "chests": levels.keys},
        {"gem": levels.start},
        {"walls": ~levels.walls},
    ):
        assert replace(levels, **change).fingerprints()[0] != key


@pytest.mark.parametrize(
    "call",
    [
        lambda: KeysSize(side=4),
        lambda: LevelDistribution(wall_density=0.7),
        lambda: KEYS.sample(0, generator=generator()),
        lambda: KEYS.sample(1, generator=generator(), shift="nowhere"),
        lambda: KEYS.edit("teleport", KEYS.sample(1, generator=generator()), generator=generator()),
        lambda: KEYS.optimal(KEYS.sample(1, generator=generator()), "fame"),
    ],
)
def test_bad_input_is_refused(call) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises((ValueError, KeyError)):
        call()
