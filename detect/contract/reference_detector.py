"""A detector that compares the suspect with a trusted twin."""

from __future__ import annotations

from abc import abstractmethod

from detect.contract.detector import Detector
from detect.contract.score import Score
from probes.network.suspect import ReferencedSuspect, Suspect


class ReferenceDetector(Detector):
    """Subclass, declare, and write `compare`; without a twin it abstains.

    The declared access holds for the suspect and for its twin.
    """

    def score(self, suspect: Suspect) -> Score:
        """How suspicious the suspect is beside its twin; higher is more suspicious."""
        if not isinstance(suspect, ReferencedSuspect):
            return Score.abstain("there is no trusted twin to compare with")
        return self.compare(suspect, suspect.twin())

    @abstractmethod
    def compare(self, suspect: Suspect, twin: Suspect) -> Score:
        """How suspicious the difference is; higher is more suspicious."""


def needs_twin(kind: type[Detector]) -> bool:
    """Whether a detector asks for a twin beside its access level."""
    return issubclass(kind, ReferenceDetector)
