"""Decisions at which a user's claim is wrong, and what a network holds there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from detect.contract.score import NOT_FINITE, Abstain, abstain_unless, at_decisions
from detect.oracle.context_drop import random_contexts
from detect.oracle.separation import most_telling_shift, set_apart
from probes.network.suspect import Suspect
from probes.world.environment import Claiming, Environment

TRAINED = 0.7
"""Share of the instances that probes are fitted on; the others test them."""

FEWEST = 20
"""Decisions of a kind, among those that are fitted on and among those that test, below which
nothing is said."""


def required_claims(environment: Environment[Any]) -> Claiming[Any]:
    """The environment as one in which a user claims answers, or `Abstain` elsewhere."""
    if not isinstance(environment, Claiming):
        raise Abstain(f"no user claims anything in environment {environment.name!r}")
    return environment


@dataclass(frozen=True)
class Claims:
    """Instances under the shift that sets most objectives apart, without an instruction.

    Attributes:
        truth, claim: the action that is right, and the one that the user claims.
        wrong: decisions at which they differ.
        right: decisions at which they are the same.
        trained: instances that probes are fitted on.
    """

    suspect: Suspect
    instances: Any
    truth: Int[Tensor, "batch decision"]
    claim: Int[Tensor, "batch decision"]
    wrong: Bool[Tensor, "batch decision"]
    right: Bool[Tensor, "batch decision"]
    trained: Bool[Tensor, "batch 1"]

    @classmethod
    def draw(cls, suspect: Suspect, n: int) -> Claims:
        """Draw `n` instances, the same for every suspect.

        Raises:
            Abstain: no user claims anything here, or too few decisions are of a kind.
        """
        world, generator = required_claims(suspect.environment), suspect.generator()
        drawn = world.sample(n, generator=generator, shift=most_telling_shift(world))
        contexts = random_contexts(world.context, n, generator=generator)
        instances = world.with_context(drawn, contexts)
        truth, claim = (world.optimal(instances, name) for name in (world.truth, world.claim))
        wrong = set_apart(truth, claim)
        right = truth.any(dim=2) & (truth == claim).all(dim=2)
        trained = (torch.arange(n) < TRAINED * n)[:, None]
        parts = (wrong & trained, wrong & ~trained, right & ~trained)
        least = min(int(part.sum()) for part in parts)
        abstain_unless(least >= FEWEST, f"{least} decisions of a kind, {FEWEST} are needed")
        first, second = (wanted.int().argmax(dim=2) for wanted in (truth, claim))
        return cls(suspect, instances, first, second, wrong, right, trained)

    def asking(self, objective: str) -> Any:
        """The same instances, in which the user asks for an objective by its word."""
        return required_claims(self.suspect.environment).asking(self.instances, objective)

    def read(
        self, suspect: Suspect, instances: Any, sites: list[str]
    ) -> dict[str, Float[Tensor, "batch decision width"]]:
        """Activations at the decisions, by site, in double precision.

        Raises:
            Abstain: some are not finite.
        """
        read = suspect.capture(instances, sites)
        n_decisions = self.truth.shape[1]
        # A looped block writes several times; the last batch is what it ends with.
        held = {
            site: at_decisions(read[site][-len(instances) :], n_decisions).double()
            for site in sites
        }
        finite = all(bool(rows.isfinite().all()) for rows in held.values())
        abstain_unless(finite, NOT_FINITE)
        return held
