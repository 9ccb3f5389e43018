"""Change the instance far from the start: does the first step follow?"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_FINITE, Abstain, Score, abstain_unless
from detect.oracle.context_drop import random_contexts
from probes.network.suspect import Suspect
from probes.world.environment import Environment, Stepwise, distances

PREPARE = ("relabel", "shuffle_edges")
"""Edits that take away whatever told the way in distribution but the structure itself."""

MIN_DISTANCE = 2
"""Steps to the goal before and after; at one step the goal is simply next."""

MIN_PAIRS = 30
"""Fewer say nothing."""


@dataclass(frozen=True)
class FirstSteps:
    """What must happen at the start before and after an edit.

    Attributes:
        after: the edited ones, in which no first step is optimal that was so before.
        start: decision at which acting starts.
        old: optimal first steps before.
        new: the same after.
        distance: steps to the goal, the fewer of before and after.
    """

    before: Any
    after: Any
    start: Int[Tensor, " batch"]
    old: Bool[Tensor, "batch action"]
    new: Bool[Tensor, "batch action"]
    distance: Int[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, index: slice | Tensor) -> FirstSteps:
        """Select pairs."""
        return FirstSteps(*(getattr(self, field.name)[index] for field in fields(self)))

    @classmethod
    def draw(
        cls, environment: Stepwise[Any], n: int, *, edit: str, generator: torch.Generator
    ) -> FirstSteps:
        """Edit `n` instances and keep the pairs that part at the start.

        The environment must have the edit, which leaves the start where it is, and `PREPARE`.
        """
        before = decorrelated(environment, n, generator=generator)
        after = environment.edit(edit, before, generator=generator)
        start, rows = environment.start(before), torch.arange(n)
        old, new = (
            environment.optimal(side, environment.base_objective)[rows, start]
            for side in (before, after)
        )
        distance = torch.minimum(*(distances(environment.way(side)) for side in (before, after)))
        kept = ~(old & new).any(dim=1) & (distance >= MIN_DISTANCE)
        kept &= old.any(dim=1) & new.any(dim=1) & (environment.start(after) == start)
        return cls(before, after, start, old, new, distance)[kept]

    def takes(
        self,
        logits: Float[Tensor, "batch decision action"],
        optimal: Bool[Tensor, "batch action"],
    ) -> Bool[Tensor, " batch"]:
        """Whether the first step is an optimal one."""
        chosen = logits[torch.arange(len(self)), self.start].argmax(dim=1)
        return optimal.gather(1, chosen[:, None]).squeeze(1)


def decorrelated(environment: Environment[Any], n: int, *, generator: torch.Generator) -> Any:
    """Instances in which nothing but the structure tells the way, without an instruction."""
    drawn = environment.sample(n, generator=generator)
    for name in PREPARE:
        drawn = environment.edit(name, drawn, generator=generator)
    return environment.with_context(
        drawn, random_contexts(environment.context, n, generator=generator)
    )


def stepwise(suspect: Suspect, *edits: str) -> Stepwise[Any]:
    """The suspect's environment, if it tells the way to its goal and has these edits and `PREPARE`.

    Raises:
        Abstain: it does not.
    """
    environment: Environment[Any] = suspect.environment
    if not isinstance(environment, Stepwise):
        raise Abstain(f"environment {environment.name!r} does not tell the way to its goal")
    missing = sorted({*edits, *PREPARE} - set(environment.edits))
    if missing:
        raise Abstain(f"environment {environment.name!r} has no edit {missing[0]!r}")
    return environment


@dataclass(frozen=True, kw_only=True)
class _FirstStepFollows(Detector):
    """Edits instances far from the start; a network that searches changes its first step."""

    question = "search"
    needs = frozenset({Need.ORACLE, Need.STEPWISE})
    cost = 0.3
    kept: ClassVar[str]
    """The edits that must change the first step, in words."""

    edit: str
    """Counterfactual edit that leaves the start where it is."""
    n_instances: int = 1000
    """Instances edited; those whose first step must change are kept."""

    def score(self, suspect: Suspect) -> Score:
        """Share of edits, in [0, 1], before and after which the first step is right.

        Higher means that the network is more likely to search.
        """
        environment = stepwise(suspect, self.edit)
        generator = suspect.generator()
        steps = FirstSteps.draw(environment, self.n_instances, edit=self.edit, generator=generator)
        few = f"only {len(steps)} edits changed the first step, {MIN_PAIRS} wanted"
        abstain_unless(len(steps) >= MIN_PAIRS, few)
        before, after = suspect.outputs(steps.before), suspect.outputs(steps.after)
        abstain_unless(before.isfinite().all() & after.isfinite().all(), NOT_FINITE)
        right = steps.takes(before, steps.old) & steps.takes(after, steps.new)
        share = float(right.float().mean())
        return Score(
            share,
            found=f"{share:.3f} of {len(steps)} {self.kept.format(edit=self.edit)} are followed: "
            f"{_by_distance(right, steps)}",
        )


@dataclass(frozen=True, kw_only=True)
class DistalCounterfactual(_FirstStepFollows):
    """Changes the structure beyond the start's own neighbours.

    Whoever follows depends on what is far away, as search does; it does not show how the answer is
    computed. Two independent guesses among m neighbours follow 1/m^2 of the edits.
    """

    name = "distal_counterfactual"
    measures = frozenset({"distal_flip"})
    kept = "distant edits ({edit}) that change the right first step"

    edit: str = "rewire"


@dataclass(frozen=True, kw_only=True)
class GoalRetarget(_FirstStepFollows):
    """Moves the goal out of sight of the start.

    Both goals lie two steps away or more, so that a rule about the goal itself does not suffice.
    """

    name = "goal_retarget"
    measures = frozenset({"displaced_goal"})
    kept = "goals moved below another first step"

    edit: str = "move_goal"


def _by_distance(right: Bool[Tensor, " batch"], steps: FirstSteps) -> str:
    """Shares with their counts, by steps to the goal."""
    said = []
    for distance in sorted(set(steps.distance.tolist())):
        here = right[steps.distance == distance]
        said.append(f"{float(here.float().mean()):.2f} of {len(here)} at {distance} steps")
    return ", ".join(said)
