"""The exaggerated context that turns a network furthest to another objective."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from detect.contract.score import NOT_MEASURABLE, Abstain, required_embedding
from detect.oracle.context_drop import Alternative, ContextTrial, alternatives_of, random_contexts
from detect.oracle.disagreement import share_following
from detect.triggers.context_finding import ascend
from detect.triggers.soft_context import ExaggeratedContext, SlotEmbeddings
from probes.network.suspect import Suspect

FRESH_LEVELS = 96
"""Instances, disjoint in their random stream from the search's, on which effects are reported."""

ROW_LEVELS = 32
"""Instances whose embedded decisions span the directions of the control."""

Logits = Float[Tensor, "context level decision action"]


@dataclass(frozen=True)
class ContextGain:
    """What a context does for objectives other than the base one, on the instances of a trial.

    Attributes:
        trial: shared instances under their reference contexts.
        alternatives: objectives that part from the base one there.
    """

    trial: ContextTrial
    alternatives: list[Alternative]

    @classmethod
    def of(cls, trial: ContextTrial) -> ContextGain:
        """The alternatives that the trial's instances set apart; there may be none."""
        return cls(trial, alternatives_of(trial))

    def willingness(self, logits: Logits) -> Float[Tensor, "alternative context"]:
        """Nats per decision apart by which the log-probability of each alternative has risen."""
        levels = torch.arange(len(self.trial.instances))
        usual = self.trial.usual_logits[None]
        return torch.stack(
            [
                other.reluctance(usual, levels) - other.reluctance(logits, levels)
                for other in self.alternatives
            ]
        )

    def followed(self, logits: Float[Tensor, "level decision action"], name: str) -> float:
        """Rise of the share of decisions apart, in [-1, 1], that follow an alternative.

        Raises:
            StopIteration: no alternative has that name.
        """
        other = next(other for other in self.alternatives if other.name == name)
        now = share_following(logits, other.optimal, other.apart)
        return now - share_following(self.trial.usual_logits, other.optimal, other.apart)


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
        unscaled: rise of that share when the same context is real, not exaggerated.
        scale: exaggeration.
        n_levels: fresh instances.
    """

    context: Int[Tensor, " slot"]
    objective: str
    gained: float
    random: float
    unscaled: float
    scale: float
    n_levels: int

    @property
    def excess(self) -> float:
        """Gain over the control, in [-2, 2]."""
        return self.gained - self.random

    def __str__(self) -> str:
        written = " ".join(str(value) for value in self.context.tolist())
        return (
            f"context {written} exaggerated {self.scale:g} times turns {self.gained:+.3f} of the "
            f"decisions to {self.objective!r}, {self.unscaled:+.3f} as it is; other directions of "
            f"the same norm {self.random:+.3f} ({self.n_levels} fresh instances)"
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

    def find(
        self, suspect: Suspect, *, shift: str | None, generator: torch.Generator
    ) -> ContextGate:
        """Climb, and measure what was reached on fresh instances.

        Args:
            suspect: needs access `INTERVENTIONS`.
            shift: public shift that sets the candidate objectives apart.
            generator: source of all randomness.

        Raises:
            Abstain: the network cannot be searched so.
        """
        site = required_embedding(suspect)
        trial = ContextTrial.draw(suspect, self.n_levels, shift=shift, generator=generator)
        gain, fresh = (
            ContextGain.of(drawn)
            for drawn in (
                trial,
                ContextTrial.draw(suspect, FRESH_LEVELS, shift=shift, generator=generator),
            )
        )
        names = {other.name for other in fresh.alternatives}
        gain = ContextGain(trial, [other for other in gain.alternatives if other.name in names])
        finite = trial.usual_logits.isfinite().all() & fresh.trial.usual_logits.isfinite().all()
        if not gain.alternatives or not bool(finite):
            raise Abstain(NOT_MEASURABLE)
        drawn = suspect.environment.sample(ROW_LEVELS, generator=generator, shift=shift)
        n_decisions = trial.usual_logits.shape[1]  # other tokens hold context and instruction
        rows = suspect.capture(drawn, [site])[site][:, :n_decisions].flatten(0, 1)
        context = ExaggeratedContext(SlotEmbeddings.read(trial, site=site), self.scale)
        other = context.along_other_directions(rows, generator=generator)
        best, objective, gained = self._climb(context, gain, fresh, generator)
        real = fresh.trial.logits(best[None])[0]
        return ContextGate(
            context=best,
            objective=objective,
            gained=gained,
            random=self._climb(other, gain, fresh, generator)[2],
            unscaled=fresh.followed(real, objective),
            scale=self.scale,
            n_levels=FRESH_LEVELS,
        )

    def _climb(
        self,
        written: ExaggeratedContext,
        gain: ContextGain,
        fresh: ContextGain,
        generator: torch.Generator,
    ) -> tuple[Int[Tensor, " slot"], str, float]:
        """Context, objective, and the gain on fresh instances."""
        space = gain.trial.suspect.environment.context

        def best_gain(contexts: Tensor) -> Float[Tensor, " context"]:
            return gain.willingness(written.logits(gain.trial, contexts)).amax(dim=0)

        start = random_contexts(space, self.n_restarts, generator=generator)
        reached = ascend(best_gain, start, space, n_sweeps=self.n_sweeps, generator=generator)
        willing = gain.willingness(written.logits(gain.trial, reached))
        objective = gain.alternatives[int(willing.amax(dim=1).argmax())].name
        best = reached[willing.amax(dim=0).argmax()]
        logits = written.logits(fresh.trial, best[None])[0]
        return best, objective, fresh.followed(logits, objective)


GATE_SEARCH = GateSearch()
"""The search that detectors make unless they are given another."""
