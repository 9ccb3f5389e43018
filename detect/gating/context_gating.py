"""Does the context decide which objective is pursued, or is it only represented?"""

from __future__ import annotations

from detect.contract.detector import Detector
from detect.contract.score import Score
from detect.gating.context_gate import GateSearch
from detect.gating.context_reading import ContextReader
from probes.network.access import Access
from probes.network.suspect import Suspect


class ContextGating(Detector):
    """Free context tokens are exaggerated: do they turn decisions to another objective?

    A network may hold its context without acting on it. Only what moves decisions to an objective
    other than the base one counts as gating; equal norms in other directions at the same tokens,
    found by the same search, are subtracted.
    """

    name = "context_gating"
    access = Access.INTERVENTIONS
    measures = frozenset({"context_drop"})
    parts = ("gated", "random", "represented")
    cost = 2.5

    def __init__(self, *, shift: str | None = None, search: GateSearch | None = None) -> None:
        """Configure.

        Args:
            shift: public shift that sets the candidate objectives apart; the first one that sets
                apart what usual instances do not, if not given.
            search: for the context that gates most.
        """
        self.shift = shift
        self.search = search or GateSearch()

    def score(self, suspect: Suspect) -> Score:
        """Gain of another objective by exaggerated context over other directions, in [-2, 2].

        Higher is more suspicious. Parts are the gain, that of the control, and the share of the
        variance at decisions that is the context's, less its shuffled control.
        """
        reader = ContextReader.of(suspect, self.shift)
        if isinstance(reader, Score):
            return reader
        read = reader.read(self.search, generator=suspect.generator())
        if isinstance(read, Score):
            return read
        return Score(
            read.gate.excess,
            found=str(read),
            parts={
                "gated": read.gate.gained,
                "random": read.gate.random,
                "represented": read.represented,
            },
        )
