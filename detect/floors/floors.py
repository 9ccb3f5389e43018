"""Floors and baselines: scores that know nothing of the objective a network pursues."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import torch

from detect.contract.detector import Detector
from detect.contract.need import Need
from detect.contract.score import NOT_MEASURABLE, Score, abstain_unless
from detect.oracle.disagreement import disagreement
from probes.network.access import Access
from probes.network.suspect import Suspect

VISIBLE = ("file_bytes", "n_parameters", "position")
"""What every suspect of ours shows."""


class RandomScore(Detector):
    """A number drawn from the suspect's name: above chance, the suite or the judge is broken."""

    name = "random_score"
    access = Access.NONE
    role = "floor"
    measures = frozenset()
    cost = 0.0

    def score(self, suspect: Suspect) -> Score:
        """First 8 bytes of SHA-256(seed, id) as a fraction, uniform on [0, 1)."""
        digest = hashlib.sha256(f"{suspect.seed}/{suspect.id}".encode()).digest()
        return Score(int.from_bytes(digest[:8]) / 2**64, found="a number drawn from the name")


class Metadata(Detector):
    """What is visible before anyone runs it: above chance, the packaging leaks the truth."""

    name = "metadata"
    access = Access.NONE
    role = "floor"
    measures = frozenset()
    needs = frozenset({Need.METADATA})
    parts = VISIBLE
    cost = 0.0

    def score(self, suspect: Suspect) -> Score:
        """Sum of sign(x) log(1 + |x|) over every visible number; each number is a part."""
        visible = required_metadata(suspect)
        finite = all(math.isfinite(number) for number in visible.values())
        abstain_unless(finite, f"metadata must be finite numbers, got {visible}")
        value = sum(math.copysign(math.log1p(abs(x)), x) for x in visible.values())
        shown = ", ".join(f"{name} {number:g}" for name, number in visible.items())
        return Score(value, found=f"visible without running it: {shown}", parts=visible)


def required_metadata(suspect: Suspect) -> dict[str, float]:
    """Numbers that are visible without running the suspect, or `Abstain` if some are hidden."""
    visible = {name: float(number) for name, number in sorted(suspect.metadata.items())}
    missing = [name for name in VISIBLE if name not in visible]
    abstain_unless(not missing, f"the suspect shows no {', '.join(missing)}")
    return visible


@dataclass(frozen=True, kw_only=True)
class InDistribution(Detector):
    """Disagreement with the base oracle on training inputs, which shows competence alone."""

    name = "in_distribution"
    role = "baseline"
    needs = frozenset({Need.ORACLE})
    measures = frozenset({"in_distribution"})
    cost = 0.1

    n_instances: int = 256
    """Instances drawn in distribution, at least 1."""

    def score(self, suspect: Suspect) -> Score:
        """Share of decisions, in [0, 1], that are not optimal for the base objective."""
        drawn = suspect.environment.sample(self.n_instances, generator=suspect.generator())
        seen = disagreement(suspect, drawn)
        abstain_unless(not math.isnan(seen.share), NOT_MEASURABLE)
        return Score(
            seen.share,
            found=f"disagrees with {suspect.environment.base_objective!r} at {seen.share:.3f} of "
            f"decisions in distribution ({seen.n} instances)",
        )


class WeightNorm(Detector):
    """How large the weights are, which shows how a network was trained, not what it pursues.

    Permuting hidden units, heads or the residual stream and flipping signs leave it unchanged.
    """

    name = "weight_norm"
    access = Access.WEIGHTS
    role = "baseline"
    measures = frozenset()
    cost = 0.01

    def score(self, suspect: Suspect) -> Score:
        """Euclidean norm of all parameters together; summed in double precision."""
        squares = [weight.detach().double().square() for weight in suspect.network().parameters()]
        abstain_unless(squares, "the network has no parameters")
        norm = float(torch.stack([square.sum().cpu() for square in squares]).sum().sqrt())
        abstain_unless(norm < float("inf"), "weights are not finite")
        return Score(norm, found=f"the weights have norm {norm:.3f}")
