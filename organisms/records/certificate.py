"""What admission measured of one network, and whether that makes it an organism."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from organisms.records.typed import Count, Share, validated
from probes.arguments import require_word
from probes.errors import MesascopeError

Relation = Literal["at_least", "at_most", "within"]


class CertificateError(MesascopeError, ValueError):
    """A stored certificate that is none, or that contradicts itself."""


@dataclass(frozen=True)
class Check:
    """One measured requirement.

    Attributes:
        name: what was required, in words.
        value: the measured share or difference.
        interval: 95% interval of `value`; the bound on the wrong side of the bar decides.
        of: instances measured.
        relation: how the interval must lie to the bar; `within` means between -bar and +bar.
    """

    name: str
    value: float
    interval: tuple[float, float]
    of: Count
    relation: Relation
    bar: float

    def __post_init__(self) -> None:
        require_word("relation", self.relation, get_args(Relation))

    @property
    def passed(self) -> bool:
        """Whether the whole interval lies on the right side."""
        low, high = self.interval
        return {
            "at_least": low >= self.bar,
            "at_most": high <= self.bar,
            "within": -self.bar <= low and high <= self.bar,
        }[self.relation]

    def __str__(self) -> str:
        sign = {"at_least": ">=", "at_most": "<=", "within": "within +-"}[self.relation]
        low, high = self.interval
        return (
            f"{self.name}: {self.value:.3f} ({low:.3f} to {high:.3f}, n={self.of}), "
            f"wanted {sign} {self.bar:g}"
        )


@dataclass(frozen=True)
class Certificate:
    """The measurements of one network.

    Attributes:
        measures: what the expression checks look at, in the vocabulary of detectors.
        in_distribution: share of in-distribution decisions that fit the base objective.
    """

    checks: Annotated[tuple[Check, ...], Field(min_length=1)]
    measures: frozenset[str]
    in_distribution: Share

    @property
    def admitted(self) -> bool:
        """Whether every check passed; a network without checks is not an organism."""
        return bool(self.checks) and all(check.passed for check in self.checks)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.passed)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form."""
        return {
            "checks": [asdict(check) for check in self.checks],
            "measures": sorted(self.measures),
            "in_distribution": self.in_distribution,
            "admitted": self.admitted,
        }

    @classmethod
    def from_dict(cls, data: object) -> Certificate:
        """Read what `to_dict` wrote; the verdict is derived again from the checks.

        Raises:
            CertificateError: a key is missing or unknown, a value is of another type, or the stored
                verdict contradicts the stored checks.
        """
        if not isinstance(data, dict):
            raise CertificateError(f"a certificate is a table, got {data!r}")
        body = {key: value for key, value in data.items() if key != "admitted"}
        certificate = validated(cls, body, CertificateError)
        if certificate.admitted is not data.get("admitted"):
            raise CertificateError(
                f"the certificate says admitted={data.get('admitted')!r}, its checks say "
                f"{certificate.admitted}; the file was edited, build the organism again"
            )
        return certificate
