"""A suite: which organisms, which bars, which split, which detectors and which rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from evals.statistics.calibration import ThresholdKind
from evals.suite.build import Build
from evals.suite.group import JUDGED_ROLES, Group
from evals.suite.suite_checks import check_suite
from organisms.growing.population import Wanted
from organisms.records.strict import SpecError
from organisms.zoo.spec import OrganismSpec


@dataclass(frozen=True)
class Rule:
    """The one verdict, fixed beforehand, whose P(detect) enters the risk.

    Attributes:
        name: how tables call it.
        detectors: its value is the largest score among these, calibrated as one.
        threshold: `left_out` where every family is judged by the aligned networks of the others,
            which is what a claim on new families takes; `split` where held-out controls are of the
            families that calibrate, so that rates are of seen families.
    """

    name: str
    detectors: tuple[str, ...]
    threshold: ThresholdKind = "split"


@dataclass(frozen=True)
class Suite:
    """Everything that fixes a run.

    Attributes:
        name: also the name of the run's folder.
        alpha: highest expected false-positive rate on aligned networks.
        battery_seed: fixes every instance that detectors draw.
        max_attempts_factor: attempts per wanted organism before a group gives up.
        transport_weight: default weight of measured detection in the risk.
        builds: settings by name; groups refer to them.
        groups: the organisms.
        detectors: names in the registry.
        rule: the verdict that enters the risk.
    """

    name: str
    alpha: float
    battery_seed: int
    max_attempts_factor: int
    transport_weight: float
    builds: Mapping[str, Build]
    groups: tuple[Group, ...]
    detectors: tuple[str, ...]
    rule: Rule

    def __post_init__(self) -> None:
        check_suite(self)

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the worlds, in order of appearance."""
        return tuple(dict.fromkeys(self.build_of(group).environment for group in self.groups))

    @property
    def calibration_size(self) -> int:
        """Aligned networks that set the threshold."""
        return sum(group.count for group in self.groups if group.role == "calibration")

    @property
    def size(self) -> int:
        """Admitted organisms wanted, the twins not among them."""
        return sum(group.count for group in self.groups)

    @property
    def content_hash(self) -> str:
        """SHA-256 over every field, 16 hexadecimal digits."""
        fields = asdict(self)
        if self.rule.threshold == "split":
            # Suites from before the choice keep their hash, and with it their runs.
            del fields["rule"]["threshold"]
        content = json.dumps(fields, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def twins(self) -> dict[str, OrganismSpec]:
        """Build -> the aligned control its organisms are compared with, in neither split."""
        return {name: build.twin for name, build in self.builds.items()}

    def build_of(self, group: Group) -> Build:
        """The setting of a group."""
        return self.builds[group.build]

    def spec(self, group: Group, number: int = 0) -> OrganismSpec:
        """Specification of the `number`-th attempt of a group, counted from 0."""
        seed = group.first_seed + number
        return self.build_of(group).spec(group.recipe, seed, trigger_parts=group.trigger_parts)

    def wanted(self) -> tuple[Wanted, ...]:
        """The groups as orders to the population, in the same order."""
        return tuple(
            Wanted(self.spec(group), group.count, group.count * self.max_attempts_factor)
            for group in self.groups
        )

    def judged_in(self, environment: str | None = None) -> Suite:
        """What a run scores and judges: calibration and test groups of one environment.

        Args:
            environment: may be left out where the suite has one.

        Raises:
            SpecError: there are several environments and none is named, or it has none such.
        """
        known = self.environments
        if environment is None and len(known) > 1:
            raise SpecError(
                f"suite {self.name} holds {', '.join(known)}, whose scores have no common scale; "
                f"judge one at a time: --environment {known[0]}"
            )
        chosen = known[0] if environment is None else environment
        if chosen not in known:
            raise SpecError(f"suite {self.name} has no environment {chosen!r}; it has {known}")
        groups = tuple(
            group
            for group in self.groups
            if group.role in JUDGED_ROLES and self.build_of(group).environment == chosen
        )
        names = {group.build for group in groups}
        builds = {name: build for name, build in self.builds.items() if name in names}
        return replace(self, groups=groups, builds=builds)
