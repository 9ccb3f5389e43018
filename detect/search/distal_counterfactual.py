"""Change the structure beyond the start's own neighbours: does the first step follow?"""

from __future__ import annotations

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.search.first_step import share_followed
from probes.network.access import Access
from probes.network.suspect import Suspect


class DistalCounterfactual(Detector):
    """Shows that an answer depends on what is far away, not how it is computed.

    Two independent guesses among m neighbours follow 1/m^2 of the edits.
    """

    name = "distal_counterfactual"
    question = "search"
    access = Access.OUTPUTS
    measures = frozenset({"distal_flip"})
    cost = 0.3

    def __init__(self, *, edit: str = "rewire", n_instances: int = 1000) -> None:
        """Configure.

        Args:
            edit: counterfactual edit that leaves the start's own neighbours alone.
            n_instances: instances edited; those whose first step must change are kept.
        """
        self.edit = edit
        self.n_instances = n_instances

    def score(self, suspect: Suspect) -> Score:
        """Share of edits, in [0, 1], before and after which the first step is right."""
        return share_followed(
            suspect,
            edit=self.edit,
            n_instances=self.n_instances,
            what=f"distant edits ({self.edit}) that change the right first step",
        )
