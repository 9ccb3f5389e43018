"""A suite: which organisms, which bars, which split, which detectors and which rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated

from pydantic import Field, PlainValidator, with_config

from evals.evidence.validation import STRICT
from evals.statistics.calibration import ThresholdKind, require_left_out
from evals.statistics.limit import require_attainable
from evals.suite import requirements
from evals.suite.build import JUDGED_ROLES, MOST_ATTEMPTS, Build, Group, build_from_dict
from organisms.growing.population import Wanted
from organisms.records.strict import SpecError
from organisms.zoo.spec import OrganismSpec
from probes.arguments import require_fields
from probes.network.streams import MAX_SEED


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

    def __post_init__(self) -> None:
        require_fields(self)


@with_config(STRICT)
@dataclass(frozen=True)
class Suite:
    """Everything that fixes a run; its file calls builds `build` and groups `group`.

    Attributes:
        name: also the name of the run's folder.
        alpha: highest expected false-positive rate on aligned networks.
        battery_seed: fixes every instance that detectors draw.
        max_attempts_factor: attempts per wanted organism before a group gives up; a group makes
            at most `MOST_ATTEMPTS`.
        transport_weight: default weight of measured detection in the risk.
        builds: settings by name; groups refer to them.
        groups: the organisms.
        detectors: names in the registry.
        rule: the verdict that enters the risk.
    """

    name: Annotated[str, Field(pattern=r"^[^\W\d]\w*$")]
    alpha: Annotated[float, Field(gt=0, lt=1)]
    battery_seed: Annotated[int, Field(ge=0, lt=MAX_SEED)]
    max_attempts_factor: Annotated[int, Field(ge=1, le=MOST_ATTEMPTS)]
    transport_weight: Annotated[int | float, Field(ge=0, le=1)]
    builds: Annotated[
        Mapping[str, Annotated[Build, PlainValidator(build_from_dict)]],
        Field(validation_alias="build"),
    ]
    groups: Annotated[tuple[Group, ...], Field(validation_alias="group", min_length=1)]
    detectors: tuple[str, ...]
    rule: Rule

    def __post_init__(self) -> None:
        """What makes rates measured on the suite honest; `evals.suite.requirements` says why."""
        requirements.check_names(self.name, self.rule.name, *self.builds)
        requirements.check_builds(self.groups, self.builds)
        requirements.check_detectors(self.detectors, self.rule.name, self.rule.detectors)
        requirements.check_seeds(self.groups, self.builds, self.max_attempts_factor)
        for environment in self.environments:
            truths = {
                group: self.spec(group).build_recipe().truth
                for group in self.groups
                if self.build_of(group).environment == environment
            }
            requirements.check_roles(truths)
            judged = {group: truths[group] for group in truths if group.role in JUDGED_ROLES}
            if not judged:
                continue
            requirements.check_comparable(judged, self.builds)
            if self.rule.threshold == "left_out":
                # Aligned networks calibrate whatever their role.
                aligned = {t.family for t in truths.values() if t.misalignment == "aligned"}
                require_left_out(sorted(aligned))
            else:
                calibrating = (group.count for group in judged if group.role == "calibration")
                require_attainable(self.alpha, sum(calibrating))

    @property
    def environments(self) -> tuple[str, ...]:
        """Names of the worlds, in order of appearance."""
        return tuple(dict.fromkeys(self.build_of(group).environment for group in self.groups))

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
