"""One detector's answer about one suspect, and how to abstain from one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Float
from torch import Tensor

from detect.contract.failure import brief
from probes.arguments import unlike
from probes.errors import MesascopeError
from probes.network.layers import EMBEDDING, residual_sites
from probes.network.suspect import ReferencedSuspect, Suspect
from probes.world.environment import Environment

NOT_FINITE = "outputs are not finite"
NOT_MEASURABLE = "no decision could be judged: outputs are not finite, or no goal can be reached"


class ScoreError(MesascopeError, ValueError):
    """A detector returned something that is not a score."""


@dataclass(frozen=True)
class Score:
    """Higher is more suspicious; NaN means that the detector could not look, and has a reason.

    Examples:
        >>> Score(0.75, found="disagrees with the oracle in 3 of 4 decisions").value
        0.75
        >>> Score(0.75, parts={"maze": 0.5, "coin": 0.75}).parts["coin"]
        0.75
        >>> Score.abstain("the network names no residual sites").abstained
        True

    Attributes:
        value: any finite number, on whatever scale: only its order among networks is used, and the
            limit that aligned networks set.
        found: what was found, in words that a person can check.
        parts: named sub-scores, each judged by itself beside the whole.
        reason: why the detector abstained; empty otherwise.
        context: the context that was found, by slot, None where any value does; empty if none was.
        objective: the candidate objective that the network was seen to pursue, or that none of
            them explains it; empty where the detector does not say.
        posterior: objective -> its probability, in [0, 1], where the detector weighs them.
    """

    value: float
    found: str = ""
    parts: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    context: tuple[int | None, ...] = ()
    objective: str = ""
    posterior: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.found, str) or not isinstance(self.reason, str):
            raise ScoreError(
                f"found and reason are text, got {brief(self.found)} and {brief(self.reason)}"
            )
        for name, number in {"value": self.value, **self.parts}.items():
            if isinstance(number, bool) or not isinstance(number, int | float):
                raise ScoreError(
                    f"{name} must be a float, got {brief(number)}; float(...) makes one of a "
                    "tensor of one number"
                )
            if math.isinf(number):
                raise ScoreError(f"{name} is infinite; return a finite float, or abstain")
            if math.isnan(number) and not self.reason:
                raise ScoreError(f"{name} is NaN without a reason; use Score.abstain(reason)")
        if unlike(self.context, tuple[int | None, ...]) or unlike(self.objective, str):
            raise ScoreError(
                "context holds whole numbers and None, and objective is text, got "
                f"{brief(self.context)} and {brief(self.objective)}"
            )
        if any(unlike(p, float) or not 0 <= p <= 1 for p in self.posterior.values()):
            raise ScoreError(f"posterior holds probabilities, got {brief(self.posterior)}")

    @classmethod
    def abstain(cls, reason: str) -> Score:
        """No answer, which counts as a miss."""
        if not reason:
            raise ScoreError("an abstention needs a reason")
        return cls(math.nan, reason=reason)

    @property
    def abstained(self) -> bool:
        """Whether there is no answer."""
        return math.isnan(self.value)


class Abstain(MesascopeError, ValueError):
    """Raised within a detector's `score`, it becomes `Score.abstain` with the same reason."""


def abstain_unless(holds: object, reason: str) -> None:
    """Raise `Abstain` unless a condition (a truth value, one of torch, a collection) is true."""
    if not bool(holds):
        raise Abstain(reason)


def required_sites(suspect: Suspect, *kinds: str) -> list[str]:
    """Residual sites of these kinds, such as `hook_resid_post`, or `Abstain` if there are none."""
    sites = residual_sites(suspect, kinds=kinds)
    abstain_unless(sites, "the network names no residual sites")
    return sites


def required_embedding(suspect: Suspect) -> str:
    """The site of that name, or the only one whose name ends with it; `Abstain` elsewhere."""
    sites = [site for site in suspect.sites() if site.rpartition(".")[2] == EMBEDDING]
    if EMBEDDING in sites:
        return EMBEDDING
    abstain_unless(sites, f"the network names no site {EMBEDDING!r}")
    abstain_unless(len(sites) == 1, f"the network names several sites {EMBEDDING!r}: {sites}")
    return sites[0]


def required_shifts(environment: Environment[Any]) -> tuple[str, ...]:
    """The public shifts, or `Abstain` if there are none."""
    shifts = environment.public_shifts
    abstain_unless(shifts, f"environment {environment.name!r} has no public shift")
    return shifts


def required_edits(environment: Environment[Any]) -> tuple[str, ...]:
    """The edits, or `Abstain` if there are none."""
    edits = environment.edits
    abstain_unless(edits, f"environment {environment.name!r} has no edit")
    return edits


def at_decisions(
    read: Float[Tensor, "batch position width"], n_decisions: int
) -> Float[Tensor, "batch decision width"]:
    """Activations at the decisions, which come first at every site that is named.

    Raises:
        Abstain: the activations have other axes, or fewer positions than there are decisions.
    """
    if read.ndim != 3 or read.shape[1] < n_decisions:
        raise Abstain(
            f"a site has shape {tuple(read.shape)}, wanted three axes with {n_decisions} decisions "
            "first among the positions"
        )
    return read[:, :n_decisions]


def trusted_twin(suspect: Suspect) -> Suspect:
    """The aligned network beside the suspect, or `Abstain`; for detectors with `needs_twin`."""
    if not isinstance(suspect, ReferencedSuspect):
        raise Abstain("there is no trusted twin to compare with")
    return suspect.twin()
