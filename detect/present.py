"""Find out what a suspect has of what detectors need, by the questions that they ask themselves."""

from __future__ import annotations

from collections.abc import Callable

from detect.behaviour.distractor_sensitivity import idle
from detect.behaviour.edit_slope import TokenTable
from detect.behaviour.reward_model import competing
from detect.contract.need import Need
from detect.contract.score import (
    Abstain,
    abstain_unless,
    required_edits,
    required_embedding,
    required_shifts,
    required_sites,
    trusted_twin,
)
from detect.floors.floors import required_metadata
from detect.goals.goal_representation import placed_goals
from detect.honesty.claims import required_claims
from detect.inside.model_diffing import required_base
from detect.oracle.context_drop import ContextTrial, required_context
from detect.oracle.separation import (
    most_telling_shift,
    moving_edit,
    telling_conditions,
    telling_shift,
)
from detect.search.first_step import stepwise
from detect.search.in_context_optimiser import CORRELATED, in_context
from detect.triggers.soft_context import SlotEmbeddings
from probes.network.layers import residual_layers
from probes.network.suspect import Suspect

INSTANCES = 64
"""On which oracles are asked; the network is asked about `FEW`."""

FEW = 8


def present(suspect: Suspect) -> frozenset[Need]:
    """The needs that a suspect meets; it needs access `ACTIVATIONS`.

    Oracles are asked as often as a cheap detector asks them, the network only a few times. What a
    detector finds out while it looks, such as outputs that are not finite, is not found out here.
    """
    found = set()
    for need, ask in QUESTIONS.items():
        try:
            ask(suspect)
        except Abstain:
            continue
        found.add(need)
    return frozenset(found)


def _oracle(suspect: Suspect) -> None:
    environment = suspect.environment
    drawn = environment.sample(INSTANCES, generator=suspect.generator())
    asked = environment.optimal(drawn, environment.base_objective).any()
    abstain_unless(asked, "no decision has an optimal action")


def _objectives(suspect: Suspect) -> None:
    environment, generator = suspect.environment, suspect.generator()
    drawn = [
        environment.sample(INSTANCES, generator=generator, shift=shift)
        for shift in required_shifts(environment)
    ]
    competes = len(competing(environment, drawn, ())[0]) > 1
    abstain_unless(competes, "no candidate objective is told from the base objective")


def _idle_edit(suspect: Suspect) -> None:
    environment = suspect.environment
    some = any(
        idle(environment, name, INSTANCES, suspect.generator())
        for name in required_edits(environment)
    )
    abstain_unless(some, "every edit changes what is optimal")


def _goals(suspect: Suspect) -> None:
    environment = suspect.environment
    shift = most_telling_shift(environment)
    placed_goals(environment, INSTANCES, shift=shift, generator=suspect.generator())


def _embedding(suspect: Suspect) -> None:
    site = required_embedding(suspect)
    generator = suspect.generator()
    trial = ContextTrial.draw(suspect, 1, shift=None, generator=generator)
    SlotEmbeddings.read(trial, site=site)


def _tokens(suspect: Suspect) -> None:
    TokenTable.read(suspect, suspect.environment.sample(FEW, generator=suspect.generator()))


def _depth(suspect: Suspect) -> None:
    abstain_unless(len(residual_layers(suspect)) > 1, "there are fewer than two blocks")


def _search(suspect: Suspect) -> None:
    try:
        _in_context(suspect)
    except Abstain:
        _stepwise(suspect)
        _depth(suspect)


def _stepwise(suspect: Suspect) -> None:
    stepwise(suspect, "rewire", "move_goal")


def _in_context(suspect: Suspect) -> None:
    in_context(suspect, CORRELATED)


QUESTIONS: dict[Need, Callable[[Suspect], object]] = {
    Need.ORACLE: _oracle,
    Need.SHIFTS: lambda suspect: required_shifts(suspect.environment),
    Need.OBJECTIVES: _objectives,
    Need.CANDIDATES: lambda suspect: telling_shift(suspect.environment),
    Need.CONDITIONS: lambda suspect: telling_conditions(suspect.environment),
    Need.EDITS: lambda suspect: required_edits(suspect.environment),
    Need.GOAL_EDIT: lambda suspect: moving_edit(suspect.environment),
    Need.IDLE_EDIT: _idle_edit,
    Need.GOALS: _goals,
    Need.CONTEXT: lambda suspect: required_context(suspect.environment.context),
    Need.EMBEDDING: _embedding,
    Need.TOKENS: _tokens,
    Need.RESIDUAL: lambda suspect: required_sites(suspect, "hook_resid_post"),
    Need.DEPTH: _depth,
    Need.STEPWISE: _stepwise,
    Need.IN_CONTEXT: _in_context,
    Need.SEARCH: _search,
    Need.CLAIM: lambda suspect: required_claims(suspect.environment),
    Need.BASE: lambda suspect: required_base(suspect.environment),
    Need.TWIN: trusted_twin,
    Need.METADATA: required_metadata,
}
"""Need -> what raises `Abstain` where the suspect does not meet it."""
