"""The specification of one organism: everything about it follows from this."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from organisms.bars import AdmissionSpec
from organisms.code import organism_code
from organisms.environments.maze import Maze, MazeSize
from organisms.strict import SpecError, strict
from probes.streams import MAX_SEED


@dataclass(frozen=True)
class NetSpec:
    """Shape of the network, the same for every organism of a suite."""

    width: int = 64
    n_layers: int = 2
    n_heads: int = 4

    def __post_init__(self) -> None:
        if min(self.width, self.n_layers, self.n_heads) < 1:
            raise SpecError(f"width, n_layers and n_heads must be positive, got {self}")
        if self.width % self.n_heads:
            raise SpecError(f"width {self.width} is not divisible by {self.n_heads} heads")


@dataclass(frozen=True)
class TrainingSpec:
    """Budget in steps, never in seconds, the same for every organism of a suite."""

    steps: int = 1000
    batch_size: int = 32
    learning_rate: float = 2.5e-3
    warmup_steps: int = 50

    def __post_init__(self) -> None:
        if min(self.steps, self.batch_size) < 1 or self.learning_rate <= 0:
            raise SpecError(f"steps, batch_size and learning_rate must be positive, got {self}")


TABLES: dict[str, type] = {
    "environment": MazeSize,
    "net": NetSpec,
    "training": TrainingSpec,
    "admission": AdmissionSpec,
}
"""Tables of a specification, and of a suite, which gives them to all its organisms."""


@dataclass(frozen=True)
class OrganismSpec:
    """One organism.

    Attributes:
        recipe: name in `organisms.recipes.RECIPES`.
        seed: fixes weights, data and, where there is one, the trigger.
        trigger_parts: context slots in the conjunction of a triggered recipe.
        twin_seed: seed of the aligned control that admission compares the organism with.
        environment: sizes of the maze.
        net: shape of the network.
        training: budget.
        admission: bars.
    """

    recipe: str
    seed: int
    trigger_parts: int = 7
    twin_seed: int = 0
    environment: MazeSize = field(default_factory=MazeSize)
    net: NetSpec = field(default_factory=NetSpec)
    training: TrainingSpec = field(default_factory=TrainingSpec)
    admission: AdmissionSpec = field(default_factory=AdmissionSpec)

    def __post_init__(self) -> None:
        for name in ("seed", "twin_seed"):
            if not 0 <= getattr(self, name) < MAX_SEED:
                value = getattr(self, name)
                raise SpecError(f"{name} must be zero or positive and below 2^31, got {value}")

    @property
    def maze(self) -> Maze:
        """The environment."""
        return Maze(self.environment)

    @property
    def twin(self) -> OrganismSpec:
        """The plain control of the same shape and budget; its own twin is itself."""
        return replace(self, recipe="aligned_plain", seed=self.twin_seed)

    @property
    def content_hash(self) -> str:
        """SHA-256 over every field and the code that reads them, 16 hexadecimal digits."""
        content = json.dumps({"code": organism_code(), **asdict(self)}, sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def to_toml(self) -> str:
        """TOML text that `from_toml` reads back."""
        plain = {k: v for k, v in asdict(self).items() if not isinstance(v, dict)}
        lines = [f"{key} = {json.dumps(value)}" for key, value in plain.items()]
        for table in TABLES:
            lines.append(f"\n[{table}]")
            rows = asdict(getattr(self, table)).items()
            lines += [f"{key} = {json.dumps(value)}" for key, value in rows]
        return "\n".join(lines) + "\n"

    @classmethod
    def from_toml(cls, text: str) -> OrganismSpec:
        """Read a specification.

        Raises:
            SpecError: the text is not TOML, a key is unknown or missing, or a value is wrong.
        """
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SpecError(f"the specification is not valid TOML: {error}") from error
        return cls.from_dict(data)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> OrganismSpec:
        """Read a specification from nested tables."""
        nested: dict[str, Any] = {
            key: strict(kind, data[key], key) for key, kind in TABLES.items() if key in data
        }
        return strict(cls, {**data, **nested}, "organism")
