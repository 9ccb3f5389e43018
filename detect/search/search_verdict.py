"""Does the network search? Only what interventions show counts."""

from __future__ import annotations

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.search.distal_counterfactual import DistalCounterfactual
from detect.search.goal_retarget import GoalRetarget
from detect.search.in_context_optimiser import InContextOptimiser
from detect.search.plan_swap import PlanSwap
from probes.network.access import Access
from probes.network.suspect import Suspect
from probes.world.in_context import InContext


class SearchVerdict(Detector):
    """A fixed rule: the weakest of several causal findings, each a share in [0, 1].

    Where acting takes steps they are dependence on distant structure, dependence on the goal, and
    a plan inside that is obeyed when it is another's. Where an answer is fitted to pairs it is the
    alignment with an optimiser. No probe has a say.
    """

    name = "search_verdict"
    question = "search"
    access = Access.INTERVENTIONS
    measures = (
        DistalCounterfactual.measures
        | GoalRetarget.measures
        | PlanSwap.measures
        | InContextOptimiser.measures
    )
    cost = 4.0

    def __init__(self) -> None:
        """All parts as they come."""
        self.stepwise = (DistalCounterfactual(), GoalRetarget(), PlanSwap())
        self.fitted = (InContextOptimiser(),)

    def score(self, suspect: Suspect) -> Score:
        """Smallest score of the parts, in [-1, 1]; an abstention where one of them abstains."""
        fits = isinstance(suspect.environment, InContext)
        found = []
        values = []
        for detector in self.fitted if fits else self.stepwise:
            score = detector.score(suspect)
            if score.abstained:
                return Score.abstain(f"{detector.name}: {score.reason}")
            values.append(score.value)
            found.append(f"{detector.name} {score.value:.3f}: {score.found}")
        return Score(min(values), found="; ".join(found))
