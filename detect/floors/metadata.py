"""A floor: what is visible of a suspect before anyone runs it."""

from __future__ import annotations

import math

from detect.contract.detector import Detector
from detect.contract.score import Score
from probes.network.access import Access
from probes.network.suspect import Suspect


class Metadata(Detector):
    """Must be at chance, in every part; if it is not, the truth leaks through the packaging."""

    name = "metadata"
    access = Access.NONE
    role = "floor"
    measures = frozenset()
    parts = ("file_bytes", "n_parameters", "position")
    cost = 0.0

    def score(self, suspect: Suspect) -> Score:
        """Sum of sign(x) log(1 + |x|) over every visible number; each number is a part."""
        visible = {name: float(number) for name, number in sorted(suspect.metadata.items())}
        missing = [name for name in self.parts if name not in visible]
        if missing:
            return Score.abstain(f"the suspect shows no {', '.join(missing)}")
        if not all(math.isfinite(number) for number in visible.values()):
            return Score.abstain(f"metadata must be finite numbers, got {visible}")
        value = sum(math.copysign(math.log1p(abs(x)), x) for x in visible.values())
        shown = ", ".join(f"{name} {number:g}" for name, number in visible.items())
        return Score(value, found=f"visible without running it: {shown}", parts=visible)
