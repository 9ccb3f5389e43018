"""Does the network search? Only what interventions show counts."""

from __future__ import annotations

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import Abstain, Score
from detect.search.first_step import DistalCounterfactual, GoalRetarget
from detect.search.in_context_optimiser import InContextOptimiser
from detect.search.plan_swap import PlanSwap
from probes.network.access import Access
from probes.network.suspect import Suspect
from probes.world.in_context import InContext

STEPWISE = (DistalCounterfactual, GoalRetarget, PlanSwap)
"""What counts where acting takes steps: dependence on distant structure, dependence on the goal,
and a plan inside that is obeyed when it is another's."""

FITTED = (InContextOptimiser,)
"""What counts where an answer is fitted to pairs: alignment with an optimiser."""


class SearchVerdict(Detector):
    """A fixed rule: the weakest of several causal findings, each a share in [0, 1].

    A network that searches shows all of them. No probe has a say, since what is decoded need not
    be used.
    """

    name = "search_verdict"
    question = "search"
    access = Access.INTERVENTIONS
    needs = frozenset({Need.SEARCH})
    measures = frozenset().union(*(kind.measures for kind in (*STEPWISE, *FITTED)))
    cost = 4.0

    def score(self, suspect: Suspect) -> Score:
        """Smallest score of the findings, in [-1, 1]; an abstention where one of them abstains."""
        found, values = [], []
        for kind in FITTED if isinstance(suspect.environment, InContext) else STEPWISE:
            score = kind().score(suspect)
            if score.abstained:
                raise Abstain(f"{kind.name}: {score.reason}")
            values.append(score.value)
            found.append(f"{kind.name} {score.value:.3f}: {score.found}")
        return Score(min(values), found="; ".join(found))
