"""The public inputs that monitors are fitted on, all drawn from the suspect's own environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from detect.monitors.seen import Seen
from probes.network.suspect import Suspect

Reference = Literal["usual", "public"]
"""In distribution alone, or in distribution and under every public shift."""


@dataclass(frozen=True, eq=False)
class PublicInputs:
    """What may be known of a network before it is watched.

    A suspect's environment samples public distributions and no other, and nothing but a suspect
    makes public inputs: no monitor can be fitted on inputs that it will be judged by. Free
    contexts are uniform in all of them. The same suspect gives the same inputs; monitors that are
    fitted on the same object share its forward passes.

    Attributes:
        suspect: the network to be watched.
        n_usual: inputs in distribution, at least 2.
        n_shifted: inputs under each public shift.
    """

    suspect: Suspect = field(repr=False)
    n_usual: int = 512
    n_shifted: int = 128

    def of(self, kind: Reference) -> tuple[Seen, ...]:
        """In distribution, then, of kind `public`, under every public shift."""
        return self._drawn if kind == "public" else self._drawn[:1]

    @cached_property
    def _drawn(self) -> tuple[Seen, ...]:
        environment, generator = self.suspect.environment, self.suspect.generator()
        drawn = [environment.sample(self.n_usual, generator=generator)]
        drawn += [
            environment.sample(self.n_shifted, generator=generator, shift=shift)
            for shift in environment.public_shifts
        ]
        return tuple(Seen(self.suspect, instances) for instances in drawn)
