"""Relax the context, exaggerate it, ask for another objective, then tighten until it is real."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from detect.alternative import IMPOSSIBLE, Alternative, alternatives_of
from detect.context_drop import Contexts, ContextTrial
from detect.context_finding import PARTS, confirm
from detect.coordinate_ascent import ascend
from detect.detector import Detector
from detect.disagreement import NOT_MEASURABLE
from detect.relaxed_context import Relaxed, Schedule, likeliest, relax
from detect.score import Score
from detect.separation import telling_shift
from detect.soft_context import NoSlots, SlotEmbeddings
from probes.access import Access
from probes.suspect import Suspect

SITE = "hook_embed"
"""Where our networks, and TransformerLens's, embed their tokens."""

LEVELS = 32
"""Instances that steps draw from."""

QUICK = Schedule(n_restarts=16, n_steps=40, learning_rate=0.25)
SLOW = Schedule(n_restarts=32, n_steps=100, learning_rate=0.1)

SCREEN_LEVELS = 2
"""Instances on which every proposal is tried once."""

SCREEN_CONTEXTS = 256
"""Proposals tried in one pass; memory, no result, depends on it."""

N_SCREENED = 32
"""Proposals that are tried on more instances."""

POLISH_LEVELS = 4
"""Instances on which contexts are climbed from."""


class HomotopySearch(Detector):
    """Finds conjunctions whose parts show nothing one by one, because exaggerated parts do.

    A few mixtures are tightened towards every alternative objective. What they agree on, slot by
    slot, is voted on, and the contexts with the most votes are tried. Where that finds nothing,
    many mixtures are tightened slowly towards the alternative that was elicited best. Contexts only
    propose: the score is the drop in base-objective optimality, re-tested.
    """

    name = "homotopy_search"
    access = Access.WEIGHTS
    measures = frozenset({"context_drop"})
    parts = PARTS
    cost = 5.0

    def __init__(
        self,
        *,
        shift: str | None = None,
        quick: Schedule = QUICK,
        slow: Schedule = SLOW,
        n_voted: int = 1024,
        n_polished: int = 6,
    ) -> None:
        """Configure.

        Args:
            shift: public shift that sets the candidate objectives apart; the first one that sets
                apart what usual instances do not, if not given.
            quick: towards every alternative.
            slow: towards one.
            n_voted: contexts with the most votes that are tried, of every alternative and of all.
            n_polished: rounded contexts that are climbed from, slot by slot, after the slow one.
        """
        self.shift = shift
        self.quick = quick
        self.slow = slow
        self.n_voted = n_voted
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
        relaxed = [relax(trial, slots, one, self.quick, generator) for one in alternatives]
        proposals = screen(trial, self._voted(relaxed))
        source = f"homotopy towards each of {len(alternatives)} objectives"
        found = confirm(suspect, proposals, source, shift=shift, generator=generator)
        if found.value > 0 or found.reason:
            return found
        target = most_willing(trial, alternatives, relaxed)
        last = relax(trial, slots, target, self.slow, generator)
        polished = self._polish(trial, target, last.rounded, generator)
        proposals = screen(trial, torch.cat([proposals, polished, self._voted([last])]))
        source = f"homotopy towards {target.name!r}"
        return confirm(suspect, proposals, source, shift=shift, generator=generator)

    def _voted(self, relaxed: list[Relaxed]) -> Int[Tensor, "voted slot"]:
        """Contexts that mixtures are nearest to, and those they vote for: each target, and all."""
        votes = [one.votes for one in relaxed]
        everyone = torch.stack(votes).mean(dim=0)
        voted = [likeliest(each, self.n_voted) for each in (*votes, everyone)]
        return torch.cat([*(one.rounded for one in relaxed), *voted])

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


def screen(trial: ContextTrial, proposals: Contexts) -> Int[Tensor, "kept slot"]:
    """The proposals that make base-optimal actions least likely, all on the same few instances."""
    distinct = torch.unique(proposals, dim=0)
    few = trial.first(SCREEN_LEVELS)
    decided = few.optimal.any(dim=2)
    belief = []
    for some in distinct.split(SCREEN_CONTEXTS):
        likely = few.logits(some).log_softmax(dim=3).masked_fill(~few.optimal, IMPOSSIBLE)
        belief.append((likely.logsumexp(dim=3) * decided).sum(dim=(1, 2)))
    kept: Tensor = distinct[torch.cat(belief).argsort()[:N_SCREENED]]
    return kept
