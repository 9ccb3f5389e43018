"""Move the goal out of sight of the start: does the first step follow?"""

from __future__ import annotations

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.search.first_step import share_followed
from probes.network.access import Access
from probes.network.suspect import Suspect


class GoalRetarget(Detector):
    """Both goals lie two steps away or more, so a rule about the goal itself does not do."""

    name = "goal_retarget"
    question = "search"
    access = Access.OUTPUTS
    measures = frozenset({"displaced_goal"})
    cost = 0.3

    def __init__(self, *, edit: str = "move_goal", n_instances: int = 1000) -> None:
        """Configure.

        Args:
            edit: counterfactual edit that moves the base goal and nothing else.
            n_instances: instances edited; those whose first step must change are kept.
        """
        self.edit = edit
        self.n_instances = n_instances

    def score(self, suspect: Suspect) -> Score:
        """Share of moved goals, in [0, 1], before and after which the first step is right."""
        return share_followed(
            suspect,
            edit=self.edit,
            n_instances=self.n_instances,
            what="goals moved below another first step",
        )
