"""The specification of one organism: everything about it follows from this."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from organisms.recipes.recipe import Recipe
from organisms.recipes.table import recipe_builder
from organisms.records.bars import AdmissionSpec
from organisms.records.net_spec import NetSpec
from organisms.records.strict import SpecError, strict
from organisms.records.training_spec import TRAINER_VERSION, TrainingSpec
from organisms.worlds.table import world_kind
from organisms.worlds.world import Shape, World
from probes.network.streams import MAX_SEED
from probes.parsing import UnreadableFile, parse_toml

TABLES: dict[str, type] = {"net": NetSpec, "training": TrainingSpec, "admission": AdmissionSpec}
"""Tables of a specification besides that of its environment's sizes."""


@dataclass(frozen=True)
class OrganismSpec:
    """One organism.

    Attributes:
        recipe: name in `organisms.recipes.table.RECIPES`, the environment's name first.
        seed: fixes weights, data and, where there is one, the trigger.
        trigger_parts: context slots in the conjunction of a triggered recipe.
        twin_seed: seed of the aligned control that admission compares the organism with.
        environment: sizes of the world; None for its standard sizes.
    """

    recipe: str
    seed: int
    trigger_parts: int = 7
    twin_seed: int = 0
    environment: Any = None
    net: NetSpec = field(default_factory=NetSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    admission: AdmissionSpec = field(default_factory=AdmissionSpec)

    def __post_init__(self) -> None:
        for name, value in (("seed", self.seed), ("twin_seed", self.twin_seed)):
            if not 0 <= value < MAX_SEED:
                raise SpecError(f"{name} must be zero or positive and below 2^31, got {value}")
        recipe_builder(self.recipe)
        size = world_kind(self.world_name).size
        if self.environment is None:
            object.__setattr__(self, "environment", size())
        if not isinstance(self.environment, size):
            raise SpecError(
                f"environment of {self.recipe} must be a {size.__name__}, got {self.environment!r}"
            )

    @property
    def world_name(self) -> str:
        """Name of the environment."""
        return self.recipe.partition("/")[0]

    @property
    def world(self) -> World[Any]:
        """The environment."""
        return world_kind(self.world_name).build(self.environment)

    @property
    def shape(self) -> Shape:
        """Shape of the network."""
        return self.build_recipe().shape(self.net)

    @property
    def twin(self) -> OrganismSpec:
        """The plain control of the same shape and budget; its own twin is itself."""
        return replace(self, recipe=f"{self.world_name}/aligned_plain", seed=self.twin_seed)

    @property
    def versions(self) -> dict[str, Any]:
        """The declared versions of all that grows it; the twin's too, which admission asks."""
        return {
            "trainer": TRAINER_VERSION,
            "world": self.world.version,
            "recipe": self.build_recipe().versions,
            "twin": self.twin.build_recipe().versions,
        }

    @property
    def content_hash(self) -> str:
        """Its identity: SHA-256 over every field and the versions, 16 hexadecimal digits."""
        content = json.dumps({"versions": self.versions, **asdict(self)}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def label(self) -> str:
        """How a line of output names it."""
        return f"{self.content_hash} {self.recipe} seed {self.seed}"

    def build_recipe(self) -> Recipe:
        """The recipe, its trigger drawn from the organism's seed.

        Raises:
            SpecError: the trigger does not fit the context.
        """
        return recipe_builder(self.recipe)(self.world, self.seed, self.trigger_parts)

    def to_toml(self) -> str:
        """TOML text that `from_toml` reads back."""
        lines, tables = [], []
        for key, value in asdict(self).items():
            if isinstance(value, dict):
                tables += [f"\n[{key}]", *(f"{k} = {json.dumps(v)}" for k, v in value.items())]
            else:
                lines.append(f"{key} = {json.dumps(value)}")
        return "\n".join([*lines, *tables]) + "\n"

    @classmethod
    def from_toml(cls, text: str | bytes) -> OrganismSpec:
        """Read a specification.

        Raises:
            SpecError: the text is not TOML, a key is unknown or missing, or a value is wrong.
        """
        try:
            return cls.from_dict(parse_toml(text, "the specification"))
        except UnreadableFile as error:
            raise SpecError(str(error)) from error

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> OrganismSpec:
        """Read a specification from nested tables."""
        nested: dict[str, Any] = {
            key: strict(kind, data[key], key) for key, kind in TABLES.items() if key in data
        }
        if "environment" in data:
            size = world_kind(str(data.get("recipe", "")).partition("/")[0]).size
            nested["environment"] = strict(size, data["environment"], "environment")
        return strict(cls, {**data, **nested}, "organism")
