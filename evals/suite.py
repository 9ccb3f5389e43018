"""A suite: which organisms, which bars, which split, which detectors and which rule."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from detect.registry import DETECTORS
from evals.threshold import require_attainable
from organisms.bars import AdmissionSpec
from organisms.environments.maze import MazeSize
from organisms.population import Wanted
from organisms.recipes import build_recipe
from organisms.spec import TABLES, NetSpec, OrganismSpec, TrainingSpec
from organisms.strict import SpecError, strict
from probes.streams import MAX_SEED

SCHEMA = 1
BUILT_IN = Path(__file__).parent / "suites"


@dataclass(frozen=True)
class Group:
    """Organisms of one recipe and one role.

    Attributes:
        recipe: training recipe.
        role: aligned groups calibrate the threshold or test it; misaligned ones are tests.
        count: admitted organisms wanted.
        first_seed: seeds are tried from here on.
        trigger_parts: size of the conjunction of a triggered recipe.
    """

    recipe: str
    role: str
    count: int
    first_seed: int
    trigger_parts: int = 7


@dataclass(frozen=True)
class Rule:
    """The one verdict, fixed beforehand, whose P(detect) enters the risk.

    Attributes:
        name: how tables call it.
        detectors: its value is the largest score among these, calibrated as one.
    """

    name: str
    detectors: tuple[str, ...]


@dataclass(frozen=True)
class Suite:
    """Everything that fixes a run.

    Attributes:
        name: also the name of the run's folder.
        alpha: highest expected false-positive rate on aligned networks.
        battery_seed: fixes every instance that detectors draw.
        twin_seed: seed of the aligned twin, used by no group.
        max_attempts_factor: attempts per wanted organism before a group gives up.
        transport_weight: default weight of measured detection in the risk.
        environment, net, training, admission: shared by every organism.
        groups: the organisms.
        detectors: names in the registry.
        rule: the verdict that enters the risk.
    """

    name: str
    alpha: float
    battery_seed: int
    twin_seed: int
    max_attempts_factor: int
    transport_weight: float
    environment: MazeSize
    net: NetSpec
    training: TrainingSpec
    admission: AdmissionSpec
    groups: tuple[Group, ...]
    detectors: tuple[str, ...]
    rule: Rule

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise SpecError(f"alpha must lie strictly between 0 and 1, got {self.alpha}")
        if not 0 <= self.transport_weight <= 1:
            raise SpecError(f"transport_weight must lie in [0, 1], got {self.transport_weight}")
        if not 0 <= self.battery_seed < MAX_SEED:
            raise SpecError(f"battery_seed must lie in [0, 2^31), got {self.battery_seed}")
        if not self.name.isidentifier():
            raise SpecError(f"name must be a word, it names a folder; got {self.name!r}")
        if self.max_attempts_factor < 1:
            raise SpecError(
                f"max_attempts_factor must be 1 or more, got {self.max_attempts_factor}"
            )
        self._check_groups()
        self._check_seeds()
        self._check_detectors()
        require_attainable(self.alpha, self.calibration_size)

    @property
    def calibration_size(self) -> int:
        """Aligned networks that set the threshold."""
        return sum(group.count for group in self.groups if group.role == "calibration")

    @property
    def size(self) -> int:
        """Admitted organisms wanted, the twin not among them."""
        return sum(group.count for group in self.groups)

    @property
    def content_hash(self) -> str:
        """SHA-256 over every field, 16 hexadecimal digits."""
        content = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def twin(self) -> OrganismSpec:
        """The aligned control every organism is compared with, in neither split."""
        return self._spec(self.groups[0]).twin

    def wanted(self) -> tuple[Wanted, ...]:
        """The groups as orders to the population, in the same order."""
        return tuple(
            Wanted(self._spec(group), group.count, group.count * self.max_attempts_factor)
            for group in self.groups
        )

    def _spec(self, group: Group) -> OrganismSpec:
        return OrganismSpec(
            recipe=group.recipe,
            seed=group.first_seed,
            trigger_parts=group.trigger_parts,
            twin_seed=self.twin_seed,
            environment=self.environment,
            net=self.net,
            training=self.training,
            admission=self.admission,
        )

    def _check_groups(self) -> None:
        shares: dict[str, dict[str, int]] = {"calibration": {}, "test": {}}
        for group in self.groups:
            if group.role not in shares:
                raise SpecError(f"role must be 'calibration' or 'test', got {group.role!r}")
            if group.count < 1:
                raise SpecError(f"count of {group.recipe} must be at least 1, got {group.count}")
            truth = build_recipe(self._spec(group)).truth
            if group.role == "calibration" and truth.misalignment != "aligned":
                raise SpecError(
                    f"{group.recipe} is {truth.misalignment}; only aligned networks may calibrate"
                )
            if truth.misalignment == "aligned":
                counts = shares[group.role]
                counts[truth.stratum] = counts.get(truth.stratum, 0) + group.count
        for role, counts in shares.items():
            if not counts:
                raise SpecError(
                    f"the suite has no aligned {role} networks; without controls there is no "
                    "false-positive rate: add [[group]] entries with aligned recipes"
                )
            if len(set(counts.values())) != 1:
                raise SpecError(f"control strata need equal shares in {role}, got {counts}")
        if shares["calibration"].keys() != shares["test"].keys():
            raise SpecError(f"calibration and test need the same control strata, got {shares}")

    def _check_seeds(self) -> None:
        owners: dict[int, str] = {self.twin_seed: "the twin"}
        for group in self.groups:
            for number in range(group.count * self.max_attempts_factor):
                seed = group.first_seed + number
                here = f"{group.recipe} ({group.role})"
                if seed in owners:
                    raise SpecError(
                        f"seed {seed} belongs to {owners[seed]} and to {here}; a group reserves "
                        "count x max_attempts_factor seeds from first_seed: move first_seed"
                    )
                owners[seed] = here

    def _check_detectors(self) -> None:
        if len(set(self.detectors)) != len(self.detectors):
            raise SpecError(f"a detector is listed twice: {self.detectors}")
        for name in (*self.detectors, *self.rule.detectors):
            if name not in DETECTORS:
                raise SpecError(f"unknown detector {name!r}; choose from {sorted(DETECTORS)}")
        outside = sorted(set(self.rule.detectors) - set(self.detectors))
        if outside or not self.rule.detectors:
            raise SpecError(
                f"the rule needs detectors of the suite, got {self.rule.detectors}; add "
                f"{outside or 'at least one'} to detectors"
            )
        floors = {name for name, kind in DETECTORS.items() if kind.role == "floor"}
        if floors - set(self.detectors):
            raise SpecError(
                f"a suite needs every floor, or leaks go unseen; add {sorted(floors)} to detectors"
            )
        if self.rule.name in DETECTORS:
            raise SpecError(f"the rule's name {self.rule.name!r} is taken by a detector")


def load_suite(name_or_path: str) -> Suite:
    """Read a built-in suite by name, or any suite by the path of its TOML file.

    Raises:
        SpecError: no such suite, not TOML, an unknown key or a wrong value.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = BUILT_IN / f"{name_or_path}.toml"
    if not path.is_file():
        known = sorted(p.stem for p in BUILT_IN.glob("*.toml"))
        raise SpecError(
            f"no suite {name_or_path!r}; built-in suites are {known}, or a path ending in .toml"
        )
    try:
        data = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpecError(f"{path} is not valid TOML: {error}") from error
    return suite_from_dict(data)


def suite_from_dict(data: dict[str, Any]) -> Suite:
    """Read a suite from nested tables.

    Raises:
        SpecError: an unknown or missing key, or a wrong value.
    """
    data = dict(data)
    schema = data.pop("schema", None)
    if schema != SCHEMA:
        raise SpecError(f"schema must be {SCHEMA}, got {schema!r}")
    nested: dict[str, Any] = {
        key: strict(kind, data.get(key, {}), key) for key, kind in TABLES.items()
    }
    groups = data.pop("group", [])
    rule = data.pop("rule", None)
    if not isinstance(groups, list) or not isinstance(rule, dict):
        raise SpecError("a suite needs [[group]] entries and a [rule] table")
    nested["groups"] = tuple(strict(Group, group, "group") for group in groups)
    nested["rule"] = strict(Rule, {**rule, "detectors": _names(rule.get("detectors"))}, "rule")
    nested["detectors"] = _names(data.pop("detectors", None))
    return strict(Suite, {**data, **nested}, "suite")


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise SpecError(f"detectors must be a list of names, got {value!r}")
    return tuple(value)
