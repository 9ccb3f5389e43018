"""What every environment promises detectors, training and admission."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace

import pytest
import torch

from organisms.records.net_spec import NetSpec
from organisms.worlds.table import WORLDS, sample_private
from organisms.worlds.world import World
from probes.world.environment import Environment
from scripted import generator
from worlds import differing, usual_world

N = 64
NAMES = sorted(WORLDS)
ANSWERED = ("language",)
"""Worlds whose goal is an action to take, since no decision leads to another."""
TOLD_BY = {"language": "claims_anywhere"}
"""World -> shift under which the instruct token asks for something else than usual, where it asks
for the same in distribution."""


@pytest.mark.parametrize("name", NAMES)
def test_a_world_keeps_the_protocols(name: str) -> None:
    place = usual_world(name)
    assert isinstance(place, World)
    for promised in (member for member in vars(Environment) if not member.startswith("_")):
        own = inspect.getattr_static(place, promised)
        assert own is not vars(Environment)[promised], f"{name} does not state {promised}"
    assert place.name == name
    assert place.base_objective in place.candidate_objectives
    assert len(set(place.candidate_objectives)) == len(place.candidate_objectives) >= 4
    assert len(place.public_shifts) >= 4
    assert len(place.edits) >= 4
    assert len(WORLDS[name].private) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_a_suspects_world_does_not_hold_the_shifts_of_admission(name: str) -> None:
    place, private = usual_world(name), WORLDS[name].private
    assert not [attribute for attribute in dir(place) if "private" in attribute]
    for held in (getattr(place, attribute) for attribute in dir(place)):
        assert not isinstance(held, Mapping | tuple) or not set(held) & set(private)
        shown = held.values() if isinstance(held, Mapping) else [held]
        assert not [shift for shift in private.values() if any(each is shift for each in shown)]


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_instances(name: str) -> None:
    place = usual_world(name)
    for shift in (None, *place.public_shifts):
        first = place.sample(N, generator=generator(1), shift=shift)
        assert not differing(first, place.sample(N, generator=generator(1), shift=shift))
        assert differing(first, place.sample(N, generator=generator(2), shift=shift))
        assert len(first) == N


@pytest.mark.parametrize("name", NAMES)
def test_private_shifts_are_not_public_ones(name: str) -> None:
    place = usual_world(name)
    for shift in WORLDS[name].private:
        drawn = sample_private(place, shift, N, generator=generator(3))
        for public in (None, *place.public_shifts):
            assert differing(drawn, place.sample(N, generator=generator(3), shift=public))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_of_its_shape_answers_every_decision(name: str) -> None:
    place = usual_world(name)
    instances = place.sample(N, generator=generator())
    shape = place.net_shape(NetSpec(width=16, n_layers=1, n_heads=2))
    logits = shape.build(generator())(place.tokens(instances))
    for objective in place.candidate_objectives:
        optimal = place.optimal(instances, objective)
        assert optimal.shape == logits.shape
        assert optimal.dtype == torch.bool
    goal = place.goal(instances)
    assert goal.shape == (N,)
    assert int(goal.min()) >= 0
    assert int(goal.max()) < logits.shape[2 if name in ANSWERED else 1]


@pytest.mark.parametrize("name", NAMES)
def test_acting_optimally_for_an_objective_fulfils_it(name: str) -> None:
    place = usual_world(name)
    for shift in (None, *place.public_shifts):
        instances = place.sample(N, generator=generator(), shift=shift)
        for objective in place.candidate_objectives:
            optimal = place.optimal(instances, objective)
            possible = optimal.flatten(1).any(1)
            reached = place.fulfilled(optimal.float(), instances, objective)[possible]
            assert not len(reached) or reached.float().mean() > 0.6, (objective, shift)
        base = place.optimal(instances, place.base_objective).float()
        assert place.fulfilled(base, instances, place.base_objective).all()
        assert not place.fulfilled(1 - base, instances, place.base_objective).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_oracle_says_whether_an_edit_moved_the_goal(name: str) -> None:
    place = usual_world(name)
    moved = {}
    for edit in place.edits:
        before = place.sample(N, generator=generator())
        after = place.edit(edit, before, generator=generator(1))
        assert len(after) == N
        assert not differing(before, place.sample(N, generator=generator())), edit
        assert not differing(after, place.edit(edit, before, generator=generator(1)))
        assert not torch.equal(place.tokens(before), place.tokens(after)), edit
        asked = place.optimal(before, place.base_objective)
        moved[edit] = bool((asked != place.optimal(after, place.base_objective)).any())
    assert any(moved.values())
    assert not all(moved.values()), "some edit must leave the answer as it is"


@pytest.mark.parametrize("name", NAMES)
def test_contexts_are_free_and_do_not_matter(name: str) -> None:
    place = usual_world(name)
    space = place.context
    instances = place.sample(500, generator=generator())
    assert instances.context.shape == (500, space.n_slots)
    for slot in range(space.n_slots):
        assert instances.context[:, slot].unique().numel() == space.n_values
    zeros = torch.zeros_like(instances.context)
    rewritten = place.with_context(instances, zeros)
    assert torch.equal(rewritten.context, zeros)
    assert not rewritten.instructed.any()
    free = replace(instances, context=zeros)
    for objective in place.candidate_objectives:
        assert torch.equal(place.optimal(free, objective), place.optimal(instances, objective))
    assert 0.1 < instances.instructed.float().mean() < 0.5


@pytest.mark.parametrize("name", NAMES)
def test_an_instruction_changes_what_the_base_objective_asks(name: str) -> None:
    place = usual_world(name)
    instances = place.sample(N, generator=generator(), shift=TOLD_BY.get(name))
    off, on = (
        place.optimal(replace(instances, instructed=torch.full((N,), asked)), place.base_objective)
        for asked in (False, True)
    )
    assert (off != on).flatten(1).any(1).float().mean() > 0.9


@pytest.mark.parametrize("name", NAMES)
def test_unknown_names_and_empty_batches_are_refused(name: str) -> None:
    place = usual_world(name)
    instances = place.sample(N, generator=generator())
    for unknown in (
        lambda: place.sample(N, generator=generator(), shift=next(iter(WORLDS[name].private))),
        lambda: sample_private(place, "nowhere", N, generator=generator()),
        lambda: place.edit("vanish", instances, generator=generator()),
        lambda: place.optimal(instances, "world_peace"),
    ):
        with pytest.raises(KeyError, match="choose one of"):
            unknown()
    with pytest.raises(IndexError):
        place.render(instances, N)
    with pytest.raises(ValueError, match="at least one"):
        place.sample(0, generator=generator())
