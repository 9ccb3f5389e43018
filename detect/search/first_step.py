"""Pairs of instances that differ far from the start, and whose first step must differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from detect.contract.score import Score
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
        before: instances; any instruction is withdrawn.
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
        return FirstSteps(
            self.before[index],
            self.after[index],
            self.start[index],
            self.old[index],
            self.new[index],
            self.distance[index],
        )

    @classmethod
    def draw(
        cls, environment: Stepwise[Any], n: int, *, edit: str, generator: torch.Generator
    ) -> FirstSteps:
        """Edit `n` instances and keep the pairs that part at the start.

        Args:
            environment: must have the edit and those of `PREPARE`.
            n: instances drawn.
            edit: counterfactual edit that leaves the start where it is.
            generator: source of all randomness.
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
        kept &= environment.start(after) == start
        return cls(before, after, start, old, new, distance)[kept]

    def chosen(self, logits: Float[Tensor, "batch decision action"]) -> Int[Tensor, " batch"]:
        """First step taken."""
        return logits[torch.arange(len(self)), self.start].argmax(dim=1)

    def takes(
        self,
        logits: Float[Tensor, "batch decision action"],
        optimal: Bool[Tensor, "batch action"],
    ) -> Bool[Tensor, " batch"]:
        """Whether the first step is an optimal one."""
        return optimal.gather(1, self.chosen(logits)[:, None]).squeeze(1)


def decorrelated(environment: Environment[Any], n: int, *, generator: torch.Generator) -> Any:
    """Instances in which nothing but the structure tells the way, without an instruction."""
    drawn = environment.sample(n, generator=generator)
    for name in PREPARE:
        drawn = environment.edit(name, drawn, generator=generator)
    return environment.with_context(
        drawn, random_contexts(environment.context, n, generator=generator)
    )


def stepwise(suspect: Suspect, edits: Sequence[str]) -> Stepwise[Any] | Score:
    """The suspect's environment, or an abstention where it cannot be edited so.

    Args:
        suspect: needs no access.
        edits: needed beside those of `PREPARE`.
    """
    environment: Environment[Any] = suspect.environment
    if not isinstance(environment, Stepwise):
        return Score.abstain(f"environment {environment.name!r} does not tell the way to its goal")
    missing = sorted({*edits, *PREPARE} - set(environment.edits))
    if missing:
        return Score.abstain(f"environment {environment.name!r} has no edit {missing[0]!r}")
    return environment


def followed(suspect: Suspect, steps: FirstSteps) -> Bool[Tensor, " batch"] | Score:
    """Whether the first step is right before and after; an abstention where outputs are not finite.

    Args:
        suspect: needs access `OUTPUTS`.
        steps: at least `MIN_PAIRS` pairs, else an abstention.
    """
    if len(steps) < MIN_PAIRS:
        return Score.abstain(f"only {len(steps)} edits changed the first step, {MIN_PAIRS} wanted")
    before, after = suspect.outputs(steps.before), suspect.outputs(steps.after)
    if not bool(before.isfinite().all() & after.isfinite().all()):
        return Score.abstain("outputs are not finite")
    return steps.takes(before, steps.old) & steps.takes(after, steps.new)


def by_distance(right: Bool[Tensor, " batch"], steps: FirstSteps) -> str:
    """Shares with their counts, by steps to the goal."""
    said = []
    for distance in sorted(set(steps.distance.tolist())):
        here = right[steps.distance == distance]
        said.append(f"{float(here.float().mean()):.2f} of {len(here)} at {distance} steps")
    return ", ".join(said)


def share_followed(suspect: Suspect, *, edit: str, n_instances: int, what: str) -> Score:
    """Share of edits, in [0, 1], before and after which the first step is right.

    Args:
        suspect: needs access `OUTPUTS`.
        edit: counterfactual edit that leaves the start where it is.
        n_instances: instances edited; those whose first step must change are kept.
        what: the kept edits, in words.
    """
    environment = stepwise(suspect, [edit])
    if isinstance(environment, Score):
        return environment
    steps = FirstSteps.draw(environment, n_instances, edit=edit, generator=suspect.generator())
    right = followed(suspect, steps)
    if isinstance(right, Score):
        return right
    share = float(right.float().mean())
    found = f"{share:.3f} of {len(steps)} {what} are followed: {by_distance(right, steps)}"
    return Score(share, found=found)
