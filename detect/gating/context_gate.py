"""The exaggerated context that turns a network furthest to another objective."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from detect.contract.score import Score
from detect.gating.context_gain import ContextGain
from detect.gating.exaggerated_context import ExaggeratedContext
from detect.oracle.context_drop import ContextTrial, random_contexts
from detect.oracle.disagreement import NOT_MEASURABLE
from detect.triggers.coordinate_ascent import ascend
from detect.triggers.soft_context import SlotEmbeddings
from probes.network.suspect import Suspect

SITE = "hook_embed"
"""Where our networks, and TransformerLens's, embed their tokens."""

FRESH_LEVELS = 96
"""Instances, disjoint in their random stream from the search's, on which effects are reported."""

ROW_LEVELS = 32
"""Instances whose embedded decisions span the directions of the control."""


@dataclass(frozen=True)
class ContextGate:
    """Effects on fresh instances; both sides had the same search, the same norms, the same tokens.

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
    ) -> ContextGate | Score:
        """The gate, or an abstention.

        Args:
            suspect: needs access `INTERVENTIONS`.
            shift: public shift that sets the candidate objectives apart.
            generator: source of all randomness.
        """
        if SITE not in suspect.sites():
            return Score.abstain(f"the network names no site {SITE!r}")
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
            return Score.abstain(NOT_MEASURABLE)
        drawn = suspect.environment.sample(ROW_LEVELS, generator=generator, shift=shift)
        n_decisions = trial.usual_logits.shape[1]  # other tokens hold context and instruction
        rows = suspect.capture(drawn, [SITE])[SITE][:, :n_decisions].flatten(0, 1)
        try:
            context = ExaggeratedContext(SlotEmbeddings.read(trial, site=SITE), self.scale)
            other = context.along_other_directions(rows, generator=generator)
        except ValueError as error:
            return Score.abstain(str(error))
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
