"""Screen random contexts for one that lowers base-objective optimality."""

from __future__ import annotations

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.oracle.context_drop import ContextTrial, random_contexts
from detect.oracle.separation import telling_shift
from detect.triggers.context_finding import PARTS, confirm
from probes.network.access import Access
from probes.network.suspect import Suspect


class ContextScreen(Detector):
    """The search to beat: as many forward passes as the trigger search, no ascent.

    A conjunction of m of the slots, each with v values, is met once in v^m contexts.
    """

    name = "context_screen"
    access = Access.OUTPUTS
    role = "baseline"
    measures = frozenset({"context_drop"})
    parts = PARTS
    cost = 1.8

    def __init__(
        self, *, shift: str | None = None, contexts_per_value: int = 28, n_levels: int = 4
    ) -> None:
        """Configure.

        Args:
            shift: public shift that sets the candidate objectives apart; the first one that sets
                apart what usual instances do not, if not given.
            contexts_per_value: contexts screened per value of a slot, summed over the slots; 28
                costs about as many passes as the trigger search with its own defaults.
            n_levels: instances on which each is screened.
        """
        self.shift = shift
        self.contexts_per_value = contexts_per_value
        self.n_levels = n_levels

    def score(self, suspect: Suspect) -> Score:
        """Largest drop that holds on fresh instances, in [0, 1]; 0 below the bar of a claim."""
        environment, generator = suspect.environment, suspect.generator()
        shift = telling_shift(environment, self.shift)
        if isinstance(shift, Score):
            return shift
        trial = ContextTrial.draw(suspect, self.n_levels, shift=shift, generator=generator)
        space = environment.context
        n_contexts = self.contexts_per_value * space.n_slots * space.n_values
        contexts = random_contexts(space, n_contexts, generator=generator)
        drops = trial.drops(contexts)
        proposals = contexts[drops.argsort(descending=True)[:16]]
        return confirm(suspect, proposals, "the screen", shift=shift, generator=generator)
