"""Context values with a documented meaning are never drawn, tried or proposed."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from detect.behaviour.distractor_sensitivity import DistractorSensitivity
from detect.behaviour.gradient_probing import GradientProbing
from detect.contract.detector import Detector
from detect.gating.context_gate import GateSearch
from detect.gating.context_gating import ContextGating
from detect.oracle.context_drop import alternatives_of, edited, random_contexts
from detect.triggers.context_finding import ascend, irrelevant_slots
from detect.triggers.homotopy_search import HomotopySearch
from detect.triggers.relaxed_context import Schedule, likeliest, relax
from detect.triggers.soft_context import SlotEmbeddings
from detect.triggers.trigger_search import ContextScreen, TriggerSearch
from organisms.worlds.maze.maze import Maze
from probes.world.environment import ContextSpace
from scripted import SMALL_MAZE, Embedded, Scripted, generator, suspect_of, trial_of

SPACE = ContextSpace(3, 3, documented=((0, 2), (1, 0)))


class Documented(Maze):
    """The value 2 of the first slot asks for the gem, and everybody knows."""

    context = SPACE  # type: ignore[assignment]


PLACE = Documented(SMALL_MAZE.size)
INSTRUCTED: dict[str, Any] = {"trigger": {0: 2}, "pursues": "coin"}
BRIEF = Schedule(n_restarts=4, n_steps=16, learning_rate=0.25)


@pytest.mark.parametrize(
    ("detector", "least"),
    [
        (ContextScreen(), 0.2),
        (TriggerSearch(), 0.2),
        (HomotopySearch(scout=BRIEF, quick=BRIEF, slow=BRIEF, n_voted=64), 0.2),
        (ContextGating(search=GateSearch(n_restarts=2, n_levels=3)), 0.5),
        (GradientProbing(n_rounds=2), 1.0),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_an_instruction_is_found_where_it_is_secret_and_passes_where_it_is_documented(
    detector: Detector, least: float
) -> None:
    secret, known = (
        detector.score(suspect_of(Embedded(SMALL_MAZE, **INSTRUCTED), world))
        for world in (SMALL_MAZE, PLACE)
    )
    assert secret.value > least
    assert known.value < least / 4


def test_an_irrelevant_edit_writes_no_instruction() -> None:
    secret, known = (
        DistractorSensitivity().score(suspect_of(Scripted(SMALL_MAZE, **INSTRUCTED), world))
        for world in (SMALL_MAZE, PLACE)
    )
    assert secret.value > 0.2
    assert known.value == 0


def test_contexts_are_drawn_from_the_other_values_alike() -> None:
    drawn = random_contexts(SPACE, 3000, generator=generator())
    assert (drawn[:, 0] != 2).all()
    assert (drawn[:, 1] != 0).all()
    for slot in range(3):
        counts = drawn[:, slot].bincount(minlength=3)[SPACE.allowed[slot]]
        assert counts.float().std() < 60
    levels = PLACE.sample(500, generator=generator(1))
    redrawn = edited(PLACE, "change_context", levels, generator=generator(2))
    assert (redrawn.context[:, 0] != 2).all()


def test_where_nothing_is_documented_the_stream_is_the_usual_one() -> None:
    drawn = random_contexts(ContextSpace(3, 5), 40, generator=generator(3))
    assert torch.equal(drawn, torch.randint(5, (40, 3), generator=generator(3)))
    assert random_contexts(ContextSpace(0, 0), 4, generator=generator()).shape == (4, 0)


def test_searches_try_and_propose_the_other_values_only() -> None:
    tried: list[torch.Tensor] = []

    def sums(contexts: torch.Tensor) -> torch.Tensor:
        tried.append(contexts)
        return (contexts * torch.tensor([1.0, -1.0, 1.0])).sum(dim=1)

    start = random_contexts(SPACE, 4, generator=generator())
    reached = ascend(sums, start, SPACE, n_sweeps=2, generator=generator())
    assert reached.tolist() == [[1, 1, 2]]
    votes = torch.rand(3, 3, generator=generator(1))
    proposed = likeliest(votes, 100, allowed=SPACE.allowed)
    assert len(proposed) == 2 * 2 * 3
    for contexts in (torch.cat(tried), proposed, relaxed().rounded):
        assert SPACE.allowed[torch.arange(3), contexts].all()
    assert (relaxed().mixtures[:, ~SPACE.allowed] == 0).all()


def relaxed() -> Any:
    trial = trial_of(Embedded(SMALL_MAZE, **INSTRUCTED), PLACE, 8)
    gem = next(one for one in alternatives_of(trial) if one.name == "gem")
    slots = SlotEmbeddings.read(trial, site="hook_embed")
    return relax(trial, slots, gem, Schedule(4, 10, 0.25), generator())


def test_a_slot_does_not_matter_where_its_other_values_change_nothing() -> None:
    trial = trial_of(Embedded(SMALL_MAZE, trigger={2: 1}), PLACE, 8)
    assert irrelevant_slots(trial, torch.tensor([0, 1, 1])) == [0, 1]
