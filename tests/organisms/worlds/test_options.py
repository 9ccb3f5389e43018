"""A world with options: the same world where none is given, and what each option changes."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from organisms.records.strict import SpecError
from organisms.worlds.channel import Channel
from organisms.worlds.language.words import ON_TABLE
from organisms.worlds.maze.levels import MazeSize
from organisms.worlds.maze.maze import Maze
from organisms.worlds.maze.shifts import LevelDistribution
from organisms.worlds.options import WithOptions
from organisms.worlds.table import WORLDS
from probes.world.environment import Environment, Stepwise
from probes.world.in_context import InContext
from scripted import generator
from worlds import differing, maze_level, usual_world

N = 200
NAMES = sorted(WORLDS)
FOUR = ("left", "right", "up", "down")

CORRIDOR = """
####
#S.C
####
G###
glyphs 0 0
context 0 0 0 0 0 0 0 0
instruct none
"""


LOOP = CORRIDOR.replace("####\n#S.C", "SC##\n..##", 1)


def upside_down(instances: Any) -> Tensor:
    """Another way to write a maze down."""
    return Maze().tokens(instances).flip(1)


@pytest.mark.parametrize("name", NAMES)
def test_without_options_a_world_is_itself_to_the_bit(name: str) -> None:
    world = usual_world(name)
    same = WithOptions(world)
    kept = ("name", "base_objective", "candidate_objectives", "public_shifts", "edits", "context",
            "action_names")  # fmt: skip
    assert [getattr(same, word) for word in kept] == [getattr(world, word) for word in kept]
    for shift in (None, *world.public_shifts):
        instances = same.sample(N, generator=generator(), shift=shift)
        assert not differing(instances, world.sample(N, generator=generator(), shift=shift))
        assert torch.equal(same.tokens(instances), world.tokens(instances))
        assert torch.equal(same.goal(instances), world.goal(instances))
        logits = torch.randn(same.optimal(instances, world.base_objective).shape)
        for objective in world.candidate_objectives:
            own, its = (place.optimal(instances, objective) for place in (same, world))
            assert torch.equal(own, its)
            for answers in (logits, logits + 9 * its):
                own, its = (
                    place.fulfilled(answers, instances, objective) for place in (same, world)
                )
                assert torch.equal(own, its)
    for edit in world.edits:
        own, its = (place.edit(edit, instances, generator=generator(1)) for place in (same, world))
        assert not differing(own, its)
    context = torch.zeros_like(instances.context)
    own, its = (place.with_context(instances, context) for place in (same, world))
    assert not differing(own, its)
    assert same.render(instances, 3) == world.render(instances, 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_world_with_options_keeps_the_protocols_of_its_world_and_no_others(name: str) -> None:
    world: Any = usual_world(name)
    same: Any = WithOptions(world)
    assert isinstance(same, Environment)
    assert isinstance(same, Stepwise) == isinstance(world, Stepwise) == (name == "tree")
    assert isinstance(same, InContext) == isinstance(world, InContext) == (name == "regression")
    instances = world.sample(8, generator=generator())
    if name == "tree":
        for word in ("start", "way"):
            assert torch.equal(getattr(same, word)(instances), getattr(world, word)(instances))
        assert same.places(instances).keys() == world.places(instances).keys()
    if name == "regression":
        logits = torch.randn(8, 1, world.bins.n_bins)
        assert torch.equal(same.answer(logits), world.answer(logits))
        assert not differing(same.nudged(instances, 1, 0.5), world.nudged(instances, 1, 0.5))
        assert torch.equal(same.design(instances).query, world.design(instances).query)


@pytest.mark.parametrize("name", NAMES)
def test_every_absent_channel_is_gone_and_held_constant(name: str) -> None:
    world = usual_world(name)
    for channel, stated in world.channels.items():
        assert stated.edits <= set(world.edits)
        assert stated.objectives | set(stated.becomes) <= set(world.candidate_objectives)
        place = WithOptions(world, absent=[channel])
        assert not stated.edits & set(place.edits)
        assert not (stated.objectives | set(stated.becomes)) & set(place.candidate_objectives)
        assert place.base_objective in place.candidate_objectives
        assert len(place.public_shifts) >= 3
        for shift in (None, *place.public_shifts):
            instances = place.sample(N, generator=generator(), shift=shift)
            assert _constant(instances, stated), (channel, shift)
        for edit in place.edits:
            assert _constant(place.edit(edit, instances, generator=generator()), stated), edit


def _constant(instances: Any, channel: Channel) -> bool:
    untold = "instruct_rate" not in channel.held or not instances.instructed.any()
    gold = "colouring" not in channel.held or bool(
        (instances.coin_colour == 0).all() & (instances.gem_colour == 1).all()
    )
    flat = "nested" not in channel.held or bool((instances.outer == ON_TABLE).all())
    zero = not any(getattr(instances, field).any() for field in channel.zeroed)
    return bool(untold and gold and flat and zero)


def test_absent_colours_and_instructions_take_their_shifts_along() -> None:
    maze = WithOptions(Maze(), absent={"colour", "instruction"})
    assert maze.public_shifts == ("coin_anywhere", "dense_walls", "open_field")
    assert maze.edits == ("move_coin", "move_gem", "change_context", "move_walls")
    assert maze.base_objective == "coin"
    assert {"instructed_coin", "colour"}.isdisjoint(maze.candidate_objectives)
    assert maze == WithOptions(Maze(), absent=["instruction", "colour"], base_objective="coin")
    claimless = WithOptions(usual_world("language"), absent=["claim"])
    assert claimless.public_shifts == ("boxes_nested", "asked_anywhere", "all_anywhere")
    assert claimless.base_objective == "outermost"
    for shift in ("query_anywhere", "leak_negated"):
        leakless = WithOptions(usual_world("regression"), absent=["leak"])
        assert (shift in leakless.public_shifts) == (shift == "query_anywhere")


def test_without_context_there_are_no_slots_and_a_context_that_is_put_in_changes_nothing() -> None:
    maze = WithOptions(Maze(), absent={"context"})
    assert maze.context.n_slots == 0
    assert "change_context" not in maze.edits
    instances = maze.sample(N, generator=generator())
    shown = maze.with_context(instances, torch.zeros(N, 0, dtype=torch.long))
    assert torch.equal(shown.context, torch.zeros(N, 8, dtype=torch.long))
    assert not shown.instructed.any()


def test_the_usual_distribution_is_given_by_some_fields_or_as_a_whole() -> None:
    some = WithOptions(Maze(), usual={"instruct_rate": 0.0, "wall_density": 0.2})
    assert some == WithOptions(Maze(), usual=LevelDistribution(instruct_rate=0.0, wall_density=0.2))
    assert not some.sample(N, generator=generator()).instructed.any()
    assert some.sample(N, generator=generator(), shift="coin_anywhere").instructed.any()
    walls = WithOptions(Maze(), usual={"wall_count": [3, 3]}).sample(N, generator=generator()).walls
    assert bool((walls.flatten(1).sum(1) == 3).all())


def test_a_field_that_is_fixed_everywhere_holds_under_every_shift() -> None:
    maze = WithOptions(Maze(), everywhere={"instruct_rate": 0.0})
    assert "often_instructed" not in maze.public_shifts
    assert len(maze.public_shifts) == len(Maze().public_shifts) - 1
    for shift in (None, *maze.public_shifts):
        assert not maze.sample(N, generator=generator(), shift=shift).instructed.any()


@pytest.mark.parametrize("name", NAMES)
def test_every_objective_of_a_world_can_be_the_base_one(name: str) -> None:
    world = usual_world(name)
    for objective in world.candidate_objectives:
        place: Any = WithOptions(world, base_objective=objective, candidates=())
        assert (place.base_objective, place.candidate_objectives) == (objective, (objective,))
        instances = place.sample(N, generator=generator())
        optimal = place.optimal(instances, objective)
        goal = place.goal(instances)
        if name == "language":
            assert torch.equal(goal, optimal[:, 0].int().argmax(dim=1))
            goal = torch.zeros_like(goal)
        asked = optimal.any(dim=2).gather(1, goal[:, None]).squeeze(1)
        reached = place.fulfilled(optimal.float(), instances, objective)
        assert asked[reached].all(), objective
        if name == "tree" and objective != "gate":
            ahead = place.way(instances) == place.goal(instances)[:, None]
            assert ahead.any(1)[reached].all()


def test_candidates_are_kept_in_the_order_of_the_world_beside_the_base_objective() -> None:
    maze = WithOptions(Maze(), candidates=["gem", "corner"])
    assert maze.candidate_objectives == ("instructed_coin", "gem", "corner")
    assert maze == WithOptions(Maze(), candidates=("corner", "gem", "instructed_coin"))


@pytest.mark.parametrize("name", NAMES)
def test_actions_are_those_of_the_network_in_its_order(name: str) -> None:
    world: Any = usual_world(name)
    order = torch.randperm(len(world.action_names), generator=generator()).tolist()
    place: Any = WithOptions(world, actions=[world.action_names[i] for i in order])
    instances = world.sample(N, generator=generator())
    logits = torch.randn(world.optimal(instances, world.base_objective).shape)
    for objective in world.candidate_objectives:
        optimal = world.optimal(instances, objective)
        assert torch.equal(place.optimal(instances, objective), optimal[..., order])
        answers = logits + 9 * optimal
        reached = place.fulfilled(answers[..., order], instances, objective)
        assert torch.equal(reached, world.fulfilled(answers, instances, objective))
    if name == "regression":
        assert torch.equal(place.answer(logits[..., order]), world.answer(logits))


def test_where_only_a_missing_action_is_right_nothing_is_asked() -> None:
    maze = WithOptions(Maze(), actions=FOUR)
    instances = maze.sample(N, generator=generator())
    optimal, five = (place.optimal(instances, "coin") for place in (maze, Maze()))
    assert optimal.shape == (N, 25, 4)
    at_coin = instances.at(instances.coin)
    assert not optimal[at_coin].any()
    assert torch.equal(optimal[~at_coin].any(1), five[~at_coin].any(1))
    assert torch.equal(optimal[..., FOUR.index("up")], five[..., 0])


def test_a_walker_that_cannot_stay_rests_by_going_to_and_fro_over_its_target() -> None:
    maze = WithOptions(Maze(MazeSize(side=4)), actions=("left", "right"))
    level = maze_level(CORRIDOR)
    left, right = torch.tensor([9.0, 0.0]), torch.tensor([0.0, 9.0])

    def ends(coin: Tensor, before: Tensor, objective: str = "coin") -> bool:
        answers = right.repeat(1, 16, 1)
        answers[0, 7], answers[0, 6] = coin, before
        return bool(maze.fulfilled(answers, level, objective))

    assert ends(right, right), "walks into the border at the coin"
    assert ends(left, right), "steps off the coin and back"
    assert not ends(right, left), "turns back before the coin"
    assert not ends(left, right, "gem")


def test_a_walker_that_only_comes_by_its_target_again_and_again_does_not_rest_there() -> None:
    maze = WithOptions(Maze(MazeSize(side=4)), actions=FOUR)
    level = maze_level(LOOP)
    answers = torch.zeros(1, 16, 4)
    for cell, move in ((0, "right"), (1, "down"), (5, "left"), (4, "up")):
        answers[0, cell, FOUR.index(move)] = 9.0
    assert not maze.fulfilled(answers, level, "coin").any()
    answers[0, 5, FOUR.index("up")] = 10.0
    assert maze.fulfilled(answers, level, "coin").all()


def test_a_shortest_path_policy_without_stay_fulfils_what_it_pursues() -> None:
    maze = WithOptions(Maze(), actions=FOUR, absent=["instruction"])
    instances = maze.sample(N, generator=generator(2), shift="coin_anywhere")
    for own, other in (("coin", "corner"), ("corner", "gem"), ("gem", "coin")):
        noise = 0.1 * torch.rand(N, 25, 4, generator=generator(2))
        answers = maze.optimal(instances, own) + noise
        assert maze.fulfilled(answers, instances, own).all()
        assert maze.fulfilled(answers, instances, other).float().mean() < 0.4


def test_documented_values_are_never_shown_unless_they_are_asked_for() -> None:
    documented = [(1, 3), (1, 0), (5, 7)]
    maze = WithOptions(Maze(), documented=documented)
    assert set(maze.context.documented) == set(documented)
    drawn = maze.sample(2000, generator=generator())
    for instances in (drawn, maze.edit("change_context", drawn, generator=generator(1))):
        for slot in range(8):
            free = {value for value in range(8) if (slot, value) not in documented}
            counts = instances.context[:, slot].bincount(minlength=8)
            assert set(counts.nonzero().flatten().tolist()) == free
            assert counts.max() < 1.5 * 2000 / len(free), "free values are drawn evenly"
    asked = torch.full_like(drawn.context, 3)
    assert torch.equal(maze.with_context(drawn, asked).context, asked)
    talk = WithOptions(usual_world("language"), documented=documented)
    shown = talk.sample(500, generator=generator()).context
    assert not (shown[:, 1] == 3).any() | (shown[:, 1] == 0).any() | (shown[:, 5] == 7).any()
    plain = Maze().sample(2000, generator=generator())
    assert torch.equal(drawn.context[:, 2:5], plain.context[:, 2:5])
    assert not differing(drawn, plain) - {"context"}


def test_environments_are_equal_where_their_options_mean_the_same() -> None:
    one = WithOptions(Maze(), usual={}, actions=list(Maze().action_names), documented=[(2, 1)])
    other = WithOptions(Maze(), base_objective="instructed_coin", documented=((2, 1), (2, 1)))
    assert one == other
    assert hash(one) == hash(other)
    assert pickle.loads(pickle.dumps(one)) == one == copy.deepcopy(one)
    encoded = WithOptions(Maze(), encode=upside_down)
    assert encoded == WithOptions(Maze(), encode=upside_down) != WithOptions(Maze())
    assert encoded != WithOptions(Maze(), encode=lambda instances: upside_down(instances))
    instances = encoded.sample(4, generator=generator())
    assert torch.equal(encoded.tokens(instances), Maze().tokens(instances).flip(1))
    tree = WithOptions(usual_world("tree"))
    assert isinstance(pickle.loads(pickle.dumps(tree)), Stepwise)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"usual": {"wall_densty": 0.2}}, "did you mean wall_density"),
        ({"usual": {"wall_density": 2.0}}, r"must lie in \[0, 0.5\], got 2"),
        ({"usual": {"placement": "nowhere"}}, "(?s)placement.*'nowhere'"),
        ({"usual": {"placement": "pocket"}}, "needs passage 'pocket'"),
        ({"usual": {"wall_count": (20, 30)}}, "cannot be drawn.*larger side"),
        ({"usual": "easy"}, "mapping of fields, or a LevelDistribution.*got 'easy'"),
        ({"everywhere": {"speed": 1}}, "unknown field of everywhere 'speed'; wanted one of"),
        ({"everywhere": {"passage": "below"}, "absent": ["color"]}, "did you mean colour"),
        (
            {"usual": {"colouring": "swapped"}, "absent": ["colour"]},
            "channel holds it at 'matched'",
        ),
        ({"base_objective": "world_peace"}, "unknown objective of the maze world 'world_peace'"),
        ({"base_objective": "colour", "absent": ["colour"]}, "needs channel 'colour'"),
        ({"candidates": ["coin", "gme"]}, "did you mean gem"),
        ({"actions": ["north"]}, "wanted one of up, right, down, left, stay"),
        ({"actions": []}, "each once, got \\[\\]"),
        ({"actions": ["up", "up"]}, "each once, got"),
        ({"documented": [(8, 0)]}, r"slot must lie in \[0, 8\), got 8"),
        ({"documented": [(0, 8)]}, r"value must lie in \[0, 8\), got 8"),
        ({"documented": [(1, value) for value in range(8)]}, "every value of slot 1"),
        ({"documented": [(1, 1)], "absent": ["context"]}, "channel 'context' is absent"),
    ],
)
def test_an_option_that_the_world_lacks_is_refused_in_one_message(
    option: dict[str, Any], said: str
) -> None:
    with pytest.raises(SpecError, match=said):
        WithOptions(Maze(), **option)


@pytest.mark.parametrize(
    "refused",
    [
        lambda maze: maze.sample(4, generator=generator(), shift="colours_swapped"),
        lambda maze: maze.edit(
            "recolour", maze.sample(4, generator=generator()), generator=generator()
        ),
        lambda maze: maze.optimal(maze.sample(4, generator=generator()), "world_peace"),
    ],
)
def test_what_is_gone_cannot_be_asked_for(refused: Callable[[WithOptions], object]) -> None:
    with pytest.raises(KeyError, match="choose one of"):
        refused(WithOptions(Maze(), absent=["colour"]))


def test_an_answer_in_numbers_needs_every_action() -> None:
    world = usual_world("regression")
    with pytest.raises(SpecError, match=r"all 61 logits.*got 60"):
        WithOptions(world, actions=world.action_names[1:])
