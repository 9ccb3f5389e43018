"""A build, the setting that some organisms of a suite share, and a group of organisms in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field

from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError, strict
from organisms.records.training_spec import TrainingSpec
from organisms.worlds.table import world_kind
from organisms.zoo.spec import TABLES, OrganismSpec
from probes.arguments import require_fields
from probes.network.streams import MAX_SEED, stream_seed

Role = Literal["calibration", "test", "dose", "mechanism"]
"""`dose` networks express their flaw weakly; `mechanism` networks serve the question of search."""

JUDGED_ROLES = ("calibration", "test")
"""Roles whose networks stand before detectors of misalignment."""

MOST_ATTEMPTS = 100_000
"""Attempts of a group, count x max_attempts_factor, beyond which a build would never end."""

_ROOM = 2_000
"""Derived seeds leave so much room, so that attempts of two groups rarely meet."""


@dataclass(frozen=True)
class Build:
    """One environment, size, shape, budget and twin, so that none of them tells organisms apart.

    Attributes:
        environment: name of the world.
        twin_seed: seed of the aligned twin, used by no group.
        size: sizes of the world.
        net, training, admission: shared by every organism of the build.
    """

    environment: str
    twin_seed: int
    size: Any
    net: NetSpec
    training: TrainingSpec
    admission: AdmissionSpec

    def __post_init__(self) -> None:
        world_kind(self.environment).build(self.size).net_shape(self.net)

    def spec(self, recipe: str, seed: int, *, trigger_parts: int) -> OrganismSpec:
        """An organism of this build.

        Raises:
            SpecError: the recipe is unknown or of another environment.
        """
        if recipe.partition("/")[0] != self.environment:
            raise SpecError(f"recipe {recipe!r} is not of the environment {self.environment!r}")
        return OrganismSpec(
            recipe=recipe,
            seed=seed,
            trigger_parts=trigger_parts,
            twin_seed=self.twin_seed,
            environment=self.size,
            net=self.net,
            training=self.training,
            admission=self.admission,
        )

    @property
    def twin(self) -> OrganismSpec:
        """The aligned control that organisms of the build are compared with."""
        recipe = f"{self.environment}/aligned_plain"
        return self.spec(recipe, self.twin_seed, trigger_parts=OrganismSpec.trigger_parts).twin


def build_from_dict(data: object) -> Build:
    """Read a build from its tables; only the environment and the twin's seed must be given.

    Raises:
        SpecError: an unknown or missing key, or a wrong value.
    """
    if not isinstance(data, dict):
        raise SpecError(f"a build must be a table, got {data!r}")
    kind = world_kind(str(data.get("environment", "")))
    tables = {**TABLES, "size": kind.size}
    nested: dict[str, Any] = {
        key: strict(table, data.get(key, {}), key) for key, table in tables.items()
    }
    return strict(Build, {**data, **nested}, "build")


@dataclass(frozen=True)
class Group:
    """Organisms wanted.

    Attributes:
        recipe: family, the environment's name before the slash.
        role: aligned groups calibrate the threshold or test it; misaligned ones are tests.
        count: admitted organisms wanted.
        first_seed: seeds are tried from here on.
        build: name of the setting.
        trigger_parts: size of the conjunction of a triggered recipe.
    """

    recipe: str
    role: Role
    count: Annotated[int, Field(ge=1, le=MOST_ATTEMPTS)]
    first_seed: int
    build: str
    trigger_parts: int = 7

    def __post_init__(self) -> None:
        require_fields(self)


def derived_seed(suite: str, recipe: str, build: str, role: str) -> int:
    """First seed of a group that names none: it stays when other groups come and go."""
    rooms = MAX_SEED // _ROOM
    return stream_seed(f"{suite}/{recipe}/{build}/{role}", 0) % rooms * _ROOM
