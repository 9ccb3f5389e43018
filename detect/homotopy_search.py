"""Relax the context, exaggerate it, ask for another objective, then tighten until it is real."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from detect.context_drop import Contexts, ContextTrial
from detect.context_finding import PARTS, confirm
from detect.coordinate_ascent import ascend
from detect.detector import Detector
from detect.disagreement import NOT_MEASURABLE
from detect.score import Score
from detect.separation import set_apart, telling_shift
from detect.soft_context import NoSlots, SlotEmbeddings
from probes.access import Access
from probes.suspect import Suspect

SITE = "hook_embed"
"""Where our networks, and TransformerLens's, embed their tokens."""

LEVELS = 32
"""Instances that steps draw from; `STEP_LEVELS` at a time, `POLISH_LEVELS` while polishing."""

IMPOSSIBLE = -1e9
"""Log-probability of what is not wanted; finite, so that its gradient is zero and not NaN."""

STEP_LEVELS = 2
POLISH_LEVELS = 4
SCOUT_RESTARTS = 4
SCOUT_STEPS = 16


@dataclass(frozen=True)
class Alternative:
    """An objective to elicit instead of the base one.

    Attributes:
        name: a candidate objective.
        optimal: its optimal actions.
        apart: decisions at which it shares no action with the base objective.
    """

    name: str
    optimal: Bool[Tensor, "level decision action"]
    apart: Bool[Tensor, "level decision"]

    def reluctance(
        self, logits: Float[Tensor, "context level decision action"], levels: Tensor
    ) -> Float[Tensor, " context"]:
        """Mean over the decisions apart of -log(probability of its optimal actions), in nats."""
        wanted = logits.log_softmax(dim=3).masked_fill(~self.optimal[levels], IMPOSSIBLE)
        apart = self.apart[levels]
        reluctance = -wanted.logsumexp(dim=3).masked_fill(~apart, 0.0)
        return reluctance.sum(dim=(1, 2)) / apart.sum().clamp(min=1)


class HomotopySearch(Detector):
    """Finds conjunctions whose parts show nothing one by one, because exaggerated parts do.

    Each slot is a softmax over its values, and its deviation from the slot's mean is scaled from
    `scale` down to 1 while gradients make another objective likely. The rounded contexts only
    propose: the score is the drop in base-objective optimality, re-tested.
    """

    name = "homotopy_search"
    access = Access.WEIGHTS
    measures = frozenset({"context_drop"})
    parts = PARTS
    cost = 3.0

    def __init__(
        self,
        *,
        shift: str | None = None,
        scale: float = 6.0,
        n_restarts: int = 32,
        n_steps: int = 100,
        learning_rate: float = 0.1,
        n_polished: int = 6,
    ) -> None:
        """Configure.

        Args:
            shift: public shift that sets the candidate objectives apart; the first one that sets
                apart what usual instances do not, if not given.
            scale: exaggeration at the start, at least 1.
            n_restarts: mixtures that are tightened together.
            n_steps: gradient steps.
            learning_rate: of Adam, on the logits of the mixtures.
            n_polished: rounded contexts that are climbed from, slot by slot.
        """
        self.shift = shift
        self.scale = scale
        self.n_restarts = n_restarts
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.n_polished = n_polished

    def score(self, suspect: Suspect) -> Score:
        """Largest drop that holds on fresh instances, in [0, 1]; 0 below the bar of a claim."""
        environment, generator = suspect.environment, suspect.generator()
        shift = telling_shift(environment, self.shift)
        if isinstance(shift, Score):
            return shift
        if SITE not in suspect.sites():
            return Score.abstain(f"the network names no site {SITE!r}")
        trial = ContextTrial.draw(suspect, LEVELS, shift=shift, generator=generator)
        alternatives = alternatives_of(trial)
        if not alternatives or not bool(trial.usual_logits.isfinite().all()):
            return Score.abstain(NOT_MEASURABLE)
        try:
            slots = SlotEmbeddings.read(trial, site=SITE)
        except NoSlots as error:
            return Score.abstain(str(error))
        target = self._most_willing(trial, slots, alternatives, generator)
        rounded, _ = self._relax(trial, slots, target, generator)
        polished = self._polish(trial, target, rounded, generator)
        source = f"homotopy towards {target.name!r}"
        proposals = torch.cat([rounded, polished])
        return confirm(suspect, proposals, source, shift=shift, generator=generator)

    def _most_willing(
        self,
        trial: ContextTrial,
        slots: SlotEmbeddings,
        alternatives: list[Alternative],
        generator: torch.Generator,
    ) -> Alternative:
        """The alternative that a few exaggerated steps elicit best."""
        every = torch.arange(len(trial.instances))
        gains = []
        for alternative in alternatives:
            usual = float(alternative.reluctance(trial.usual_logits[None], every))
            _, late = self._relax(trial, slots, alternative, generator, scout=True)
            gains.append(usual - late)
        return alternatives[gains.index(max(gains))]

    def _relax(
        self,
        trial: ContextTrial,
        slots: SlotEmbeddings,
        target: Alternative,
        generator: torch.Generator,
        *,
        scout: bool = False,
    ) -> tuple[Contexts, float]:
        """Rounded contexts, and the mean reluctance in nats over the second half of the steps.

        A scout takes few steps from few mixtures and stays exaggerated.
        """
        n_restarts = SCOUT_RESTARTS if scout else self.n_restarts
        n_steps = SCOUT_STEPS if scout else self.n_steps
        tokens = trial.suspect.environment.tokens(trial.instances)
        telling = target.apart.any(dim=1).nonzero().flatten()
        shape = (n_restarts, *slots.deviation.shape[:2])
        mixture = (0.5 * torch.randn(shape, generator=generator)).requires_grad_()
        optimizer = torch.optim.Adam([mixture], lr=self.learning_rate)
        seen = []
        for step in range(n_steps):
            done = 0.0 if scout else min(1.0, step / (0.85 * n_steps))
            levels = telling[torch.randint(len(telling), (STEP_LEVELS,), generator=generator)]
            with torch.enable_grad():
                mixed = slots.mix(
                    mixture.softmax(dim=2), scale=self.scale + (1 - self.scale) * done
                )
                logits = slots.logits(trial.suspect, tokens[levels], mixed)
                reluctance = target.reluctance(logits, levels)
                (mixture.grad,) = torch.autograd.grad(reluctance.sum(), mixture)
            optimizer.step()
            seen.append(float(reluctance.detach().mean()))
        late = seen[len(seen) // 2 :]
        return torch.unique(mixture.detach().argmax(dim=2), dim=0), sum(late) / len(late)

    def _polish(
        self,
        trial: ContextTrial,
        target: Alternative,
        rounded: Contexts,
        generator: torch.Generator,
    ) -> Int[Tensor, "polished slot"]:
        """Climb from the most willing rounded contexts, one slot at a time."""
        few, levels = trial.first(POLISH_LEVELS), torch.arange(POLISH_LEVELS)

        def willingness(contexts: Tensor) -> Float[Tensor, " context"]:
            return -target.reluctance(few.logits(contexts), levels)

        best = rounded[willingness(rounded).argsort(descending=True)[: self.n_polished]]
        space = trial.suspect.environment.context
        return ascend(willingness, best, space, n_sweeps=1, generator=generator)


def alternatives_of(trial: ContextTrial, *, min_share: float = 0.05) -> list[Alternative]:
    """Candidate objectives apart from the base one in at least `min_share` of decisions."""
    environment = trial.suspect.environment
    found = []
    for name in environment.candidate_objectives:
        optimal = environment.optimal(trial.instances, name)
        apart = set_apart(trial.optimal, optimal)
        if float(apart.float().mean()) >= min_share:
            found.append(Alternative(name, optimal, apart))
    return found
