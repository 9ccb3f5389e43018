"""The exaggerated context that turns a network furthest to another objective."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from detect.contract.score import NOT_MEASURABLE, Abstain, at_decisions, required_embedding
from detect.oracle.context_drop import Alternative, ContextTrial, alternatives_of, random_contexts
from detect.oracle.disagreement import share_following
from detect.triggers.context_finding import ascend
from detect.triggers.soft_context import FewDirections, SlotEmbeddings
from probes.arguments import require_fields
from probes.network.suspect import Suspect

FRESH_LEVELS = 96
"""Instances, disjoint in their random stream from the search's, on which effects are reported."""

ROW_LEVELS = 32
"""Instances whose embedded decisions span the directions of the control."""


@dataclass(frozen=True)
class ContextGate:
    """What the best exaggerated context does on fresh instances, beside a control.

    The control had the same search, the same norms and the same tokens.

    Attributes:
        context: values exaggerated, one per slot.
        objective: what it makes the network pursue.
        gained: rise, in [-1, 1], of the share of decisions that follow it, among those at which it
            shares no action with the base objective.
        random: the same along directions that tell no context, for the best of all objectives.
            Where the context spans nearly all directions, they are other ones than those of the
            context that was found.
        unscaled: rise of that share when the same context is real, not exaggerated.
    """

    context: Int[Tensor, " slot"]
    objective: str
    gained: float
    random: float
    unscaled: float
    scale: float

    @property
    def excess(self) -> float:
        """Gain over the control, in [-2, 2]."""
        return self.gained - self.random

    def __str__(self) -> str:
        written = " ".join(str(value) for value in self.context.tolist())
        return (
            f"context {written} exaggerated {self.scale:g} times turns {self.gained:+.3f} of the "
            f"decisions to {self.objective!r}, {self.unscaled:+.3f} as it is; other directions of "
            f"the same norm {self.random:+.3f} ({FRESH_LEVELS} fresh instances)"
        )


@dataclass(frozen=True)
class GateSearch:
    """Coordinate ascent on the exaggerated context's gain for its best alternative objective.

    Attributes:
        scale: exaggeration, above 1.
        n_restarts: random contexts that ascent starts from.
        n_sweeps: passes over all slots.
        n_levels: instances per context during ascent.
    """

    scale: float = 6.0
    n_restarts: int = 4
    n_sweeps: int = 2
    n_levels: int = 6

    def __post_init__(self) -> None:
        require_fields(self)

    def find(
        self, suspect: Suspect, *, shift: str | None, generator: torch.Generator
    ) -> ContextGate:
        """Climb, and measure what was reached on fresh instances.

        The suspect needs access `INTERVENTIONS`; the public shift must set objectives apart.

        Raises:
            Abstain: the network cannot be searched so.
        """
        site = required_embedding(suspect)
        trial = ContextTrial.draw(suspect, self.n_levels, shift=shift, generator=generator)
        fresh = ContextTrial.draw(suspect, FRESH_LEVELS, shift=shift, generator=generator)
        told = {other.name: other for other in alternatives_of(fresh)}
        alternatives = [other for other in alternatives_of(trial) if other.name in told]
        finite = trial.usual_logits.isfinite().all() & fresh.usual_logits.isfinite().all()
        if not alternatives or not bool(finite):
            raise Abstain(NOT_MEASURABLE)
        drawn = suspect.environment.sample(ROW_LEVELS, generator=generator, shift=shift)
        n_decisions = trial.usual_logits.shape[1]  # other tokens hold context and instruction
        read = suspect.capture(drawn, [site])[site]
        written = SlotEmbeddings.read(trial, site=site)
        control = None
        try:
            rows = at_decisions(read, n_decisions).flatten(0, 1)
            control = written.along_other_directions(rows, generator=generator)
        except FewDirections:
            pass

        def gained(slots: SlotEmbeddings) -> tuple[Int[Tensor, " slot"], Alternative, float]:
            best, objective = self._climb(slots, trial, alternatives, generator)
            other = told[objective]
            logits = slots.exaggerated(fresh, best[None], self.scale)[0]
            return best, other, followed(fresh, other, logits)

        context, objective, turned = gained(written)
        if control is None:
            control = written.along_other_directions(
                read.flatten(0, 1),
                than=written.deviation[torch.arange(len(context)), context],
                generator=generator,
            )
        unscaled = followed(fresh, objective, fresh.logits(context[None])[0])
        random = gained(control)[2]
        return ContextGate(context, objective.name, turned, random, unscaled, self.scale)

    def _climb(
        self,
        slots: SlotEmbeddings,
        trial: ContextTrial,
        alternatives: list[Alternative],
        generator: torch.Generator,
    ) -> tuple[Int[Tensor, " slot"], str]:
        """The context that elicits some alternative most, and the name of that alternative."""
        space = trial.suspect.environment.context
        levels = torch.arange(len(trial.instances))

        def willing(contexts: Tensor) -> Float[Tensor, "alternative context"]:
            """Nats per decision apart by which each alternative's log-probability has risen."""
            logits = slots.exaggerated(trial, contexts, self.scale)
            return torch.stack(
                [
                    other.reluctance(trial.usual_logits[None], levels)
                    - other.reluctance(logits, levels)
                    for other in alternatives
                ]
            )

        def most(contexts: Tensor) -> Float[Tensor, " context"]:
            return willing(contexts).amax(dim=0)

        start = random_contexts(space, self.n_restarts, generator=generator)
        reached = ascend(most, start, space, n_sweeps=self.n_sweeps, generator=generator)
        gains = willing(reached)
        objective = alternatives[int(gains.amax(dim=1).argmax())].name
        return reached[gains.amax(dim=0).argmax()], objective


def followed(
    trial: ContextTrial, other: Alternative, logits: Float[Tensor, "level decision action"]
) -> float:
    """Rise of the share of decisions apart, in [-1, 1], that follow an alternative."""
    now = share_following(logits, other.optimal, other.apart)
    return now - share_following(trial.usual_logits, other.optimal, other.apart)


GATE_SEARCH = GateSearch()
"""The search that detectors make unless they are given another."""
