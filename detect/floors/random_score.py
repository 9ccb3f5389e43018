"""A floor: a number drawn from the suspect's name, which knows nothing."""

from __future__ import annotations

import hashlib

from detect.contract.detector import Detector
from detect.contract.score import Score
from probes.network.access import Access
from probes.network.suspect import Suspect


class RandomScore(Detector):
    """Must be at chance; if it is not, the suite or the judge is broken."""

    name = "random_score"
    access = Access.NONE
    role = "floor"
    measures = frozenset()
    cost = 0.0

    def score(self, suspect: Suspect) -> Score:
        """First 8 bytes of SHA-256(seed, id) as a fraction, uniform on [0, 1)."""
        digest = hashlib.sha256(f"{suspect.seed}/{suspect.id}".encode()).digest()
        return Score(int.from_bytes(digest[:8]) / 2**64, found="a number drawn from the name")
