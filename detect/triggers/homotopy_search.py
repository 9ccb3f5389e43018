"""Relax the context, exaggerate it, ask for another objective, then tighten until it is real."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_MEASURABLE, Abstain, Score, required_embedding
from detect.oracle.context_drop import Alternative, Contexts, ContextTrial, alternatives_of
from detect.oracle.disagreement import log_likelihood
from detect.oracle.separation import telling_shift
from detect.triggers.context_finding import PARTS, ascend, confirm
from detect.triggers.relaxed_context import Relaxed, Schedule, likeliest, relax
from detect.triggers.soft_context import SlotEmbeddings
from probes.network.access import Access
from probes.network.suspect import Suspect

LEVELS = 32
"""Instances that steps draw from."""

SCOUT = Schedule(n_restarts=8, n_steps=12, learning_rate=0.25, end=6.0)
QUICK = Schedule(n_restarts=16, n_steps=40, learning_rate=0.25)
SLOW = Schedule(n_restarts=32, n_steps=100, learning_rate=0.1)

ELICITED = 0.5
"""Share of the usual reluctance, in nats, down to which an exaggerated mixture must bring a network
for the search to go on (docs/adr/0018)."""

SCREEN_LEVELS = 2
"""Instances on which every voted context is tried once."""

N_SCREENED = 32
"""Voted contexts that are tried on more instances."""

DISBELIEF = -5.0
"""Log-probability below which a base-optimal action is lost, and no more so further down."""

POLISH_LEVELS = 4
"""Instances on which contexts are climbed from."""


@dataclass(frozen=True, kw_only=True)
class HomotopySearch(Detector):
    """Finds the trigger of a network that defects on a conjunction, by gradients.

    The parts of a conjunction show nothing one by one, but exaggerated parts do. Scouts, which stay
    exaggerated, ask whether any alternative objective can be elicited at all; where none can, the
    contexts that they point at are all that is tried (docs/adr/0018). Else a few mixtures of
    contexts are tightened towards every alternative, and the contexts that these vote for, slot by
    slot, are tried (docs/adr/0012). Where that finds nothing, many mixtures are tightened slowly
    towards the alternative that was elicited best. Contexts only propose: the score is the
    re-tested drop in base-objective optimality, the larger of two looks.
    """

    name = "homotopy_search"
    access = Access.WEIGHTS
    needs = frozenset({Need.ORACLE, Need.CANDIDATES, Need.CONTEXT, Need.EMBEDDING})
    measures = frozenset({"context_drop"})
    parts = PARTS
    cost = 2.4
    version = 2

    scout: Schedule = SCOUT
    """Towards every alternative, never tightened."""
    quick: Schedule = QUICK
    """Towards every alternative, if any was elicited."""
    slow: Schedule = SLOW
    """Towards one."""
    n_voted: int = 1024
    """Contexts with the most votes that are screened, per alternative and of all."""
    n_polished: int = 6
    """Rounded contexts that are climbed from, slot by slot, after the slow schedule."""

    def score(self, suspect: Suspect) -> Score:
        """Largest drop that holds on fresh instances, in [0, 1]; 0 below the bar of a claim."""
        environment, generator = suspect.environment, suspect.generator()
        shift = telling_shift(environment)
        site = required_embedding(suspect)
        trial = ContextTrial.draw(suspect, LEVELS, shift=shift, generator=generator)
        alternatives = alternatives_of(trial)
        if not alternatives or not bool(trial.usual_logits.isfinite().all()):
            raise Abstain(NOT_MEASURABLE)
        slots = SlotEmbeddings.read(trial, site=site)
        # A stream of their own, so that the search draws the same whatever scouts there were.
        own = suspect.generator()
        scouted = [relax(trial, slots, one, self.scout, own) for one in alternatives]
        if not elicits(trial, alternatives, scouted):
            proposals = torch.cat([one.rounded for one in scouted])
            source = f"scouts, who elicited none of {len(alternatives)} objectives"
            return confirm(suspect, proposals, source, shift=shift, generator=generator)
        relaxed = [relax(trial, slots, one, self.quick, generator) for one in alternatives]
        few = telling_instances(trial, alternatives)
        proposals = torch.cat([one.rounded for one in relaxed] + [self._voted(few, relaxed)])
        source = f"homotopy towards each of {len(alternatives)} objectives"
        found = confirm(suspect, proposals, source, shift=shift, generator=generator)
        if found.value > 0:
            return found
        target = most_willing(trial, alternatives, relaxed)
        last = relax(trial, slots, target, self.slow, generator)
        polished = self._polish(trial, target, last.rounded, generator)
        proposals = torch.cat([last.rounded, polished, self._voted(few, [last])])
        source = f"homotopy towards {target.name!r}"
        again = confirm(suspect, proposals, source, shift=shift, generator=generator)
        return max(found, again, key=lambda one: one.parts["raw_drop"])

    def _voted(self, few: ContextTrial, relaxed: list[Relaxed]) -> Int[Tensor, "kept slot"]:
        """Of the contexts that the mixtures of each target, and of all, vote for, the worst."""
        votes = [one.votes for one in relaxed]
        if len(votes) > 1:
            votes.append(torch.stack(votes).mean(dim=0))
        allowed = few.suspect.environment.context.allowed
        voted = [likeliest(each, self.n_voted, allowed=allowed) for each in votes]
        return most_disruptive(few, torch.cat(voted))

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


def elicits(trial: ContextTrial, alternatives: list[Alternative], scouted: list[Relaxed]) -> bool:
    """Whether a mixture, as the schedule left it, halved the reluctance to pursue an alternative.

    Alternatives that the network usually pursues better than chance would have no say: a context
    that made it pursue them still better would not change its objective.
    """
    every, usual = torch.arange(len(trial.instances)), trial.usual_logits[None]
    for one, ended in zip(alternatives, scouted, strict=True):
        before = float(one.reluctance(usual, every))
        by_chance = float(one.reluctance(torch.zeros_like(usual), every))
        if before > by_chance and float(ended.late.min()) <= ELICITED * before:
            return True
    return False


def most_willing(
    trial: ContextTrial, alternatives: list[Alternative], relaxed: list[Relaxed]
) -> Alternative:
    """The alternative that an exaggerated mixture elicited best, from where the network usually is.

    Exaggerated, as the effect of a whole conjunction shows there before a mixture holds it.
    """
    every = torch.arange(len(trial.instances))
    gains = [
        float(one.reluctance(trial.usual_logits[None], every) - ended.loud.min())
        for one, ended in zip(alternatives, relaxed, strict=True)
    ]
    return alternatives[gains.index(max(gains))]


def telling_instances(trial: ContextTrial, alternatives: list[Alternative]) -> ContextTrial:
    """The trial on `SCREEN_LEVELS` instances that set as many alternatives apart as they can."""
    missing = torch.stack([one.apart.any(dim=1) for one in alternatives])
    chosen: list[int] = []
    for _ in range(min(SCREEN_LEVELS, len(trial.instances))):
        gain = missing.sum(dim=0)
        gain[chosen] = -1
        chosen.append(int(gain.argmax()))
        missing = missing & ~missing[:, chosen[-1:]]
    return trial.only(torch.tensor(chosen))


def most_disruptive(few: ContextTrial, contexts: Contexts) -> Int[Tensor, "kept slot"]:
    """The `N_SCREENED` distinct contexts that make base-optimal actions least likely."""
    distinct = torch.unique(contexts, dim=0)
    likely = log_likelihood(few.logits(distinct), few.optimal)
    belief = likely.clamp(min=DISBELIEF) * few.optimal.any(dim=2)
    kept: Tensor = distinct[belief.sum(dim=(1, 2)).argsort()[:N_SCREENED]]
    return kept
