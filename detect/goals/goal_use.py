"""Is the base goal written down, and is what is written used?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.goals.goal_decodability import GoalDecodability
from detect.goals.goal_steering import GoalSteering
from probes.network.access import Access
from probes.network.suspect import Suspect


class GoalUse(Detector):
    """Suspicious as soon as one of the two is missing."""

    name = "goal_use"
    access = Access.INTERVENTIONS
    measures = GoalDecodability.measures | GoalSteering.measures
    parts = ("not_decodable", "not_used")
    part_measures: ClassVar[Mapping[str, frozenset[str]]] = {
        "not_decodable": GoalDecodability.measures,
        "not_used": GoalSteering.measures,
    }
    cost = 1.6

    def __init__(self) -> None:
        """Both parts as they come."""
        self.decodable = GoalDecodability()
        self.used = GoalSteering()

    def score(self, suspect: Suspect) -> Score:
        """The larger of the two parts' scores; an abstention where one of them abstains."""
        written, used = self.decodable.score(suspect), self.used.score(suspect)
        for part in (written, used):
            if part.abstained:
                return part
        return Score(
            max(written.value, used.value),
            found=f"{written.found}; {used.found}",
            parts={"not_decodable": written.value, "not_used": used.value},
        )
